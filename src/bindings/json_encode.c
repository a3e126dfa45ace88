// core.json.encode: value to text.
#include "bindings/json_encode.h"

#include "bindings/bindings.h"
#include "json/reader.h"
#include "json/text.h"

#define ENCODER "core.json.encoder"

enum { KEPT_ROOM = 1 << 20 }; // a larger buffer is not kept for the next call

static int encoder_free(lua_State *L)
{
    struct encode_scratch *e = luaL_checkudata(L, 1, ENCODER);
    buf_free(&e->out);
    json_keys_free(&e->keys);
    return 0;
}

static void encode_userdata(struct encode_run *r, int index, const struct encode_place *place)
{
    const struct json_raw *raw = luaL_testudata(r->L, index, JSON_RAW);
    if (raw) {
        struct json_slice slice = { raw->text, raw->size };
        if (place->depth + raw->depth > JSON_MAX_DEPTH &&
            place->depth + json_depth(slice) > JSON_MAX_DEPTH)
            encode_fail(r, place, "nested deeper than 1000 levels");
        encode_put_bytes(r, raw->text, raw->size, place);
        return;
    }
    const struct json_boxed *boxed = luaL_testudata(r->L, index, JSON_INTEGER);
    if (!boxed)
        encode_fail(r, place, "JSON cannot say userdata");
    else
        encode_put_bytes(r, boxed->text, boxed->size, place);
}

void encode_value(struct encode_run *r, int index, const struct encode_place *place)
{
    lua_State *L = r->L;
    struct buf *out = &r->e->out;
    int type = lua_type(L, index);
    if (type == LUA_TSTRING) {
        size_t size;
        const char *text = lua_tolstring(L, index, &size);
        encode_check(r, json_write_string(out, text, size), place);
    } else if (type == LUA_TTABLE) {
        encode_table(r, index, place);
    } else if (type == LUA_TNUMBER) {
        encode_check(r,
                     lua_isinteger(L, index) ? json_write_integer(out, lua_tointeger(L, index))
                                             : json_write_double(out, lua_tonumber(L, index)),
                     place);
    } else if (type == LUA_TBOOLEAN) {
        bool yes = lua_toboolean(L, index);
        encode_put_bytes(r, yes ? "true" : "false", yes ? 4 : 5, place);
    } else if (type == LUA_TLIGHTUSERDATA && !lua_touserdata(L, index)) {
        encode_put_bytes(r, "null", 4, place);
    } else if (type == LUA_TUSERDATA) {
        encode_userdata(r, index, place);
    } else if (type == LUA_TNIL) {
        encode_fail(r, place, "JSON cannot say nil; use json.null");
    } else {
        encode_fail(r, place, lua_pushfstring(L, "JSON cannot say a %s", lua_typename(L, type)));
    }
}

// Pushes scratch memory: that of the last call, or new.  It is taken while in use, since a
// finalizer may encode too.
static struct encode_scratch *take_encoder(lua_State *L)
{
    lua_pushvalue(L, lua_upvalueindex(1));
    struct encode_scratch *e = lua_touserdata(L, -1);
    if (e) {
        lua_pushnil(L);
        lua_replace(L, lua_upvalueindex(1));
        return e;
    }
    lua_pop(L, 1);
    e = lua_newuserdatauv(L, sizeof *e, 0);
    *e = (struct encode_scratch){ 0 };
    luaL_setmetatable(L, ENCODER);
    return e;
}

/// encode(value) -> text
int json_encode(lua_State *L)
{
    luaL_checkany(L, 1);
    lua_settop(L, 1);
    struct encode_run r = { .L = L, .e = take_encoder(L) }; // value encoder
    json_push_array_meta(L);                                // value encoder array
    r.array_meta = lua_topointer(L, -1);
    struct encode_place top = { 0 };
    encode_value(&r, 1, &top);
    lua_settop(L, 2);
    lua_pushlstring(L, r.e->out.data, r.e->out.size); // value encoder text
    buf_clear(&r.e->out);
    if (r.e->out.room > KEPT_ROOM)
        buf_free(&r.e->out);
    if (r.e->keys.room > KEPT_ROOM / sizeof *r.e->keys.list)
        json_keys_free(&r.e->keys);
    lua_pushvalue(L, 2);
    lua_replace(L, lua_upvalueindex(1));
    return 1;
}

void json_open_encoder(lua_State *L)
{
    static const luaL_Reg methods[] = {
        { "__gc", encoder_free },
        { "__close", encoder_free },
        { NULL, NULL },
    };
    bindings_type(L, ENCODER, methods);
}
