#include "base/pool.h"

#include <stdlib.h>

enum { CHUNK = 32 * 1024 };

struct pool_block {
    struct pool_block *next;
};

struct pool_chunk {
    struct pool_chunk *next;
    _Alignas(POOL_GRAIN) char bytes[CHUNK - POOL_GRAIN];
};

static size_t class_of(size_t size)
{
    return (size - 1) / POOL_GRAIN;
}

// What is left of a chunk goes to the list of its size: it is a whole block, too.
static void keep_rest(struct pool *p)
{
    while (p->left > 0) {
        size_t size = p->left < POOL_LARGEST ? p->left : POOL_LARGEST;
        pool_give(p, p->uncut, size);
        p->uncut += size;
        p->left -= size;
    }
}

static void *cut(struct pool *p, size_t size)
{
    if (p->left < size) {
        struct pool_chunk *chunk = malloc(sizeof *chunk);
        if (!chunk)
            return NULL;
        keep_rest(p);
        chunk->next = p->chunks;
        p->chunks = chunk;
        p->uncut = chunk->bytes;
        p->left = sizeof chunk->bytes;
    }
    char *block = p->uncut;
    p->uncut += size;
    p->left -= size;
    return block;
}

void *pool_take(struct pool *p, size_t size)
{
    size_t class = class_of(size);
    struct pool_block *block = p->free[class];
    if (!block)
        return cut(p, pool_held(size));
    p->free[class] = block->next;
    return block;
}

void pool_give(struct pool *p, void *block, size_t size)
{
    struct pool_block **list = &p->free[class_of(size)];
    struct pool_block *given = block;
    given->next = *list;
    *list = given;
}

void pool_free(struct pool *p)
{
    while (p->chunks) {
        struct pool_chunk *chunk = p->chunks;
        p->chunks = chunk->next;
        free(chunk);
    }
    *p = (struct pool){ 0 };
}
