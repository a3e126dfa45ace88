#include "net/server_request.h"

#include "net/server_state.h"

size_t server_pending(void)
{
    return request_pending();
}

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
    return request_is_over(r);
}

void server_request_release(struct server_request *r)
{
    request_release(r);
}

void server_request_answer(struct server_request *r, struct server_answer *a)
{
    if (request_is_over(r) || r->state != REQUEST_ASKED) {
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
    if (!request_is_over(r))
        request_break(r);
    r->muted = false;
    request_settle(r);
}
