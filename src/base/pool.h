/// Small blocks, cheaper than malloc's: for a heap that tells the size of what it gives back.
///
/// Blocks of like size share a list of free ones.  They are cut from chunks, which the pool keeps
/// until its end: a heap that was large once may become so again without asking the system.
#ifndef RCMCP_BASE_POOL_H
#define RCMCP_BASE_POOL_H

#include <stddef.h>

enum {
    POOL_GRAIN = 16,    ///< sizes are rounded up to a multiple; blocks are aligned to it
    POOL_LARGEST = 512, ///< bytes of the largest block
};

struct pool_block;
struct pool_chunk;

/// All zero to begin with.
struct pool {
    struct pool_block *free[POOL_LARGEST / POOL_GRAIN];
    struct pool_chunk *chunks;
    char *uncut; ///< what is left of the newest chunk
    size_t left;
};

/// What a block of that size, 1 to POOL_LARGEST bytes, takes.
static inline size_t pool_held(size_t size)
{
    return (size + POOL_GRAIN - 1) / POOL_GRAIN * POOL_GRAIN;
}

/// A block of 1 to POOL_LARGEST bytes; NULL when memory is out.
void *pool_take(struct pool *p, size_t size);

/// Takes a block back; `size` as it was asked for.
void pool_give(struct pool *p, void *block, size_t size);

/// Whether a block of one size may serve for the other as it is.
static inline int pool_is_like(size_t size, size_t other)
{
    return (size - 1) / POOL_GRAIN == (other - 1) / POOL_GRAIN;
}

/// Frees all chunks, with what is still taken from them.
void pool_free(struct pool *p);

#endif
