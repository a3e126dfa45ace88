/// Header lines of answers, from Lua's tables.
#ifndef RCMCP_BINDINGS_HTTPD_HEADERS_H
#define RCMCP_BINDINGS_HTTPD_HEADERS_H

#include "net/server.h"

#include <lua.h>
#include <stdbool.h>

/// Raises unless the value at `index` is nil or a table of header lines that may be sent.
void httpd_check_headers(lua_State *L, int index);

/// Adds checked headers.  Raises nothing.  False: out of memory.
bool httpd_add_headers(lua_State *L, int index, struct server_answer *a);

/// Sets t[lower-case name], where t is on top, to the value, joined to what is already there.
void httpd_join_header(lua_State *L, const struct server_header *header);

#endif
