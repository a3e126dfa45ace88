/// Growable byte buffer.  A zeroed struct is an empty buffer; after buf_free() it is empty again.
#ifndef RCMCP_BASE_BUF_H
#define RCMCP_BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>

/// Where a buffer has its memory from.  `resize` is as realloc(), with the size that the block has,
/// and frees it for a new size of 0.
struct buf_memory {
    void *(*resize)(void *arg, void *block, size_t size, size_t new_size);
    void *arg;
};

struct buf {
    char *data;                      ///< owned; NULL while nothing was ever appended
    size_t size;                     ///< bytes in use
    size_t room;                     ///< bytes allocated
    const struct buf_memory *memory; ///< the owner's; NULL: the C library's
};

/// As `memory->resize`, or as realloc() and free() for a `memory` of NULL.
void *buf_resize(const struct buf_memory *memory, void *block, size_t size, size_t new_size);

/// Makes room for `more` bytes behind the used ones; they may then be written at data + size.
/// Returns false, and changes nothing, when memory is out.
bool buf_reserve(struct buf *b, size_t more);

/// Appends a copy of `size` bytes.  False, and unchanged, when memory is out.
bool buf_append(struct buf *b, const void *bytes, size_t size);

/// Drops the first `size` bytes (at most all of them).
void buf_consume(struct buf *b, size_t size);

/// Moves up to `room` bytes from the front to `to`; how many.
size_t buf_take(struct buf *b, void *to, size_t room);

/// Drops what is behind the first `size` bytes, and gives its memory back.
void buf_truncate(struct buf *b, size_t size);

/// Empties the buffer and keeps its memory.
void buf_clear(struct buf *b);

/// Frees the bytes; where they come from stays set.
void buf_free(struct buf *b);

#endif
