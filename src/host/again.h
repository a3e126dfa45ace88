/// What memory ran out for, done again: calls from C into Lua that must not get lost, and a
/// function of Lua's that looks for whatever else did.
#ifndef RCMCP_HOST_AGAIN_H
#define RCMCP_HOST_AGAIN_H

#include <lua.h>
#include <stdbool.h>

struct host;

/// Stands for one call that is to be made again.  A zeroed struct is ready; the caller owns the
/// memory, and keeps it until the call was made or again_cancel().
struct again {
    struct again *next;
    void (*call)(struct again *a);
    bool queued;
    unsigned tries;
};

/// Makes a host ready for what follows; its state is there.  False: memory is out.
bool again_open(struct host *host);

/// Nothing is done again from now on: the loop is about to end.
void again_close(struct host *host);

/// Frees what again_open() made, once the loop is gone; also where it made nothing.
void again_free(struct host *host);

/// Calls `call(a)` in some milliseconds, from the loop; it may ask for the same again.  Needs no
/// memory. `L` is any coroutine of the state.
/// False: it has been tried for a second, what it calls wants more than there will ever be.  Then
/// nothing is queued, and the log says so.
bool again_later(lua_State *L, struct again *a, void (*call)(struct again *a));

/// Takes that back, and forgets how often it was tried; for what was heard, too.
void again_cancel(lua_State *L, struct again *a);

/// Sets the function on top of the stack, and pops it, as the one that is called from the loop some
/// milliseconds after an allocation of the host was refused, until it has returned.
void again_set_hook(lua_State *L);

#endif
