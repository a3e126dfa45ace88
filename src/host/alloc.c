#include "host/alloc.h"

#include "base/memory.h"

#include <lua.h>
#include <stdlib.h>
#include <string.h>

enum {
    TAG = 8,      // bytes before a block that has an owner
    NUMBERED = 1, // in what stands there: the serial stands before it, and the owner may be NULL
    LONG_TAG = 24,
    ALIGN = 16, // of malloc, in the C libraries this runs on, and of the pool; Lua asks for 8
};

_Static_assert(sizeof(struct alloc_owner *) == TAG, "the tag holds a pointer");
_Static_assert(sizeof(uintptr_t) == TAG && sizeof(uint64_t) == TAG, "or a number");
_Static_assert(POOL_GRAIN % ALIGN == 0, "a block without owner is aligned");

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

// What stands before a block; 0: nothing.
static uintptr_t tag_of(const void *block)
{
    return (uintptr_t)block % ALIGN == 0 ? 0 : ((const uintptr_t *)block)[-1];
}

static struct alloc_owner *owner_of(const void *block)
{
    return (struct alloc_owner *)(tag_of(block) & ~(uintptr_t)NUMBERED);
}

static size_t tag_size(const void *block)
{
    if ((uintptr_t)block % ALIGN == 0)
        return 0;
    return tag_of(block) & NUMBERED ? LONG_TAG : TAG;
}

uint64_t alloc_serial(const void *block)
{
    return tag_of(block) & NUMBERED ? ((const uint64_t *)block)[-2] : 0;
}

// Lua answers a refusal with a full collection and tries once more: the second in a row is final.
static bool refuse(struct alloc *a, struct alloc_owner *owner)
{
    a->refusals++;
    if (owner->refused)
        owner->exhausted = true;
    owner->refused = true;
    owner->starved = false;
    if (owner->pressed)
        owner->pressed(owner);
    return false;
}

static bool owner_may_grow(struct alloc *a, struct alloc_owner *owner, size_t growth)
{
    // The host may touch what an owner holds: that must not fail for the owner's sake.
    if (!owner || a->owner != owner)
        return true;
    for (const struct alloc_owner *o = owner; o; o = o->parent) {
        if (o->used + growth > o->ceiling) {
            owner->crowded = o != owner;
            return refuse(a, owner);
        }
    }
    owner->refused = false;
    if (growth >= ALLOC_LARGE && owner->pressed)
        owner->pressed(owner);
    return true;
}

static size_t if_large(size_t size)
{
    return size >= ALLOC_LARGE ? size : 0;
}

// What a block takes of the memory of all, with its tag and in the pool's steps; 0: there is none.
static size_t held_by(size_t size, size_t tag)
{
    if (size == 0)
        return 0;
    return size + tag > POOL_LARGEST ? size + tag : pool_held(size + tag);
}

static void count_in_all(struct alloc *a, size_t tag, size_t old_size, size_t new_size)
{
    memory_count(held_by(old_size, tag), held_by(new_size, tag));
    a->used += new_size - old_size;
    if (a->used > a->peak)
        a->peak = a->used;
}

static void count(struct alloc *a, struct alloc_owner *owner, size_t tag, size_t old_size,
                  size_t new_size)
{
    count_in_all(a, tag, old_size, new_size);
    for (; owner; owner = owner->parent) {
        owner->used += new_size - old_size;
        owner->large += if_large(new_size) - if_large(old_size);
        if (owner->used > owner->peak)
            owner->peak = owner->used;
    }
}

// Frees an owner that nobody needs any more, and its parents likewise.
static void drop(struct alloc_owner *owner)
{
    while (owner && owner->released && owner->used == 0 && owner->children == 0) {
        struct alloc_owner *parent = owner->parent;
        free(owner);
        if (parent)
            parent->children--;
        owner = parent;
    }
}

// ---- Blocks as they come from the system or the pool, tags included ----

// The address sanitizer sees into blocks of malloc alone.
static bool is_pooled(size_t size)
{
#ifdef __SANITIZE_ADDRESS__
    (void)size;
    return false;
#else
    return size <= POOL_LARGEST;
#endif
}

static void *take(struct alloc *a, size_t size)
{
    return is_pooled(size) ? pool_take(&a->pool, size) : malloc(size);
}

static void give(struct alloc *a, void *base, size_t size)
{
    if (is_pooled(size))
        pool_give(&a->pool, base, size);
    else
        free(base);
}

static void *move(struct alloc *a, void *base, size_t old_size, size_t new_size)
{
    bool pooled = is_pooled(old_size), will_be = is_pooled(new_size);
    if (!pooled && !will_be)
        return realloc(base, new_size);
    if (pooled && will_be && pool_is_like(old_size, new_size))
        return base;
    void *moved = take(a, new_size);
    if (!moved)
        return NULL;
    memcpy(moved, base, old_size < new_size ? old_size : new_size);
    give(a, base, old_size);
    return moved;
}

// ---- Blocks as Lua has them ----

static void *release(struct alloc *a, struct alloc_owner *owner, void *block, size_t size)
{
    size_t tag = tag_size(block);
    count(a, owner, tag, size, 0);
    give(a, (char *)block - tag, size + tag);
    drop(owner);
    return NULL;
}

static void *resize(struct alloc *a, void *block, size_t old_size, size_t new_size)
{
    size_t tag = tag_size(block);
    char *base = move(a, (char *)block - tag, old_size + tag, new_size + tag);
    return base ? base + tag : NULL;
}

// Of a new block, Lua tells the kind.
static bool is_numbered(const struct alloc *a, size_t kind)
{
    return a->serial > 0 && (kind == LUA_TTABLE || kind == LUA_TFUNCTION || kind == LUA_TTHREAD);
}

static size_t tag_of_new(const struct alloc *a, const struct alloc_owner *owner, size_t kind)
{
    return is_numbered(a, kind) ? LONG_TAG : owner ? TAG : 0;
}

static void *create(struct alloc *a, struct alloc_owner *owner, size_t size, size_t tag)
{
    char *base = take(a, size + tag);
    if (!base || tag == 0)
        return base;
    char *block = base + tag;
    bool numbered = tag == LONG_TAG;
    ((uintptr_t *)block)[-1] = (uintptr_t)owner | (numbered ? NUMBERED : 0);
    if (numbered)
        ((uint64_t *)block)[-2] = a->serial++;
    return block;
}

static bool may_grow(struct alloc *a, size_t growth, size_t size)
{
    return memory_may_grow(MEMORY_LUA, growth, size) && !must_fail(a);
}

// The host is out of memory, whoever needs it.
static void *run_out(struct alloc *a)
{
    a->refusals++;
    if (a->owner)
        a->owner->starved = true;
    if (a->refused)
        a->refused(a->arg);
    return NULL;
}

// ---- What most allocations are: small blocks of the host, without a tag ----

static bool makes_small(const struct alloc *a, const void *block, size_t new_size)
{
    return !block && new_size > 0 && is_pooled(new_size) && !a->owner && a->serial == 0;
}

static void *create_small(struct alloc *a, size_t size)
{
    void *block = may_grow(a, size, size) ? pool_take(&a->pool, size) : NULL;
    if (!block)
        return run_out(a);
    count_in_all(a, 0, 0, size);
    return block;
}

static bool frees_small(const void *block, size_t old_size, size_t new_size)
{
    return new_size == 0 && block && is_pooled(old_size) && tag_of(block) == 0;
}

static void *release_small(struct alloc *a, void *block, size_t size)
{
    count_in_all(a, 0, size, 0);
    pool_give(&a->pool, block, size);
    return NULL;
}

void *alloc_lua(void *ud, void *block, size_t old_size, size_t new_size)
{
    struct alloc *a = ud;
    if (makes_small(a, block, new_size))
        return create_small(a, new_size);
    if (frees_small(block, old_size, new_size))
        return release_small(a, block, old_size);
    size_t old = block ? old_size : 0; // without a block, old_size tells the kind of object
    struct alloc_owner *owner = block ? owner_of(block) : a->owner;
    if (new_size == 0)
        return block ? release(a, owner, block, old) : NULL;
    if (new_size > old) {
        if (!may_grow(a, new_size - old, new_size))
            return run_out(a);
        if (!owner_may_grow(a, owner, new_size - old))
            return NULL;
    }
    size_t tag = block ? tag_size(block) : tag_of_new(a, owner, old_size);
    void *moved = block ? resize(a, block, old, new_size) : create(a, owner, new_size, tag);
    if (!moved)
        return run_out(a);
    count(a, owner, tag, old, new_size);
    return moved;
}

void alloc_free(struct alloc *a)
{
    pool_free(&a->pool);
}

struct alloc_owner *alloc_owner_new(size_t ceiling, struct alloc_owner *parent)
{
    struct alloc_owner *owner = calloc(1, sizeof *owner);
    if (!owner)
        return NULL;
    owner->ceiling = ceiling;
    owner->parent = parent;
    if (parent)
        parent->children++;
    return owner;
}

void alloc_owner_release(struct alloc_owner *owner)
{
    owner->released = true;
    owner->pressed = NULL;
    drop(owner);
}
