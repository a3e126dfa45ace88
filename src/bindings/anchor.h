/// The life of a callback: what a handle that the loop holds and Lua's callbacks have in common.
///
/// A handle is a userdata that begins with a struct anchor.  From anchor_new() to anchor_release()
/// the registry keeps it, so that it lives although nobody in Lua looks at it.  Its callbacks are
/// user values; anchor_tell() alone calls them, by host_call(): what they raise ends in the log.
/// What memory runs out for is told again, until Lua has heard of it or a second is over.  After
/// anchor_mute() nothing is told any more.
#ifndef RCMCP_BINDINGS_ANCHOR_H
#define RCMCP_BINDINGS_ANCHOR_H

#include "host/again.h"
#include "host/call.h"

#include <lua.h>
#include <stdbool.h>
#include <stddef.h>

struct anchor;

struct anchor_kind {
    const char *type; ///< name of its metatable, see bindings_type()
    size_t size;      ///< of the userdata
    int values;       ///< how many user values it has: callbacks, and what else it keeps
    /// Tells once more what was not heard; NULL where nothing is told by anchor_tell().
    void (*retell)(struct anchor *a);
};

/// The caller's struct begins with it and leaves it alone.
struct anchor {
    struct again again;
    const struct anchor_kind *kind;
    lua_State *L;  ///< the main coroutine
    int reference; ///< in the registry; LUA_NOREF: none
    bool muted;
    bool lost; ///< something was given up
};

enum { ANCHOR_CALLBACK = 1 }; ///< the user value of the first callback

/// Pushes the field of the table at `index`; raises unless it is nil or a function.
void anchor_push_callback(lua_State *L, int index, const char *field);

/// Pops the kind's user values, and pushes a new userdata with them, zeroed behind its anchor and
/// kept by the registry.  May raise, and then leaves nothing behind: the last that may before the
/// handle is started.
void *anchor_new(lua_State *L, const struct anchor_kind *kind);

/// The struct of that type whose member `member` the pointer points to.
#define ANCHOR_OF(pointer, type, member) ((type *)((char *)(pointer)-offsetof(type, member)))

/// Pushes the arguments of a callback and returns their number; what it raises is as if the
/// callback had raised it.
typedef int anchor_push(lua_State *L, void *arg);

/// Calls the user value `callback`, if there is one, with what `push` pushes (NULL: nothing).  Not
/// from inside the function that started the handle.  For what is given up where it fails.
enum host_outcome anchor_call(struct anchor *a, int callback, anchor_push *push, void *arg);

/// Does the same until Lua has heard.
/// False: memory ran out, the kind's `retell` is called in some milliseconds.  True: nothing more
/// is to be done for this; it was heard, or must not be any more, or was given up after a second.
/// After that the handle's memory is good until Lua allocates again, also if the callback has
/// released it.
bool anchor_tell(struct anchor *a, int callback, anchor_push *push, void *arg);

/// Whether something waits to be told again.
bool anchor_is_waiting(const struct anchor *a);

/// Nothing is told from now on.  False: it was so already.
bool anchor_mute(struct anchor *a);

/// The end: mutes it, and the registry lets it go.  Again: does nothing.
void anchor_release(struct anchor *a);

#endif
