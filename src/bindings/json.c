// core.json: JSON without losses.
#include "bindings/json.h"

#include "bindings/bindings.h"

static char array_meta; // its address is the registry key of the arrays' metatable

void json_push_array_meta(lua_State *L)
{
    lua_rawgetp(L, LUA_REGISTRYINDEX, &array_meta);
}

static char arrays_key; // its address is the key of the mark in metatables

/// mark_arrays(meta, if_empty)
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

/// as_array(list) -> list
static int as_array(lua_State *L)
{
    if (lua_isnoneornil(L, 1)) {
        lua_settop(L, 0);
        lua_newtable(L);
    }
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 1);
    json_push_array_meta(L); // list array
    if (lua_getmetatable(L, 1)) {
        bool ours = lua_rawequal(L, 2, 3) || json_may_mark(L, 1);
        luaL_argcheck(L, ours, 1, "the table has another metatable");
        lua_pop(L, 1);
    }
    lua_setmetatable(L, 1);
    return 1;
}

static const luaL_Reg functions[] = {
    { "decode", json_decode },
    { "integer", json_integer },
    { "as_array", as_array },
    { "ordered", json_ordered },
    { "order", json_order },
    { "has_order", json_has_order },
    { "like", json_like },
    { "guard", json_guard },
    { "raw", json_raw },
    { "envelope", json_envelope },
    { "clean", json_clean },
    { "mark_arrays", json_mark_arrays },
    { "repair", json_repair_text },
    { "salvage", json_salvage_text },
    { NULL, NULL },
};

int open_json(lua_State *L)
{
    json_open_order(L);
    json_open_repair(L);
    json_open_encoder(L);
    json_open_integer(L);
    json_open_raw(L);
    luaL_newlib(L, functions); // json
    lua_pushnil(L);
    lua_pushcclosure(L, json_encode, 1);
    lua_setfield(L, -2, "encode");
    lua_pushlightuserdata(L, NULL);
    lua_setfield(L, -2, "null");
    lua_newtable(L); // json array
    lua_pushliteral(L, "core.json.array");
    lua_setfield(L, -2, "__name");
    lua_pushvalue(L, -1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &array_meta);
    lua_setfield(L, -2, "array");
    return 1;
}
