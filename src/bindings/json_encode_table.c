// core.json.encode: arrays, and what kind of JSON a table is.
#include "bindings/json_encode_table.h"

#include "bindings/json_array.h"
#include "bindings/json_encode_object.h"

#include "host/stack.h"
#include "json/reader.h"

#include <lauxlib.h>

// Whether the table gives its keys as 1, 2, 3 and so on.
static bool is_in_order(lua_State *L, int index)
{
    lua_Integer count = 0;
    lua_pushnil(L);
    while (lua_next(L, index)) {
        lua_pop(L, 1);
        if (!lua_isinteger(L, -1) || lua_tointeger(L, -1) != ++count) {
            lua_pop(L, 1);
            return false;
        }
    }
    return true;
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

static void encode_element(struct encode_run *r, int index, lua_Integer at)
{
    encode_innermost(r)->at = at;
    if (at > 1)
        encode_put(r, ',');
    r->value(r, index);
}

static void end_array(struct encode_run *r)
{
    encode_put(r, ']');
    encode_close(r);
}

// The innermost table is not what it was begun as: drops what was written of it, and begins it anew
// as what it is.
static void begin_again(struct encode_run *r)
{
    lua_State *L = r->L;
    struct encode_frame old = *encode_innermost(r);
    lua_Integer count;
    bool strings;
    r->e->out.size = old.start;
    lua_settop(L, old.base);
    r->depth--;
    if (is_sequence(L, old.index, &count, &strings)) {
        encode_put(r, '[');
        encode_open(r, ENCODE_SEQUENCE, old.index, old.top)->count = count;
    } else if (old.marked) {
        encode_fail(r, "the keys of an array must be 1 to n; fill holes with json.null");
    } else if (!strings) {
        encode_fail(r, "the keys are not 1 to n; use string keys for an object, or json.null to "
                       "fill holes");
    } else {
        lua_pushnil(L);
        lua_next(L, old.index);
        encode_object(r, old.index, old.top, NULL);
    }
}

// Writes the next element where the table still gives its keys as 1, 2, 3…; false at its end, or
// where it gives others.
//
// What is nested is written only once all keys are known to be in order: written and thrown away
// at each level, it would be written 2^depth times.
static bool encode_next(struct encode_run *r, struct encode_frame *frame)
{
    lua_State *L = r->L;
    int key = frame->base + 1; // of the element before
    lua_settop(L, key);
    if (!lua_next(L, frame->index)) {
        end_array(r);
        return false;
    }
    bool in_order = lua_isinteger(L, key) && lua_tointeger(L, key) == frame->count + 1;
    if (in_order && !frame->checked && lua_istable(L, key + 1))
        in_order = frame->checked = is_in_order(L, frame->index);
    if (!in_order) {
        begin_again(r);
        return false;
    }
    encode_element(r, key + 1, ++frame->count);
    return true;
}

static void encode_in_order(struct encode_run *r)
{
    unsigned depth = r->depth;
    while (encode_next(r, encode_innermost(r)) && !encode_waits(r, depth))
        ;
}

static void encode_sequence(struct encode_run *r)
{
    unsigned depth = r->depth;
    do {
        struct encode_frame *frame = encode_innermost(r);
        lua_settop(r->L, frame->base);
        if (frame->at == frame->count) {
            end_array(r);
            return;
        }
        lua_rawgeti(r->L, frame->index, frame->at + 1);
        encode_element(r, frame->base + 1, frame->at + 1);
    } while (!encode_waits(r, depth));
}

// Begins a table whose first key is no string, or that is marked as an array.  Most such tables
// give their keys in order.
static void encode_array(struct encode_run *r, int index, int top, bool marked)
{
    size_t start = r->e->out.size;
    encode_put(r, '[');
    struct encode_frame *frame = encode_open(r, ENCODE_IN_ORDER, index, top);
    frame->start = start;
    frame->marked = marked;
    lua_pushnil(r->L);
}

// Begins a table without an order.
static void encode_plain(struct encode_run *r, int index, int top, bool marked)
{
    lua_State *L = r->L;
    lua_pushnil(L);
    if (!lua_next(L, index)) {
        encode_put_bytes(r, marked ? "[]" : "{}", 2);
        lua_settop(L, top);
    } else if (marked || lua_type(L, -2) != LUA_TSTRING) {
        lua_pop(L, 2);
        encode_array(r, index, top, marked);
    } else {
        encode_object(r, index, top, NULL);
    }
}

// Begins a table whose shape is on the stack.
static void encode_shaped(struct encode_run *r, int index, int top)
{
    lua_State *L = r->L;
    struct json_shape *shape = lua_touserdata(L, -1);
    lua_pushnil(L);
    if (lua_next(L, index)) {
        encode_object(r, index, top, shape);
        return;
    }
    encode_put_bytes(r, "{}", 2);
    lua_settop(L, top);
}

// Whether the metatable of the table, which is not ours, says that this is an array.
static bool is_array(lua_State *L, int index)
{
    enum json_arrays arrays = json_arrays_of(L, index);
    if (arrays != JSON_ARRAYS_IF_EMPTY)
        return arrays == JSON_ARRAYS;
    lua_pushnil(L);
    if (!lua_next(L, index))
        return true;
    lua_pop(L, 2);
    return false;
}

void encode_table(struct encode_run *r, int index)
{
    lua_State *L = r->L;
    int top = lua_gettop(L);
    if (r->depth >= JSON_MAX_DEPTH)
        encode_fail(r, "nested deeper than 1000 levels; does the table contain itself?");
    stack_need(L, 16, "JSON");
    if (!lua_getmetatable(L, index)) {
        encode_plain(r, index, top, false);
    } else if (lua_topointer(L, -1) == r->array_meta) {
        lua_pop(L, 1);
        encode_plain(r, index, top, true);
    } else {
        int order = json_order_of_meta(L);
        if (order == LUA_TUSERDATA)
            encode_shaped(r, index, top);
        else if (order == LUA_TTABLE)
            encode_ordered(r, index, top);
        else
            encode_plain(r, index, top, is_array(L, index));
    }
}

void encode_entries(struct encode_run *r)
{
    while ((r->depth > 0 || r->text.at) && r->steps < r->pause) {
        if (r->text.at) {
            encode_text(r);
            continue;
        }
        switch (encode_innermost(r)->kind) {
        case ENCODE_GATHER:
            encode_gather(r);
            break;
        case ENCODE_REST:
            encode_rest(r);
            break;
        case ENCODE_SORT:
            encode_sort(r);
            break;
        case ENCODE_COUNT:
            encode_count(r);
            break;
        case ENCODE_OBJECT:
            encode_members(r);
            break;
        case ENCODE_LISTED:
            encode_listed(r);
            break;
        case ENCODE_IN_ORDER:
            encode_in_order(r);
            break;
        case ENCODE_SEQUENCE:
            encode_sequence(r);
            break;
        }
    }
}
