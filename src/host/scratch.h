/// Memory of buffers that a binding fills and gives back: counted under the ceiling of all, as what
/// Lua holds is.  What does not fit is tried again once the garbage is gone, as Lua does.
#ifndef RCMCP_HOST_SCRATCH_H
#define RCMCP_HOST_SCRATCH_H

#include "base/buf.h"

#include <lua.h>

/// `memory` is for buffers, which must not outlive this.
struct scratch {
    struct buf_memory memory;
    lua_State *L; ///< of the function that fills the buffers: set anew where that is another one
};

/// Counted as the host's, whatever runs.
void scratch_init(struct scratch *s, lua_State *L);

/// Counted as what the slice that runs holds: Lua's own allocator.
void scratch_init_of_slice(struct scratch *s, lua_State *L);

#endif
