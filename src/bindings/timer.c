// core.timer: one-shot timers.
#include "loop/timer.h"

#include "bindings/anchor.h"
#include "bindings/bindings.h"
#include "host/state.h"

#define TIMER "core.timer"

struct lua_timer {
    struct anchor anchor;
    struct timer timer;
};

static void close_timer(struct lua_timer *t)
{
    if (anchor_mute(&t->anchor))
        timer_close(&t->timer);
}

static void ring(struct anchor *a)
{
    if (anchor_tell(a, ANCHOR_CALLBACK, NULL, NULL))
        close_timer((struct lua_timer *)a);
}

static const struct anchor_kind kind = { TIMER, sizeof(struct lua_timer), 1, ring };

static void on_fired(struct timer *timer)
{
    ring(&ANCHOR_OF(timer, struct lua_timer, timer)->anchor);
}

static void on_closed(struct timer *timer)
{
    anchor_release(&ANCHOR_OF(timer, struct lua_timer, timer)->anchor);
}

static int timer_after(lua_State *L)
{
    lua_Integer ms = luaL_checkinteger(L, 1);
    luaL_argcheck(L, ms >= 0, 1, "negative delay");
    luaL_checktype(L, 2, LUA_TFUNCTION);
    lua_settop(L, 2);
    struct lua_timer *t = anchor_new(L, &kind);
    timer_start(&t->timer, host_loop(L), (uint64_t)ms, on_fired, on_closed);
    return 1;
}

static int timer_next_turn(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TFUNCTION);
    lua_settop(L, 1);
    struct lua_timer *t = anchor_new(L, &kind);
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
