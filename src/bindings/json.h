/// What the files of core.json share.
#ifndef RCMCP_BINDINGS_JSON_H
#define RCMCP_BINDINGS_JSON_H

#include <lua.h>
#include <stdbool.h>
#include <stddef.h>

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

/// Pushes the metatable of arrays.
void json_push_array_meta(lua_State *L);

/// Pushes the list of keys that json.ordered() gave to the table at `index`, and the set of them;
/// pushes nothing and returns false when there is none.
bool json_push_order(lua_State *L, int index);

/// Pushes the decoded value and returns 1, or nil and a message and returns 2.  text[size] must be
/// 0 or, for checked text, a byte that ends a value.
int json_push_decoded(lua_State *L, const char *text, size_t size);

/// Pushes a boxed number.
void json_push_boxed(lua_State *L, const char *text, size_t size);

/// Pushes "line 3, column 14: MESSAGE".
void json_push_place(lua_State *L, const char *text, const char *at, const char *message);

// Functions of the module, each in the file of its subject.
int json_decode(lua_State *L);
int json_encode(lua_State *L); ///< upvalue 1: the encoder's scratch memory or nil
int json_integer(lua_State *L);
int json_raw(lua_State *L);

/// Create the metatables of the types.
void json_open_encoder(lua_State *L);
void json_open_integer(lua_State *L);
void json_open_raw(lua_State *L);

#endif
