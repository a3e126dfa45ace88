#include "net/server_answer.h"

#include "base/buf.h"
#include "net/mhd_api.h"

#include <stdlib.h>
#include <string.h>

struct server_answer {
    unsigned status;
    bool is_stream;
    struct MHD_Response *response;
};

enum { BLOCK = 16384 };

struct server_answer *server_answer_wrap(unsigned status, struct MHD_Response *response,
                                         bool is_stream)
{
    struct server_answer *a = response ? malloc(sizeof *a) : NULL;
    if (a)
        *a = (struct server_answer){ status, is_stream, response };
    else if (response)
        mhd.destroy_response(response);
    return a;
}

bool server_answer_is_stream(const struct server_answer *a)
{
    return a->is_stream;
}

bool server_answer_queue(struct server_answer *a, struct MHD_Connection *connection)
{
    bool taken = mhd.queue_response(connection, a->status, a->response) == MHD_YES;
    server_answer_free(a);
    return taken;
}

struct server_answer *server_answer_new(unsigned status, const void *body, size_t size)
{
    // It only reads the bytes, to copy them.
    struct MHD_Response *response =
        mhd.create_response_from_buffer(size, (void *)body, MHD_RESPMEM_MUST_COPY);
    return server_answer_wrap(status, response, false);
}

bool server_answer_header(struct server_answer *a, const char *name, const char *value)
{
    return mhd.add_response_header(a->response, name, value) == MHD_YES;
}

void server_answer_free(struct server_answer *a)
{
    if (!a)
        return;
    mhd.destroy_response(a->response);
    free(a);
}

static ssize_t read_broken(void *arg, uint64_t position, char *to, size_t room)
{
    (void)position;
    struct buf *rest = arg;
    if (rest->size == 0)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    return (ssize_t)buf_take(rest, to, room);
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
    struct MHD_Response *response =
        mhd.create_response_from_callback(promised, BLOCK, read_broken, rest, free_rest);
    if (!response)
        goto err1;
    return server_answer_wrap(status, response, false);

err1:
    buf_free(rest);
err0:
    free(rest);
    return NULL;
}
