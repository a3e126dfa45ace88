/// Answers of core.httpd that are made piecemeal.
#ifndef RCMCP_BINDINGS_HTTPD_STREAM_H
#define RCMCP_BINDINGS_HTTPD_STREAM_H

#include <lua.h>

/// stream(request, status, headers) -> stream
int httpd_stream(lua_State *L);

/// Creates the type; once a state.
void httpd_open_stream(lua_State *L);

#endif
