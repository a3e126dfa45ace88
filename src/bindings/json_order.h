/// The order of an object's members: lists of keys and shapes in metatables.
#ifndef RCMCP_BINDINGS_JSON_ORDER_H
#define RCMCP_BINDINGS_JSON_ORDER_H

#include <lua.h>
#include <stdbool.h>
#include <stdint.h>

/// Objects with more members than this do not share their order with others.
#define JSON_SHAPE_KEYS 24

/// The order of small objects with short keys, of which Lua keeps one copy each: they are compared
/// by place.
struct json_shape {
    int count;
    const char *texts[JSON_SHAPE_KEYS];
    unsigned short found[JSON_SHAPE_KEYS]; ///< where the last such object had each; a hint
};

/// Replaces the metatable on the top of the stack with the order that it gives, a list of keys
/// (LUA_TTABLE) or a shape (LUA_TUSERDATA); pops it and returns LUA_TNIL when it gives none.
int json_order_of_meta(lua_State *L);

/// The same with the list of keys also where that is a shape; false when it gives none.
bool json_list_of_meta(lua_State *L);

/// Pushes the set of the keys in that list, of a table that has one.
void json_push_order_set(lua_State *L, int index);

/// Pops a list of keys or a shape and gives it to the table at `index` as its order.  A list must
/// not change afterwards.
void json_set_order(lua_State *L, int index);

/// Whether the table at `index` has no metatable but one of an order: another may replace it.
bool json_may_mark(lua_State *L, int index);

struct shapes;

/// The keys of an object, each as lua_tolstring() gives it.
struct json_shape_key {
    const char *texts[JSON_SHAPE_KEYS];
    int count;     ///< at least 1
    bool is_short; ///< no key is long: only such are kept, since what is kept stays for ever
    uint64_t hash; ///< set by json_shapes_find()
};

/// The known shapes; pushes the table of their metatables.
struct shapes *json_push_shapes(lua_State *L);

/// The index, in the table of metatables, of that for objects with these keys in this order; 0
/// when none is known.
unsigned json_shapes_find(const struct shapes *shapes, struct json_shape_key *key);

/// Makes a shape of keys that are short and all different, and gives it to an object.  Stack:
/// object, list of its keys; leaves the object.
void json_shapes_add(lua_State *L, struct shapes *shapes, int anchors,
                     const struct json_shape_key *key);

// Functions of core.json.
int json_ordered(lua_State *L);
int json_order(lua_State *L);
int json_has_order(lua_State *L);
int json_like(lua_State *L);
int json_guard(lua_State *L);

/// Creates the shapes; once a state.
void json_open_order(lua_State *L);

#endif
