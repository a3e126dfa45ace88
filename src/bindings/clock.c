// core.clock: monotonic and wall time.
#include "base/clock.h"

#include "bindings/bindings.h"

static int monotonic(lua_State *L)
{
    lua_pushnumber(L, clock_monotonic());
    return 1;
}

static int wall(lua_State *L)
{
    lua_pushnumber(L, clock_wall());
    return 1;
}

static const luaL_Reg functions[] = {
    { "monotonic", monotonic },
    { "wall", wall },
    { NULL, NULL },
};

int open_clock(lua_State *L)
{
    luaL_newlib(L, functions);
    return 1;
}
