/// Descriptors on their way from one binding to another: values of Lua that own them.
#ifndef RCMCP_HOST_DESCRIPTOR_H
#define RCMCP_HOST_DESCRIPTOR_H

#include <lua.h>

/// Pushes a value that owns nothing yet.  Returns where the descriptor goes; it is closed with the
/// value, unless it is taken.
int *descriptor_new(lua_State *L);

/// The descriptor of the value at `index`, which keeps it.  Raises where that is none, or it was
/// taken or closed.
int descriptor_check(lua_State *L, int index);

/// Takes a descriptor that was checked out of its value: it is the caller's.
int descriptor_take(lua_State *L, int index);

#endif
