// A request on its way to the HTTP server, libmicrohttpd played by the target: path and query are
// what the target of the request says, headers and body come whole or the body is refused.
#include "net/server_arrival.h"
#include "net/server_request.h"

#include "target.h"

enum { MOST_HEADERS = 20, MOST_BODY = 200 };

static struct server server = { .max_body = MOST_BODY, .disconnect_fd = -1 };
static unsigned refusals;

// libmicrohttpd, and what the server would do beside it
// -------------------------------------------------------------------------------

static struct server_header sent[MOST_HEADERS];
static int sent_count;
static struct sockaddr_in6 peer;

static int get_values(struct MHD_Connection *connection, enum MHD_ValueKind kind,
                      MHD_KeyValueIterator iterator, void *arg)
{
    (void)connection;
    for (int i = 0; iterator && i < sent_count; i++)
        must(iterator(arg, kind, sent[i].name, sent[i].value) == MHD_YES);
    return sent_count;
}

static const char *look_up(struct MHD_Connection *connection, enum MHD_ValueKind kind,
                           const char *name)
{
    (void)connection;
    (void)kind;
    for (int i = 0; i < sent_count; i++) {
        if (strcasecmp(sent[i].name, name) == 0)
            return sent[i].value;
    }
    return NULL;
}

static const union MHD_ConnectionInfo *get_info(struct MHD_Connection *connection,
                                                enum MHD_ConnectionInfoType type, ...)
{
    static union MHD_ConnectionInfo info;
    (void)connection;
    if (type == MHD_CONNECTION_INFO_CLIENT_ADDRESS)
        info.client_addr = (struct sockaddr *)&peer;
    else
        info.connect_fd = -1;
    return &info;
}

static void ignore(struct MHD_Connection *connection)
{
    (void)connection;
}

void linger_start(struct loop *loop, int fd, struct lingering **list)
{
    (void)loop;
    (void)fd;
    (void)list;
    refusals++;
}

int uv_timer_start(uv_timer_t *timer, uv_timer_cb fn, uint64_t timeout, uint64_t repeat)
{
    (void)timer;
    (void)fn;
    (void)timeout;
    (void)repeat;
    return 0;
}

// The message
// ------------------------------------------------------------------------------------------

// What comes, as lines: the target of the request, then headers "name:value", then an empty one
// and the body.
struct message {
    char *uri;
    const char *body;
    size_t body_size;
    size_t piece;
};

static void take_headers(char *rest)
{
    sent_count = 0;
    for (char *line = strsep(&rest, "\n"); line && sent_count < MOST_HEADERS;
         line = strsep(&rest, "\n")) {
        char *value = strchr(line, ':');
        if (value)
            *value++ = '\0';
        sent[sent_count++] = (struct server_header){ line, value }; // NULL: none
    }
}

// Where path and query of the target begin and end, found from its characters one by one.
static void check_target(const char *uri, const struct server_head *head)
{
    const char *path = uri;
    const char *scheme = strstr(uri, "://");
    if (*uri != '/' && *uri != '*' && scheme) {
        path = scheme + 3;
        while (*path && *path != '/' && *path != '?')
            path++;
    }
    size_t size = 0;
    while (path[size] && path[size] != '?')
        size++;
    must(strlen(head->path) == size && memcmp(head->path, path, size) == 0);
    must(strcmp(head->query, path[size] ? path + size + 1 : "") == 0);
}

static void check_head(const struct server_request *r, const char *uri)
{
    check_target(uri, &r->head);
    must(r->head.header_count == (size_t)sent_count);
    for (int i = 0; i < sent_count; i++) {
        must(strcmp(r->headers[i].name, sent[i].name) == 0);
        must(strcmp(r->headers[i].value, sent[i].value ? sent[i].value : "") == 0);
    }
    must(strcmp(r->head.method, "POST") == 0 && strchr(r->head.peer, ':'));
}

// libmicrohttpd lets no other through.
static bool is_number(const char *text)
{
    size_t digits = strspn(text, "0123456789");
    return digits > 0 && digits < 19 && text[digits] == '\0';
}

static bool announces_too_much(void)
{
    const char *length = look_up(NULL, MHD_HEADER_KIND, "Content-Length");
    return length && atoll(length) > MOST_BODY;
}

static enum MHD_Result show(void **request, const char *bytes, size_t *size)
{
    return arrival_on_access(&server, NULL, "", "POST", "HTTP/1.1", bytes, size, request);
}

// Hands over the body in pieces; false: it was refused.
static bool send_body(void **request, const struct message *m)
{
    for (size_t at = 0; at < m->body_size; at += m->piece) {
        size_t size = m->body_size - at < m->piece ? m->body_size - at : m->piece;
        char *bytes = own_block(m->body + at, size);
        bool taken = show(request, bytes, &size) == MHD_YES;
        free(bytes);
        must(!taken || size == 0);
        if (!taken)
            return false;
    }
    return true;
}

static void check_arrival(void **request, const struct message *m)
{
    size_t none = 0;
    if (show(request, NULL, &none) != MHD_YES) {
        must(announces_too_much() && refusals == 1);
        return;
    }
    const struct server_request *r = *request;
    must(!announces_too_much());
    check_head(r, m->uri);
    must(send_body(request, m) == (m->body_size <= MOST_BODY));
    must(refusals == (m->body_size > MOST_BODY) && r->body.size <= MOST_BODY);
    if (refusals > 0)
        return;
    must(show(request, NULL, &none) == MHD_YES && r->state == REQUEST_ASKED && r->suspended);
    must(r->head.body_size == m->body_size);
    must(m->body_size == 0 || memcmp(r->head.body, m->body, m->body_size) == 0);
}

static void play(const struct message *m)
{
    struct MHD_Connection *connection = (struct MHD_Connection *)&server; // only carried along
    refusals = 0;
    void *request = arrival_on_uri(&server, m->uri, connection);
    must(request != NULL);
    check_arrival(&request, m);
    bool asked = refusals == 0;
    arrival_on_completed(&server, connection, &request, MHD_REQUEST_TERMINATED_WITH_ERROR);
    must(request == NULL);
    struct server_request *r = request_pop(&server.asked);
    must(asked == (r != NULL));
    server_request_release(r);
    must(!server.requests && !server.asked.first);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1)
        return 0;
    mhd.get_connection_values = get_values;
    mhd.lookup_connection_value = look_up;
    mhd.get_connection_info = get_info;
    mhd.suspend_connection = mhd.resume_connection = ignore;
    peer.sin6_family = AF_INET6;
    char *text = own_text(data + 1, size - 1);
    char *body = strstr(text, "\n\n");
    struct message m = { .uri = text, .body = "", .piece = 1 + data[0] % 64 };
    if (body) {
        *body = '\0';
        m.body = body + 2;
        m.body_size = size - 1 - (size_t)(m.body - text);
    }
    char *headers = strchr(text, '\n');
    if (headers)
        *headers++ = '\0';
    take_headers(headers);
    const char *length = look_up(NULL, MHD_HEADER_KIND, "Content-Length");
    if (!length || is_number(length))
        play(&m);
    free(text);
    return 0;
}
