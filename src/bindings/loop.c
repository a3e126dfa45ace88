// core.loop: runs the event loop from Lua.
#include "loop/loop.h"

#include "bindings/bindings.h"
#include "host/call.h"

static int run(lua_State *L)
{
    loop_run(host_loop(L));
    return 0;
}

// libuv's turn runs the timers that are due and then waits all the same: what somebody waits for
// may just have happened.
static int step(lua_State *L)
{
    bool block = lua_toboolean(L, 1);
    uint64_t before = host_turn(L);
    bool alive = loop_step(host_loop(L), false);
    if (block && alive && host_turn(L) == before)
        alive = loop_step(host_loop(L), true);
    lua_pushboolean(L, alive);
    return 1;
}

static int stop(lua_State *L)
{
    loop_stop(host_loop(L));
    return 0;
}

static const luaL_Reg functions[] = {
    { "run", run },
    { "step", step },
    { "stop", stop },
    { NULL, NULL },
};

int open_loop(lua_State *L)
{
    luaL_newlib(L, functions);
    return 1;
}
