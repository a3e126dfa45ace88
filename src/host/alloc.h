/// The Lua allocator: counts (see base/memory.h for the ceiling of all), owners with ceilings of
/// their own, and failure on demand for tests.
///
/// What is allocated while an owner is set belongs to it until it is freed, whoever frees it and
/// whenever: the owner's count is exact.  A block of an owner stands 8 bytes behind a pointer to
/// the owner, so that its address is no multiple of 16 as all others' are; that tells them apart.
///
/// Tables, functions and coroutines may be numbered as they are made, which is the same order in
/// each process where their addresses are not.
#ifndef RCMCP_HOST_ALLOC_H
#define RCMCP_HOST_ALLOC_H

#include "base/pool.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// A block from this size on takes noticeable time to go through.
#define ALLOC_LARGE ((size_t)64 * 1024)

struct alloc_owner {
    struct alloc_owner *parent; ///< what it holds counts there, too; NULL: none
    size_t children;
    size_t used;    ///< bytes it holds now
    size_t large;   ///< those in blocks of ALLOC_LARGE and more: long strings, long tables
    size_t peak;    ///< most bytes it ever held
    size_t ceiling; ///< growth past this many bytes fails
    bool exhausted; ///< a growth was refused also after Lua had collected its garbage; stays
    bool crowded;   ///< the latest refusal came from a ceiling above its own
    bool starved;   ///< the latest refusal was for the memory of all, not for an owner's
    /// Called while an allocation waits: after a refusal, and at each large growth.  Must neither
    /// allocate from Lua nor raise.
    void (*pressed)(struct alloc_owner *owner);
    void *arg;     ///< for `pressed`
    bool refused;  ///< the latest growth was refused
    bool released; ///< nobody will set it again: it goes with its last block
};

struct alloc {
    size_t used;       ///< bytes Lua holds now
    size_t peak;       ///< most bytes ever held
    size_t fail_after; ///< allocations that still succeed before some fail; see fail_count
    size_t fail_count; ///< allocations to fail then (Lua collects and tries again: use 2 or more)
    struct alloc_owner *owner; ///< whose allocations these are now; NULL: the host's
    /// Called after each refusal that is not for an owner's ceiling, NULL: nobody is.  Must neither
    /// allocate from Lua nor raise.
    void (*refused)(void *arg);
    void *arg;
    uint64_t refusals; ///< growths that failed, for whichever reason
    uint64_t serial;   ///< of the next table, function or coroutine; 0: they have none
    struct pool pool;  ///< of the small blocks
};

/// A lua_Alloc; `ud` is a struct alloc.
void *alloc_lua(void *ud, void *block, size_t old_size, size_t new_size);

/// Frees what the allocator keeps.  The state that it served is closed.
void alloc_free(struct alloc *a);

/// The serial of the block of a table, function or coroutine; 0: it has none.
uint64_t alloc_serial(const void *block);

/// An owner without blocks; `parent` may be NULL.  NULL when memory is out.
struct alloc_owner *alloc_owner_new(size_t ceiling, struct alloc_owner *parent);

/// Lets go of an owner, which is not set any more; it is freed once it holds nothing.
void alloc_owner_release(struct alloc_owner *owner);

#endif
