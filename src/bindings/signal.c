// core.signal: INT, TERM, HUP, from the loop.
#include "bindings/anchor.h"
#include "bindings/bindings.h"
#include "host/state.h"
#include "loop/signals.h"

#include <signal.h>

#define WATCH "core.signal"

struct lua_watch {
    struct anchor anchor;
    struct signal_watch watch;
};

static const char *const names[] = { "INT", "TERM", "HUP", NULL };
static const int numbers[] = { SIGINT, SIGTERM, SIGHUP };

// As whoever started the program left them.  libuv puts SIG_DFL in their place once a watch has
// ended, so this is read before the first one begins.
static bool ignored_at_start[sizeof numbers / sizeof *numbers];

static void notify(struct anchor *a)
{
    anchor_tell(a, ANCHOR_CALLBACK, NULL, NULL);
}

static const struct anchor_kind kind = { WATCH, sizeof(struct lua_watch), 1, notify };

static void on_arrived(struct signal_watch *watch)
{
    struct lua_watch *w = ANCHOR_OF(watch, struct lua_watch, watch);
    if (!anchor_is_waiting(&w->anchor)) // else this one is told with that
        notify(&w->anchor);
}

static void on_closed(struct signal_watch *watch)
{
    anchor_release(&ANCHOR_OF(watch, struct lua_watch, watch)->anchor);
}

static void close_watch(struct lua_watch *w)
{
    if (anchor_mute(&w->anchor))
        signal_watch_close(&w->watch);
}

static int signal_on(lua_State *L)
{
    int which = luaL_checkoption(L, 1, NULL, names);
    luaL_checktype(L, 2, LUA_TFUNCTION);
    lua_settop(L, 2);
    struct lua_watch *w = anchor_new(L, &kind);
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
