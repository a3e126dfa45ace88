/// find, match, gmatch and gsub of slices: as Lua's own, on the sandbox's matcher.
#ifndef RCMCP_SANDBOX_STRINGS_MATCH_H
#define RCMCP_SANDBOX_STRINGS_MATCH_H

#include "sandbox/matcher.h"

#include <lua.h>

// As the lua_CFunctions of these names in a slice whose steps the meter counts.
int strings_find(lua_State *L, struct meter *meter);
int strings_match(lua_State *L, struct meter *meter);
int strings_gmatch(lua_State *L);
int strings_gsub(lua_State *L, struct meter *meter);

/// Raises what is wrong with the pattern, or stops the slice; returns where the search just ended.
void strings_raise(lua_State *L, const struct matcher *m);

/// Counts that so many bytes are copied; stops the slice when it has no time left.
void strings_spend_bytes(lua_State *L, struct meter *meter, size_t bytes);

/// A capture of the latest match, from 0; without captures the first is the whole match.  NULL: it
/// is a position, which is pushed.
const char *strings_capture(lua_State *L, const struct matcher *m, unsigned index, size_t *size);

/// Pushes a capture.
void strings_push_capture(lua_State *L, const struct matcher *m, unsigned index);

/// Pushes all captures.  `whole`: the whole match where there are none.  Returns their number.
int strings_push_captures(lua_State *L, const struct matcher *m, bool whole);

#endif
