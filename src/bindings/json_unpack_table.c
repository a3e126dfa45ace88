// core.json.unpack: tables.
#include "bindings/json_unpack_table.h"

#include "bindings/json_decode.h"
#include "bindings/json_order.h"
#include "host/stack.h"
#include "json/reader.h"

#include <lauxlib.h>
#include <stdint.h>
#include <string.h>

// A table that is being read.
enum kind {
    SEQUENCE, // and arrays
    TABLE,    // pairs with tagged keys
    SMALL,    // an object whose pairs are gathered on the stack above a placeholder
    LISTED, // members in an order: above the table are the list of keys and the set of absent ones
};

struct frame {
    enum kind kind;
    int base;      // where it stands on the stack
    size_t count;  // entries in all
    size_t left;   // entries to come
    size_t absent; // members to come that are absent
    size_t others; // pairs that come behind those of the list
    bool behind;   // these are read: they may have no key of the list
    bool has_key, is_text;
    const char *key; // the last one, in the bytes; of pairs
    size_t key_size;
    int64_t integer; // or this
    bool from_one;   // the first key was 1
};

static struct frame *innermost(const struct unpacker *u)
{
    return (struct frame *)u->frames.data + (u->depth - 1);
}

static bool open_frame(struct unpacker *u, struct frame frame)
{
    if (u->depth >= JSON_MAX_DEPTH)
        return packed_refuse(&u->r, "nested too deep");
    if (!packed_promise(&u->r, frame.count + frame.others))
        return false;
    int room = frame.kind == SMALL ? 2 * (int)frame.count : 4;
    stack_need(u->L, room + 8, "a value");
    frame.left = frame.count;
    if (!buf_append(&u->frames, &frame, sizeof frame))
        return packed_refuse(&u->r, "not enough memory");
    u->depth++;
    return true;
}

// The stack has what the frame's kind says, its table or placeholder below the rest.
static bool open_list(struct unpacker *u, bool is_array)
{
    struct frame f = { .kind = SEQUENCE, .base = lua_gettop(u->L) + 1 };
    if (!packed_read_count(&u->r, 1, &f.count) || !open_frame(u, f))
        return false;
    lua_createtable(u->L, (int)f.count, 0);
    if (is_array) {
        lua_pushvalue(u->L, UNPACK_ARRAY_META);
        lua_setmetatable(u->L, -2);
    }
    return true;
}

enum { PAIR = 2, TAGGED_PAIR = 3 }; // bytes that they have at least

static bool open_table(struct unpacker *u)
{
    struct frame f = { .kind = TABLE, .base = lua_gettop(u->L) + 1 };
    if (!packed_read_count(&u->r, TAGGED_PAIR, &f.count))
        return false;
    if (f.count == 0)
        return packed_refuse(&u->r, "an empty table is a sequence");
    if (!open_frame(u, f))
        return false;
    lua_createtable(u->L, 0, (int)f.count);
    return true;
}

static void push_listed(struct unpacker *u, const struct frame *f)
{
    lua_createtable(u->L, 0, (int)f->count);
    lua_createtable(u->L, (int)f->count, 0);
    if (f->absent > 0)
        lua_newtable(u->L);
    else
        lua_pushnil(u->L);
}

static bool open_object(struct unpacker *u)
{
    struct frame f = { .kind = LISTED, .base = lua_gettop(u->L) + 1 };
    if (!packed_read_count(&u->r, PAIR, &f.count))
        return false;
    if (f.count == 0)
        return packed_refuse(&u->r, "an object without members");
    if (f.count <= JSON_SHAPE_KEYS)
        f.kind = SMALL;
    if (!open_frame(u, f))
        return false;
    if (f.kind == SMALL)
        lua_pushnil(u->L);
    else
        push_listed(u, &f);
    return true;
}

static bool open_ordered(struct unpacker *u)
{
    struct frame f = { .kind = LISTED, .base = lua_gettop(u->L) + 1 };
    if (!packed_read_count(&u->r, PAIR, &f.count) || !packed_read_count(&u->r, 1, &f.absent) ||
        !packed_read_count(&u->r, TAGGED_PAIR, &f.others))
        return false;
    if (f.count > 0 && f.absent == 0 && f.others == 0)
        return packed_refuse(&u->r, "all members are named: it is an object");
    if (f.absent > f.count)
        return packed_refuse(&u->r, "more members are absent than are named");
    if (!open_frame(u, f))
        return false;
    push_listed(u, &f);
    return true;
}

// Whether the table or the set of absent members has the key on the top of the stack.
static bool is_known(struct unpacker *u, const struct frame *f)
{
    lua_State *L = u->L;
    lua_pushvalue(L, -1);
    bool known = lua_rawget(L, f->base) != LUA_TNIL;
    lua_pop(L, 1);
    if (known || lua_isnil(L, f->base + 2))
        return known;
    lua_pushvalue(L, -1);
    known = lua_rawget(L, f->base + 2) != LUA_TNIL;
    lua_pop(L, 1);
    return known;
}

static bool is_above(const struct frame *f, const char *key, size_t size)
{
    if (!f->has_key || !f->is_text)
        return true;
    size_t common = f->key_size < size ? f->key_size : size;
    int order = common > 0 ? memcmp(f->key, key, common) : 0;
    return order < 0 || (order == 0 && f->key_size < size);
}

static bool read_text_key(struct unpacker *u, struct frame *f)
{
    const char *key;
    size_t size;
    if (!packed_read_text(&u->r, &key, &size))
        return false;
    if (!is_above(f, key, size))
        return packed_refuse(&u->r, "keys are not in order");
    lua_pushlstring(u->L, key, size);
    f->key = key;
    f->key_size = size;
    f->is_text = true;
    return true;
}

static bool read_integer_key(struct unpacker *u, struct frame *f)
{
    int64_t integer;
    if (!packed_read_integer(&u->r, &integer))
        return false;
    if (f->has_key && (f->is_text || f->integer >= integer))
        return packed_refuse(&u->r, "keys are not in order");
    f->from_one = f->has_key ? f->from_one : integer == 1;
    lua_pushinteger(u->L, integer);
    f->integer = integer;
    return true;
}

// Pushes the key of a pair.
static bool read_pair_key(struct unpacker *u, struct frame *f)
{
    if (!packed_count_value(&u->r))
        return false;
    if (u->r.at == u->r.end)
        return packed_refuse(&u->r, "the bytes end before a key");
    unsigned char tag = *u->r.at++;
    bool ok = tag == PACKED_STRING    ? read_text_key(u, f)
              : tag == PACKED_INTEGER ? read_integer_key(u, f)
                                      : packed_refuse(&u->r, "a key is neither text nor integer");
    f->has_key = true;
    if (ok && f->behind && is_known(u, f))
        return packed_refuse(&u->r, "a member is named twice");
    return ok;
}

// Pushes the key of a member.  Those of small objects are compared at their end.
static bool read_member_key(struct unpacker *u, struct frame *f)
{
    const char *key;
    size_t size;
    if (!packed_count_value(&u->r) || !packed_read_text(&u->r, &key, &size))
        return false;
    lua_pushlstring(u->L, key, size);
    if (f->kind == SMALL)
        return true;
    if (is_known(u, f))
        return packed_refuse(&u->r, "a member is named twice");
    lua_pushvalue(u->L, -1);
    lua_rawseti(u->L, f->base + 1, (lua_Integer)(f->count - f->left) + 1);
    return true;
}

static bool skip_absent(struct unpacker *u, struct frame *f)
{
    if (f->absent == 0)
        return packed_refuse(&u->r, "a member has no value");
    u->r.at++;
    f->absent--;
    f->left--;
    lua_pushboolean(u->L, 1);
    lua_rawset(u->L, f->base + 2);
    return true;
}

// The value on the top of the stack becomes part of the innermost table.
void unpack_attach(struct unpacker *u)
{
    if (u->depth == 0)
        return;
    struct frame *f = innermost(u);
    f->left--;
    if (f->kind == SEQUENCE)
        lua_rawseti(u->L, f->base, (lua_Integer)(f->count - f->left));
    else if (f->kind != SMALL)
        lua_rawset(u->L, f->base);
}

static bool close_small(struct unpacker *u, const struct frame *f)
{
    struct json_shape_key key = { .count = (int)f->count, .is_short = true };
    for (int i = 0; i < key.count; i++) {
        size_t size;
        key.texts[i] = lua_tolstring(u->L, f->base + 1 + 2 * i, &size);
        key.is_short = key.is_short && size <= JSON_SHORT;
    }
    return json_make_object(u->L, u->shapes, UNPACK_ANCHORS, f->base, &key) ||
           packed_refuse(&u->r, "a member is named twice");
}

// Ends the innermost table, or turns to the pairs behind its list.
static bool close_frame(struct unpacker *u)
{
    struct frame *f = innermost(u);
    if (f->kind == LISTED && !f->behind) {
        if (f->absent > 0)
            return packed_refuse(&u->r, "fewer members are absent than was announced");
        f->behind = true;
        f->left = f->others;
        return true;
    }
    if (f->kind == TABLE && !f->is_text && f->from_one && (uint64_t)f->integer == f->count)
        return packed_refuse(&u->r, "a sequence is packed as another table");
    if (f->kind == SMALL && !close_small(u, f))
        return false;
    if (f->kind == LISTED) {
        lua_settop(u->L, f->base + 1);
        json_set_order(u->L, f->base);
    }
    u->depth--;
    u->frames.size -= sizeof *f;
    unpack_attach(u);
    return true;
}

bool unpack_open(struct unpacker *u, enum packed_tag tag)
{
    switch (tag) {
    case PACKED_SEQUENCE:
    case PACKED_ARRAY:
        return open_list(u, tag == PACKED_ARRAY);
    case PACKED_TABLE:
        return open_table(u);
    case PACKED_OBJECT:
        return open_object(u);
    case PACKED_ORDERED:
        return open_ordered(u);
    default:
        return packed_refuse(&u->r, "an unknown tag");
    }
}

enum unpack_next unpack_next(struct unpacker *u)
{
    struct frame *f = innermost(u);
    if (f->left == 0)
        return close_frame(u) ? UNPACK_DONE : UNPACK_FAULT;
    u->r.promised--;
    bool is_member = f->kind == SMALL || (f->kind == LISTED && !f->behind);
    if (f->kind != SEQUENCE && !(is_member ? read_member_key(u, f) : read_pair_key(u, f)))
        return UNPACK_FAULT;
    if (is_member && f->kind == LISTED && u->r.at < u->r.end && *u->r.at == PACKED_NIL)
        return skip_absent(u, f) ? UNPACK_DONE : UNPACK_FAULT;
    return UNPACK_VALUE;
}
