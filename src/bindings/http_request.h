/// Requests of core.http, read from Lua's tables.
#ifndef RCMCP_BINDINGS_HTTP_REQUEST_H
#define RCMCP_BINDINGS_HTTP_REQUEST_H

#include "net/client.h"

#include <lua.h>

enum { HTTP_MOST_HEADERS = 64 };

/// Reads the table at index 1; raises on misuse.  What `r` points to lives as long as the table;
/// `lines`, its headers, has HTTP_MOST_HEADERS places.
void http_read_request(lua_State *L, struct client_request *r, const char **lines);

#endif
