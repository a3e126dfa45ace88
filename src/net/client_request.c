#include "net/client_request.h"

static const char *const names[] = {
    [CLIENT_OK] = "ok",
    [CLIENT_CONNECT] = "connect",
    [CLIENT_TLS] = "tls",
    [CLIENT_TIMEOUT] = "timeout",
    [CLIENT_TRUNCATED] = "truncated",
    [CLIENT_TOO_LARGE] = "too_large",
    [CLIENT_FILE] = "file",
    [CLIENT_PROTOCOL] = "protocol",
    [CLIENT_ENCODING] = "encoding",
    [CLIENT_NETWORK] = "network",
    [CLIENT_MEMORY] = "memory",
    [CLIENT_LIBRARY] = "library",
    [CLIENT_ADDRESS] = "address",
};

const char *client_code_name(enum client_code code)
{
    return names[code];
}
