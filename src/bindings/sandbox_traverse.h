/// pairs and next in a defined order.
#ifndef RCMCP_BINDINGS_SANDBOX_TRAVERSE_H
#define RCMCP_BINDINGS_SANDBOX_TRAVERSE_H

#include <lua.h>

int sandbox_pairs(lua_State *L);

/// () -> a next of its own
int sandbox_new_next(lua_State *L);

#endif
