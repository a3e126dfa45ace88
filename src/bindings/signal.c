// core.signal: INT, TERM, HUP, from the loop.
#include "bindings/bindings.h"
#include "host/again.h"
#include "host/call.h"
#include "loop/signals.h"

#include <signal.h>
#include <stddef.h>

#define WATCH "core.signal"

enum { CALLBACK = 1 }; // user value

struct lua_watch {
    struct signal_watch watch; // first: a struct signal_watch * is a struct lua_watch *
    struct again again;        // for an arrival that memory ran out for
    lua_State *L;
    int anchor;
    bool closing;
};

static const char *const names[] = { "INT", "TERM", "HUP", NULL };
static const int numbers[] = { SIGINT, SIGTERM, SIGHUP };

// As whoever started the program left them.  libuv puts SIG_DFL in their place once a watch has
// ended, so this is read before the first one begins.
static bool ignored_at_start[sizeof numbers / sizeof *numbers];

// (watch) -> runs the callback
static int call_back(lua_State *L)
{
    struct lua_watch *w = lua_touserdata(L, 1);
    lua_rawgeti(L, LUA_REGISTRYINDEX, w->anchor); // arg watch
    lua_getiuservalue(L, 2, CALLBACK);            // arg watch callback
    lua_call(L, 0, 0);
    return 0;
}

static void tell(struct again *again)
{
    struct lua_watch *w = (struct lua_watch *)((char *)again - offsetof(struct lua_watch, again));
    bool heard = host_call(w->L, call_back, w) != HOST_NOMEM;
    if (heard || w->closing || !again_later(w->L, again, tell))
        again_cancel(w->L, again);
}

static void on_arrived(struct signal_watch *watch)
{
    tell(&((struct lua_watch *)watch)->again);
}

static void on_closed(struct signal_watch *watch)
{
    struct lua_watch *w = (struct lua_watch *)watch;
    int anchor = w->anchor;
    w->anchor = LUA_NOREF;
    luaL_unref(w->L, LUA_REGISTRYINDEX, anchor);
}

static void close_watch(struct lua_watch *w)
{
    if (w->anchor == LUA_NOREF || w->closing)
        return;
    w->closing = true;
    again_cancel(w->L, &w->again);
    signal_watch_close(&w->watch);
}

static int signal_on(lua_State *L)
{
    int which = luaL_checkoption(L, 1, NULL, names);
    luaL_checktype(L, 2, LUA_TFUNCTION);
    lua_settop(L, 2);

    struct lua_watch *w = lua_newuserdatauv(L, sizeof *w, 1); // name fn watch
    *w = (struct lua_watch){ .L = host_main(L), .anchor = LUA_NOREF };
    luaL_setmetatable(L, WATCH);
    lua_pushvalue(L, 2);
    lua_setiuservalue(L, 3, CALLBACK);
    lua_pushvalue(L, 3);                        // name fn watch watch
    w->anchor = luaL_ref(L, LUA_REGISTRYINDEX); // name fn watch -- the last call that may raise
    int rc = signal_watch_start(&w->watch, host_loop(L), numbers[which], on_arrived, on_closed);
    if (rc == 0)
        return 1;
    close_watch(w);
    return bindings_fail(L, uv_err_name(rc), uv_strerror(rc));
}

static int signal_is_ignored(lua_State *L)
{
    lua_pushboolean(L, ignored_at_start[luaL_checkoption(L, 1, NULL, names)]);
    return 1;
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
    { "is_ignored", signal_is_ignored },
    { "on", signal_on },
    { NULL, NULL },
};

static void read_dispositions(void)
{
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        struct sigaction action;
        ignored_at_start[i] =
            sigaction(numbers[i], NULL, &action) == 0 && action.sa_handler == SIG_IGN;
    }
}

int open_signal(lua_State *L)
{
    read_dispositions();
    bindings_type(L, WATCH, methods);
    luaL_newlib(L, functions);
    return 1;
}
