/// core.json.encode: value to text.
#ifndef RCMCP_BINDINGS_JSON_ENCODE_H
#define RCMCP_BINDINGS_JSON_ENCODE_H

#include <lua.h>

/// encode(value, most) -> text; upvalue 1: the encoder's scratch memory or nil
int json_encode(lua_State *L);

/// encode_in_steps(value, steps, most) -> text; yields nothing after each so many steps
int json_encode_in_steps(lua_State *L);

/// Creates the type of that memory; once a state.
void json_open_encoder(lua_State *L);

#endif
