/// Properties that are written in Lua: NAME.lua beside NAME.c returns a function that takes the
/// bytes of an input, and raises where one does not hold.
#ifndef RCMCP_FUZZ_PROPERTY_H
#define RCMCP_FUZZ_PROPERTY_H

#include <lua.h>
#include <stddef.h>

/// A state of the program, with that function of `file` at index 1.
lua_State *property_new(const char *file);

/// Ends the target, naming the property, unless all hold for these bytes.
void property_check(lua_State *L, const char *bytes, size_t size);

#endif
