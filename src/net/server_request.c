#include "net/server_request.h"

#include "base/memory.h"
#include "net/server_state.h"

#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

static size_t pending;

// Has libmicrohttpd run, and the queues reported, soon: from the loop, or in the pump's next round.
// libmicrohttpd does not wake its epoll descriptor for a resumed connection.
static void kick(struct server *s)
{
    s->kicked = true;
    if (s->daemon && !s->pumping)
        uv_timer_start(&s->timer, s->pump, 0, 0);
}

struct server_request *request_new(struct server *s, struct MHD_Connection *connection,
                                   const char *uri)
{
    struct server_request *r = calloc(1, sizeof *r);
    if (!r)
        goto err0;
    r->uri = strdup(uri);
    if (!r->uri)
        goto err1;
    *r = (struct server_request){ .references = 1,
                                  .server = s,
                                  .connection = connection,
                                  .uri = r->uri,
                                  .next = s->requests,
                                  .body.memory = &memory_of_input,
                                  .out.memory = &memory_of_output };
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

void request_hand_out(struct server_request *r)
{
    r->references++; // the owner's
    r->pending = true;
    pending++;
}

void request_settle(struct server_request *r)
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
    mhd.resume_connection(r->connection);
    kick(r->server);
}

void request_suspend(struct server_request *r)
{
    r->suspended = true;
    mhd.suspend_connection(r->connection);
}

size_t server_pending(void)
{
    return pending;
}

bool server_request_over(const struct server_request *r)
{
    return !r->connection || r->state == REQUEST_BROKEN;
}

int request_socket(const struct server_request *r)
{
    return mhd.get_connection_info(r->connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
}

// libmicrohttpd does not look at the socket of a suspended connection, so we do.
void request_watch(struct server_request *r)
{
    if (r->watched || !r->connection)
        return;
    struct epoll_event event = { .events = EPOLLRDHUP, .data.ptr = r };
    r->watched = epoll_ctl(r->server->disconnect_fd, EPOLL_CTL_ADD, request_socket(r), &event) == 0;
}

void request_unwatch(struct server_request *r)
{
    if (!r->watched)
        return;
    r->watched = false;
    (void)epoll_ctl(r->server->disconnect_fd, EPOLL_CTL_DEL, request_socket(r), NULL);
}

void request_break(struct server_request *r)
{
    request_unwatch(r);
    request_settle(r);
    r->state = REQUEST_BROKEN;
    request_resume(r);
}

// ------------------------------------------------------------------------------------ its owner

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

void server_request_keep(struct server_request *r)
{
    r->references++;
}

void server_request_want_end(struct server_request *r)
{
    if (r->connection) {
        r->want_end = true;
    } else if (r->server) {
        request_push(&r->server->over, r);
        kick(r->server);
    }
}

void server_request_answer(struct server_request *r, struct server_answer *a)
{
    if (server_request_over(r) || r->state != REQUEST_ASKED) {
        server_answer_free(a);
        return;
    }
    r->answer = a;
    r->state = server_answer_is_stream(a) ? REQUEST_STREAMING : REQUEST_ANSWERED;
    if (!server_answer_is_stream(a)) {
        request_unwatch(r); // from here on libmicrohttpd sees the peer leave
        request_settle(r);
    }
    request_resume(r);
}

void server_request_close(struct server_request *r)
{
    if (!server_request_over(r))
        request_break(r);
    r->muted = false;
    request_settle(r);
}
