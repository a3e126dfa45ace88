// core.loop: runs the event loop from Lua.
#include "loop/loop.h"

#include "bindings/bindings.h"
#include "host/call.h"

static int run(lua_State *L)
{
    loop_run(host_loop(L));
    return 0;
}

static int step(lua_State *L)
{
    bool block = lua_toboolean(L, 1);
    lua_pushboolean(L, loop_step(host_loop(L), block));
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
