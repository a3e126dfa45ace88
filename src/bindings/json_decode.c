// core.json.decode: text to value.
#include "json/reader.h"

#include "bindings/json.h"
#include "json/number.h"

#include <lauxlib.h>

// Entries gathered on the stack, so that most tables are made in the size they need.
enum { BATCH = 24 };

struct decoder {
    lua_State *L;
    int array_meta; // stack index
    struct json_reader reader;
};

static bool push_value(struct decoder *d, enum json_event event);

static void push_string(lua_State *L, const struct json_reader *r)
{
    if (!r->escaped) {
        lua_pushlstring(L, r->slice, r->size);
        return;
    }
    luaL_Buffer b;
    char *out = luaL_buffinitsize(L, &b, r->size);
    luaL_pushresultsize(&b, json_unescape(r->slice, r->size, out));
}

static void push_number(lua_State *L, const struct json_reader *r)
{
    int64_t integer;
    double number;
    bool negative_zero = r->size == 2 && r->slice[0] == '-' && r->slice[1] == '0';
    if (r->integral && !negative_zero) {
        if (json_parse_integer(r->slice, r->size, &integer))
            lua_pushinteger(L, (lua_Integer)integer);
        else
            json_push_boxed(L, r->slice, r->size);
    } else if (json_parse_double(r->slice, r->size, &number)) {
        lua_pushnumber(L, number);
    } else {
        json_push_boxed(L, r->slice, r->size);
    }
}

// Makes a table of the `count` pairs above `base`, in their order so that the last of duplicates
// counts, and leaves it at base + 1.
static void make_object(lua_State *L, int base, int count, int room)
{
    lua_createtable(L, 0, room);
    int table = lua_gettop(L);
    for (int slot = base + 1; slot < table; slot += 2) {
        lua_pushvalue(L, slot);
        lua_pushvalue(L, slot + 1);
        lua_rawset(L, table);
    }
    if (count > 0) {
        lua_replace(L, base + 1);
        lua_settop(L, base + 1);
    }
}

static bool push_object(struct decoder *d)
{
    lua_State *L = d->L;
    int base = lua_gettop(L);
    int count = 0; // pairs on the stack
    bool made = false;
    enum json_event event;
    luaL_checkstack(L, 2 * BATCH + 8, "JSON");
    while ((event = json_read(&d->reader)) == JSON_KEY) {
        push_string(L, &d->reader);
        if (!push_value(d, json_read(&d->reader)))
            return false;
        if (made) {
            lua_rawset(L, base + 1);
        } else if (++count == BATCH) {
            make_object(L, base, count, 2 * BATCH);
            made = true;
        }
    }
    if (event != JSON_OBJECT_END)
        return false;
    if (!made)
        make_object(L, base, count, count);
    return true;
}

// Makes an array of the `count` values above the placeholder at base + 1, and leaves it there.
static void make_array(struct decoder *d, int base, int count)
{
    lua_State *L = d->L;
    lua_createtable(L, count, 0);
    lua_pushvalue(L, d->array_meta);
    lua_setmetatable(L, -2);
    lua_replace(L, base + 1);
    for (int i = count; i > 0; i--)
        lua_rawseti(L, base + 1, i);
}

static bool push_array(struct decoder *d)
{
    lua_State *L = d->L;
    int base = lua_gettop(L);
    lua_Integer count = 0;
    enum json_event event;
    luaL_checkstack(L, BATCH + 8, "JSON");
    lua_pushnil(L); // placeholder
    while ((event = json_read(&d->reader)) != JSON_ARRAY_END) {
        if (!push_value(d, event))
            return false;
        count++;
        if (count > BATCH)
            lua_rawseti(L, base + 1, count);
        else if (count == BATCH)
            make_array(d, base, BATCH);
    }
    if (count < BATCH)
        make_array(d, base, (int)count);
    return true;
}

// Pushes the value that begins with `event`; false after an error, with the stack in any state.
static bool push_value(struct decoder *d, enum json_event event)
{
    switch (event) {
    case JSON_STRING:
        push_string(d->L, &d->reader);
        return true;
    case JSON_NUMBER:
        push_number(d->L, &d->reader);
        return true;
    case JSON_OBJECT:
        return push_object(d);
    case JSON_ARRAY:
        return push_array(d);
    case JSON_TRUE:
    case JSON_FALSE:
        lua_pushboolean(d->L, event == JSON_TRUE);
        return true;
    case JSON_NULL:
        lua_pushlightuserdata(d->L, NULL);
        return true;
    default:
        return false;
    }
}

int json_push_decoded(lua_State *L, const char *text, size_t size)
{
    struct decoder d;
    d.L = L;
    luaL_checkstack(L, 8, "JSON");
    json_push_array_meta(L);
    d.array_meta = lua_gettop(L);
    json_reader_init(&d.reader, text, size);
    if (push_value(&d, json_read(&d.reader)) && json_read(&d.reader) == JSON_END)
        return 1;
    lua_settop(L, d.array_meta);
    lua_pushnil(L);
    json_push_place(L, text, d.reader.at, d.reader.message);
    return 2;
}

void json_push_place(lua_State *L, const char *text, const char *at, const char *message)
{
    size_t line;
    size_t column;
    json_place(text, at, &line, &column);
    lua_pushfstring(L, "line %I, column %I: %s", (LUAI_UACINT)line, (LUAI_UACINT)column, message);
}

/// decode(text) -> value | nil, message
int json_decode(lua_State *L)
{
    size_t size;
    const char *text = luaL_checklstring(L, 1, &size);
    return json_push_decoded(L, text, size);
}
