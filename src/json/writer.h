/// Writes JSON text into a buffer, piece by piece.  Commas and colons are the caller's.
#ifndef RCMCP_JSON_WRITER_H
#define RCMCP_JSON_WRITER_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum json_written {
    JSON_WRITTEN,
    JSON_NO_MEMORY,
    JSON_NOT_UTF8,   ///< the string is not valid UTF-8
    JSON_NOT_FINITE, ///< the number is infinite or not a number
};

/// Appends one byte, as punctuation is.
static inline bool json_put(struct buf *out, char c)
{
    if (out->size == out->room && !buf_reserve(out, 1))
        return false;
    out->data[out->size++] = c;
    return true;
}

/// Appends a string in quotes.  Escapes what JSON demands (quote, backslash, control characters)
/// and nothing else.  Unless JSON_WRITTEN is returned, part of it may be in the buffer.
enum json_written json_write_string(struct buf *out, const char *text, size_t size);

/// Appends a part of a string, which ends with a whole character, without quotes; as above.
enum json_written json_write_part(struct buf *out, const char *text, size_t size);

/// Appends an integer.
enum json_written json_write_integer(struct buf *out, int64_t value);

/// Appends a double, as json_format_double() does.
enum json_written json_write_double(struct buf *out, double value);

#endif
