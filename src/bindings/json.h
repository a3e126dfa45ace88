/// What the files of core.json share.
#ifndef RCMCP_BINDINGS_JSON_H
#define RCMCP_BINDINGS_JSON_H

#include <lua.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JSON_RAW     "core.json.Raw"
#define JSON_INTEGER "core.json.Integer"

/// Checked, compact JSON text.  The first user value owns the bytes: a Lua string or a block.
struct json_raw {
    const char *text; ///< text[size] is readable
    size_t size;
    unsigned depth; ///< nesting, at most this
};

/// A number that Lua's integers and floats cannot hold.
struct json_boxed {
    size_t size;
    char text[]; ///< with a terminator
};

/// Whether a metatable says that its tables are arrays: see json_mark_arrays().
enum json_arrays { JSON_NO_ARRAYS, JSON_ARRAYS, JSON_ARRAYS_IF_EMPTY };

/// What the metatable of the table at `index` says, if it has one.
enum json_arrays json_arrays_of(lua_State *L, int index);

/// Pushes the metatable of arrays.
void json_push_array_meta(lua_State *L);

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

/// Pushes the decoded value and returns 1, or nil and a message and returns 2.  text[size] must be
/// 0 or, for checked text, a byte that ends a value.  `lenient` takes halves of surrogate pairs.
int json_push_decoded(lua_State *L, const char *text, size_t size, bool lenient);

/// Pushes a boxed number.
void json_push_boxed(lua_State *L, const char *text, size_t size);

/// Pushes "line 3, column 14: MESSAGE".
void json_push_place(lua_State *L, const char *text, const char *at, const char *message);

// Functions of the module, each in the file of its subject.
int json_decode(lua_State *L);
int json_encode(lua_State *L); ///< upvalue 1: the encoder's scratch memory or nil
int json_integer(lua_State *L);
int json_clean(lua_State *L);
int json_raw(lua_State *L);
int json_ordered(lua_State *L);
int json_order(lua_State *L);
int json_has_order(lua_State *L);
int json_like(lua_State *L);
int json_guard(lua_State *L);
int json_mark_arrays(lua_State *L);
int json_repair_text(lua_State *L);
int json_salvage_text(lua_State *L);
int json_envelope(lua_State *L);

/// Create the metatables of the types.
void json_open_order(lua_State *L);
void json_open_repair(lua_State *L);
void json_open_encoder(lua_State *L);
void json_open_integer(lua_State *L);
void json_open_raw(lua_State *L);

#endif
