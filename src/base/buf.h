/// Growable byte buffer.  A zeroed struct is an empty buffer; buf_free() makes it one again.
#ifndef RCMCP_BASE_BUF_H
#define RCMCP_BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>

struct buf {
    char *data;  ///< owned; NULL while nothing was ever appended
    size_t size; ///< bytes in use
    size_t room; ///< bytes allocated
};

/// Makes room for `more` bytes behind the used ones; they may then be written at data + size.
/// Returns false, and changes nothing, when memory is out.
bool buf_reserve(struct buf *b, size_t more);

/// Appends a copy of `size` bytes.  False, and unchanged, when memory is out.
bool buf_append(struct buf *b, const void *bytes, size_t size);

/// Drops the first `size` bytes (at most all of them).
void buf_consume(struct buf *b, size_t size);

/// Empties the buffer and keeps its memory.
void buf_clear(struct buf *b);

/// Frees the memory.
void buf_free(struct buf *b);

#endif
