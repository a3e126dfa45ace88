// core.json: JSON without losses.
#include "bindings/bindings.h"
#include "bindings/json_array.h"
#include "bindings/json_clean.h"
#include "bindings/json_decode.h"
#include "bindings/json_encode.h"
#include "bindings/json_integer.h"
#include "bindings/json_order.h"
#include "bindings/json_packed.h"
#include "bindings/json_raw.h"
#include "bindings/json_repair.h"

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
    { "encode_in_steps", json_encode_in_steps },
    { "mark_arrays", json_mark_arrays },
    { "unpack", json_unpack },
    { "unpack_in_steps", json_unpack_in_steps },
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
    json_open_pack(L);
    json_open_unpack(L);
    luaL_newlib(L, functions); // json
    lua_pushnil(L);
    lua_pushcclosure(L, json_encode, 1);
    lua_setfield(L, -2, "encode");
    lua_pushnil(L);
    lua_pushcclosure(L, json_pack, 1);
    lua_setfield(L, -2, "pack");
    lua_pushlightuserdata(L, NULL);
    lua_setfield(L, -2, "null");
    json_open_array(L); // json array
    lua_setfield(L, -2, "array");
    return 1;
}
