// core.json.unpack: bytes to value.
#include "bindings/json_packed.h"

#include "bindings/bindings.h"
#include "bindings/json_array.h"
#include "bindings/json_decode.h"
#include "bindings/json_order.h"
#include "bindings/json_raw.h"
#include "bindings/json_unpack_table.h"
#include "json/reader.h"

#define UNPACKER "core.json.unpacker"

static bool push_float(struct unpacker *u)
{
    double number;
    if (!packed_read_float(&u->r, &number))
        return false;
    lua_pushnumber(u->L, number);
    return true;
}

static bool push_integer(struct unpacker *u)
{
    int64_t integer;
    if (!packed_read_integer(&u->r, &integer))
        return false;
    lua_pushinteger(u->L, integer);
    return true;
}

static bool push_text(struct unpacker *u)
{
    const char *text;
    size_t size;
    if (!packed_read_text(&u->r, &text, &size))
        return false;
    lua_pushlstring(u->L, text, size);
    return true;
}

// The text is that of a number that neither an integer nor a float of Lua's holds.
static bool push_boxed(struct unpacker *u)
{
    if (!push_text(u))
        return false;
    size_t size;
    const char *text = lua_tolstring(u->L, -1, &size);
    struct json_reader reader;
    json_reader_init(&reader, text, size);
    if (json_read(&reader) == JSON_NUMBER && reader.size == size) {
        json_push_number(u->L, &reader);
        lua_replace(u->L, -2);
        if (lua_isuserdata(u->L, -1))
            return true;
    }
    return packed_refuse(&u->r, "a number is packed as text without need");
}

static bool push_raw(struct unpacker *u)
{
    if (!push_text(u))
        return false;
    if (!json_push_raw(u->L, lua_gettop(u->L)))
        return packed_refuse(&u->r, "what is packed as JSON is no compact JSON");
    lua_replace(u->L, -2);
    return true;
}

// Pushes a value without entries; false where it is a table's tag, too, but without a message.
static bool push_scalar(struct unpacker *u, unsigned char tag)
{
    switch (tag) {
    case PACKED_NIL:
        lua_pushnil(u->L);
        return u->depth == 0 || packed_refuse(&u->r, "nil is no part of a value");
    case PACKED_FALSE:
    case PACKED_TRUE:
        lua_pushboolean(u->L, tag == PACKED_TRUE);
        return true;
    case PACKED_NULL:
        lua_pushlightuserdata(u->L, NULL);
        return true;
    case PACKED_INTEGER:
        return push_integer(u);
    case PACKED_FLOAT:
        return push_float(u);
    case PACKED_STRING:
        return push_text(u);
    case PACKED_NUMBER:
        return push_boxed(u);
    case PACKED_RAW:
        return push_raw(u);
    default:
        return false;
    }
}

// Reads a value, or opens it where it is a table.
static bool read_value(struct unpacker *u)
{
    if (!packed_count_value(&u->r))
        return false;
    if (u->r.at == u->r.end)
        return packed_refuse(&u->r, "the bytes end before a value");
    unsigned char tag = *u->r.at++;
    if (tag > PACKED_RAW)
        return unpack_open(u, (enum packed_tag)tag);
    if (!push_scalar(u, tag))
        return false;
    unpack_attach(u);
    return true;
}

static int unpacker_free(lua_State *L)
{
    struct unpacker *u = luaL_checkudata(L, 1, UNPACKER);
    buf_free(&u->frames);
    return 0;
}

static struct unpacker *begin(lua_State *L, lua_Integer values)
{
    size_t size;
    const unsigned char *bytes = (const unsigned char *)luaL_checklstring(L, UNPACK_BYTES, &size);
    luaL_argcheck(L, values > 0, 2, "must be positive");
    lua_settop(L, UNPACK_BYTES);
    struct unpacker *u = lua_newuserdatauv(L, sizeof *u, 0);
    *u = (struct unpacker){
        .L = L,
        .r = { .start = bytes, .at = bytes, .end = bytes + size, .values = (size_t)values },
        .pause = SIZE_MAX,
    };
    luaL_setmetatable(L, UNPACKER);
    json_push_array_meta(L);
    u->shapes = json_push_shapes(L);
    return u;
}

// Reads up to the next pause; whether there is an outcome.
static bool go_on(struct unpacker *u)
{
    while (u->depth > 0 && u->r.steps < u->pause) {
        enum unpack_next next = unpack_next(u);
        if (next == UNPACK_FAULT || (next == UNPACK_VALUE && !read_value(u)))
            return true;
    }
    return u->depth == 0;
}

static int finish(struct unpacker *u)
{
    lua_State *L = u->L;
    if (!u->r.message && u->r.at < u->r.end)
        u->r.message = "more bytes follow the value";
    buf_free(&u->frames);
    if (!u->r.message)
        return 1;
    lua_pushnil(L);
    lua_pushfstring(L, "byte %I: %s", (LUAI_UACINT)(u->r.at - u->r.start), u->r.message);
    return 2;
}

/// unpack(bytes, values) -> value | nil, message
int json_unpack(lua_State *L)
{
    struct unpacker *u = begin(L, luaL_checkinteger(L, 2));
    if (read_value(u))
        (void)go_on(u);
    return finish(u);
}

static int continue_unpacking(lua_State *L, int status, lua_KContext steps)
{
    (void)status;
    struct unpacker *u = lua_touserdata(L, UNPACK_RUN);
    u->pause = u->r.steps + (size_t)steps;
    if (!go_on(u))
        return lua_yieldk(L, 0, steps, continue_unpacking);
    return finish(u);
}

/// unpack_in_steps(bytes, values, steps) -> value | nil, message
int json_unpack_in_steps(lua_State *L)
{
    lua_Integer values = luaL_checkinteger(L, 2), steps = luaL_checkinteger(L, 3);
    luaL_argcheck(L, steps > 0, 3, "must be positive");
    luaL_argcheck(L, lua_isyieldable(L), 1, "must be read in a coroutine");
    struct unpacker *u = begin(L, values);
    if (!read_value(u))
        return finish(u);
    return continue_unpacking(L, LUA_OK, (lua_KContext)steps);
}

void json_open_unpack(lua_State *L)
{
    static const luaL_Reg methods[] = {
        { "__gc", unpacker_free },
        { NULL, NULL },
    };
    bindings_type(L, UNPACKER, methods);
}
