/// core.json.repair and salvage: JSON of text that is nearly JSON, or JSON up to some place.
#ifndef RCMCP_BINDINGS_JSON_REPAIR_H
#define RCMCP_BINDINGS_JSON_REPAIR_H

#include <lua.h>

// Functions of core.json.
int json_repair_text(lua_State *L);
int json_salvage_text(lua_State *L);

/// Creates their scratch memory's type; once a state.
void json_open_repair(lua_State *L);

#endif
