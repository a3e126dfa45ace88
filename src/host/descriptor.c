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
    if (luaL_newmetatable(L, DESCRIPTOR)) {
        luaL_setfuncs(L, methods, 0);
        lua_pushboolean(L, 0);
        lua_setfield(L, -2, "__metatable");
    }
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
