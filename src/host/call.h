/// The one door from C into Lua.
#ifndef RCMCP_HOST_CALL_H
#define RCMCP_HOST_CALL_H

#include "host/state.h"

#include <lauxlib.h>
#include <lua.h>

enum host_outcome {
    HOST_OK,    ///< it returned
    HOST_ERROR, ///< it raised an error; the log has it, with traceback
    HOST_NOMEM, ///< memory ran out; logged
};

/// Runs `body` protected, on the main state, with `arg` as light userdata at index 1.  `body`
/// pushes the Lua callback and its arguments and lua_call()s it: whatever that raises ends here, in
/// the log with a traceback, and never reaches the loop.  Every callback from the loop goes through
/// here. `L` is any coroutine of the state.
enum host_outcome host_call(lua_State *L, lua_CFunction body, void *arg);

#endif
