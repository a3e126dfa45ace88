/// core.json.Integer: numbers that Lua's integers and floats cannot hold.
#ifndef RCMCP_BINDINGS_JSON_INTEGER_H
#define RCMCP_BINDINGS_JSON_INTEGER_H

#include <lua.h>
#include <stddef.h>

#define JSON_INTEGER "core.json.Integer"

/// A number that Lua's integers and floats cannot hold.
struct json_boxed {
    size_t size;
    char text[]; ///< with a terminator
};

/// Pushes a boxed number.
void json_push_boxed(lua_State *L, const char *text, size_t size);

/// integer(text) -> integer | Integer | nil
int json_integer(lua_State *L);

/// Creates the type; once a state.
void json_open_integer(lua_State *L);

#endif
