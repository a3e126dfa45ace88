#include "base/brief.h"

#include "base/hex.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

// The first quote or backslash, or the end.
static const char *behind_plain(const char *at, const char *end)
{
    while (at < end && *at != '"' && *at != '\\')
        at++;
    return at;
}

// Reads a byte of an escape.
static void read_escape(struct brief *b, char c)
{
    if (b->hex_digits > 0) {
        b->unit = (uint16_t)(b->unit << 4 | ((unsigned)hex_digit(c) & 15));
        if (--b->hex_digits == 0)
            b->half = (b->unit & 0xFC00) == 0xD800;
        return;
    }
    b->escape = false;
    if (c == 'u')
        b->hex_digits = 4;
    else
        b->half = false;
}

static bool is_in_escape(const struct brief *b)
{
    return b->escape || b->hex_digits > 0;
}

// Counts bytes of the text.
static void count(struct brief *b, size_t size)
{
    if (b->skips)
        b->text_left += size;
    else
        b->length += size;
}

static bool end_text(struct brief *b, struct buf *out)
{
    char mark[64];
    bool skips = b->skips;
    uint64_t left = b->text_left;
    *b = (struct brief){ .left_out = b->left_out + left };
    if (!skips)
        return true;
    int size = snprintf(mark, sizeof mark, "… [%" PRIu64 " bytes left out]", left);
    return buf_append(out, mark, (size_t)size);
}

// Whether a text may be cut before this byte of it: between two characters.
static bool may_cut(const struct brief *b, char c)
{
    return b->length >= BRIEF_TEXT && !is_in_escape(b) && !b->half && c != '"' &&
           ((unsigned char)c & 0xC0) != 0x80;
}

// Where the plain bytes that begin at `at` are looked at next.
static const char *next_look(const struct brief *b, const char *at, const char *end)
{
    if (b->skips)
        return end;
    size_t step = b->length < BRIEF_TEXT ? BRIEF_TEXT - b->length : 1;
    return (size_t)(end - at) < step ? end : at + step;
}

// Reads a byte of the text, or a few plain ones; gives the place behind them.
static const char *read_on(struct brief *b, const char *at, const char *end)
{
    const char *next = at + 1;
    if (is_in_escape(b)) {
        read_escape(b, *at);
    } else if (*at == '\\') {
        b->escape = true;
    } else {
        next = behind_plain(at, next_look(b, at, end));
        b->half = false;
    }
    count(b, (size_t)(next - at));
    return next;
}

// Reads on in a text, to its end or that of the bytes; NULL when memory is out.
static const char *feed_text(struct brief *b, const char *at, const char *end, struct buf *out)
{
    const char *from = at;
    for (; at < end; at = read_on(b, at, end)) {
        if (!b->skips && may_cut(b, *at)) {
            if (!buf_append(out, from, (size_t)(at - from)))
                return NULL;
            b->skips = true;
        }
        if (*at == '"' && !is_in_escape(b))
            break;
    }
    if (!b->skips && !buf_append(out, from, (size_t)(at - from)))
        return NULL;
    if (at == end)
        return at;
    return end_text(b, out) && buf_append(out, "\"", 1) ? at + 1 : NULL;
}

bool brief_feed(struct brief *b, const char *bytes, size_t size, struct buf *out)
{
    if (size == 0)
        return true;
    const char *at = bytes;
    const char *end = bytes + size;
    while (at && at < end) {
        if (b->in_text) {
            at = feed_text(b, at, end, out);
            continue;
        }
        const char *quote = memchr(at, '"', (size_t)(end - at));
        const char *stop = quote ? quote + 1 : end;
        if (!buf_append(out, at, (size_t)(stop - at)))
            return false;
        b->in_text = quote != NULL;
        at = stop;
    }
    return at != NULL;
}
