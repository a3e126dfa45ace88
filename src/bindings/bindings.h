/// All that C offers to Lua, and the conventions of its glue.
///
/// Misuse raises (luaL_arg*); what the world refuses returns nil, message, code through
/// bindings_fail().  Everything that may raise comes before the first resource.  Callbacks come by
/// anchor.h alone: never from inside the function that started them, never after `cancel`.
#ifndef RCMCP_BINDINGS_BINDINGS_H
#define RCMCP_BINDINGS_BINDINGS_H

#include "host/host.h"

#include <lauxlib.h>
#include <lua.h>

/// The modules, for host_new().
extern const struct host_module bindings[];

/// Pushes nil, message, code; returns 3.
int bindings_fail(lua_State *L, const char *code, const char *message);

struct envelope;

/// Pushes the kind of a message and the text of its id, or nil: two values.
void bindings_push_envelope(lua_State *L, const struct envelope *envelope);

/// Creates the metatable `name` with `methods` (names that begin with "__" are metamethods)
/// reachable through __index, and locks it.  Leaves nothing on the stack.
void bindings_type(lua_State *L, const char *name, const luaL_Reg *methods);

/// Replaces the __index of a type by `index`, which has the table of methods as its upvalue.
void bindings_index(lua_State *L, const char *name, lua_CFunction index);

// One opener a module, each in the file of its name.
int open_budget(lua_State *L);
int open_channel(lua_State *L);
int open_clock(lua_State *L);
int open_codec(lua_State *L);
int open_fs(lua_State *L);
int open_host(lua_State *L);
int open_http(lua_State *L);
int open_httpd(lua_State *L);
int open_json(lua_State *L);
int open_log(lua_State *L);
int open_loop(lua_State *L);
int open_png(lua_State *L);
int open_process(lua_State *L);
int open_redact(lua_State *L);
int open_sandbox(lua_State *L);
int open_signal(lua_State *L);
int open_stdio(lua_State *L);
int open_timer(lua_State *L);
int open_walls(lua_State *L);
int open_watch(lua_State *L);

#endif
