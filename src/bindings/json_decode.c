// core.json.decode: text to value.
#include "json/reader.h"

#include "base/envelope.h"
#include "bindings/bindings.h"
#include "bindings/json_array.h"
#include "bindings/json_decode.h"
#include "bindings/json_integer.h"
#include "bindings/json_order.h"
#include "host/stack.h"
#include "json/number.h"

#include <lauxlib.h>

// Entries gathered on the stack, so that most tables are made in the size they need.
enum { BATCH = JSON_SHAPE_KEYS };

struct decoder {
    lua_State *L;
    int array_meta; // stack index
    struct json_reader reader;
    struct shapes *shapes;
    int anchors; // stack index of what holds them
};

static bool push_value(struct decoder *d, enum json_event event);

// Pushes the string that was read; returns Lua's copy.
static const char *push_string(lua_State *L, const struct json_reader *r)
{
    if (!r->escaped)
        return lua_pushlstring(L, r->slice, r->size);
    luaL_Buffer b;
    char *out = luaL_buffinitsize(L, &b, r->size);
    luaL_pushresultsize(&b, json_unescape(r->slice, r->size, out));
    return lua_tostring(L, -1);
}

void json_push_number(lua_State *L, const struct json_reader *r)
{
    int64_t integer;
    double number;
    if (r->integral) {
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

// Notes the key at `slot` in the list at `table` + 1, unless the object at `table` has it: of
// duplicates the place of the first counts.
static void note_key(lua_State *L, int slot, int table, lua_Integer *noted)
{
    lua_pushvalue(L, slot);
    if (lua_rawget(L, table) == LUA_TNIL) {
        lua_pushvalue(L, slot);
        lua_rawseti(L, table + 1, ++*noted);
    }
    lua_pop(L, 1);
}

// Pushes an object of the pairs from `from` to the top, and the list of its keys; returns how many
// those are.  The last of duplicates counts.
static lua_Integer push_listed(lua_State *L, int from, int room)
{
    lua_createtable(L, 0, room);
    int table = lua_gettop(L);
    lua_createtable(L, room, 0);
    lua_Integer noted = 0;
    for (int slot = from; slot < table; slot += 2) {
        note_key(L, slot, table, &noted);
        lua_pushvalue(L, slot);
        lua_pushvalue(L, slot + 1);
        lua_rawset(L, table);
    }
    return noted;
}

bool json_make_object(lua_State *L, struct shapes *shapes, int anchors, int base,
                      struct json_shape_key *key)
{
    unsigned place = json_shapes_find(shapes, key);
    if (place) { // its keys are all different: the order in which they are set does not matter
        lua_createtable(L, 0, key->count);
        lua_rawgeti(L, anchors, place);
        lua_setmetatable(L, -2);
        lua_replace(L, base);
        for (int i = 0; i < key->count; i++)
            lua_rawset(L, base);
        return true;
    }
    bool different = push_listed(L, base + 1, key->count) == key->count; // object list
    if (different && key->is_short)
        json_shapes_add(L, shapes, anchors, key);
    else
        json_set_order(L, lua_gettop(L) - 1);
    lua_replace(L, base);
    lua_settop(L, base);
    return different;
}

// Goes on with an object of which BATCH pairs are above the placeholder at `base`.
static bool push_large_object(struct decoder *d, int base)
{
    lua_State *L = d->L;
    enum json_event event;
    lua_Integer noted = push_listed(L, base + 1, 2 * BATCH);
    lua_replace(L, base + 1);
    lua_replace(L, base);
    lua_settop(L, base + 1); // object list
    while ((event = json_read(&d->reader)) == JSON_KEY) {
        push_string(L, &d->reader);
        note_key(L, base + 2, base, &noted);
        if (!push_value(d, json_read(&d->reader)))
            return false;
        lua_rawset(L, base);
    }
    if (event != JSON_OBJECT_END)
        return false;
    json_set_order(L, base);
    return true;
}

static bool push_object(struct decoder *d)
{
    lua_State *L = d->L;
    struct json_shape_key key;
    enum json_event event;
    key.count = 0;
    key.is_short = true;
    stack_need(L, 2 * BATCH + 8, "JSON");
    lua_pushnil(L); // placeholder
    int base = lua_gettop(L);
    while ((event = json_read(&d->reader)) == JSON_KEY) {
        key.texts[key.count++] = push_string(L, &d->reader);
        key.is_short = key.is_short && d->reader.size <= JSON_SHORT;
        if (!push_value(d, json_read(&d->reader)))
            return false;
        if (key.count == BATCH)
            return push_large_object(d, base);
    }
    if (event != JSON_OBJECT_END)
        return false;
    if (key.count > 0) {
        (void)json_make_object(L, d->shapes, d->anchors, base, &key);
    } else {
        lua_newtable(L);
        lua_replace(L, base);
    }
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
    stack_need(L, BATCH + 8, "JSON");
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
        json_push_number(d->L, &d->reader);
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

int json_push_decoded(lua_State *L, const char *text, size_t size, bool lenient)
{
    struct decoder d;
    d.L = L;
    stack_need(L, 8, "JSON");
    json_push_array_meta(L);
    d.array_meta = lua_gettop(L);
    d.shapes = json_push_shapes(L);
    d.anchors = lua_gettop(L);
    json_reader_init(&d.reader, text, size);
    d.reader.lone_surrogates = lenient;
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

/// decode(text, lenient) -> value | nil, message
int json_decode(lua_State *L)
{
    size_t size;
    const char *text = luaL_checklstring(L, 1, &size);
    return json_push_decoded(L, text, size, lua_toboolean(L, 2));
}

/// envelope(text) -> kind, id | nil
int json_envelope(lua_State *L)
{
    size_t size;
    const char *text = luaL_checklstring(L, 1, &size);
    struct envelope envelope = { 0 };
    envelope_feed(&envelope, text, size);
    bindings_push_envelope(L, &envelope);
    return 2;
}
