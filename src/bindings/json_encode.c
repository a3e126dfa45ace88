// core.json.encode: value to text.
#include "bindings/json_encode.h"

#include "bindings/bindings.h"
#include "bindings/json_array.h"
#include "bindings/json_encode_table.h"
#include "bindings/json_integer.h"
#include "bindings/json_raw.h"
#include "sandbox/budget.h"
#include "json/reader.h"
#include "json/text.h"

#define ENCODER "core.json.encoder"

enum { KEPT_ROOM = 1 << 20 }; // a larger buffer is not kept for the next call

static int encoder_free(lua_State *L)
{
    struct encode_scratch *e = luaL_checkudata(L, 1, ENCODER);
    e->memory.L = L; // the coroutine that encoded may be gone
    encode_release(e);
    return 0;
}

static void encode_userdata(struct encode_run *r, int index)
{
    const struct json_raw *raw = luaL_testudata(r->L, index, JSON_RAW);
    if (raw) {
        struct json_slice slice = { raw->text, raw->size };
        if (r->depth + raw->depth > JSON_MAX_DEPTH && r->depth + json_depth(slice) > JSON_MAX_DEPTH)
            encode_fail(r, "nested deeper than 1000 levels");
        encode_json(r, raw->text, raw->size);
        return;
    }
    const struct json_boxed *boxed = luaL_testudata(r->L, index, JSON_INTEGER);
    if (!boxed)
        encode_fail(r, "JSON cannot say userdata");
    else
        encode_put_bytes(r, boxed->text, boxed->size);
}

static void encode_value(struct encode_run *r, int index)
{
    lua_State *L = r->L;
    struct buf *out = &r->e->out;
    int type = lua_type(L, index);
    encode_step(r, 0);
    encode_room(r, 1);
    if (type == LUA_TSTRING) {
        size_t size;
        const char *text = lua_tolstring(L, index, &size);
        encode_string(r, text, size);
    } else if (type == LUA_TTABLE) {
        encode_table(r, index);
    } else if (type == LUA_TNUMBER) {
        encode_check(r, lua_isinteger(L, index) ? json_write_integer(out, lua_tointeger(L, index))
                                                : json_write_double(out, lua_tonumber(L, index)));
    } else if (type == LUA_TBOOLEAN) {
        bool yes = lua_toboolean(L, index);
        encode_put_bytes(r, yes ? "true" : "false", yes ? 4 : 5);
    } else if (type == LUA_TLIGHTUSERDATA && !lua_touserdata(L, index)) {
        encode_put_bytes(r, "null", 4);
    } else if (type == LUA_TUSERDATA) {
        encode_userdata(r, index);
    } else if (type == LUA_TNIL) {
        encode_fail(r, "JSON cannot say nil; use json.null");
    } else {
        encode_fail(r, lua_pushfstring(L, "JSON cannot say a %s", lua_typename(L, type)));
    }
}

static struct encode_scratch *new_encoder(lua_State *L)
{
    struct encode_scratch *e = lua_newuserdatauv(L, sizeof *e, 0);
    *e = (struct encode_scratch){ 0 };
    if (budget_current(L))
        scratch_init_of_slice(&e->memory, L);
    else
        scratch_init(&e->memory, L);
    e->out.memory = e->keys.memory = &e->memory.memory;
    luaL_setmetatable(L, ENCODER);
    return e;
}

// Pushes the host's: that of the last call, or new.  It is taken while in use, since a finalizer
// may encode too.
static struct encode_scratch *take_encoder(lua_State *L)
{
    lua_pushvalue(L, lua_upvalueindex(1));
    struct encode_scratch *e = lua_touserdata(L, -1);
    if (!e) {
        lua_pop(L, 1);
        return new_encoder(L);
    }
    lua_pushnil(L);
    lua_replace(L, lua_upvalueindex(1));
    e->memory.L = L;
    return e;
}

// Keeps the encoder at index 2, emptied, for the next call.
static void keep_encoder(lua_State *L, struct encode_scratch *e)
{
    if (e->out.room > KEPT_ROOM || e->keys.room > KEPT_ROOM / sizeof *e->keys.list)
        encode_release(e);
    buf_clear(&e->out);
    e->keys.count = 0;
    lua_pushvalue(L, 2);
    lua_replace(L, lua_upvalueindex(1));
}

// Begins to write the value at index 1.
static void begin(struct encode_run *r)
{
    json_push_array_meta(r->L);
    r->array_meta = lua_topointer(r->L, -1);
    lua_pop(r->L, 1);
    r->value = encode_value;
    encode_value(r, 1);
}

static void push_result(struct encode_run *r)
{
    encode_room(r, 0);
    lua_pushlstring(r->L, r->e->out.data, r->e->out.size);
}

int json_encode(lua_State *L)
{
    luaL_checkany(L, 1);
    lua_Integer most = luaL_optinteger(L, 2, INT64_MAX);
    luaL_argcheck(L, most >= 0, 2, "must not be negative");
    lua_settop(L, 1);
    bool own = budget_current(L) != NULL;
    struct encode_run r = { .L = L, .most = (size_t)most, .pause = SIZE_MAX };
    r.e = own ? new_encoder(L) : take_encoder(L); // value encoder
    begin(&r);
    encode_entries(&r);
    push_result(&r); // value encoder text
    if (own)
        encode_release(r.e);
    else
        keep_encoder(L, r.e);
    return 1;
}

// Goes on after a pause, up to the next one or the end.
static int go_on(lua_State *L, int status, lua_KContext steps)
{
    (void)status;
    struct encode_run *r = lua_touserdata(L, 3);
    encode_entries(r);
    r->pause = r->steps + (size_t)steps;
    if (r->depth > 0 || r->text.at)
        return lua_yieldk(L, 0, steps, go_on);
    push_result(r);
    encode_release(r->e);
    return 1;
}

int json_encode_in_steps(lua_State *L)
{
    luaL_checkany(L, 1);
    lua_Integer steps = luaL_checkinteger(L, 2);
    luaL_argcheck(L, steps > 0, 2, "must be positive");
    lua_Integer most = luaL_optinteger(L, 3, INT64_MAX);
    luaL_argcheck(L, most >= 0, 3, "must not be negative");
    luaL_argcheck(L, lua_isyieldable(L) && !budget_current(L), 1,
                  "must be written in a coroutine of the host's");
    lua_settop(L, 1);
    struct encode_scratch *e = new_encoder(L);
    struct encode_run *r = lua_newuserdatauv(L, sizeof *r, 0); // value encoder run
    *r = (struct encode_run){
        .L = L, .e = e, .most = (size_t)most, .pause = (size_t)steps, .pauses = true
    };
    begin(r);
    return go_on(L, LUA_OK, (lua_KContext)steps);
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
