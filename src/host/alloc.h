/// The Lua allocator: counts, a ceiling, and failure on demand for tests.
#ifndef RCMCP_HOST_ALLOC_H
#define RCMCP_HOST_ALLOC_H

#include <stddef.h>

struct alloc {
    size_t used;       ///< bytes Lua holds now
    size_t peak;       ///< most bytes ever held
    size_t ceiling;    ///< growth past this many bytes fails; 0: none
    size_t fail_after; ///< allocations that still succeed before some fail; see fail_count
    size_t fail_count; ///< allocations to fail then (Lua collects and tries again: use 2 or more)
};

/// A lua_Alloc; `ud` is a struct alloc.
void *alloc_lua(void *ud, void *block, size_t old_size, size_t new_size);

#endif
