// core.json.pack: value to bytes.
#include "bindings/json_packed.h"

#include "bindings/bindings.h"
#include "bindings/json_array.h"
#include "bindings/json_integer.h"
#include "bindings/json_order.h"
#include "bindings/json_raw.h"
#include "host/scratch.h"
#include "host/stack.h"
#include "json/keys.h"
#include "json/packed.h"
#include "json/reader.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define PACKER "core.json.packer"

enum { KEPT_ROOM = 1 << 16 }; // a larger buffer is not kept for the next call

// Scratch memory; a userdata, so that no error can leak it.
struct packer {
    struct buf out;
    struct json_keys keys;
    struct buf integers; // keys that are integers
    struct scratch memory;
};

struct pack {
    lua_State *L;
    struct packer *p;
    const void *array_meta;
    size_t most; // bytes that all may have
};

static void release(struct packer *p)
{
    buf_free(&p->out);
    buf_free(&p->integers);
    json_keys_free(&p->keys);
}

static int packer_free(lua_State *L)
{
    release(luaL_checkudata(L, 1, PACKER));
    return 0;
}

// Bytes ------------------------------------------------------------------------------------------

static void fail_size(struct pack *k)
{
    luaL_error(k->L, "the value has more than %I bytes", (LUAI_UACINT)k->most);
}

// After each part; what may be long looks before, too.
static void check(struct pack *k, bool written)
{
    if (!written)
        luaL_error(k->L, "not enough memory");
    if (k->p->out.size > k->most)
        fail_size(k);
}

static void put_tag(struct pack *k, enum packed_tag tag)
{
    const char byte = (char)tag;
    check(k, buf_append(&k->p->out, &byte, 1));
}

static void put_number(struct pack *k, uint64_t number)
{
    check(k, packed_write_number(&k->p->out, number));
}

static void put_text(struct pack *k, const char *text, size_t size)
{
    put_number(k, size);
    if (size > k->most - k->p->out.size)
        fail_size(k);
    check(k, buf_append(&k->p->out, text, size));
}

static void put_integer(struct pack *k, int64_t integer)
{
    put_tag(k, PACKED_INTEGER);
    check(k, packed_write_integer(&k->p->out, integer));
}

static void put_float(struct pack *k, double number)
{
    put_tag(k, PACKED_FLOAT);
    check(k, packed_write_float(&k->p->out, number));
}

// Tables -----------------------------------------------------------------------------------------

static void pack_value(struct pack *k, int index, unsigned depth);

// Packs the value on the top of the stack, and pops it.
static void pack_top(struct pack *k, unsigned depth)
{
    pack_value(k, lua_gettop(k->L), depth);
    lua_pop(k->L, 1);
}

// How many entries the table has, and whether its keys are 1 to their number.
static size_t count_entries(lua_State *L, int table, bool *is_sequence)
{
    lua_Unsigned length = lua_rawlen(L, table);
    size_t count = 0;
    bool in_range = true;
    for (lua_pushnil(L); lua_next(L, table); lua_pop(L, 1)) {
        count++;
        in_range =
            in_range && lua_isinteger(L, -2) && (lua_Unsigned)lua_tointeger(L, -2) - 1 < length;
    }
    *is_sequence = in_range && count == length;
    return count;
}

static void pack_list(struct pack *k, enum packed_tag tag, int table, size_t count, unsigned depth)
{
    put_tag(k, tag);
    put_number(k, count);
    for (size_t i = 1; i <= count; i++) {
        lua_rawgeti(k->L, table, (lua_Integer)i);
        pack_top(k, depth + 1);
    }
}

// Whether the set at the index has the key on the top of the stack; 0: there is no set.
static bool is_named(lua_State *L, int set)
{
    if (set == 0)
        return false;
    lua_pushvalue(L, -1);
    bool named = lua_rawget(L, set) != LUA_TNIL;
    lua_pop(L, 1);
    return named;
}

static void gather_key(struct pack *k)
{
    lua_State *L = k->L;
    bool kept;
    if (lua_isinteger(L, -1)) {
        int64_t integer = lua_tointeger(L, -1);
        kept = buf_append(&k->p->integers, &integer, sizeof integer);
    } else if (lua_type(L, -1) == LUA_TSTRING) {
        size_t size;
        const char *text = lua_tolstring(L, -1, &size); // the table holds it
        kept = json_keys_add(&k->p->keys, text, size, 0);
    } else {
        kept = luaL_error(L, "a table has a key of type %s", luaL_typename(L, -1));
    }
    if (!kept)
        luaL_error(L, "not enough memory");
}

static int compare_integers(const void *a, const void *b)
{
    const int64_t *left = a, *right = b;
    return (*left > *right) - (*left < *right);
}

// Pushes the value of a key that was gathered.
static void push_entry(struct pack *k, int table, const struct json_key *key)
{
    lua_pushlstring(k->L, key->text, key->size);
    lua_rawget(k->L, table);
}

static int64_t integer_at(const struct pack *k, size_t at)
{
    int64_t integer;
    memcpy(&integer, k->p->integers.data + at, sizeof integer);
    return integer;
}

// The pairs whose keys are in no set: integers, then strings.  What is packed within may move what
// was gathered, and drops its own.
static void pack_pairs(struct pack *k, int table, int set, unsigned depth)
{
    struct packer *p = k->p;
    size_t first = p->keys.count, from = p->integers.size;
    for (lua_pushnil(k->L); lua_next(k->L, table);) {
        lua_pop(k->L, 1);
        if (!is_named(k->L, set))
            gather_key(k);
    }
    size_t to = p->integers.size, end = p->keys.count;
    if (to > from)
        qsort(p->integers.data + from, (to - from) / sizeof(int64_t), sizeof(int64_t),
              compare_integers);
    json_keys_sort(&p->keys, first);
    for (size_t at = from; at < to; at += sizeof(int64_t)) {
        put_integer(k, integer_at(k, at));
        lua_rawgeti(k->L, table, integer_at(k, at));
        pack_top(k, depth + 1);
    }
    for (size_t at = first; at < end; at++) {
        struct json_key key = p->keys.list[at];
        put_tag(k, PACKED_STRING);
        put_text(k, key.text, key.size);
        push_entry(k, table, &key);
        pack_top(k, depth + 1);
    }
    p->keys.count = first;
    p->integers.size = from;
}

static void pack_plain(struct pack *k, int table, unsigned depth)
{
    bool is_sequence;
    size_t count = count_entries(k->L, table, &is_sequence);
    if (is_sequence) {
        pack_list(k, PACKED_SEQUENCE, table, count, depth);
        return;
    }
    put_tag(k, PACKED_TABLE);
    put_number(k, count);
    pack_pairs(k, table, 0, depth);
}

static void pack_array(struct pack *k, int table, unsigned depth)
{
    bool is_sequence;
    size_t count = count_entries(k->L, table, &is_sequence);
    if (!is_sequence)
        luaL_error(k->L, "an array has holes or names");
    pack_list(k, PACKED_ARRAY, table, count, depth);
}

// Pushes the member that the list names at a place.
static bool push_member(lua_State *L, int table, int list, size_t at)
{
    lua_rawgeti(L, list, (lua_Integer)at);
    return lua_rawget(L, table) != LUA_TNIL;
}

static void pack_members(struct pack *k, int table, int list, size_t named, unsigned depth)
{
    lua_State *L = k->L;
    for (size_t i = 1; i <= named; i++) {
        size_t size;
        lua_rawgeti(L, list, (lua_Integer)i);
        const char *key = lua_tolstring(L, -1, &size);
        put_text(k, key, size);
        if (lua_rawget(L, table) == LUA_TNIL) {
            put_tag(k, PACKED_NIL);
            lua_pop(L, 1);
        } else {
            pack_top(k, depth + 1);
        }
    }
}

static void pack_ordered(struct pack *k, int table, int list, unsigned depth)
{
    lua_State *L = k->L;
    bool is_sequence;
    size_t named = lua_rawlen(L, list), count = count_entries(L, table, &is_sequence), present = 0;
    for (size_t i = 1; i <= named; i++) {
        present += push_member(L, table, list, i);
        lua_pop(L, 1);
    }
    if (named > 0 && present == named && count == named) {
        put_tag(k, PACKED_OBJECT);
        put_number(k, named);
        pack_members(k, table, list, named, depth);
        return;
    }
    put_tag(k, PACKED_ORDERED);
    put_number(k, named);
    put_number(k, named - present);
    put_number(k, count - present);
    pack_members(k, table, list, named, depth);
    json_push_order_set(L, table);
    pack_pairs(k, table, lua_gettop(L), depth);
    lua_pop(L, 1);
}

static void pack_table(struct pack *k, int table, unsigned depth)
{
    lua_State *L = k->L;
    if (depth >= JSON_MAX_DEPTH)
        luaL_error(L, "nested deeper than %d levels", JSON_MAX_DEPTH);
    stack_need(L, 12, "a value");
    if (!lua_getmetatable(L, table)) {
        pack_plain(k, table, depth);
        return;
    }
    if (lua_topointer(L, -1) == k->array_meta) {
        lua_pop(L, 1);
        pack_array(k, table, depth);
        return;
    }
    if (!json_list_of_meta(L))
        luaL_error(L, "a table has a metatable");
    pack_ordered(k, table, lua_gettop(L), depth);
    lua_pop(L, 1);
}

// Values -----------------------------------------------------------------------------------------

static void pack_userdata(struct pack *k, int index)
{
    const struct json_raw *raw = luaL_testudata(k->L, index, JSON_RAW);
    if (raw) {
        put_tag(k, PACKED_RAW);
        put_text(k, raw->text, raw->size);
        return;
    }
    const struct json_boxed *boxed = luaL_testudata(k->L, index, JSON_INTEGER);
    if (boxed) {
        put_tag(k, PACKED_NUMBER);
        put_text(k, boxed->text, boxed->size);
    } else {
        luaL_error(k->L, "a userdata is no plain value");
    }
}

static void pack_value(struct pack *k, int index, unsigned depth)
{
    lua_State *L = k->L;
    int type = lua_type(L, index);
    if (type == LUA_TSTRING) {
        size_t size;
        const char *text = lua_tolstring(L, index, &size);
        put_tag(k, PACKED_STRING);
        put_text(k, text, size);
    } else if (type == LUA_TTABLE) {
        pack_table(k, index, depth);
    } else if (type == LUA_TNUMBER && lua_isinteger(L, index)) {
        put_integer(k, lua_tointeger(L, index));
    } else if (type == LUA_TNUMBER) {
        put_float(k, lua_tonumber(L, index));
    } else if (type == LUA_TBOOLEAN) {
        put_tag(k, lua_toboolean(L, index) ? PACKED_TRUE : PACKED_FALSE);
    } else if (type == LUA_TLIGHTUSERDATA && !lua_touserdata(L, index)) {
        put_tag(k, PACKED_NULL);
    } else if (type == LUA_TUSERDATA) {
        pack_userdata(k, index);
    } else if (type == LUA_TNIL && depth == 0) {
        put_tag(k, PACKED_NIL);
    } else {
        luaL_error(L, "a %s is no plain value", luaL_typename(L, index));
    }
}

// It is taken while it is in use: a finalizer may pack, too.
static struct packer *take_packer(lua_State *L)
{
    lua_pushvalue(L, lua_upvalueindex(1));
    struct packer *p = lua_touserdata(L, -1);
    if (p) {
        lua_pushnil(L);
        lua_replace(L, lua_upvalueindex(1));
        p->memory.L = L;
        return p;
    }
    lua_pop(L, 1);
    p = lua_newuserdatauv(L, sizeof *p, 0);
    *p = (struct packer){ .out = { 0 } };
    scratch_init(&p->memory, L);
    p->out.memory = p->integers.memory = p->keys.memory = &p->memory.memory;
    luaL_setmetatable(L, PACKER);
    return p;
}

static void keep_packer(lua_State *L, int index, struct packer *p)
{
    if (p->out.room > KEPT_ROOM || p->keys.room > KEPT_ROOM / sizeof *p->keys.list)
        release(p);
    buf_clear(&p->out);
    lua_pushvalue(L, index);
    lua_replace(L, lua_upvalueindex(1));
}

/// pack(value, most) -> bytes
int json_pack(lua_State *L)
{
    luaL_checkany(L, 1);
    lua_Integer most = luaL_optinteger(L, 2, INT64_MAX);
    luaL_argcheck(L, most >= 0, 2, "must not be negative");
    lua_settop(L, 1);
    json_push_array_meta(L);
    struct pack k = { .L = L, .most = (size_t)most, .array_meta = lua_topointer(L, -1) };
    lua_pop(L, 1);
    k.p = take_packer(L); // value packer
    pack_value(&k, 1, 0);
    lua_pushlstring(L, k.p->out.data, k.p->out.size); // value packer bytes
    keep_packer(L, 2, k.p);
    return 1;
}

void json_open_pack(lua_State *L)
{
    static const luaL_Reg methods[] = {
        { "__gc", packer_free },
        { NULL, NULL },
    };
    bindings_type(L, PACKER, methods);
}
