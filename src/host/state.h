/// What belongs to one Lua state of ours, and how each part of the program finds it from any
/// coroutine of that state.
#ifndef RCMCP_HOST_STATE_H
#define RCMCP_HOST_STATE_H

#include "host/alloc.h"

#include <lua.h>
#include <stdbool.h>
#include <stdint.h>

struct again_queue;
struct ceiling;
struct loop;
struct slice;

struct host {
    lua_State *L; ///< the main coroutine
    struct loop *loop;
    struct alloc alloc;
    struct again_queue *again; ///< see host/again.h
    struct ceiling *ceiling;   ///< see host/ceiling.h
    bool in_steps;             ///< garbage is collected in steps, see host/collector.h
    uint64_t turn;             ///< number of the event that is being handled
    struct slice *slice;       ///< what runs for a budget now, see sandbox/budget.h; NULL: nothing
};

/// The host of L's state.
struct host *host_of(lua_State *L);

/// Ties a state to its host, before anything else is done with it.
void host_tie(lua_State *L, struct host *host);

/// The main coroutine of L's state: callbacks keep this one, never the caller's.
lua_State *host_main(lua_State *L);

/// The loop of L's state.
struct loop *host_loop(lua_State *L);

/// How many calls from C into Lua there have been, but for wrapping: whether something happened.
uint64_t host_turn(lua_State *L);

/// The allocator of L's state.
struct alloc *host_alloc(lua_State *L);

#endif
