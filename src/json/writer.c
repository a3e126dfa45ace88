#include "json/writer.h"

#include "base/utf8.h"
#include "json/number.h"
#include "json/scan.h"

#include <math.h>

static bool write_escape(struct buf *out, char c)
{
    static const char hex[] = "0123456789abcdef";
    switch (c) {
    case '"':
        return buf_append(out, "\\\"", 2);
    case '\\':
        return buf_append(out, "\\\\", 2);
    case '\b':
        return buf_append(out, "\\b", 2);
    case '\f':
        return buf_append(out, "\\f", 2);
    case '\n':
        return buf_append(out, "\\n", 2);
    case '\r':
        return buf_append(out, "\\r", 2);
    case '\t':
        return buf_append(out, "\\t", 2);
    default: {
        const char escape[] = { '\\', 'u', '0', '0', hex[c >> 4], hex[c & 15] };
        return buf_append(out, escape, sizeof escape);
    }
    }
}

// The end of the run of bytes that need no escape; NULL where UTF-8 is broken.
static const char *skip_unescaped(const char *at, const char *end)
{
    while ((at = json_scan_plain(at, end)) < end && (unsigned char)*at >= 0x80) {
        size_t length = utf8_sequence(at, end);
        if (length == 0)
            return NULL;
        at += length;
    }
    return at;
}

enum json_written json_write_part(struct buf *out, const char *text, size_t size)
{
    const char *end = text + size;
    for (const char *at = text; at < end;) {
        const char *run = at;
        at = skip_unescaped(at, end);
        if (!at)
            return JSON_NOT_UTF8;
        if (!buf_append(out, run, (size_t)(at - run)))
            return JSON_NO_MEMORY;
        if (at < end && !write_escape(out, *at++))
            return JSON_NO_MEMORY;
    }
    return JSON_WRITTEN;
}

enum json_written json_write_string(struct buf *out, const char *text, size_t size)
{
    if (!buf_reserve(out, size + 2))
        return JSON_NO_MEMORY;
    out->data[out->size++] = '"';
    enum json_written written = json_write_part(out, text, size);
    if (written != JSON_WRITTEN)
        return written;
    return json_put(out, '"') ? JSON_WRITTEN : JSON_NO_MEMORY;
}

enum json_written json_write_integer(struct buf *out, int64_t value)
{
    if (!buf_reserve(out, JSON_NUMBER_ROOM))
        return JSON_NO_MEMORY;
    out->size += json_format_integer(out->data + out->size, value);
    return JSON_WRITTEN;
}

enum json_written json_write_double(struct buf *out, double value)
{
    if (!isfinite(value))
        return JSON_NOT_FINITE;
    if (!buf_reserve(out, JSON_NUMBER_ROOM))
        return JSON_NO_MEMORY;
    out->size += json_format_double(out->data + out->size, value);
    return JSON_WRITTEN;
}
