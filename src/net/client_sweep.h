/// Closes kept connections whose peer has hung up.
///
/// libcurl looks at its idle connections only when a transfer begins, so after a burst they would
/// stay, each a socket in CLOSE_WAIT, until the program asks for something again.
#ifndef RCMCP_NET_CLIENT_SWEEP_H
#define RCMCP_NET_CLIENT_SWEEP_H

#include "loop/loop.h"
#include "net/client_poll.h"
#include "net/curl_api.h"

#include <stdbool.h>

struct client_sweep;

/// Sweeps a little after a peer has hung up.  Keeps no loop running.  NULL when memory is out.
struct client_sweep *client_sweep_new(struct loop *loop, CURLM *multi, struct client_poll *poll);

/// Whether a transfer that libcurl reports as done was the sweep's own; it is dealt with then.
bool client_sweep_ended(struct client_sweep *s, const CURL *easy);

/// Before curl_multi_cleanup(); the memory goes with the loop's last turn.  NULL is allowed.
void client_sweep_free(struct client_sweep *s);

#endif
