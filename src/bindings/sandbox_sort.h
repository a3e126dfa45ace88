/// table.sort, the same in every process.
#ifndef RCMCP_BINDINGS_SANDBOX_SORT_H
#define RCMCP_BINDINGS_SANDBOX_SORT_H

#include <lua.h>

/// (list, before?)
int sandbox_sort(lua_State *L);

#endif
