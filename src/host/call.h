/// The one door from C into Lua.
#ifndef RCMCP_HOST_CALL_H
#define RCMCP_HOST_CALL_H

#include <lauxlib.h>
#include <lua.h>
#include <stdint.h>

struct loop;
struct alloc;

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

/// The main coroutine of L's state: callbacks keep this one, never the caller's.
lua_State *host_main(lua_State *L);

/// The loop of L's state.
struct loop *host_loop(lua_State *L);

/// How many calls from C into Lua there have been, but for wrapping: whether something happened.
uint64_t host_turn(lua_State *L);

/// The allocator of L's state.
struct alloc *host_alloc(lua_State *L);

#endif
