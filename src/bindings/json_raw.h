/// core.json.Raw: checked JSON text that is passed on without decoding.
#ifndef RCMCP_BINDINGS_JSON_RAW_H
#define RCMCP_BINDINGS_JSON_RAW_H

#include <lua.h>
#include <stdbool.h>
#include <stddef.h>

#define JSON_RAW "core.json.Raw"

/// Checked, compact JSON text.  The first user value owns the bytes: a Lua string or a block.
struct json_raw {
    const char *text; ///< text[size] is readable
    size_t size;
    unsigned depth; ///< nesting, at most this
};

/// Pushes a Raw of the string at `index`; false, and nothing is pushed, where that is no JSON, or
/// has white space between its tokens.
bool json_push_raw(lua_State *L, int index);

/// raw(text) -> Raw | nil, message
int json_raw(lua_State *L);

/// Creates the type; once a state.
void json_open_raw(lua_State *L);

#endif
