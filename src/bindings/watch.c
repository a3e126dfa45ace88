// core.watch: changes in a folder.
#include "loop/watch.h"

#include "bindings/bindings.h"
#include "host/again.h"
#include "host/call.h"

#include <stddef.h>
#include <string.h>

#define WATCH "core.watch"

enum { CALLBACK = 1 }; // user value

struct lua_watch {
    struct watch watch; // first: a struct watch * is a struct lua_watch *
    struct again again; // for changes that memory ran out for
    lua_State *L;       // the main coroutine
    int anchor;         // registry reference while the loop holds the watch, else LUA_NOREF
    int error;          // that ended it, or 0
    bool closing;
};

struct change {
    struct lua_watch *watch;
    const char *name;
};

// (change) -> runs the callback
static int call_back(lua_State *L)
{
    const struct change *change = lua_touserdata(L, 1);
    lua_rawgeti(L, LUA_REGISTRYINDEX, change->watch->anchor); // arg watch
    lua_getiuservalue(L, 2, CALLBACK);                        // arg watch callback
    lua_pushstring(L, change->name);
    lua_pushstring(L, change->watch->error ? uv_strerror(change->watch->error) : NULL);
    lua_call(L, 2, 0);
    return 0;
}

static void close_watch(struct lua_watch *w)
{
    if (w->anchor == LUA_NOREF || w->closing)
        return;
    w->closing = true;
    again_cancel(w->L, &w->again);
    watch_close(&w->watch);
}

static void tell_again(struct again *again);

static void tell(struct lua_watch *w, const char *name)
{
    struct change change = { .watch = w, .name = name };
    bool unheard = host_call(w->L, call_back, &change) == HOST_NOMEM;
    if (unheard && !w->closing && again_later(w->L, &w->again, tell_again))
        return;
    again_cancel(w->L, &w->again);
    if (w->error)
        close_watch(w);
}

// Of changes that memory ran out for the names are gone: something in the folder is another.
static void tell_again(struct again *again)
{
    tell((struct lua_watch *)((char *)again - offsetof(struct lua_watch, again)), NULL);
}

static void on_changed(struct watch *watch, const char *name, int error)
{
    struct lua_watch *w = (struct lua_watch *)watch;
    if (error)
        w->error = error;
    if (!w->again.queued) // else it is told with that
        tell(w, name);
}

static void on_closed(struct watch *watch)
{
    struct lua_watch *w = (struct lua_watch *)watch;
    int anchor = w->anchor;
    w->anchor = LUA_NOREF;
    luaL_unref(w->L, LUA_REGISTRYINDEX, anchor);
}

static int folder_watch(lua_State *L)
{
    size_t size = 0;
    const char *path = luaL_checklstring(L, 1, &size);
    luaL_argcheck(L, size > 0 && strlen(path) == size, 1, "not a path");
    luaL_checktype(L, 2, LUA_TFUNCTION);
    lua_settop(L, 2);

    struct lua_watch *w = lua_newuserdatauv(L, sizeof *w, 1); // path fn watch
    *w = (struct lua_watch){ .L = host_main(L), .anchor = LUA_NOREF };
    luaL_setmetatable(L, WATCH);
    lua_pushvalue(L, 2);
    lua_setiuservalue(L, 3, CALLBACK);
    lua_pushvalue(L, 3);                        // path fn watch watch
    w->anchor = luaL_ref(L, LUA_REGISTRYINDEX); // path fn watch -- the last call that may raise
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
