/// The string library, fit for budgets.
#ifndef RCMCP_SANDBOX_STRINGS_H
#define RCMCP_SANDBOX_STRINGS_H

#include <lua.h>

/// Puts find, match, gmatch, gsub and rep that a budget can stop, and format without addresses,
/// into the string table, so that methods of strings are theirs too, and such a tostring into the
/// globals; outside of slices they are Lua's own.  Closes the metatable of strings.  Returns 0.
int strings_guard(lua_State *L);

#endif
