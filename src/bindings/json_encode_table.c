// core.json.encode: arrays, and what kind of JSON a table is.
#include "bindings/json_encode_table.h"

#include "bindings/json_array.h"
#include "bindings/json_encode_object.h"

#include "json/reader.h"

#include <lauxlib.h>

static void encode_element(struct encode_run *r, int index, lua_Integer i,
                           const struct encode_place *place)
{
    struct encode_place element = { place, NULL, 0, i, place->depth + 1 };
    if (i > 1)
        encode_put(r, ',', place);
    r->value(r, index, &element);
}

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

// Writes the elements in the order in which the table gives its keys, as long as that is 1, 2, 3…;
// the first pair is on the stack.  False where it is another: something was written, then.
//
// What is nested is written only once all keys are known to be in order: written and thrown away
// at each level, it would be written 2^depth times.
static bool encode_in_order(struct encode_run *r, int index, const struct encode_place *place)
{
    lua_State *L = r->L;
    lua_Integer count = 0;
    bool checked = false;
    do {
        if (!lua_isinteger(L, -2) || lua_tointeger(L, -2) != count + 1)
            return false;
        if (!checked && lua_istable(L, -1)) {
            if (!is_in_order(L, index))
                return false;
            checked = true;
        }
        encode_element(r, lua_gettop(L), ++count, place);
        lua_pop(L, 1);
    } while (lua_next(L, index));
    return true;
}

static void encode_sequence(struct encode_run *r, int index, lua_Integer count,
                            const struct encode_place *place)
{
    encode_put(r, '[', place);
    for (lua_Integer i = 1; i <= count; i++) {
        lua_rawgeti(r->L, index, i);
        encode_element(r, lua_gettop(r->L), i, place);
        lua_pop(r->L, 1);
    }
    encode_put(r, ']', place);
}

// Writes a table whose first key is no string, or that is marked as an array; the first pair is on
// the stack.  Most such tables give their keys in order; if this one does not, starts again.
static void encode_array(struct encode_run *r, int index, bool marked,
                         const struct encode_place *place)
{
    lua_State *L = r->L;
    int top = lua_gettop(L) - 2;
    size_t start = r->e->out.size;
    lua_Integer count;
    bool strings;
    encode_put(r, '[', place);
    if (encode_in_order(r, index, place)) {
        encode_put(r, ']', place);
        return;
    }
    r->e->out.size = start;
    lua_settop(L, top);
    if (is_sequence(L, index, &count, &strings)) {
        encode_sequence(r, index, count, place);
    } else if (marked) {
        encode_fail(r, place, "the keys of an array must be 1 to n; fill holes with json.null");
    } else if (!strings) {
        encode_fail(
            r, place,
            "the keys are not 1 to n; use string keys for an object, or json.null to fill holes");
    } else {
        lua_pushnil(L);
        lua_next(L, index);
        encode_object(r, index, NULL, place);
    }
}

// Writes a table without an order.
static void encode_plain(struct encode_run *r, int index, bool marked,
                         const struct encode_place *place)
{
    lua_State *L = r->L;
    lua_pushnil(L);
    if (!lua_next(L, index))
        encode_put_bytes(r, marked ? "[]" : "{}", 2, place);
    else if (marked || lua_type(L, -2) != LUA_TSTRING)
        encode_array(r, index, marked, place);
    else
        encode_object(r, index, NULL, place);
}

// Writes a table whose shape is on the stack, and pops that.
static void encode_shaped(struct encode_run *r, int index, const struct encode_place *place)
{
    lua_State *L = r->L;
    struct json_shape *shape = lua_touserdata(L, -1);
    lua_pushnil(L);
    if (lua_next(L, index))
        encode_object(r, index, shape, place);
    else
        encode_put_bytes(r, "{}", 2, place);
    lua_pop(L, 1);
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

void encode_table(struct encode_run *r, int index, const struct encode_place *place)
{
    lua_State *L = r->L;
    if (place->depth >= JSON_MAX_DEPTH)
        encode_fail(r, place, "nested deeper than 1000 levels; does the table contain itself?");
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
            encode_plain(r, index, is_array(L, index), place);
    }
}
