/// core.json.pack and unpack: plain values as bytes, see json/packed.h.  Objects keep the order
/// that core.json keeps.
#ifndef RCMCP_BINDINGS_JSON_PACKED_H
#define RCMCP_BINDINGS_JSON_PACKED_H

#include <lua.h>

// Functions of core.json.
int json_pack(lua_State *L); ///< with one upvalue, nil at first
int json_unpack(lua_State *L);
int json_unpack_in_steps(lua_State *L);

/// Create the types; once a state.
void json_open_pack(lua_State *L);
void json_open_unpack(lua_State *L);

#endif
