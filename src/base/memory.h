/// The memory that this program holds of what grows with what others send: the Lua state, answers
/// that come in, lines, what waits to be written.  One count, one ceiling.
///
/// Near the ceiling it is refused to what asks for much, and to what can be given up with the least
/// harm first: so that what a large answer needs is not taken from the small call beside it, from
/// the protocol or from the ending of what was begun.
#ifndef RCMCP_BASE_MEMORY_H
#define RCMCP_BASE_MEMORY_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>

enum memory_use {
    MEMORY_INPUT,  ///< what is still coming: a large block ends at 7/8 of the ceiling
    MEMORY_LUA,    ///< the Lua state: a large block ends at 15/16
    MEMORY_OUTPUT, ///< what is done and has only to be sent: up to the ceiling, as all that is
                   ///< small
    MEMORY_USES,
};

/// A block from this size on is large.
#define MEMORY_LARGE ((size_t)64 * 1024)

/// Private to the functions below.
struct memory {
    size_t used;
    size_t ceiling;            ///< SIZE_MAX: none
    size_t large[MEMORY_USES]; ///< where growth to a large block ends
    size_t low, high;          ///< outside of these `watch` is called
    void (*watch)(void *arg);
    bool (*collect)(void *arg);
    void *arg;
};
extern struct memory memory_account;

/// Sets the most bytes that may be held; 0: no limit.
void memory_set_ceiling(size_t bytes);

/// The ceiling; 0: none.
size_t memory_ceiling(void);

/// Bytes held now.
size_t memory_used(void);

/// What looks after the count; all three may be NULL.  `watch` is called, from inside an allocation
/// or a release, each time that the bytes held leave the range set by memory_watch_range(); it must
/// set the next one.  `collect` frees what it can, when input is about to be refused; whether it
/// has.
void memory_set_hooks(void (*watch)(void *arg), bool (*collect)(void *arg), void *arg);

/// Sets below and above which count `watch` is called once.
void memory_watch_range(size_t low, size_t high);

/// Whether a block may grow by `growth` to `size` bytes.
static inline bool memory_may_grow(enum memory_use use, size_t growth, size_t size)
{
    size_t limit = size >= MEMORY_LARGE ? memory_account.large[use] : memory_account.ceiling;
    return memory_account.used <= limit && growth <= limit - memory_account.used;
}

/// Reports that the count has left its range.
void memory_left_range(void);

/// A block of `old_size` bytes has now `new_size`.
static inline void memory_count(size_t old_size, size_t new_size)
{
    memory_account.used += new_size - old_size;
    if (memory_account.used > memory_account.high || memory_account.used < memory_account.low)
        memory_left_range();
}

/// As realloc() and free() for a new size of 0, counted; NULL where it is refused, or memory is
/// out.
void *memory_resize(enum memory_use use, void *block, size_t size, size_t new_size);

/// For buffers that count: of what comes in, of what goes out.
extern const struct buf_memory memory_of_input, memory_of_output;

#endif
