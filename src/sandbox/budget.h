/// Budgets: code that may use only so much processor time at a stretch, and so much memory.
///
/// A slice is one run of a budget's coroutine, from its resumption to its next yield.  While it
/// lasts, a count hook watches the thread's CPU time and what is allocated belongs to the budget.
/// At the limit the coroutine is stopped where it stands: the hook yields out of it, past every
/// pcall, and nothing resumes it any more.  Where it cannot yield (below a C function such as
/// table.sort) the hook raises an error at every instruction until it can; a message handler would
/// run without hooks then, so foreign code must have none (no xpcall of Lua's own).  Slices nest: a
/// coroutine of the host resumed inside a slice runs without hook, clock and count.
#ifndef RCMCP_SANDBOX_BUDGET_H
#define RCMCP_SANDBOX_BUDGET_H

#include <lua.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct budget;

enum budget_limit { BUDGET_FINE, BUDGET_CPU, BUDGET_MEMORY };

struct budget_use {
    int64_t cpu;        ///< nanoseconds of all its slices
    size_t memory;      ///< bytes it holds now
    size_t memory_peak; ///< most bytes it held
};

/// A budget of `cpu` nanoseconds a turn and `memory` bytes, which count in the budget `within`,
/// too, unless that is NULL.  NULL when memory is out.
struct budget *budget_new(lua_State *L, int64_t cpu, size_t memory, const struct budget *within);

/// NULL is allowed.  None of its slices runs any more.
void budget_free(struct budget *b);

/// The limit that was reached; from then on nothing of the budget runs.
enum budget_limit budget_expired(const struct budget *b);

/// Where its code stood when memory was refused to it or a limit was found to be reached, in the
/// lines of a traceback, the innermost first; "" when that never was.  Lives as long as the budget,
/// and changes.
const char *budget_place(const struct budget *b);

/// Whether the memory that ran out was that of the budget around it.
bool budget_is_crowded(const struct budget *b);

/// Whether what was refused to it last was refused for want of memory in the whole program.
bool budget_is_starved(const struct budget *b);

void budget_use(const struct budget *b, struct budget_use *use);

/// Takes the hook from a coroutine that does not run.
void budget_unwatch(lua_State *co);

/// Pushes a new coroutine with the hook; its memory is the budget's.  May raise, as
/// lua_newthread().
lua_State *budget_new_thread(lua_State *L, const struct budget *b);

/// Replaces the long string on top of the stack by a copy whose memory is the budget's; a short one
/// stays.  Raises when the budget has no room for it.
void budget_own(lua_State *L, const struct budget *b);

/// Whether nothing of the budget may run any more in this turn.  Many short slices would reach no
/// hook: to be asked before each.
bool budget_is_spent(struct budget *b);

/// lua_resume() of `co` as a slice of `b`; NULL: as the host's own code.
int budget_resume(lua_State *co, lua_State *from, struct budget *b, int nargs, int *nresults);

/// lua_resume() of a coroutine that code of the running slice made itself.
int budget_resume_nested(lua_State *co, lua_State *from, int nargs, int *nresults);

/// Whether the coroutine may have died inside the hook: then Lua would run its to-be-closed
/// variables without hooks, so it must never be closed.
bool budget_is_spoilt(lua_State *co);

/// Closes the pending to-be-closed variables of a suspended coroutine as a slice of `b`.  A status
/// of Lua; an error is left on the coroutine's stack.
int budget_close(lua_State *co, struct budget *b);

/// Whether the slice that runs now is over its limit; looks at the clock.
bool budget_is_over(lua_State *L);

struct meter;

/// Counts the steps that C code makes for the slice that runs now, see sandbox/meter.h; NULL in the
/// host's own code.
struct meter *budget_meter(lua_State *L);

/// A new turn: what comes now follows a wait.  The slices of one turn share a budget's CPU limit.
void budget_new_turn(lua_State *L);

/// The budget whose slice runs now; NULL in the host's own code.
const struct budget *budget_current(lua_State *L);

/// For a C function of a slice that is over: stops it.  Use as `return budget_stop(L)`.
int budget_stop(lua_State *L);

#endif
