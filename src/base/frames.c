#include "base/frames.h"

enum { KEPT_ROOM = 1 << 20 }; // a larger buffer is not kept for the next message

static size_t length_of(const char *head)
{
    const unsigned char *bytes = (const unsigned char *)head;
    return (size_t)bytes[0] | (size_t)bytes[1] << 8 | (size_t)bytes[2] << 16 |
           (size_t)bytes[3] << 24;
}

// What was dropped is moved over only once it is the larger part: so each byte moves once on the
// average.
char *frames_room(struct frames *f, size_t size)
{
    if (f->at > 0 && f->at >= f->in.size - f->at) {
        buf_consume(&f->in, f->at);
        f->at = 0;
    }
    if (f->in.size == 0 && f->in.room > KEPT_ROOM)
        buf_free(&f->in);
    return buf_reserve(&f->in, size) ? f->in.data + f->in.size : NULL;
}

void frames_came(struct frames *f, size_t size)
{
    f->in.size += size;
}

enum frames_event frames_next(struct frames *f, const char **bytes, size_t *size)
{
    size_t there = f->in.size - f->at;
    if (there < FRAMES_HEAD)
        return FRAMES_MORE;
    const char *head = f->in.data + f->at;
    size_t length = length_of(head);
    if (length == 0 || length > f->most) {
        f->refused = length;
        return FRAMES_BROKEN;
    }
    if (there - FRAMES_HEAD < length)
        return FRAMES_MORE;
    *bytes = head + FRAMES_HEAD;
    *size = length;
    return FRAMES_MESSAGE;
}

void frames_drop(struct frames *f)
{
    f->at += FRAMES_HEAD + length_of(f->in.data + f->at);
}

bool frames_are_empty(const struct frames *f)
{
    return f->at == f->in.size;
}

void frames_free(struct frames *f)
{
    buf_free(&f->in);
    f->at = 0;
}

bool frames_write(struct buf *out, const char *bytes, size_t size)
{
    if (!buf_reserve(out, FRAMES_HEAD + size))
        return false;
    const unsigned char head[FRAMES_HEAD] = { size & 0xFF, size >> 8 & 0xFF, size >> 16 & 0xFF,
                                              size >> 24 & 0xFF };
    (void)buf_append(out, head, FRAMES_HEAD); // there is room
    (void)buf_append(out, bytes, size);
    return true;
}
