/// Room on Lua's stack.
#ifndef RCMCP_HOST_STACK_H
#define RCMCP_HOST_STACK_H

#include <lua.h>
#include <stdbool.h>

/// As lua_checkstack() of `co`, which says no also where there is no memory for a larger stack:
/// then this raises, in `L`, Lua's own error of memory, upon which what was to be done is done
/// again.  Both are of one state, and may be the same.  False: the stack is as large as it may be.
bool stack_has_room(lua_State *L, lua_State *co, int slots);

/// The same for `L`, with an error in the place of false; `what` does not fit then.
void stack_need(lua_State *L, int slots, const char *what);

#endif
