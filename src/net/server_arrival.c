#include "net/server_arrival.h"

#include "net/server_request.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static char *skip_authority(char *uri)
{
    if (*uri == '/' || *uri == '*')
        return uri;
    char *authority = strstr(uri, "://"); // the absolute form, as proxies get it
    if (!authority)
        return uri;
    return authority + 3 + strcspn(authority + 3, "/?");
}

static void split_uri(struct server_request *r)
{
    char *path = skip_authority(r->uri);
    char *mark = strchr(path, '?');
    r->head.path = path;
    r->head.query = "";
    if (mark) {
        *mark = '\0';
        r->head.query = mark + 1;
    }
}

static enum MHD_Result add_header(void *arg, enum MHD_ValueKind kind, const char *name,
                                  const char *value)
{
    (void)kind;
    struct server_request *r = arg;
    r->headers[r->head.header_count++] = (struct server_header){ name, value ? value : "" };
    return MHD_YES;
}

static void format_peer(struct server_request *r)
{
    const struct sockaddr *address =
        mhd.get_connection_info(r->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS)->client_addr;
    const void *bytes = address->sa_family == AF_INET6
                            ? (const void *)&((const struct sockaddr_in6 *)address)->sin6_addr
                            : (const void *)&((const struct sockaddr_in *)address)->sin_addr;
    if (!inet_ntop(address->sa_family, bytes, r->peer, sizeof r->peer))
        r->peer[0] = '\0';
}

// Fills r->head; false: out of memory.
static bool read_head(struct server_request *r, const char *method)
{
    int count = mhd.get_connection_values(r->connection, MHD_HEADER_KIND, NULL, NULL);
    r->headers = calloc((size_t)count + 1, sizeof *r->headers);
    r->method = strdup(method);
    if (!r->headers || !r->method)
        return false;
    mhd.get_connection_values(r->connection, MHD_HEADER_KIND, add_header, r);
    split_uri(r);
    format_peer(r);
    r->head.headers = r->headers;
    r->head.method = r->method;
    r->head.peer = r->peer;
    return true;
}

// The answer is written past libmicrohttpd, which takes none while a body arrives.
static enum MHD_Result refuse_body(struct server_request *r)
{
    static const char text[] = "HTTP/1.1 413 Content Too Large\r\n"
                               "Connection: close\r\n"
                               "Content-Type: application/json\r\n"
                               "Content-Length: 47\r\n"
                               "\r\n"
                               "{\"error\":\"The request body is over the limit.\"}";
    int fd = request_socket(r);
    (void)send(fd, text, sizeof text - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
    linger_start(r->server->loop, fd, &r->server->lingering);
    return MHD_NO; // libmicrohttpd closes its side
}

static bool announces_too_much(const struct server_request *r)
{
    const char *length =
        mhd.lookup_connection_value(r->connection, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_LENGTH);
    return length && strtoull(length, NULL, 10) > r->server->max_body;
}

static enum MHD_Result take_body(struct server_request *r, const char *bytes, size_t *size)
{
    if (*size > r->server->max_body - r->body.size)
        return refuse_body(r);
    if (!buf_append(&r->body, bytes, *size))
        return MHD_NO;
    *size = 0;
    return MHD_YES;
}

static enum MHD_Result body_complete(struct server_request *r)
{
    r->head.body = r->body.data ? r->body.data : "";
    r->head.body_size = r->body.size;
    r->state = REQUEST_ASKED;
    request_suspend(r);
    request_push(&r->server->asked, r);
    return MHD_YES;
}

static enum MHD_Result send_answer(struct server_request *r)
{
    struct server_answer *a = r->answer;
    r->answer = NULL;
    return a && server_answer_queue(a, r->connection) ? MHD_YES : MHD_NO;
}

void *arrival_on_uri(void *cls, const char *uri, struct MHD_Connection *connection)
{
    return request_new(cls, connection, uri);
}

// NOLINTNEXTLINE(readability-function-size): its parameters are libmicrohttpd's
enum MHD_Result arrival_on_access(void *cls, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *upload,
                                  size_t *upload_size, void **context)
{
    (void)cls;
    (void)connection;
    (void)url;
    (void)version;
    struct server_request *r = *context;
    if (!r)
        return MHD_NO;
    if (!r->seen) {
        r->seen = true;
        if (!read_head(r, method))
            return MHD_NO;
        return announces_too_much(r) ? refuse_body(r) : MHD_YES;
    }
    if (*upload_size > 0)
        return take_body(r, upload, upload_size);
    if (r->state == REQUEST_ARRIVING)
        return body_complete(r);
    return send_answer(r);
}

void arrival_on_completed(void *cls, struct MHD_Connection *connection, void **context,
                          enum MHD_RequestTerminationCode why)
{
    (void)connection;
    struct server *s = cls;
    struct server_request *r = *context;
    *context = NULL;
    if (!r)
        return;
    request_unwatch(r);
    if (!r->seen && s->daemon) // refused by libmicrohttpd itself, perhaps with a head half read
        linger_start(s->loop, request_socket(r), &s->lingering);
    r->suspended = false;
    r->end = why == MHD_REQUEST_TERMINATED_COMPLETED_OK ? SERVER_COMPLETE : SERVER_GONE;
    r->muted = r->state == REQUEST_STREAMING && r->end == SERVER_COMPLETE && !r->finished;
    if (!r->muted)
        request_settle(r);
    r->connection = NULL;
    server_answer_free(r->answer); // one that was never queued; a stream's holds the request
    r->answer = NULL;
    if (r->want_end) {
        r->want_end = false;
        request_push(&s->over, r);
    }
    server_request_release(r);
}
