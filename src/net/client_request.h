/// A request to the HTTP client, and what becomes of it.
#ifndef RCMCP_NET_CLIENT_REQUEST_H
#define RCMCP_NET_CLIENT_REQUEST_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CLIENT_MAX_REDIRECTS = 5 }; ///< of a GET or HEAD

/// Everything is copied by client_start(), files are opened when the transfer begins.  Strings hold
/// no control characters: the caller has checked that.
struct client_request {
    const char *method;
    const char *url;            ///< http: or https:
    const char *const *headers; ///< whole lines, "Name: value"
    size_t header_count;
    const char *bearer; ///< NULL: none; goes to the URL's scheme, host and port alone
    const char *body;   ///< NULL: none
    size_t body_size;
    const char *body_file; ///< NULL: none; a regular file, sent as it is read
    const char *save_as;   ///< NULL: into memory; else where a 2xx answer's body goes
    bool save_named;       ///< the file has a name from the beginning: see download_open()
    long connect_ms;       ///< name, connection and TLS; above 0
    long total_ms;         ///< from leaving the queue; 0: none
    uint64_t idle_ms;      ///< once connected; 0: never
    size_t max_bytes;      ///< of the answer's body, decompressed
    /// A body over max_bytes (in memory) is shortened as JSON (base/brief.h); of one that is still
    /// larger, or is 16 times as large, the first max_bytes count.
    bool keep_head;
    bool no_redirects; ///< a redirect is the answer, also of a GET
    bool public_only;  ///< CLIENT_ADDRESS for a host of this machine or of a private network
    bool identity;     ///< asks for no compression, and takes the body as it comes
};

enum client_code {
    CLIENT_OK,
    CLIENT_CONNECT,   ///< no connection: name, connecting, TLS handshake, within the time
    CLIENT_TLS,       ///< the peer's certificate, or the bundle to check it, is no good
    CLIENT_TIMEOUT,   ///< connected, but no complete answer in time
    CLIENT_TRUNCATED, ///< the answer ended early, or before it began
    CLIENT_TOO_LARGE, ///< over max_bytes
    CLIENT_FILE,      ///< body_file or save_as
    CLIENT_PROTOCOL,  ///< no valid HTTP answer, too many redirects, unusable URL
    CLIENT_ENCODING,  ///< the body is not compressed as its header says
    CLIENT_NETWORK,   ///< the connection broke
    CLIENT_MEMORY,
    CLIENT_LIBRARY, ///< no usable libcurl
    CLIENT_ADDRESS, ///< public_only, and every address of the host is private
};

enum { CLIENT_REST = 32 << 10 }; ///< bytes that are kept of a body that memory ran out for

/// The code's word in Lua: "connect", "tls", …
const char *client_code_name(enum client_code code);

/// What became of a transfer; valid while the client_done runs.
struct client_result {
    enum client_code code;
    const char *message; ///< sentence for a person, names the host; NULL when code is CLIENT_OK
    bool sent;           ///< whether any byte of the request may have left
    bool cut;            ///< keep_head: there was more of the body
    bool partial;        ///< code is not CLIENT_OK: the head of an answer had come, and what there
                         ///< is of its body
    uint64_t left_out;   ///< keep_head: bytes of long texts that the body has not
    long status;         ///< these four: when code is CLIENT_OK, or where `partial`
    const struct buf *headers; ///< header block of the last response
    struct buf *body;          ///< may be freed early by the callee, to save memory
    const char *url;           ///< after redirects
};

/// Runs once, from the loop; never from inside client_start(), never after client_cancel().  The
/// transfer is gone when it is called.  `result` is NULL when the client is being freed: the owner
/// then only forgets the transfer.
typedef void client_done(void *arg, const struct client_result *result);

struct client_failure {
    enum client_code code;
    char message[512];
};

#endif
