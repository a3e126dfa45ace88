// core.timer: one-shot timers.
#include "loop/timer.h"

#include "bindings/bindings.h"
#include "host/again.h"
#include "host/call.h"

#include <stddef.h>

#define TIMER "core.timer"

enum { CALLBACK = 1 }; // user value

struct lua_timer {
    struct timer timer; // first: a struct timer * is a struct lua_timer *
    struct again again; // for a callback that memory ran out for
    lua_State *L;       // the main coroutine
    int anchor;         // registry reference while the loop holds the timer, else LUA_NOREF
    bool closing;
};

// (timer) -> runs the callback
static int call_back(lua_State *L)
{
    struct lua_timer *t = lua_touserdata(L, 1);
    lua_rawgeti(L, LUA_REGISTRYINDEX, t->anchor); // arg timer
    lua_getiuservalue(L, 2, CALLBACK);            // arg timer callback
    lua_call(L, 0, 0);
    return 0;
}

static void close_timer(struct lua_timer *t)
{
    if (t->anchor == LUA_NOREF || t->closing)
        return;
    t->closing = true;
    again_cancel(t->L, &t->again);
    timer_close(&t->timer);
}

static void on_closed(struct timer *timer)
{
    struct lua_timer *t = (struct lua_timer *)timer;
    int anchor = t->anchor;
    t->anchor = LUA_NOREF;
    luaL_unref(t->L, LUA_REGISTRYINDEX, anchor);
}

static void ring(struct again *again)
{
    struct lua_timer *t = (struct lua_timer *)((char *)again - offsetof(struct lua_timer, again));
    bool heard = host_call(t->L, call_back, t) != HOST_NOMEM;
    if (heard || t->closing || !again_later(t->L, again, ring))
        close_timer(t);
}

static void on_fired(struct timer *timer)
{
    ring(&((struct lua_timer *)timer)->again);
}

// A timer that is not started yet, anchored; on top of the stack.  `callback` is an index.
static struct lua_timer *push_timer(lua_State *L, int callback)
{
    struct lua_timer *t = lua_newuserdatauv(L, sizeof *t, 1); // timer
    *t = (struct lua_timer){ .L = host_main(L), .anchor = LUA_NOREF };
    luaL_setmetatable(L, TIMER);
    lua_pushvalue(L, callback);
    lua_setiuservalue(L, -2, CALLBACK);
    lua_pushvalue(L, -1);                       // timer timer
    t->anchor = luaL_ref(L, LUA_REGISTRYINDEX); // timer -- the last call that may raise
    return t;
}

static int timer_after(lua_State *L)
{
    lua_Integer ms = luaL_checkinteger(L, 1);
    luaL_argcheck(L, ms >= 0, 1, "negative delay");
    luaL_checktype(L, 2, LUA_TFUNCTION);
    struct lua_timer *t = push_timer(L, 2);
    timer_start(&t->timer, host_loop(L), (uint64_t)ms, on_fired, on_closed);
    return 1;
}

static int timer_next_turn(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TFUNCTION);
    struct lua_timer *t = push_timer(L, 1);
    timer_start_next_turn(&t->timer, host_loop(L), on_fired, on_closed);
    return 1;
}

static int timer_cancel(lua_State *L)
{
    close_timer(luaL_checkudata(L, 1, TIMER));
    return 0;
}

static const luaL_Reg methods[] = {
    { "cancel", timer_cancel },
    { "__close", timer_cancel },
    { NULL, NULL },
};

static const luaL_Reg functions[] = {
    { "after", timer_after },
    { "next_turn", timer_next_turn },
    { NULL, NULL },
};

int open_timer(lua_State *L)
{
    bindings_type(L, TIMER, methods);
    luaL_newlib(L, functions);
    return 1;
}
