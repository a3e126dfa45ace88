/// The owner of the Lua state and of the loop.
#ifndef RCMCP_HOST_HOST_H
#define RCMCP_HOST_HOST_H

#include <lua.h>

struct host;

/// Creates loop and state: standard libraries, `core.*` (the openers in `modules`, a list that ends
/// with a NULL name; one with the name of a standard library is called at once, to change that),
/// embedded modules.  NULL, and a line in the log, on failure.
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

#endif
