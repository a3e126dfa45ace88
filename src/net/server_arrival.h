/// How a request comes in and goes: libmicrohttpd's callbacks.  Private to the HTTP server.
#ifndef RCMCP_NET_SERVER_ARRIVAL_H
#define RCMCP_NET_SERVER_ARRIVAL_H

#include "net/server_state.h"

/// `cls` is the server, for all three.
void *arrival_on_uri(void *cls, const char *uri, struct MHD_Connection *connection);
enum MHD_Result arrival_on_access(void *cls, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_size, void **context);
void arrival_on_completed(void *cls, struct MHD_Connection *connection, void **context,
                          enum MHD_RequestTerminationCode why);

#endif
