/// core.json.clean: a value whose texts are whole.
#ifndef RCMCP_BINDINGS_JSON_CLEAN_H
#define RCMCP_BINDINGS_JSON_CLEAN_H

#include <lua.h>

/// Function of core.json.
int json_clean(lua_State *L);

#endif
