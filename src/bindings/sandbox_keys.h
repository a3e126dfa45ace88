/// The keys of Lua tables as the sandbox orders them.
#ifndef RCMCP_BINDINGS_SANDBOX_KEYS_H
#define RCMCP_BINDINGS_SANDBOX_KEYS_H

#include "sandbox/budget.h"
#include "sandbox/order.h"

#include <lua.h>

/// The meter of the slice that runs, or one that never ends.
struct meter *sandbox_meter(lua_State *L);

/// Counts steps; stops the slice when it has no time left.
static inline void sandbox_spend(lua_State *L, struct meter *meter, size_t steps)
{
    if (!meter_spend(meter, steps))
        budget_stop(L);
}

/// Reads the key at `index`.  A text in it lives as long as the string.
void sandbox_read_key(lua_State *L, int index, struct order_key *key);

/// Pushes a snapshot: the keys of the table at `index` in order, but for 1 to `after`.
void sandbox_push_snapshot(lua_State *L, int index, lua_Integer after);

/// Pushes the next key of the snapshot that the table still has, and its value, on top of whatever;
/// returns 2, or 0 at the end.  Both indices are absolute.
int sandbox_advance(lua_State *L, int table, int snapshot);

/// Pushes a snapshot that gives the first key of a table until none of its keys is left.
void sandbox_push_server(lua_State *L, int index);

/// Pushes a snapshot for who has begun with `key`: behind it come all others, in order.
void sandbox_push_behind(lua_State *L, int index, const struct order_key *key);

/// Pushes the key with which to begin by one of these two, and its value; returns 2, or 0: it is
/// none of them, or that key is gone; `snapshot` may be anything.  Keys that came later may be
/// less.
int sandbox_serve(lua_State *L, int table, int snapshot);

/// Whether it is one of these two; `snapshot` may be anything.
bool sandbox_serves(lua_State *L, int snapshot);

/// … and it is `key` with which it begins.
bool sandbox_begins_with(lua_State *L, int snapshot, const struct order_key *key);

/// Whether a table can be gone through by it; `snapshot` may be anything.
bool sandbox_is_place(lua_State *L, int snapshot);

/// Goes to the first key after `key`; false: the snapshot lacks those there.
bool sandbox_seek(lua_State *L, int snapshot, const struct order_key *key);

#endif
