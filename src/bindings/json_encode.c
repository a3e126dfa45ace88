// core.json.encode: value to text.
#include "json/writer.h"

#include "bindings/bindings.h"
#include "bindings/json.h"
#include "json/keys.h"
#include "json/reader.h"
#include "json/text.h"

#define ENCODER "core.json.encoder"

enum {
    ON_STACK = 8192, // values of larger objects are looked up again instead of held on the stack
    STACK_STEP = 32, // pairs for which room on the stack is asked at once
    KEPT_ROOM = 1 << 20, // a larger buffer is not kept for the next call
};

// Where a value stands in the whole, for messages.
struct place {
    const struct place *up;
    const char *key; // NULL: an index
    size_t size;
    lua_Integer index;
    unsigned depth;
};

// Scratch memory of a call; a userdata, so that no error can leak it.
struct encoder {
    struct buf out;
    struct json_keys keys;
};

struct run {
    lua_State *L;
    struct encoder *e;
    const void *array_meta;
};

static void encode_value(struct run *r, int index, const struct place *place);

static int encoder_free(lua_State *L)
{
    struct encoder *e = luaL_checkudata(L, 1, ENCODER);
    buf_free(&e->out);
    json_keys_free(&e->keys);
    return 0;
}

static bool is_bare(const char *key, size_t size)
{
    if (size == 0 || size > 64)
        return false;
    for (size_t i = 0; i < size; i++) {
        char c = key[i];
        bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!word && c != '_' && c != '-')
            return false;
    }
    return true;
}

// Pushes one step of a path.
static void push_step(lua_State *L, const struct place *place)
{
    enum { SHOWN = 64 };
    if (!place->key) {
        lua_pushfstring(L, "[%I]", (LUAI_UACINT)place->index);
    } else if (is_bare(place->key, place->size)) {
        lua_pushfstring(L, ".%s", place->key);
    } else {
        luaL_Buffer b;
        luaL_buffinit(L, &b);
        luaL_addstring(&b, "[\"");
        for (size_t i = 0; i < place->size && i < SHOWN; i++) {
            char c = place->key[i];
            luaL_addchar(&b, (char)(c >= 0x20 && c < 0x7F && c != '"' ? c : '?'));
        }
        luaL_addstring(&b, place->size > SHOWN ? "...\"]" : "\"]");
        luaL_pushresult(&b);
    }
}

// Pushes the path; of a deep one the first and the last steps.
static void push_path(lua_State *L, const struct place *place)
{
    enum { ENDS = 6 };
    unsigned depth = place->depth;
    if (depth == 0) {
        lua_pushliteral(L, "at the top");
        return;
    }
    luaL_checkstack(L, 2 * ENDS + 4, "path");
    lua_pushliteral(L, "");
    int shown = 1;
    for (; place->up; place = place->up) {
        if (place->depth > ENDS && place->depth <= depth - ENDS) {
            if (place->depth == ENDS + 1) {
                lua_pushliteral(L, "...");
                shown++;
            }
            continue;
        }
        push_step(L, place);
        shown++;
    }
    lua_pushliteral(L, "at ");
    for (int i = 0, top = lua_gettop(L); i < shown; i++) // the steps lie from the last to the first
        lua_pushvalue(L, top - 1 - i);
    lua_concat(L, shown + 1);
}

// Raises "at PATH: WHAT".
static void fail(struct run *r, const struct place *place, const char *what)
{
    lua_State *L = r->L;
    buf_free(&r->e->out);
    json_keys_free(&r->e->keys);
    push_path(L, place);
    luaL_error(L, "%s: %s", lua_tostring(L, -1), what);
}

static void put(struct run *r, char c, const struct place *place)
{
    if (!json_put(&r->e->out, c))
        fail(r, place, "out of memory");
}

static void put_bytes(struct run *r, const char *bytes, size_t size, const struct place *place)
{
    if (!buf_append(&r->e->out, bytes, size))
        fail(r, place, "out of memory");
}

static void check(struct run *r, enum json_written written, const struct place *place)
{
    switch (written) {
    case JSON_WRITTEN:
        return;
    case JSON_NO_MEMORY:
        fail(r, place, "out of memory");
        return;
    case JSON_NOT_UTF8:
        fail(r, place, "the string is not valid UTF-8; send bytes as base64");
        return;
    case JSON_NOT_FINITE:
        fail(r, place, "JSON has no infinity and no NaN");
        return;
    }
}

static void encode_key(struct run *r, const char *key, size_t size, const struct place *place)
{
    enum json_written written = json_write_string(&r->e->out, key, size);
    if (written == JSON_NOT_UTF8)
        fail(r, place, "the key is not valid UTF-8");
    check(r, written, place);
    put(r, ':', place);
}

// Writes the members whose keys were gathered from `first` on; the table is at `index`.
static void encode_members(struct run *r, int index, size_t first, const struct place *place)
{
    lua_State *L = r->L;
    struct json_keys *keys = &r->e->keys;
    size_t end = keys->count;
    for (size_t i = first; i < end; i++) {
        struct json_key key = keys->list[i]; // the list may move below
        struct place member = { place, key.text, key.size, 0, place->depth + 1 };
        if (i > first)
            put(r, ',', place);
        encode_key(r, key.text, key.size, &member);
        if (key.slot) {
            encode_value(r, key.slot, &member);
            continue;
        }
        lua_pushlstring(L, key.text, key.size);
        lua_rawget(L, index);
        encode_value(r, lua_gettop(L), &member);
        lua_pop(L, 1);
    }
}

// Gathers the keys of the table at `index`, values held on the stack; the first pair is on the
// stack. False, and nothing gathered, when a key is no string.
static bool gather(struct run *r, int index, const struct place *place)
{
    lua_State *L = r->L;
    struct json_keys *keys = &r->e->keys;
    size_t first = keys->count;
    int top = lua_gettop(L);
    do {
        if (lua_type(L, -2) != LUA_TSTRING) {
            keys->count = first;
            return false;
        }
        size_t gathered = keys->count - first;
        bool hold = gathered < ON_STACK;
        if (hold && gathered % STACK_STEP == 0)
            luaL_checkstack(L, 2 * STACK_STEP + 8, "JSON");
        size_t size;
        const char *text = lua_tolstring(L, -2, &size);
        if (!json_keys_add(keys, text, size, hold ? top : 0))
            fail(r, place, "out of memory");
        if (hold) {
            lua_pushvalue(L, -2);
            top += 2;
        } else {
            lua_pop(L, 1);
        }
    } while (lua_next(L, index));
    return true;
}

// Pushes a copy of the table with its integer keys as strings.
static void push_string_keyed(struct run *r, int index, const struct place *place)
{
    lua_State *L = r->L;
    lua_newtable(L);
    int copy = lua_gettop(L);
    lua_pushnil(L);
    while (lua_next(L, index)) { // copy key value
        lua_pushvalue(L, -2);    // copy key value key
        if (lua_type(L, -1) == LUA_TNUMBER) {
            if (!lua_isinteger(L, -1))
                fail(r, place, "keys must be strings, not fractions");
            lua_tolstring(L, -1, NULL); // turns the copy of the key into a string
        } else if (lua_type(L, -1) != LUA_TSTRING) {
            fail(r, place,
                 lua_pushfstring(L, "keys must be strings, not %s", luaL_typename(L, -1)));
        }
        lua_pushvalue(L, -1);
        if (lua_rawget(L, copy) != LUA_TNIL) {
            lua_pop(L, 1);
            fail(r, place,
                 lua_pushfstring(L, "key %s exists as a number and as a string",
                                 lua_tostring(L, -1)));
        }
        lua_pop(L, 1);
        lua_insert(L, -2);
        lua_rawset(L, copy); // copy key
    }
}

// Puts the keys from `first` on in the order of the shape, the others behind, sorted.
static void arrange(struct json_keys *keys, size_t first, struct json_shape *shape)
{
    struct json_key *list = keys->list + first;
    size_t count = keys->count - first;
    size_t next = 0;
    for (int i = 0; i < shape->count; i++) {
        size_t at = shape->found[i]; // tables with the same keys mostly give them in the same order
        if (at < next || at >= count || list[at].text != shape->texts[i]) {
            for (at = next; at < count && list[at].text != shape->texts[i]; at++)
                ;
            if (at == count)
                continue;
            shape->found[i] = (unsigned short)at;
        }
        struct json_key key = list[at];
        list[at] = list[next];
        list[next++] = key;
    }
    if (next < count)
        json_keys_sort(keys, first + next);
}

// The first pair of the table at `index` is on the stack; leaves the stack as it was before the
// pair.
static void encode_object(struct run *r, int index, struct json_shape *shape,
                          const struct place *place)
{
    lua_State *L = r->L;
    struct json_keys *keys = &r->e->keys;
    int top = lua_gettop(L) - 2;
    size_t first = keys->count;
    put(r, '{', place);
    if (!gather(r, index, place)) {
        lua_settop(L, top);
        push_string_keyed(r, index, place);
        index = lua_gettop(L);
        lua_pushnil(L);
        lua_next(L, index);
        gather(r, index, place);
    }
    if (shape)
        arrange(keys, first, shape);
    else
        json_keys_sort(keys, first);
    encode_members(r, index, first, place);
    keys->count = first;
    put(r, '}', place);
    lua_settop(L, top);
}

// Gathers the members that the list at `list` names, in its order, values held on the stack;
// returns how many.
static size_t gather_listed(struct run *r, int index, int list, const struct place *place)
{
    lua_State *L = r->L;
    struct json_keys *keys = &r->e->keys;
    size_t first = keys->count;
    int top = lua_gettop(L);
    lua_Integer count = (lua_Integer)lua_rawlen(L, list);
    for (lua_Integer i = 1; i <= count; i++) {
        if (i % STACK_STEP == 1)
            luaL_checkstack(L, 2 * STACK_STEP + 8, "JSON");
        lua_rawgeti(L, list, i);
        lua_pushvalue(L, -1);
        bool present = lua_rawget(L, index) != LUA_TNIL; // key value
        bool hold = present && keys->count - first < ON_STACK;
        size_t size;
        const char *text = lua_tolstring(L, -2, &size);
        if (present && !json_keys_add(keys, text, size, hold ? top + 2 : 0))
            fail(r, place, "out of memory");
        if (hold)
            top += 2;
        else
            lua_pop(L, 2);
    }
    return keys->count - first;
}

// The number of members of the table at `index`; false when a key is no string.
static bool count_members(lua_State *L, int index, size_t *count)
{
    *count = 0;
    lua_pushnil(L);
    while (lua_next(L, index)) {
        if (lua_type(L, -2) != LUA_TSTRING) {
            lua_pop(L, 2);
            return false;
        }
        lua_pop(L, 1);
        ++*count;
    }
    return true;
}

// Gathers the members of the table at `index` that the set at `set` does not have, sorted.
static void gather_rest(struct run *r, int index, int set, const struct place *place)
{
    lua_State *L = r->L;
    struct json_keys *keys = &r->e->keys;
    size_t rest = keys->count;
    lua_pushnil(L);
    while (lua_next(L, index)) {
        lua_pop(L, 1);
        lua_pushvalue(L, -1);
        bool listed = lua_rawget(L, set) != LUA_TNIL;
        lua_pop(L, 1);
        size_t size;
        const char *text = lua_tolstring(L, -1, &size);
        if (!listed && !json_keys_add(keys, text, size, 0))
            fail(r, place, "out of memory");
    }
    json_keys_sort(keys, rest);
}

// Writes an object in the order of the list of keys on the stack, members that it does not name
// behind, sorted; leaves the stack as it was before the list.
static void encode_ordered(struct run *r, int index, const struct place *place)
{
    lua_State *L = r->L;
    struct json_keys *keys = &r->e->keys;
    int list = lua_gettop(L);
    int members = index;
    size_t first = keys->count;
    size_t count;
    put(r, '{', place);
    if (!count_members(L, index, &count)) {
        push_string_keyed(r, index, place);
        members = lua_gettop(L);
        count_members(L, members, &count);
    }
    if (gather_listed(r, members, list, place) < count) {
        json_push_order_set(L, index);
        gather_rest(r, members, lua_gettop(L), place);
    }
    encode_members(r, members, first, place);
    keys->count = first;
    put(r, '}', place);
    lua_settop(L, list - 1);
}

static void encode_element(struct run *r, int index, lua_Integer i, const struct place *place)
{
    struct place element = { place, NULL, 0, i, place->depth + 1 };
    if (i > 1)
        put(r, ',', place);
    encode_value(r, index, &element);
}

// Whether the keys of the table are 1..n in any order; `*strings`: some key is a string.
static bool is_sequence(lua_State *L, int index, lua_Integer *count, bool *strings)
{
    lua_Integer highest = 0;
    *count = 0;
    *strings = false;
    bool positive = true;
    lua_pushnil(L);
    while (lua_next(L, index)) {
        lua_pop(L, 1);
        ++*count;
        if (!lua_isinteger(L, -1)) {
            *strings = *strings || lua_type(L, -1) == LUA_TSTRING;
            positive = false;
            continue;
        }
        lua_Integer key = lua_tointeger(L, -1);
        positive = positive && key >= 1;
        highest = key > highest ? key : highest;
    }
    return positive && highest == *count;
}

// Writes a table whose first key is no string, or that is marked as an array; the first pair is on
// the stack.  Most such tables give their keys in order; if this one does not, starts again.
static void encode_array(struct run *r, int index, bool marked, const struct place *place)
{
    lua_State *L = r->L;
    int top = lua_gettop(L) - 2;
    size_t start = r->e->out.size;
    lua_Integer count = 0;
    bool strings;
    put(r, '[', place);
    do {
        if (!lua_isinteger(L, -2) || lua_tointeger(L, -2) != count + 1)
            break;
        encode_element(r, lua_gettop(L), ++count, place);
        lua_pop(L, 1);
        if (!lua_next(L, index)) {
            put(r, ']', place);
            return;
        }
    } while (true);

    r->e->out.size = start;
    lua_settop(L, top);
    if (is_sequence(L, index, &count, &strings)) {
        put(r, '[', place);
        for (lua_Integer i = 1; i <= count; i++) {
            lua_rawgeti(L, index, i);
            encode_element(r, lua_gettop(L), i, place);
            lua_pop(L, 1);
        }
        put(r, ']', place);
    } else if (marked) {
        fail(r, place, "the keys of an array must be 1 to n; fill holes with json.null");
    } else if (!strings) {
        fail(r, place,
             "the keys are not 1 to n; use string keys for an object, or json.null to fill holes");
    } else {
        lua_pushnil(L);
        lua_next(L, index);
        encode_object(r, index, NULL, place);
    }
}

// Writes a table without an order.
static void encode_plain(struct run *r, int index, bool marked, const struct place *place)
{
    lua_State *L = r->L;
    lua_pushnil(L);
    if (!lua_next(L, index))
        put_bytes(r, marked ? "[]" : "{}", 2, place);
    else if (marked || lua_type(L, -2) != LUA_TSTRING)
        encode_array(r, index, marked, place);
    else
        encode_object(r, index, NULL, place);
}

// Writes a table whose shape is on the stack, and pops that.
static void encode_shaped(struct run *r, int index, const struct place *place)
{
    lua_State *L = r->L;
    struct json_shape *shape = lua_touserdata(L, -1);
    lua_pushnil(L);
    if (lua_next(L, index))
        encode_object(r, index, shape, place);
    else
        put_bytes(r, "{}", 2, place);
    lua_pop(L, 1);
}

static void encode_table(struct run *r, int index, const struct place *place)
{
    lua_State *L = r->L;
    if (place->depth >= JSON_MAX_DEPTH)
        fail(r, place, "nested deeper than 1000 levels; does the table contain itself?");
    luaL_checkstack(L, 12, "JSON");
    if (!lua_getmetatable(L, index)) {
        encode_plain(r, index, false, place);
    } else if (lua_topointer(L, -1) == r->array_meta) {
        lua_pop(L, 1);
        encode_plain(r, index, true, place);
    } else {
        int order = json_order_of_meta(L);
        if (order == LUA_TUSERDATA)
            encode_shaped(r, index, place);
        else if (order == LUA_TTABLE)
            encode_ordered(r, index, place);
        else
            encode_plain(r, index, false, place);
    }
}

static void encode_userdata(struct run *r, int index, const struct place *place)
{
    const struct json_raw *raw = luaL_testudata(r->L, index, JSON_RAW);
    if (raw) {
        struct json_slice slice = { raw->text, raw->size };
        if (place->depth + raw->depth > JSON_MAX_DEPTH &&
            place->depth + json_depth(slice) > JSON_MAX_DEPTH)
            fail(r, place, "nested deeper than 1000 levels");
        put_bytes(r, raw->text, raw->size, place);
        return;
    }
    const struct json_boxed *boxed = luaL_testudata(r->L, index, JSON_INTEGER);
    if (!boxed)
        fail(r, place, "JSON cannot say userdata");
    else
        put_bytes(r, boxed->text, boxed->size, place);
}

static void encode_value(struct run *r, int index, const struct place *place)
{
    lua_State *L = r->L;
    struct buf *out = &r->e->out;
    int type = lua_type(L, index);
    if (type == LUA_TSTRING) {
        size_t size;
        const char *text = lua_tolstring(L, index, &size);
        check(r, json_write_string(out, text, size), place);
    } else if (type == LUA_TTABLE) {
        encode_table(r, index, place);
    } else if (type == LUA_TNUMBER) {
        check(r,
              lua_isinteger(L, index) ? json_write_integer(out, lua_tointeger(L, index))
                                      : json_write_double(out, lua_tonumber(L, index)),
              place);
    } else if (type == LUA_TBOOLEAN) {
        bool yes = lua_toboolean(L, index);
        put_bytes(r, yes ? "true" : "false", yes ? 4 : 5, place);
    } else if (type == LUA_TLIGHTUSERDATA && !lua_touserdata(L, index)) {
        put_bytes(r, "null", 4, place);
    } else if (type == LUA_TUSERDATA) {
        encode_userdata(r, index, place);
    } else if (type == LUA_TNIL) {
        fail(r, place, "JSON cannot say nil; use json.null");
    } else {
        fail(r, place, lua_pushfstring(L, "JSON cannot say a %s", lua_typename(L, type)));
    }
}

// Pushes scratch memory: that of the last call, or new.  It is taken while in use, since a
// finalizer may encode too.
static struct encoder *take_encoder(lua_State *L)
{
    lua_pushvalue(L, lua_upvalueindex(1));
    struct encoder *e = lua_touserdata(L, -1);
    if (e) {
        lua_pushnil(L);
        lua_replace(L, lua_upvalueindex(1));
        return e;
    }
    lua_pop(L, 1);
    e = lua_newuserdatauv(L, sizeof *e, 0);
    *e = (struct encoder){ 0 };
    luaL_setmetatable(L, ENCODER);
    return e;
}

/// encode(value) -> text
int json_encode(lua_State *L)
{
    luaL_checkany(L, 1);
    lua_settop(L, 1);
    struct run r = { .L = L, .e = take_encoder(L) }; // value encoder
    json_push_array_meta(L);                         // value encoder array
    r.array_meta = lua_topointer(L, -1);
    struct place top = { 0 };
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
