/// What libcurl's refusals mean, in words for a person.
#ifndef RCMCP_NET_CLIENT_ERROR_H
#define RCMCP_NET_CLIENT_ERROR_H

#include "net/client_slot.h"

/// Explains why the transfer in `s` ended with `rc` (or with s->stop, which goes first).
void client_explain(const struct client_slot *s, CURLcode rc, struct client_failure *why);

#endif
