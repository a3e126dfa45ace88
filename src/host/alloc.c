#include "host/alloc.h"

#include <stdbool.h>
#include <stdlib.h>

// Whether a test asked for this allocation to fail.
static bool must_fail(struct alloc *a)
{
    if (a->fail_count == 0)
        return false;
    if (a->fail_after > 0) {
        a->fail_after--;
        return false;
    }
    a->fail_count--;
    return true;
}

void *alloc_lua(void *ud, void *block, size_t old_size, size_t new_size)
{
    struct alloc *a = ud;
    size_t old = block ? old_size : 0; // without a block, old_size tells the kind of object
    if (new_size == 0) {
        free(block);
        a->used -= old;
        return NULL;
    }
    if (new_size > old) {
        if (a->ceiling && a->used + (new_size - old) > a->ceiling)
            return NULL;
        if (must_fail(a))
            return NULL;
    }
    void *moved = realloc(block, new_size);
    if (!moved)
        return NULL;
    a->used += new_size - old;
    if (a->used > a->peak)
        a->peak = a->used;
    return moved;
}
