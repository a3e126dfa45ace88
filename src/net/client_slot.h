/// A place for one running transfer: an easy handle with its buffers, used again and again.
#ifndef RCMCP_NET_CLIENT_SLOT_H
#define RCMCP_NET_CLIENT_SLOT_H

#include "base/brief.h"
#include "base/buf.h"
#include "net/client_message.h"
#include "net/client_poll.h"
#include "net/curl_api.h"
#include "net/download.h"
#include "net/trust.h"

/// What all slots of a client share.
struct client_base {
    struct client_poll *poll;
    CURLSH *share; ///< TLS sessions, so that a new connection need not start from nothing
    struct trust trust;
    char *no_proxy; ///< hosts that no proxy is asked for; see proxy.h
};

/// Why a callback of ours ended the transfer.
enum slot_stop {
    SLOT_RUNS,
    SLOT_TOO_LARGE,
    SLOT_CUT, ///< the body has as many bytes as are kept: no error
    SLOT_HEADERS_TOO_LARGE,
    SLOT_FILE,
    SLOT_MEMORY,
    SLOT_IDLE,
    SLOT_HURRIED, ///< its answer is wanted now, whole or not
    SLOT_UPGRADE, ///< 101, which nobody asked for: libcurl would read on to the end of time
    SLOT_ADDRESS  ///< an address was refused; another one of the host may still have done
};

struct client_slot {
    CURL *easy;
    struct client_slot *next; ///< in the pool
    void *owner;              ///< the transfer that runs in it
    const struct client_message *message;
    const struct client_base *base;
    struct buf head;
    struct buf body;
    struct download download;
    int upload_fd;   ///< -1: none
    size_t received; ///< bytes of the body
    struct brief brief;
    bool shortens;   ///< the body is what `brief` leaves of it
    bool head_ended; ///< the empty line behind the headers has come
    bool on_wire;    ///< the connection stands and libcurl begins to write the request
    enum slot_stop stop;
    int file_error;                         ///< errno, with SLOT_FILE
    bool stale;                             ///< the handle must be reset before the next transfer
    long connect_ms, pipewait, buffer_size; ///< as the handle has them
    char detail[CURL_ERROR_SIZE];           ///< libcurl's words; "" if none
};

/// NULL when memory is out.
struct client_slot *client_slot_new(const struct client_base *base);

/// NULL is allowed.
void client_slot_free(struct client_slot *s);

/// Sets the handle up for `message`, which must outlive the transfer, and opens its files.  False,
/// with `why` filled in, when a file or memory is missing; the slot is then as client_slot_clear()
/// leaves it.
bool client_slot_prepare(struct client_slot *s, const struct client_message *message, void *owner,
                         struct client_failure *why);

/// Makes the slot ready for the next transfer; an unfinished download is removed.
void client_slot_clear(struct client_slot *s);

#endif
