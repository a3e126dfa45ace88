// core.walls: what a worker does to itself.
#include "walls/walls.h"

#include "bindings/bindings.h"

/// raise(memory) -> list of { name, stands, refused, text }
static int raise_walls(lua_State *L)
{
    lua_Integer memory = luaL_checkinteger(L, 1);
    luaL_argcheck(L, memory >= 0, 1, "negative size");
    lua_createtable(L, WALLS, 0);
    for (lua_Integer i = 1; i <= WALLS; i++) {
        lua_createtable(L, 0, 4);
        lua_rawseti(L, -2, i);
    }
    struct walls walls;
    walls_raise(&walls, (size_t)memory);
    for (int i = 0; i < WALLS; i++) {
        lua_rawgeti(L, -1, i + 1);
        lua_pushstring(L, walls_name((enum wall)i));
        lua_setfield(L, -2, "name");
        lua_pushboolean(L, walls.of[i].stands);
        lua_setfield(L, -2, "stands");
        lua_pushboolean(L, walls.of[i].refused);
        lua_setfield(L, -2, "refused");
        lua_pushstring(L, walls.of[i].text);
        lua_setfield(L, -2, "text");
        lua_pop(L, 1);
    }
    return 1;
}

static const luaL_Reg functions[] = {
    { "raise", raise_walls },
    { NULL, NULL },
};

int open_walls(lua_State *L)
{
    luaL_newlib(L, functions);
    return 1;
}
