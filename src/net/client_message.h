/// A request as the client keeps it until its transfer ends: one block of memory.
#ifndef RCMCP_NET_CLIENT_MESSAGE_H
#define RCMCP_NET_CLIENT_MESSAGE_H

#include "net/client_request.h"
#include "net/curl_api.h"

struct client_message {
    const char *method;
    const char *url;
    const char *body; ///< NULL: none
    size_t body_size;
    size_t head_size;           ///< bytes of the address and of the header lines
    const char *body_file;      ///< NULL: none
    const char *save_as;        ///< NULL: into memory
    struct curl_slist *headers; ///< as libcurl wants them, with the bearer's line
    long connect_ms;
    long total_ms;
    uint64_t idle_ms;
    size_t max_bytes;
    bool save_named;
    bool keep_head;
    bool no_redirects;
    bool public_only;
    bool identity;
    char *secret; ///< the bearer's line; NULL: none
    char block[]; ///< the header nodes, then all the texts, then the body
};

/// Copies a request.  NULL when memory is out.
struct client_message *client_message_new(const struct client_request *r);

/// Wipes the bearer and frees.
void client_message_free(struct client_message *m);

#endif
