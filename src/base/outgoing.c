#include "base/outgoing.h"

#include <errno.h>
#include <unistd.h>

enum { KEPT_ROOM = 1 << 20 }; // a larger queue is not kept

// A slow reader may never take all: what it took must not stay.
static void drop_sent(struct outgoing *out)
{
    if (out->sent < out->queue.size / 2)
        return;
    buf_consume(&out->queue, out->sent);
    out->sent = 0;
    if (out->queue.size == 0 && out->queue.room > KEPT_ROOM)
        buf_free(&out->queue);
}

bool outgoing_write(struct outgoing *out, int fd)
{
    while (out->sent < out->queue.size) {
        ssize_t n = write(fd, out->queue.data + out->sent, out->queue.size - out->sent);
        if (n >= 0)
            out->sent += (size_t)n;
        else if (errno == EAGAIN || errno == EWOULDBLOCK)
            break;
        else if (errno != EINTR)
            return false;
    }
    drop_sent(out);
    return true;
}

size_t outgoing_size(const struct outgoing *out)
{
    return out->queue.size - out->sent;
}

void outgoing_free(struct outgoing *out)
{
    buf_free(&out->queue);
    out->sent = 0;
}
