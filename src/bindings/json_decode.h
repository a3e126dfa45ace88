/// core.json.decode: text to value.
#ifndef RCMCP_BINDINGS_JSON_DECODE_H
#define RCMCP_BINDINGS_JSON_DECODE_H

#include "bindings/json_order.h"

#include <lua.h>
#include <stdbool.h>
#include <stddef.h>

/// Pushes the decoded value and returns 1, or nil and a message and returns 2.  text[size] must be
/// 0 or, for checked text, a byte that ends a value.  `lenient` takes halves of surrogate pairs.
int json_push_decoded(lua_State *L, const char *text, size_t size, bool lenient);

/// Pushes "line 3, column 14: MESSAGE".
void json_push_place(lua_State *L, const char *text, const char *at, const char *message);

struct json_reader;

/// Pushes the number that was read: an integer, a float, or what neither holds, boxed.
void json_push_number(lua_State *L, const struct json_reader *r);

/// Lua keeps one copy of each string up to this size (LUAI_MAXSHORTLEN in its llimits.h).
enum { JSON_SHORT = 40 };

/// Makes an object of the pairs above the placeholder at `base`, at least one, and leaves it there.
/// `key` has their keys.  Of duplicates the first place and the last value count; false: there are
/// some.
bool json_make_object(lua_State *L, struct shapes *shapes, int anchors, int base,
                      struct json_shape_key *key);

// Functions of core.json.
int json_decode(lua_State *L);
int json_envelope(lua_State *L);

#endif
