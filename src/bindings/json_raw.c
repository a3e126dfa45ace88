// core.json.Raw: checked JSON text that is passed on without decoding.
#include "bindings/json_raw.h"
#include "bindings/bindings.h"
#include "bindings/json_decode.h"
#include "json/keys.h"
#include "json/reader.h"
#include "json/text.h"

#include <limits.h>
#include <string.h>

enum { OWNER = 1 }; // user value: the string or block that holds the bytes

// Pushes a Raw; the owner is at stack index `owner`.
static void push_raw(lua_State *L, struct json_slice slice, unsigned depth, int owner)
{
    struct json_raw *raw = lua_newuserdatauv(L, sizeof *raw, 1);
    *raw = (struct json_raw){ slice.text, slice.size, depth };
    luaL_setmetatable(L, JSON_RAW);
    lua_pushvalue(L, owner);
    lua_setiuservalue(L, -2, OWNER);
}

bool json_push_raw(lua_State *L, int index)
{
    struct json_slice slice;
    struct json_facts facts;
    slice.text = lua_tolstring(L, index, &slice.size);
    if (!json_check(slice.text, slice.size, &facts) || facts.blanks > 0)
        return false;
    push_raw(L, slice, facts.depth, index);
    return true;
}

/// raw(text) -> Raw | nil, message
int json_raw(lua_State *L)
{
    struct json_slice slice;
    slice.text = luaL_checklstring(L, 1, &slice.size);
    lua_settop(L, 1);
    struct json_facts facts;
    if (!json_check(slice.text, slice.size, &facts)) {
        lua_pushnil(L);
        json_push_place(L, slice.text, facts.at, facts.message);
        return 2;
    }
    if (facts.blanks > 0) {
        size_t size = slice.size - facts.blanks;
        char *block = lua_newuserdatauv(L, size + 1, 0); // text block
        json_compact(slice.text, slice.size, block);
        block[size] = 0;
        slice = (struct json_slice){ block, size };
        lua_replace(L, 1);
    }
    push_raw(L, slice, facts.depth, 1);
    return 1;
}

static struct json_slice slice_of(const struct json_raw *raw)
{
    return (struct json_slice){ raw->text, raw->size };
}

static const struct json_raw *check_raw(lua_State *L)
{
    return luaL_checkudata(L, 1, JSON_RAW);
}

/// raw:text() -> string
static int raw_text(lua_State *L)
{
    const struct json_raw *raw = check_raw(L);
    size_t size = 0;
    if (lua_getiuservalue(L, 1, OWNER) == LUA_TSTRING) { // raw owner
        const char *whole = lua_tolstring(L, -1, &size);
        if (whole == raw->text && size == raw->size)
            return 1;
    }
    lua_pushlstring(L, raw->text, raw->size);
    return 1;
}

/// raw:is(text) -> boolean
static int raw_is(lua_State *L)
{
    const struct json_raw *raw = check_raw(L);
    size_t size;
    const char *text = luaL_checklstring(L, 2, &size);
    lua_pushboolean(L, size == raw->size && memcmp(text, raw->text, size) == 0);
    return 1;
}

/// raw:kind() -> string
static int raw_kind(lua_State *L)
{
    const char *kind = "number";
    switch (*check_raw(L)->text) {
    case '{':
        kind = "object";
        break;
    case '[':
        kind = "array";
        break;
    case '"':
        kind = "string";
        break;
    case 't':
    case 'f':
        kind = "boolean";
        break;
    case 'n':
        kind = "null";
        break;
    }
    lua_pushstring(L, kind);
    return 1;
}

/// raw:size() -> integer
static int raw_size(lua_State *L)
{
    lua_pushinteger(L, (lua_Integer)check_raw(L)->size);
    return 1;
}

/// raw:beginning(most) -> text
static int raw_beginning(lua_State *L)
{
    const struct json_raw *raw = check_raw(L);
    lua_Integer most = luaL_checkinteger(L, 2);
    luaL_argcheck(L, most >= 0, 2, "must not be negative");
    luaL_argcheck(L, *raw->text == '"', 1, "must be a string");
    struct json_slice inside = { raw->text + 1, raw->size - 2 };
    struct json_stretch stretch;
    luaL_Buffer b;
    luaL_buffinit(L, &b);
    for (size_t left = (size_t)most; left > 0 && json_next_stretch(&inside, &stretch);) {
        size_t size = stretch.size < left ? stretch.size : left;
        luaL_addlstring(&b, stretch.text, size);
        left -= size;
    }
    luaL_pushresult(&b);
    return 1;
}

/// raw:depth() -> integer
static int raw_depth(lua_State *L)
{
    lua_pushinteger(L, (lua_Integer)check_raw(L)->depth);
    return 1;
}

// Follows the path in the arguments from 2; false where it leads nowhere.
static bool follow(lua_State *L, struct json_slice *slice)
{
    int last = lua_gettop(L);
    for (int i = 2; i <= last; i++) {
        bool found;
        if (lua_type(L, i) == LUA_TNUMBER) {
            lua_Integer index = luaL_checkinteger(L, i);
            found = index >= 1 && json_find_index(*slice, (size_t)(index - 1), slice);
        } else {
            size_t size;
            const char *key = luaL_checklstring(L, i, &size);
            found = json_find_key(*slice, key, size, slice);
        }
        if (!found)
            return false;
    }
    return true;
}

// A nil, not no value at all: functions that this is handed on to want an argument.
static int nothing(lua_State *L)
{
    lua_pushnil(L);
    return 1;
}

/// raw:get(...) -> Raw | nil
static int raw_get(lua_State *L)
{
    const struct json_raw *raw = check_raw(L);
    struct json_slice slice = slice_of(raw);
    if (!follow(L, &slice))
        return nothing(L);
    lua_settop(L, 1);
    lua_getiuservalue(L, 1, OWNER); // raw owner
    push_raw(L, slice, raw->depth, 2);
    return 1;
}

static void push_key(lua_State *L, struct json_slice key)
{
    luaL_Buffer b;
    char *out = luaL_buffinitsize(L, &b, key.size);
    luaL_pushresultsize(&b, json_unescape(key.text, key.size, out));
}

static bool has_escape(struct json_slice key)
{
    return memchr(key.text, '\\', key.size) != NULL;
}

// Pushes a block with room for all keys of an object, and for the bytes of those that have escapes.
static void push_keys_block(lua_State *L, struct json_cursor cursor, struct json_keys *keys)
{
    struct json_slice key;
    struct json_slice value;
    size_t bytes = 0;
    *keys = (struct json_keys){ 0 };
    while (json_next_entry(&cursor, &key, &value)) {
        keys->room++;
        bytes += has_escape(key) ? key.size : 0;
    }
    keys->list = lua_newuserdatauv(L, keys->room * sizeof *keys->list + bytes, 0);
}

static void gather_keys(struct json_cursor cursor, struct json_keys *keys)
{
    struct json_slice key;
    struct json_slice value;
    char *resolved = (char *)(keys->list + keys->room);
    while (json_next_entry(&cursor, &key, &value)) {
        if (has_escape(key)) {
            key.size = json_unescape(key.text, key.size, resolved);
            key.text = resolved;
            resolved += key.size;
        }
        json_keys_add(keys, key.text, key.size, 0); // there is room
    }
    json_keys_sort(keys, 0);
}

/// raw:keys(...) -> string[] | nil
static int raw_keys(lua_State *L)
{
    struct json_slice slice = slice_of(check_raw(L));
    struct json_cursor cursor;
    struct json_keys keys;
    if (!follow(L, &slice) || !json_entries(slice, &cursor) || !cursor.object)
        return nothing(L);
    lua_settop(L, 1);
    push_keys_block(L, cursor, &keys); // raw block
    gather_keys(cursor, &keys);
    lua_createtable(L, keys.count < INT_MAX ? (int)keys.count : 0, 0); // raw block list
    lua_Integer count = 0;
    const struct json_key *last = NULL;
    for (const struct json_key *key = keys.list; key < keys.list + keys.count; key++) {
        if (last && last->size == key->size && memcmp(last->text, key->text, key->size) == 0)
            continue;
        lua_pushlstring(L, key->text, key->size);
        lua_rawseti(L, 3, ++count);
        last = key;
    }
    return 1;
}

/// raw:members(wanted) -> table
static int raw_members(lua_State *L)
{
    const struct json_raw *raw = check_raw(L);
    struct json_cursor cursor;
    struct json_slice key;
    struct json_slice value;
    luaL_checktype(L, 2, LUA_TTABLE);
    lua_settop(L, 2); // raw wanted
    lua_newtable(L);
    lua_getiuservalue(L, 1, OWNER); // raw wanted found owner
    if (!json_entries(slice_of(raw), &cursor) || !cursor.object) {
        lua_settop(L, 3);
        return 1;
    }
    while (json_next_entry(&cursor, &key, &value)) {
        push_key(L, key);
        lua_pushvalue(L, -1);
        if (lua_rawget(L, 2) == LUA_TNIL) { // … owner key wanted[key]
            lua_pop(L, 2);
            continue;
        }
        lua_pop(L, 1);
        push_raw(L, value, raw->depth, 4);
        lua_rawset(L, 3);
    }
    lua_settop(L, 3);
    return 1;
}

/// raw:value(...) -> value | nil
static int raw_value(lua_State *L)
{
    struct json_slice slice = slice_of(check_raw(L));
    if (!follow(L, &slice))
        return nothing(L);
    lua_settop(L, 1);
    return json_push_decoded(L, slice.text, slice.size, false);
}

// Iterator: upvalues Raw, offset of the next entry or nil at the end, index of the last entry.
static int next_entry(lua_State *L)
{
    if (lua_isnil(L, lua_upvalueindex(2)))
        return 0;
    const struct json_raw *raw = lua_touserdata(L, lua_upvalueindex(1));
    struct json_cursor cursor;
    struct json_slice key;
    struct json_slice value;
    json_entries(slice_of(raw), &cursor);
    cursor.at = raw->text + lua_tointeger(L, lua_upvalueindex(2));
    json_next_entry(&cursor, &key, &value);

    lua_Integer index = lua_tointeger(L, lua_upvalueindex(3)) + 1;
    lua_settop(L, 0);
    if (cursor.object) {
        push_key(L, key);
    } else {
        lua_pushinteger(L, index);
    }                                                 // key
    lua_getiuservalue(L, lua_upvalueindex(1), OWNER); // key owner
    push_raw(L, value, raw->depth, 2);                // key owner value
    lua_remove(L, 2);

    lua_pushinteger(L, index);
    lua_replace(L, lua_upvalueindex(3));
    if (cursor.at)
        lua_pushinteger(L, cursor.at - raw->text);
    else
        lua_pushnil(L);
    lua_replace(L, lua_upvalueindex(2));
    return 2;
}

/// raw:pairs() -> iterator
static int raw_pairs(lua_State *L)
{
    const struct json_raw *raw = check_raw(L);
    struct json_cursor cursor;
    luaL_argcheck(L, json_entries(slice_of(raw), &cursor), 1, "neither object nor array");
    lua_settop(L, 1);
    if (cursor.at)
        lua_pushinteger(L, cursor.at - raw->text);
    else
        lua_pushnil(L);
    lua_pushinteger(L, 0);
    lua_pushcclosure(L, next_entry, 3);
    return 1;
}

static const luaL_Reg methods[] = {
    { "text", raw_text },
    { "kind", raw_kind },
    { "get", raw_get },
    { "members", raw_members },
    { "value", raw_value },
    { "pairs", raw_pairs },
    { "keys", raw_keys },
    { "size", raw_size },
    { "depth", raw_depth },
    { "is", raw_is },
    { "beginning", raw_beginning },
    { "__tostring", raw_text },
    { NULL, NULL },
};

void json_open_raw(lua_State *L)
{
    bindings_type(L, JSON_RAW, methods);
}
