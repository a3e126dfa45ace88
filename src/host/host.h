/// The owner of the Lua state and of the loop.
#ifndef RCMCP_HOST_HOST_H
#define RCMCP_HOST_HOST_H

#include "host/again.h"
#include "host/alloc.h"

#include <lua.h>
#include <stdint.h>

struct loop;
struct slice;

struct host {
    lua_State *L; ///< the main coroutine
    struct loop *loop;
    struct alloc alloc;
    struct again_queue again;
    uint64_t turn;       ///< number of the event that is being handled
    struct slice *slice; ///< what runs for a budget now, see host/budget.h; NULL: nothing
};

/// Creates loop and state: standard libraries, `core.*` (the openers in `modules`, a list that ends
/// with a NULL name), embedded modules.  NULL, and a line in the log, on failure.
struct host_module {
    const char *name;
    lua_CFunction open;
};
struct host *host_new(const struct host_module *modules);

/// Runs lua/main.lua with the command line and returns the exit status it gives; 70 (EX_SOFTWARE)
/// when it raises an error, which is logged.
int host_run(struct host *host, int argc, char **argv);

/// Closes the loop, then the state.  NULL is allowed.
void host_free(struct host *host);

/// The host of a state.
struct host *host_of(lua_State *L);

/// Message handler: error value to text with traceback.
int host_traceback(lua_State *L);

#endif
