#include "net/client_slot.h"

#include "base/memory.h"
#include "net/address.h"
#include "net/proxy.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    HEAD_LIMIT = 256 << 10, // bytes of a header block; newer libcurls end at 300 KiB, less clearly
    MOST_BRIEF = 16,        // times max_bytes, of a body that is shortened
    LONGEST_HEAD = 900000,  // of a request; libcurl ends at 1 MiB, and says that memory is out
    KEEP_ROOM = 64 << 10,   // a buffer over this size is not kept for the next transfer
    READ_SIZE = 4 << 10,    // of libcurl's buffer; its own 16 KiB make 4 MiB in 256 transfers
    FILE_SIZE = 64 << 10,   // the same for a file, each part of which is a write
};

// ---- Callbacks of libcurl ----

static size_t refuse(struct client_slot *s, enum slot_stop stop)
{
    s->stop = stop;
    if (stop == SLOT_MEMORY)
        buf_truncate(&s->body, CLIENT_REST);
    return CURL_WRITEFUNC_ERROR;
}

static void forget_body(struct client_slot *s)
{
    buf_clear(&s->body);
    s->received = 0;
    s->brief = (struct brief){ 0 };
    s->shortens = false;
}

static bool is_upgrade(const struct client_slot *s)
{
    long status = 0;
    curl.easy_getinfo(s->easy, CURLINFO_RESPONSE_CODE, &status);
    return status == 101;
}

static size_t on_header(char *bytes, size_t one, size_t size, void *arg)
{
    (void)one;
    struct client_slot *s = arg;
    if (size >= 5 &&
        memcmp(bytes, "HTTP/", 5) == 0) { // a redirect or an interim answer came before
        buf_clear(&s->head);
        forget_body(s);
        s->head_ended = false;
    }
    if (s->head_ended) // a trailer
        return size;
    s->head_ended = *bytes == '\r' || *bytes == '\n';
    if (s->head_ended && is_upgrade(s))
        return refuse(s, SLOT_UPGRADE);
    if (s->head.size + size > HEAD_LIMIT)
        return refuse(s, SLOT_HEADERS_TOO_LARGE);
    if (!buf_append(&s->head, bytes, size))
        return refuse(s, SLOT_MEMORY);
    return size;
}

static bool is_saved(const struct client_slot *s)
{
    long status = 0;
    if (!download_is_open(&s->download))
        return false;
    curl.easy_getinfo(s->easy, CURLINFO_RESPONSE_CODE, &status);
    return status >= 200 && status <= 299;
}

static bool keeps_head(const struct client_slot *s)
{
    return s->message->keep_head && !is_saved(s);
}

// At the first bytes of a body: refuses a size too large, makes room for the rest.
static bool expect_body(struct client_slot *s)
{
    curl_off_t promised = -1;
    curl.easy_getinfo(s->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &promised);
    if (promised <= 0)
        return true;
    if ((uint64_t)promised > s->message->max_bytes) {
        if (keeps_head(s))
            return true;
        s->stop = SLOT_TOO_LARGE;
        return false;
    }
    if (!is_saved(s))
        (void)buf_reserve(&s->body, (size_t)promised); // else it grows as long as there is memory
    return true;
}

// Shortens what has come of a body that turns out to be too large.
static bool begin_brief(struct client_slot *s)
{
    struct buf body = { .memory = &memory_of_input };
    if (!brief_feed(&s->brief, s->body.data, s->body.size, &body)) {
        buf_free(&body);
        return false;
    }
    buf_free(&s->body);
    s->body = body;
    s->shortens = true;
    return true;
}

// As much of the body as max_bytes hold, shortened where it is larger.
static size_t keep(struct client_slot *s, const char *bytes, size_t size)
{
    size_t most = s->message->max_bytes;
    s->received += size;
    if (s->received <= most)
        return buf_append(&s->body, bytes, size) ? size : refuse(s, SLOT_MEMORY);
    if (!s->shortens && !begin_brief(s))
        return refuse(s, SLOT_MEMORY);
    if (!brief_feed(&s->brief, bytes, size, &s->body))
        return refuse(s, SLOT_MEMORY);
    if (s->body.size <= most && s->received / MOST_BRIEF <= most)
        return size;
    if (s->body.size > most)
        s->body.size = most;
    return refuse(s, SLOT_CUT);
}

static size_t on_body(char *bytes, size_t one, size_t size, void *arg)
{
    (void)one;
    struct client_slot *s = arg;
    if (s->received == 0 && !expect_body(s))
        return CURL_WRITEFUNC_ERROR;
    if (keeps_head(s))
        return keep(s, bytes, size);
    if (size > s->message->max_bytes - s->received)
        return refuse(s, SLOT_TOO_LARGE);
    s->received += size;
    if (is_saved(s)) {
        if (download_write(&s->download, bytes, size))
            return size;
        s->file_error = errno;
        return refuse(s, SLOT_FILE);
    }
    return buf_append(&s->body, bytes, size) ? size : refuse(s, SLOT_MEMORY);
}

static size_t on_upload(char *into, size_t one, size_t room, void *arg)
{
    (void)one;
    struct client_slot *s = arg;
    ssize_t got;
    do {
        got = read(s->upload_fd, into, room);
    } while (got < 0 && errno == EINTR);
    if (got >= 0)
        return (size_t)got;
    s->file_error = errno;
    s->stop = SLOT_FILE;
    return CURL_READFUNC_ABORT;
}

// The one door of a request: the connection stands, TLS and a proxy's tunnel included, and in the
// same step libcurl writes the first byte (CURLOPT_PREREQFUNCTION).  What has not passed here was
// not sent.
// NOLINTNEXTLINE(readability-non-const-parameter): libcurl's type
static int on_request(void *arg, char *address, char *own_address, int port, int own_port)
{
    (void)address;
    (void)own_address;
    (void)port;
    (void)own_port;
    struct client_slot *s = arg;
    s->on_wire = true;
    return CURL_PREREQFUNC_OK;
}

// ---- Options ----

// Everything that is the same for all transfers.
static void set_common(struct client_slot *s)
{
    CURL *e = s->easy;
    curl.easy_setopt(e, CURLOPT_PRIVATE, s);
    curl.easy_setopt(e, CURLOPT_ERRORBUFFER, s->detail);
    curl.easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
    curl.easy_setopt(e, CURLOPT_QUICK_EXIT, 1L); // cancel must not wait for a name server
    curl.easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
    curl.easy_setopt(e, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
    curl.easy_setopt(e, CURLOPT_FOLLOWLOCATION, 1L);
    curl.easy_setopt(e, CURLOPT_MAXREDIRS, (long)CLIENT_MAX_REDIRECTS);
    curl.easy_setopt(e, CURLOPT_UNRESTRICTED_AUTH, 0L);
    curl.easy_setopt(e, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
    curl.easy_setopt(e, CURLOPT_ACCEPT_ENCODING, "gzip");
    curl.easy_setopt(e, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    curl.easy_setopt(e, CURLOPT_TCP_KEEPALIVE, 1L);
    curl.easy_setopt(e, CURLOPT_SSL_VERIFYPEER, 1L);
    curl.easy_setopt(e, CURLOPT_SSL_VERIFYHOST, 2L);
    curl.easy_setopt(e, CURLOPT_CAINFO, s->base->trust.file);
    curl.easy_setopt(e, CURLOPT_CAPATH, s->base->trust.path);
    curl.easy_setopt(e, CURLOPT_SHARE, s->base->share);
    curl.easy_setopt(e, CURLOPT_NOPROXY, s->base->no_proxy);
    curl.easy_setopt(e, CURLOPT_HEADERFUNCTION, on_header);
    curl.easy_setopt(e, CURLOPT_HEADERDATA, s);
    curl.easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body);
    curl.easy_setopt(e, CURLOPT_WRITEDATA, s);
    curl.easy_setopt(e, CURLOPT_PREREQFUNCTION, on_request);
    curl.easy_setopt(e, CURLOPT_PREREQDATA, s);
    client_poll_adopt(s->base->poll, e);
    s->stale = false;
    s->connect_ms = s->pipewait = s->buffer_size = -1;
}

// Sets what the handle has not yet.
static void set_kept(struct client_slot *s, CURLoption option, long *kept, long value)
{
    if (value != *kept)
        curl.easy_setopt(s->easy, option, value);
    *kept = value;
}

// The other limits are not libcurl's; see client_limits.h.
static void set_limits(struct client_slot *s)
{
    set_kept(s, CURLOPT_CONNECTTIMEOUT_MS, &s->connect_ms, s->message->connect_ms);
}

// Whether to wait for a connection that is being made, in the hope of HTTP/2: only TLS offers it.
static void set_pipewait(struct client_slot *s)
{
    long wait = strncmp(s->message->url, "https:", 6) == 0;
    set_kept(s, CURLOPT_PIPEWAIT, &s->pipewait, wait);
}

static void set_buffer(struct client_slot *s)
{
    long size = s->message->save_as ? FILE_SIZE : READ_SIZE;
    set_kept(s, CURLOPT_BUFFERSIZE, &s->buffer_size, size);
}

static bool needs_length(const char *method)
{
    return strcmp(method, "POST") == 0 || strcmp(method, "PUT") == 0 ||
           strcmp(method, "PATCH") == 0;
}

static void set_body(struct client_slot *s, curl_off_t upload_size)
{
    const struct client_message *m = s->message;
    if (s->upload_fd >= 0) {
        curl.easy_setopt(s->easy, CURLOPT_UPLOAD, 1L);
        curl.easy_setopt(s->easy, CURLOPT_INFILESIZE_LARGE, upload_size);
        curl.easy_setopt(s->easy, CURLOPT_READFUNCTION, on_upload);
        curl.easy_setopt(s->easy, CURLOPT_READDATA, s);
    } else if (m->body || needs_length(m->method)) {
        curl.easy_setopt(s->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)m->body_size);
        curl.easy_setopt(s->easy, CURLOPT_POSTFIELDS, m->body ? m->body : "");
    }
}

// "Never twice" is here; see client.h.
static void set_method(struct client_slot *s, curl_off_t upload_size)
{
    const char *method = s->message->method;
    if (strcmp(method, "GET") == 0)
        return;
    s->stale = true;
    if (strcmp(method, "HEAD") == 0) {
        curl.easy_setopt(s->easy, CURLOPT_NOBODY, 1L);
        return;
    }
    set_body(s, upload_size);
    curl.easy_setopt(s->easy, CURLOPT_CUSTOMREQUEST, method);
    curl.easy_setopt(s->easy, CURLOPT_FRESH_CONNECT, 1L);
    curl.easy_setopt(s->easy, CURLOPT_FORBID_REUSE, 1L); // or each would leave an idle one behind
    curl.easy_setopt(s->easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl.easy_setopt(s->easy, CURLOPT_FOLLOWLOCATION, 0L);
}

static curl_socket_t open_public(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct client_slot *s = arg;
    (void)purpose;
    if (address_is_private(&address->addr)) {
        s->stop = SLOT_ADDRESS;
        return CURL_SOCKET_BAD;
    }
    return client_poll_open_socket(s->base->poll, address);
}

// Behind a proxy the address is the proxy's, which must see to private ones itself.  So it is
// settled here whether one is used, and libcurl is told.
static void set_public_only(struct client_slot *s)
{
    const char *proxy = proxy_of(s->message->url, s->base->no_proxy);
    s->stale = true;
    curl.easy_setopt(s->easy, CURLOPT_NOPROXY, "");
    curl.easy_setopt(s->easy, CURLOPT_PROXY, proxy ? proxy : "");
    curl.easy_setopt(s->easy, CURLOPT_FRESH_CONNECT, 1L); // a kept one was opened without that look
    curl.easy_setopt(s->easy, CURLOPT_FORBID_REUSE, 1L);
    if (proxy)
        return;
    curl.easy_setopt(s->easy, CURLOPT_OPENSOCKETFUNCTION, open_public);
    curl.easy_setopt(s->easy, CURLOPT_OPENSOCKETDATA, s);
}

static void set_reach(struct client_slot *s)
{
    if (s->message->no_redirects) {
        s->stale = true;
        curl.easy_setopt(s->easy, CURLOPT_FOLLOWLOCATION, 0L);
    }
    if (s->message->identity) {
        s->stale = true;
        curl.easy_setopt(s->easy, CURLOPT_ACCEPT_ENCODING, NULL);
    }
    if (s->message->public_only) {
        set_public_only(s);
    } else if (proxy_is_local(s->message->url)) {
        s->stale = true;
        curl.easy_setopt(s->easy, CURLOPT_NOPROXY, "*");
    }
}

// ---- Files ----

static bool file_failure(struct client_failure *why, const char *what, const char *path, int error)
{
    why->code = CLIENT_FILE;
    (void)snprintf(why->message, sizeof why->message, "%s %s: %s", what, path, strerror(error));
    return false;
}

static bool open_upload(struct client_slot *s, const char *path, curl_off_t *size,
                        struct client_failure *why)
{
    static const char what[] = "cannot read the file to send,";
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); // a FIFO must not block here
    if (fd < 0)
        return file_failure(why, what, path, errno);
    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode)) {
        (void)close(fd);
        return file_failure(why, what, path, S_ISDIR(st.st_mode) ? EISDIR : EINVAL);
    }
    s->upload_fd = fd;
    *size = st.st_size;
    return true;
}

static bool open_files(struct client_slot *s, curl_off_t *upload_size, struct client_failure *why)
{
    const struct client_message *m = s->message;
    if (m->body_file && !open_upload(s, m->body_file, upload_size, why))
        return false;
    if (m->save_as && !download_open(&s->download, m->save_as, m->save_named))
        return file_failure(why, "cannot create a file beside", m->save_as, errno);
    return true;
}

// ---- Life ----

struct client_slot *client_slot_new(const struct client_base *base)
{
    struct client_slot *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->upload_fd = -1;
    s->head.memory = s->body.memory = &memory_of_input;
    s->base = base;
    s->easy = curl.easy_init();
    if (!s->easy) {
        free(s);
        return NULL;
    }
    set_common(s);
    return s;
}

void client_slot_free(struct client_slot *s)
{
    if (!s)
        return;
    client_slot_clear(s);
    curl.easy_cleanup(s->easy);
    buf_free(&s->head);
    buf_free(&s->body);
    free(s);
}

bool client_slot_prepare(struct client_slot *s, const struct client_message *message, void *owner,
                         struct client_failure *why)
{
    curl_off_t upload_size = 0;
    if (message->head_size > LONGEST_HEAD) {
        why->code = CLIENT_PROTOCOL;
        (void)snprintf(why->message, sizeof why->message,
                       "the address and the headers of this request have %zu bytes, more than the "
                       "%d that can be sent",
                       message->head_size, LONGEST_HEAD);
        return false;
    }
    s->message = message;
    s->owner = owner;
    if (!open_files(s, &upload_size, why)) {
        client_slot_clear(s);
        return false;
    }
    set_limits(s);
    set_pipewait(s);
    set_buffer(s);
    set_method(s, upload_size);
    set_reach(s);
    curl.easy_setopt(s->easy, CURLOPT_HTTPHEADER, message->headers);
    if (curl.easy_setopt(s->easy, CURLOPT_URL, message->url) != CURLE_OK) {
        client_slot_clear(s);
        why->code = CLIENT_MEMORY;
        (void)snprintf(why->message, sizeof why->message, "not enough memory");
        return false;
    }
    return true;
}

static void shrink(struct buf *b)
{
    if (b->room > KEEP_ROOM)
        buf_free(b);
    buf_clear(b);
}

void client_slot_clear(struct client_slot *s)
{
    download_abort(&s->download);
    if (s->upload_fd >= 0)
        (void)close(s->upload_fd);
    s->upload_fd = -1;
    s->message = NULL;
    s->owner = NULL;
    s->stop = SLOT_RUNS;
    s->file_error = 0;
    s->head_ended = false;
    s->on_wire = false;
    s->detail[0] = '\0';
    shrink(&s->head);
    shrink(&s->body);
    forget_body(s);
    if (!s->stale)
        return;
    curl.easy_reset(s->easy);
    set_common(s);
}
