#include "net/server_request.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

struct server_answer {
    unsigned status;
    bool stream;
    struct MHD_Response *response;
};

static size_t pending;

enum { STREAM_BLOCK = 16384 };

// -------------------------------------------------------------------------------- life and queues

static struct server_request *request_new(struct server *s, struct MHD_Connection *connection,
                                          const char *uri)
{
    struct server_request *r = calloc(1, sizeof *r);
    if (!r)
        goto err0;
    r->uri = strdup(uri);
    if (!r->uri)
        goto err1;
    *r = (struct server_request){
        .references = 1, .server = s, .connection = connection, .uri = r->uri, .next = s->requests
    };
    if (r->next)
        r->next->previous = r;
    s->requests = r;
    return r;

err1:
    free(r);
err0:
    return NULL;
}

static void unlist(struct server_request *r)
{
    if (r->previous)
        r->previous->next = r->next;
    else
        r->server->requests = r->next;
    if (r->next)
        r->next->previous = r->previous;
}

void server_request_release(struct server_request *r)
{
    if (!r || --r->references > 0)
        return;
    if (r->server)
        unlist(r);
    server_answer_free(r->answer);
    buf_free(&r->body);
    buf_free(&r->out);
    free(r->headers);
    free(r->method);
    free(r->uri);
    free(r);
}

void request_push(struct request_queue *queue, struct server_request *r)
{
    r->references++;
    r->queued = NULL;
    if (queue->last)
        queue->last->queued = r;
    else
        queue->first = r;
    queue->last = r;
}

struct server_request *request_pop(struct request_queue *queue)
{
    struct server_request *r = queue->first;
    if (!r)
        return NULL;
    queue->first = r->queued;
    if (!queue->first)
        queue->last = NULL;
    return r;
}

void request_forget_body(struct server_request *r)
{
    buf_free(&r->body);
    free(r->headers);
    r->headers = NULL;
    r->head.headers = NULL;
    r->head.header_count = 0;
    r->head.body = "";
    r->head.body_size = 0;
}

size_t server_pending(void)
{
    return pending;
}

void request_hand_out(struct server_request *r)
{
    r->references++; // the owner's
    r->pending = true;
    pending++;
}

static void settle(struct server_request *r)
{
    if (r->pending)
        pending--;
    r->pending = false;
}

void request_resume(struct server_request *r)
{
    if (!r->suspended)
        return;
    r->suspended = false;
    server_mhd->resume_connection(r->connection);
    server_kick(r->server);
}

static void suspend(struct server_request *r)
{
    r->suspended = true;
    server_mhd->suspend_connection(r->connection);
}

// ---------------------------------------------------------------------------- watching the peer

static int socket_of(const struct server_request *r)
{
    return server_mhd->get_connection_info(r->connection, MHD_CONNECTION_INFO_CONNECTION_FD)
        ->connect_fd;
}

// libmicrohttpd does not look at the socket of a suspended connection, so we do.
void request_watch(struct server_request *r)
{
    if (r->watched || !r->connection)
        return;
    struct epoll_event event = { .events = EPOLLRDHUP, .data.ptr = r };
    r->watched = epoll_ctl(r->server->disconnect_fd, EPOLL_CTL_ADD, socket_of(r), &event) == 0;
}

static void unwatch(struct server_request *r)
{
    if (!r->watched)
        return;
    r->watched = false;
    (void)epoll_ctl(r->server->disconnect_fd, EPOLL_CTL_DEL, socket_of(r), NULL);
}

static void break_connection(struct server_request *r)
{
    unwatch(r);
    settle(r);
    r->state = REQUEST_BROKEN;
    request_resume(r);
}

void request_leave(struct server_request *r)
{
    r->end = SERVER_GONE;
    break_connection(r);
}

// -------------------------------------------------------------------------------------- the head

static char *skip_authority(char *uri)
{
    if (*uri == '/' || *uri == '*')
        return uri;
    char *authority = strstr(uri, "://"); // the absolute form, as proxies get it
    if (!authority)
        return uri;
    char *path = strchr(authority + 3, '/');
    return path ? path : strchr(authority, '\0');
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
        server_mhd->get_connection_info(r->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS)
            ->client_addr;
    const void *bytes = address->sa_family == AF_INET6
                            ? (const void *)&((const struct sockaddr_in6 *)address)->sin6_addr
                            : (const void *)&((const struct sockaddr_in *)address)->sin_addr;
    if (!inet_ntop(address->sa_family, bytes, r->peer, sizeof r->peer))
        r->peer[0] = '\0';
}

// Fills r->head; false: out of memory.
static bool read_head(struct server_request *r, const char *method)
{
    int count = server_mhd->get_connection_values(r->connection, MHD_HEADER_KIND, NULL, NULL);
    r->headers = calloc((size_t)count + 1, sizeof *r->headers);
    r->method = strdup(method);
    if (!r->headers || !r->method)
        return false;
    server_mhd->get_connection_values(r->connection, MHD_HEADER_KIND, add_header, r);
    split_uri(r);
    format_peer(r);
    r->head.headers = r->headers;
    r->head.method = r->method;
    r->head.peer = r->peer;
    return true;
}

// -------------------------------------------------------------------------------------- the body

// The answer is written past libmicrohttpd, which takes none while a body arrives.
static enum MHD_Result refuse_body(struct server_request *r)
{
    static const char text[] = "HTTP/1.1 413 Content Too Large\r\n"
                               "Connection: close\r\n"
                               "Content-Type: application/json\r\n"
                               "Content-Length: 47\r\n"
                               "\r\n"
                               "{\"error\":\"The request body is over the limit.\"}";
    int fd = socket_of(r);
    (void)send(fd, text, sizeof text - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
    linger_start(r->server->loop, fd, &r->server->lingering);
    return MHD_NO; // libmicrohttpd closes its side
}

static bool announces_too_much(const struct server_request *r)
{
    const char *length = server_mhd->lookup_connection_value(r->connection, MHD_HEADER_KIND,
                                                             MHD_HTTP_HEADER_CONTENT_LENGTH);
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
    suspend(r);
    request_push(&r->server->asked, r);
    return MHD_YES;
}

static enum MHD_Result send_answer(struct server_request *r)
{
    struct server_answer *a = r->answer;
    r->answer = NULL;
    enum MHD_Result ok = server_mhd->queue_response(r->connection, a->status, a->response);
    server_answer_free(a);
    return ok;
}

// ------------------------------------------------------------------------ libmicrohttpd's
// callbacks

void *request_on_uri(void *cls, const char *uri, struct MHD_Connection *connection)
{
    return request_new(cls, connection, uri);
}

enum MHD_Result request_on_access(void *cls, struct MHD_Connection *connection, const char *url,
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
    return r->answer ? send_answer(r) : MHD_NO;
}

void request_on_completed(void *cls, struct MHD_Connection *connection, void **context,
                          enum MHD_RequestTerminationCode why)
{
    (void)connection;
    struct server *s = cls;
    struct server_request *r = *context;
    *context = NULL;
    if (!r)
        return;
    unwatch(r);
    if (!r->seen && s->daemon) // refused by libmicrohttpd itself, perhaps with a head half read
        linger_start(s->loop, socket_of(r), &s->lingering);
    r->suspended = false;
    r->end = why == MHD_REQUEST_TERMINATED_COMPLETED_OK ? SERVER_COMPLETE : SERVER_GONE;
    r->muted = r->state == REQUEST_STREAMING && r->end == SERVER_COMPLETE && !r->finished;
    if (!r->muted)
        settle(r);
    r->connection = NULL;
    server_answer_free(r->answer); // one that was never queued; a stream's holds the request
    r->answer = NULL;
    if (r->want_end) {
        r->want_end = false;
        request_push(&s->over, r);
    }
    server_request_release(r);
}

// ------------------------------------------------------------------------------------ the owner's

const struct server_head *server_request_head(const struct server_request *r)
{
    return &r->head;
}

void server_request_set_data(struct server_request *r, void *data)
{
    r->data = data;
}

void *server_request_data(const struct server_request *r)
{
    return r->data;
}

void server_request_want_end(struct server_request *r)
{
    if (r->connection) {
        r->want_end = true;
    } else if (r->server) {
        request_push(&r->server->over, r);
        server_kick(r->server);
    }
}

bool server_request_over(const struct server_request *r)
{
    return !r->connection || r->state == REQUEST_BROKEN;
}

static struct server_answer *wrap(unsigned status, struct MHD_Response *response)
{
    struct server_answer *a = response ? malloc(sizeof *a) : NULL;
    if (a)
        *a = (struct server_answer){ .status = status, .response = response };
    else if (response)
        server_mhd->destroy_response(response);
    return a;
}

struct server_answer *server_answer_new(unsigned status, const void *body, size_t size)
{
    // It only reads the bytes, to copy them.
    return wrap(status,
                server_mhd->create_response_from_buffer(size, (void *)body, MHD_RESPMEM_MUST_COPY));
}

bool server_answer_header(struct server_answer *a, const char *name, const char *value)
{
    return server_mhd->add_response_header(a->response, name, value) == MHD_YES;
}

void server_answer_free(struct server_answer *a)
{
    if (!a)
        return;
    server_mhd->destroy_response(a->response);
    free(a);
}

void server_request_answer(struct server_request *r, struct server_answer *a)
{
    if (server_request_over(r) || r->state != REQUEST_ASKED) {
        server_answer_free(a);
        return;
    }
    r->answer = a;
    r->state = a->stream ? REQUEST_STREAMING : REQUEST_ANSWERED;
    if (!a->stream) {
        unwatch(r); // from here on libmicrohttpd sees the peer leave
        settle(r);
    }
    request_resume(r);
}

void server_request_close(struct server_request *r)
{
    if (!server_request_over(r))
        break_connection(r);
    r->muted = false;
    settle(r);
}

// --------------------------------------------------------------------------- answers made
// piecemeal

static void release_stream(void *arg)
{
    server_request_release(arg);
}

static size_t take(struct buf *from, char *to, size_t room)
{
    size_t size = from->size < room ? from->size : room;
    memcpy(to, from->data, size);
    buf_consume(from, size);
    return size;
}

static ssize_t read_stream(void *arg, uint64_t position, char *to, size_t room)
{
    (void)position;
    struct server_request *r = arg;
    if (r->state == REQUEST_BROKEN)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    if (r->out.size > 0)
        return (ssize_t)take(&r->out, to, room);
    if (r->finished)
        return MHD_CONTENT_READER_END_OF_STREAM;
    suspend(r);
    return 0;
}

struct server_answer *server_answer_stream(struct server_request *r, unsigned status)
{
    struct MHD_Response *response = server_mhd->create_response_from_callback(
        MHD_SIZE_UNKNOWN, STREAM_BLOCK, read_stream, r, release_stream);
    if (!response)
        return NULL;
    r->references++;
    struct server_answer *a = wrap(status, response);
    if (a)
        a->stream = true;
    return a;
}

ssize_t server_stream_write(struct server_request *r, const void *bytes, size_t size)
{
    if (r->muted)
        return 0;
    if (server_request_over(r) || r->finished)
        return -1;
    if (!buf_append(&r->out, bytes, size))
        return -2;
    request_resume(r);
    return (ssize_t)r->out.size;
}

void server_stream_finish(struct server_request *r)
{
    r->muted = false;
    r->finished = true;
    settle(r);
    request_resume(r);
}

static ssize_t read_broken(void *arg, uint64_t position, char *to, size_t room)
{
    (void)position;
    struct buf *rest = arg;
    if (rest->size == 0)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    return (ssize_t)take(rest, to, room);
}

static void free_rest(void *arg)
{
    struct buf *rest = arg;
    buf_free(rest);
    free(rest);
}

struct server_answer *server_answer_broken(unsigned status, const void *body, size_t size,
                                           uint64_t promised)
{
    struct buf *rest = calloc(1, sizeof *rest);
    if (!rest || !buf_append(rest, body, size))
        goto err0;
    struct MHD_Response *response = server_mhd->create_response_from_callback(
        promised, STREAM_BLOCK, read_broken, rest, free_rest);
    if (!response)
        goto err1;
    return wrap(status, response);

err1:
    buf_free(rest);
err0:
    free(rest);
    return NULL;
}
