/// core.json.decode: text to value.
#ifndef RCMCP_BINDINGS_JSON_DECODE_H
#define RCMCP_BINDINGS_JSON_DECODE_H

#include <lua.h>
#include <stdbool.h>
#include <stddef.h>

/// Pushes the decoded value and returns 1, or nil and a message and returns 2.  text[size] must be
/// 0 or, for checked text, a byte that ends a value.  `lenient` takes halves of surrogate pairs.
int json_push_decoded(lua_State *L, const char *text, size_t size, bool lenient);

/// Pushes "line 3, column 14: MESSAGE".
void json_push_place(lua_State *L, const char *text, const char *at, const char *message);

// Functions of core.json.
int json_decode(lua_State *L);
int json_envelope(lua_State *L);

#endif
