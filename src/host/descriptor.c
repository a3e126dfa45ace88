#include "host/descriptor.h"

#include <lauxlib.h>
#include <unistd.h>

#define DESCRIPTOR "core.Descriptor"

enum { NONE = -1 };

static int close_descriptor(lua_State *L)
{
    int *fd = luaL_checkudata(L, 1, DESCRIPTOR);
    if (*fd != NONE)
        (void)close(*fd);
    *fd = NONE;
    return 0;
}

static void push_type(lua_State *L)
{
    static const luaL_Reg methods[] = {
        { "__gc", close_descriptor },
        { "__close", close_descriptor },
        { NULL, NULL },
    };
    if (luaL_getmetatable(L, DESCRIPTOR) != LUA_TNIL)
        return;
    lua_pop(L, 1);
    luaL_newlib(L, methods); // type
    lua_pushliteral(L, DESCRIPTOR);
    lua_setfield(L, -2, "__name");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_pushvalue(L, -1); // last: where memory runs out before, the next one makes it anew
    lua_setfield(L, LUA_REGISTRYINDEX, DESCRIPTOR);
}

int *descriptor_new(lua_State *L)
{
    int *fd = lua_newuserdatauv(L, sizeof *fd, 0);
    *fd = NONE;
    push_type(L);
    lua_setmetatable(L, -2);
    return fd;
}

int descriptor_check(lua_State *L, int index)
{
    const int *fd = luaL_checkudata(L, index, DESCRIPTOR);
    luaL_argcheck(L, *fd != NONE, index, "the descriptor is closed, or somebody has it");
    return *fd;
}

int descriptor_take(lua_State *L, int index)
{
    int *fd = lua_touserdata(L, index);
    int taken = *fd;
    *fd = NONE;
    return taken;
}
