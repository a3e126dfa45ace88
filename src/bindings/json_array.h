/// Tables that are arrays: by the metatable of core.json, or by a mark in their own.
#ifndef RCMCP_BINDINGS_JSON_ARRAY_H
#define RCMCP_BINDINGS_JSON_ARRAY_H

#include <lua.h>

/// Whether a metatable says that its tables are arrays: see json_mark_arrays().
enum json_arrays { JSON_NO_ARRAYS, JSON_ARRAYS, JSON_ARRAYS_IF_EMPTY };

/// What the metatable of the table at `index` says, if it has one.
enum json_arrays json_arrays_of(lua_State *L, int index);

/// Pushes the metatable of arrays.
void json_push_array_meta(lua_State *L);

/// mark_arrays(meta, if_empty)
int json_mark_arrays(lua_State *L);

/// Creates the metatable of arrays, and pushes it; once a state.
void json_open_array(lua_State *L);

#endif
