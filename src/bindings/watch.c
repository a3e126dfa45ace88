// core.watch: changes in a folder.
#include "loop/watch.h"

#include "bindings/anchor.h"
#include "bindings/bindings.h"
#include "host/state.h"

#include <string.h>

#define WATCH "core.watch"

struct lua_watch {
    struct anchor anchor;
    struct watch watch;
    int error; // that ended it, or 0
};

struct change {
    const char *name;
    int error;
};

static int push_change(lua_State *L, void *arg)
{
    const struct change *change = arg;
    lua_pushstring(L, change->name);
    lua_pushstring(L, change->error ? uv_strerror(change->error) : NULL);
    return 2;
}

static void close_watch(struct lua_watch *w)
{
    if (anchor_mute(&w->anchor))
        watch_close(&w->watch);
}

static void notify(struct lua_watch *w, const char *name)
{
    struct change change = { .name = name, .error = w->error };
    if (anchor_tell(&w->anchor, ANCHOR_CALLBACK, push_change, &change) && w->error)
        close_watch(w);
}

// Of changes that memory ran out for the names are gone: something in the folder is another.
static void tell_again(struct anchor *a)
{
    notify((struct lua_watch *)a, NULL);
}

static const struct anchor_kind kind = { WATCH, sizeof(struct lua_watch), 1, tell_again };

static void on_changed(struct watch *watch, const char *name, int error)
{
    struct lua_watch *w = ANCHOR_OF(watch, struct lua_watch, watch);
    if (error)
        w->error = error;
    if (!anchor_is_waiting(&w->anchor)) // else it is told with that
        notify(w, name);
}

static void on_closed(struct watch *watch)
{
    anchor_release(&ANCHOR_OF(watch, struct lua_watch, watch)->anchor);
}

static int folder_watch(lua_State *L)
{
    size_t size = 0;
    const char *path = luaL_checklstring(L, 1, &size);
    luaL_argcheck(L, size > 0 && strlen(path) == size, 1, "not a path");
    luaL_checktype(L, 2, LUA_TFUNCTION);
    lua_settop(L, 2);
    struct lua_watch *w = anchor_new(L, &kind);
    int rc = watch_start(&w->watch, host_loop(L), path, on_changed, on_closed);
    if (rc == 0)
        return 1;
    close_watch(w);
    lua_pushfstring(L, "%s: %s", path, uv_strerror(rc));
    return bindings_fail(L, uv_err_name(rc), lua_tostring(L, -1));
}

static int watch_cancel(lua_State *L)
{
    close_watch(luaL_checkudata(L, 1, WATCH));
    return 0;
}

static const luaL_Reg methods[] = {
    { "cancel", watch_cancel },
    { "__close", watch_cancel },
    { NULL, NULL },
};

static const luaL_Reg functions[] = {
    { "folder", folder_watch },
    { NULL, NULL },
};

int open_watch(lua_State *L)
{
    bindings_type(L, WATCH, methods);
    luaL_newlib(L, functions);
    return 1;
}
