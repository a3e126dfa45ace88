// core.json: JSON without losses.
#include "bindings/json.h"

#include "bindings/bindings.h"

#include <string.h>

static char array_meta; // its address is the registry key of the arrays' metatable
static char order_list; // its address is the key, in a metatable, of the list of keys
static char order_set;  // ... and of the set of them
static char orders;     // its address is the registry key of the metatables by list

void json_push_array_meta(lua_State *L)
{
    lua_rawgetp(L, LUA_REGISTRYINDEX, &array_meta);
}

bool json_push_order(lua_State *L, int index)
{
    if (!lua_getmetatable(L, index)) // meta
        return false;
    if (lua_rawgetp(L, -1, &order_list) != LUA_TTABLE) { // meta list
        lua_pop(L, 2);
        return false;
    }
    lua_rawgetp(L, -2, &order_set); // meta list set
    lua_remove(L, -3);
    return true;
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
        luaL_argcheck(L, lua_rawequal(L, 2, 3), 1, "the table has another metatable");
        lua_pop(L, 1);
    }
    lua_setmetatable(L, 1);
    return 1;
}

// Pushes the metatable that stands for the list of keys at index 1; made once a list.
static void push_order_meta(lua_State *L)
{
    lua_rawgetp(L, LUA_REGISTRYINDEX, &orders); // orders
    lua_pushvalue(L, 1);
    if (lua_rawget(L, -2) == LUA_TTABLE) { // orders meta
        lua_remove(L, -2);
        return;
    }
    lua_pop(L, 1);
    lua_newtable(L);
    lua_newtable(L);
    lua_newtable(L); // orders meta list set
    lua_Integer count = (lua_Integer)lua_rawlen(L, 1);
    for (lua_Integer i = 1; i <= count; i++) {
        luaL_argcheck(L, lua_rawgeti(L, 1, i) == LUA_TSTRING, 1, "keys must be strings");
        lua_pushvalue(L, -1);
        luaL_argcheck(L, lua_rawget(L, -3) == LUA_TNIL, 1, "a key is named twice");
        lua_pop(L, 1);
        lua_pushvalue(L, -1);
        lua_rawseti(L, -4, i); // orders meta list set key
        lua_pushboolean(L, 1);
        lua_rawset(L, -3);
    }
    lua_rawsetp(L, -3, &order_set);
    lua_rawsetp(L, -2, &order_list); // orders meta
    lua_pushvalue(L, 1);
    lua_pushvalue(L, -2);
    lua_rawset(L, -4);
    lua_remove(L, -2);
}

/// ordered(keys, object) -> object
static int ordered(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    luaL_checktype(L, 2, LUA_TTABLE);
    lua_settop(L, 2);
    if (lua_getmetatable(L, 2)) {
        bool other = lua_rawgetp(L, -1, &order_list) != LUA_TTABLE;
        luaL_argcheck(L, !other, 2, "the table has another metatable");
        lua_settop(L, 2);
    }
    push_order_meta(L);
    lua_setmetatable(L, 2);
    return 1;
}

/// order(object) -> keys | nil
static int order(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    if (!json_push_order(L, 1))
        return 0;
    lua_pop(L, 1); // keys
    lua_Integer count = (lua_Integer)lua_rawlen(L, -1);
    lua_createtable(L, (int)count, 0); // keys copy
    for (lua_Integer i = 1; i <= count; i++) {
        lua_rawgeti(L, -2, i);
        lua_rawseti(L, -2, i);
    }
    return 1;
}

static const luaL_Reg functions[] = {
    { "decode", json_decode },
    { "integer", json_integer },
    { "as_array", as_array },
    { "ordered", ordered },
    { "raw", json_raw },
    { "order", order },
    { NULL, NULL },
};

static void create_orders(lua_State *L)
{
    lua_newtable(L);
    lua_createtable(L, 0, 1);
    lua_pushliteral(L, "k"); // a list that is no longer used takes its metatable along
    lua_setfield(L, -2, "__mode");
    lua_setmetatable(L, -2);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &orders);
}

int open_json(lua_State *L)
{
    create_orders(L);
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
