#include "bindings/json_array.h"

#include <lauxlib.h>
#include <stdbool.h>

static char array_meta; // its address is the registry key of the arrays' metatable

void json_push_array_meta(lua_State *L)
{
    lua_rawgetp(L, LUA_REGISTRYINDEX, &array_meta);
}

static char arrays_key; // its address is the key of the mark in metatables

int json_mark_arrays(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_pushboolean(L, lua_toboolean(L, 2));
    lua_rawsetp(L, 1, &arrays_key);
    return 0;
}

enum json_arrays json_arrays_of(lua_State *L, int index)
{
    if (!lua_getmetatable(L, index))
        return JSON_NO_ARRAYS;
    bool marked = lua_rawgetp(L, -1, &arrays_key) == LUA_TBOOLEAN;
    bool if_empty = lua_toboolean(L, -1);
    lua_pop(L, 2);
    if (!marked)
        return JSON_NO_ARRAYS;
    return if_empty ? JSON_ARRAYS_IF_EMPTY : JSON_ARRAYS;
}

void json_open_array(lua_State *L)
{
    lua_newtable(L); // array
    lua_pushliteral(L, "core.json.array");
    lua_setfield(L, -2, "__name");
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &array_meta);
}
