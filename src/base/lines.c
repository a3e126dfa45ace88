#include "base/lines.h"

#include <string.h>

static size_t without_cr(const char *bytes, size_t size)
{
    return size > 0 && bytes[size - 1] == '\r' ? size - 1 : size;
}

static bool deliver(const struct lines *l, const char *bytes, size_t size, lines_fn *fn, void *arg)
{
    size = without_cr(bytes, size);
    if (size > l->max)
        return fn(arg, LINES_PART, bytes, size) && fn(arg, LINES_TOO_LONG, NULL, 0);
    return fn(arg, LINES_LINE, bytes, size);
}

static struct buf take_pending(struct lines *l)
{
    struct buf pending = l->pending; // ours while fn runs: it may free the splitter
    l->pending = (struct buf){ .memory = pending.memory };
    return pending;
}

// Ends the line that began in earlier bytes.
static bool deliver_pending(struct lines *l, const char *tail, size_t size, lines_fn *fn, void *arg)
{
    bool whole = buf_append(&l->pending, tail, size);
    struct buf line = take_pending(l);
    bool more;
    if (whole)
        more = deliver(l, line.data, line.size, fn, arg);
    else
        more = fn(arg, LINES_PART, line.data, line.size) && fn(arg, LINES_PART, tail, size) &&
               fn(arg, LINES_NO_MEMORY, NULL, 0);
    if (more && line.room <= 65536) {
        buf_clear(&line);
        l->pending = line;
    } else {
        buf_free(&line);
    }
    return more;
}

// Keeps the start of a line; one that grows past the limit is skipped from here on.
static bool keep(struct lines *l, const char *bytes, size_t size, lines_fn *fn, void *arg)
{
    if (size == 0)
        return true;
    l->skipping = LINES_TOO_LONG;
    if (size <= l->max + 1 && l->pending.size <= l->max + 1 - size) { // one more: it may be a CR
        if (buf_append(&l->pending, bytes, size)) {
            l->skipping = LINES_LINE;
            return true;
        }
        l->skipping = LINES_NO_MEMORY;
    }
    struct buf start = take_pending(l);
    bool more = (start.size == 0 || fn(arg, LINES_PART, start.data, start.size)) &&
                fn(arg, LINES_PART, bytes, size);
    buf_free(&start);
    return more;
}

// Ends a line that was skipped.
static bool end_skipped(struct lines *l, const char *tail, size_t size, lines_fn *fn, void *arg)
{
    enum lines_event event = l->skipping;
    l->skipping = LINES_LINE;
    return (size == 0 || fn(arg, LINES_PART, tail, size)) && fn(arg, event, NULL, 0);
}

size_t lines_feed(struct lines *l, const char *bytes, size_t size, lines_fn *fn, void *arg)
{
    const char *start = bytes, *end = bytes + size;
    for (;;) {
        const char *newline = size > 0 ? memchr(bytes, '\n', (size_t)(end - bytes)) : NULL;
        if (!newline)
            break;
        size_t length = (size_t)(newline - bytes);
        bool more;
        if (l->skipping)
            more = end_skipped(l, bytes, length, fn, arg);
        else if (l->pending.size > 0)
            more = deliver_pending(l, bytes, length, fn, arg);
        else
            more = deliver(l, bytes, length, fn, arg);
        bytes = newline + 1;
        if (!more)
            return (size_t)(bytes - start);
        size = (size_t)(end - bytes);
    }
    if (!l->skipping)
        keep(l, bytes, size, fn, arg);
    else if (size > 0)
        fn(arg, LINES_PART, bytes, size);
    return (size_t)(end - start);
}

void lines_finish(struct lines *l, lines_fn *fn, void *arg)
{
    if (l->skipping)
        end_skipped(l, "", 0, fn, arg);
    else if (l->pending.size > 0)
        deliver_pending(l, "", 0, fn, arg);
}

void lines_free(struct lines *l)
{
    buf_free(&l->pending);
}
