#include "net/server_stream.h"

#include "net/server_request.h"
#include "net/server_state.h"

enum { BLOCK = 16384 };

static void release_stream(void *arg)
{
    server_request_release(arg);
}

static ssize_t read_stream(void *arg, uint64_t position, char *to, size_t room)
{
    (void)position;
    struct server_request *r = arg;
    if (r->state == REQUEST_BROKEN)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    if (r->out.size > 0)
        return (ssize_t)buf_take(&r->out, to, room);
    if (r->finished)
        return MHD_CONTENT_READER_END_OF_STREAM;
    request_suspend(r);
    return 0;
}

struct server_answer *server_answer_stream(struct server_request *r, unsigned status)
{
    struct MHD_Response *response =
        mhd.create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK, read_stream, r, release_stream);
    if (!response)
        return NULL;
    r->references++;
    return server_answer_wrap(status, response, true);
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
    request_settle(r);
    request_resume(r);
}
