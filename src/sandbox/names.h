/// What tables, functions and the like are called in texts: in slices by a number instead of their
/// address, which is another one in each process.
#ifndef RCMCP_SANDBOX_NAMES_H
#define RCMCP_SANDBOX_NAMES_H

#include <lua.h>

/// Pops a function (object) -> integer, and sets it as the one that numbers objects.
void names_set_numbering(lua_State *L);

/// The number of the object at `index`; may raise, as it calls Lua.  0 where nothing numbers.
lua_Integer names_number(lua_State *L, int index);

/// As luaL_tolstring(), with names instead of addresses.
void names_tostring(lua_State *L, int index);

/// string.format with names instead of addresses; `format` is Lua's own.
int names_format(lua_State *L, lua_CFunction format);

#endif
