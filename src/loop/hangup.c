#include "loop/hangup.h"

#include <fcntl.h>
#include <unistd.h>

bool hangup_open(struct hangup *h, struct loop *loop, int fd, hangup_fn *happened,
                 hangup_fn *closed)
{
    h->happened = happened;
    h->closed = closed;
    h->fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    if (h->fd < 0)
        return false;
    if (uv_poll_init(loop_uv(loop), &h->uv.poll, h->fd) < 0) {
        close(h->fd);
        return false;
    }
    h->uv.handle.data = h;
    return true;
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
    (void)status; // a descriptor in error will not be written to any more, either
    (void)events;
    struct hangup *h = poll->data;
    uv_poll_stop(poll);
    h->happened(h);
}

void hangup_watch(struct hangup *h)
{
    uv_poll_start(&h->uv.poll, UV_DISCONNECT, on_poll);
}

void hangup_ignore(struct hangup *h)
{
    uv_poll_stop(&h->uv.poll);
}

static void on_closed(uv_handle_t *handle)
{
    struct hangup *h = handle->data;
    close(h->fd);
    h->closed(h);
}

void hangup_close(struct hangup *h)
{
    uv_close(&h->uv.handle, on_closed);
}
