// core.budget: coroutines that may use only so much processor time and memory.
#include "sandbox/budget.h"

#include "bindings/bindings.h"
#include "host/stack.h"

#define BUDGET "core.budget"

struct lua_budget {
    struct budget *budget;
};

static struct budget *check_budget(lua_State *L)
{
    return ((struct lua_budget *)luaL_checkudata(L, 1, BUDGET))->budget;
}

static lua_State *check_thread(lua_State *L, int index)
{
    lua_State *co = lua_tothread(L, index);
    luaL_argexpected(L, co, index, "coroutine");
    return co;
}

static lua_Integer field(lua_State *L, const char *name, lua_Integer fallback)
{
    lua_getfield(L, 1, name);
    lua_Integer value = luaL_optinteger(L, -1, fallback);
    luaL_argcheck(L, value > 0, 1, lua_pushfstring(L, "%s must be positive", name));
    lua_pop(L, 1);
    return value;
}

static int new_budget(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_Integer cpu_ms = field(L, "cpu_ms", 2000);
    lua_Integer memory = field(L, "memory_bytes", INT64_C(64) * 1024 * 1024);
    luaL_argcheck(L, cpu_ms <= INT32_MAX, 1, "cpu_ms is too large");
    lua_getfield(L, 1, "within");
    const struct lua_budget *within = lua_isnil(L, -1) ? NULL : luaL_checkudata(L, -1, BUDGET);
    struct lua_budget *b = lua_newuserdatauv(L, sizeof *b, 0);
    b->budget = NULL;
    luaL_setmetatable(L, BUDGET);
    b->budget = budget_new(L, cpu_ms * 1000000, (size_t)memory, within ? within->budget : NULL);
    if (!b->budget)
        return luaL_error(L, "not enough memory");
    return 1;
}

static int free_budget(lua_State *L)
{
    struct lua_budget *b = luaL_checkudata(L, 1, BUDGET);
    budget_free(b->budget);
    b->budget = NULL;
    return 0;
}

static char traced; // its address, at index 0, tells the tables of on_error from any other

enum { LONGEST_MESSAGE = 4096 }; // that a traceback begins with: a longer one is not copied for it

// The error and where it was raised, in a table: a message handler has one result.
static int on_error(lua_State *L)
{
    bool is_short = lua_type(L, 1) == LUA_TSTRING && lua_rawlen(L, 1) <= LONGEST_MESSAGE;
    const char *message = is_short ? lua_tostring(L, 1) : NULL;
    lua_settop(L, 1);
    lua_createtable(L, 2, 1);
    lua_insert(L, 1); // pair error
    lua_pushlightuserdata(L, &traced);
    lua_rawseti(L, 1, 0);
    lua_rawseti(L, 1, 1);
    luaL_traceback(L, L, message, 1);
    lua_rawseti(L, 1, 2);
    return 1;
}

// Puts error and traceback in the place of a table of on_error, which is on top; memory that ran
// out and a handler that failed leave a plain string instead.
static void unpack_traced(lua_State *L)
{
    if (!lua_istable(L, -1))
        return;
    lua_rawgeti(L, -1, 0);
    bool is_pair = lua_touserdata(L, -1) == &traced;
    lua_pop(L, 1);
    if (!is_pair)
        return;
    lua_rawgeti(L, -1, 1);
    lua_rawgeti(L, -2, 2); // pair error traceback
    lua_remove(L, -3);
}

// The stack is: handler, true, results | handler, true, error.  Nothing here can be stopped by the
// hook.  Behind results there may be no room, for they may be many.
static int body_ended(lua_State *L, int status, lua_KContext context)
{
    (void)context;
    if (status != LUA_OK && status != LUA_YIELD) {
        lua_pushboolean(L, 0);
        lua_replace(L, 2);
        unpack_traced(L);
    }
    return lua_gettop(L) - 1;
}

// (fn, ...) -> true, results | false, error, traceback: the first function of a budget's coroutine,
// which stands on its stack with its first argument
static int body(lua_State *L)
{
    lua_pushcfunction(L, on_error);
    lua_insert(L, 1);
    lua_pushboolean(L, 1);
    lua_insert(L, 2);
    int status = lua_pcallk(L, lua_gettop(L) - 3, LUA_MULTRET, 1, 0, body_ended);
    return body_ended(L, status, 0);
}

static int create(lua_State *L)
{
    struct budget *b = check_budget(L);
    luaL_checktype(L, 2, LUA_TFUNCTION);
    lua_State *co = budget_new_thread(L, b);
    lua_pushcfunction(co, body);
    lua_pushvalue(L, 2);
    lua_xmove(L, co, 1);
    return 1;
}

static const char *limit_name(enum budget_limit limit)
{
    return limit == BUDGET_MEMORY ? "memory" : "cpu";
}

// -> "stopped", limit, traceback.  What was on the coroutine's way out is dropped.
static int push_stopped(lua_State *L, lua_State *co, const struct budget *b, int nresults)
{
    lua_pushliteral(L, "stopped");
    lua_pushstring(L, limit_name(budget_expired(b)));
    if (lua_status(co) == LUA_YIELD)
        luaL_traceback(L, co, NULL, 0);
    else if (nresults >= 3 && lua_type(co, -1) == LUA_TSTRING)
        lua_xmove(co, L, 1); // an error of memory that was not caught
    else
        lua_pushstring(L, budget_place(b));
    return 3;
}

// An error for which no handler ran: memory had run out.  -> "failed", error, place
static int push_untraced(lua_State *L, lua_State *co, const struct budget *b)
{
    lua_pushliteral(L, "failed");
    lua_xmove(co, L, 1);
    lua_pushstring(L, budget_place(b));
    return 3;
}

static int push_outcome(lua_State *L, lua_State *co, const struct budget *b, int status,
                        int nresults)
{
    if (!stack_has_room(L, L, nresults + 2)) {
        lua_pop(co, nresults);
        lua_pushliteral(L, "failed");
        lua_pushliteral(L, "too many results");
        return 2;
    }
    if (status != LUA_OK && status != LUA_YIELD)
        return push_untraced(L, co, b);
    bool failed = status == LUA_OK && !lua_toboolean(co, -nresults);
    if (failed && nresults == 2)
        return push_untraced(L, co, b);
    lua_pushstring(L, status == LUA_YIELD ? "waiting" : failed ? "failed" : "done");
    int skipped = status == LUA_OK ? 1 : 0; // the boolean of `body`
    lua_xmove(co, L, nresults - skipped);
    return 1 + nresults - skipped;
}

static int resume_slice(lua_State *L)
{
    struct budget *b = check_budget(L);
    lua_State *co = check_thread(L, 2);
    int nargs = lua_gettop(L) - 2;
    if (budget_is_spent(b))
        return push_stopped(L, co, b, 0);
    bool is_new = lua_status(co) == LUA_OK;
    luaL_argcheck(L, !is_new || lua_gettop(co) == 2, 2, "it runs or has ended");
    luaL_argcheck(L, stack_has_room(L, co, nargs), 3, "too many arguments");
    lua_xmove(L, co, nargs);
    if (is_new)
        nargs++; // the first argument of `body` waits there already
    int nresults = 0;
    int status = budget_resume(co, L, b, nargs, &nresults);
    if (budget_expired(b) != BUDGET_FINE)
        return push_stopped(L, co, b, nresults);
    return push_outcome(L, co, b, status, nresults);
}

static int close_thread(lua_State *L)
{
    struct budget *b = check_budget(L);
    lua_State *co = check_thread(L, 2);
    luaL_argcheck(L, co != L, 2, "it runs");
    if (lua_status(co) != LUA_YIELD) {
        lua_pushboolean(L, 1);
        return 1;
    }
    int status = budget_close(co, b);
    if (status == LUA_OK) {
        lua_pushboolean(L, 1);
        return 1;
    }
    lua_settop(L, 2);
    lua_xmove(co, L, 1);
    unpack_traced(L); // the handler of `body` is still in force
    lua_settop(L, 3);
    lua_pushboolean(L, 0);
    lua_insert(L, 3);
    return 2;
}

static int expired(lua_State *L)
{
    enum budget_limit limit = budget_expired(check_budget(L));
    if (limit == BUDGET_FINE)
        lua_pushnil(L);
    else
        lua_pushstring(L, limit_name(limit));
    lua_pushboolean(L, budget_is_crowded(check_budget(L)));
    lua_pushboolean(L, budget_is_starved(check_budget(L)));
    return 3;
}

static int used(lua_State *L)
{
    struct budget_use use;
    budget_use(check_budget(L), &use);
    lua_pushnumber(L, (lua_Number)use.cpu / 1e9);
    lua_pushinteger(L, (lua_Integer)use.memory);
    lua_pushinteger(L, (lua_Integer)use.memory_peak);
    return 3;
}

static int id(lua_State *L)
{
    lua_pushlightuserdata(L, check_budget(L));
    return 1;
}

/// own(text) -> text: a copy that counts as the budget's memory
static int own(lua_State *L)
{
    struct budget *b = check_budget(L);
    luaL_checktype(L, 2, LUA_TSTRING);
    lua_settop(L, 2);
    budget_own(L, b);
    return 1;
}

static int current(lua_State *L)
{
    const struct budget *b = budget_current(L);
    if (b)
        lua_pushlightuserdata(L, (void *)b);
    else
        lua_pushnil(L);
    return 1;
}

static int create_plain(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TFUNCTION);
    lua_State *co = lua_newthread(L);
    budget_unwatch(co);
    lua_pushvalue(L, 1);
    lua_xmove(L, co, 1);
    return 1;
}

// As coroutine.resume.
static int push_resumed(lua_State *L, lua_State *co, int status, int nresults)
{
    bool ok = status == LUA_OK || status == LUA_YIELD;
    if (ok && !stack_has_room(L, L, nresults + 1)) {
        lua_pop(co, nresults);
        lua_pushboolean(L, 0);
        lua_pushliteral(L, "too many results to resume");
        return 2;
    }
    lua_pushboolean(L, ok);
    lua_xmove(co, L, ok ? nresults : 1);
    return ok ? 1 + nresults : 2;
}

static bool take_arguments(lua_State *L, lua_State *co, int nargs)
{
    if (!stack_has_room(L, co, nargs)) {
        lua_pushboolean(L, 0);
        lua_pushliteral(L, "too many arguments to resume");
        return false;
    }
    lua_xmove(L, co, nargs);
    return true;
}

static int resume_plain(lua_State *L)
{
    lua_State *co = check_thread(L, 1);
    int nargs = lua_gettop(L) - 1;
    if (!take_arguments(L, co, nargs))
        return 2;
    int nresults = 0;
    int status = budget_resume(co, L, NULL, nargs, &nresults);
    return push_resumed(L, co, status, nresults);
}

static int resume_nested(lua_State *L)
{
    lua_State *co = check_thread(L, 1);
    int nargs = lua_gettop(L) - 1;
    if (!take_arguments(L, co, nargs))
        return 2;
    int nresults = 0;
    int status = budget_resume_nested(co, L, nargs, &nresults);
    if (budget_is_over(L))
        return budget_stop(L);
    return push_resumed(L, co, status, nresults);
}

// How deep closing may go within closing.  Lua counts the C calls of each coroutine by itself, and
// lua_resetthread() of 5.4.4 begins again from none: a chain of to-be-closed values that close
// coroutines goes as deep as it likes, and past the end of the C stack.  Each level may hold Lua's
// own 200 C calls, so that few of them are many.
enum { CLOSE_DEPTH = 16 };

static int close_depth; // one thread runs Lua: the loop's

// Ends the coroutine; errors of its to-be-closed values are caught inside.
static int reset_thread(lua_State *L, lua_State *co)
{
    if (close_depth >= CLOSE_DEPTH)
        return luaL_error(L, "coroutines are closed within each other more than %d deep",
                          CLOSE_DEPTH);
    close_depth++;
    int status = lua_resetthread(co);
    close_depth--;
    return status;
}

// As coroutine.close.
static int close_nested(lua_State *L)
{
    lua_State *co = check_thread(L, 1);
    lua_settop(L, 1);
    bool suspended = lua_status(co) != LUA_OK || (co != L && lua_gettop(co) > 0);
    lua_Debug ar;
    if (co == L || (lua_status(co) == LUA_OK && lua_getstack(co, 0, &ar)))
        return luaL_error(L, "cannot close a coroutine that runs");
    if (budget_is_spoilt(co))
        return luaL_error(L, "cannot close a coroutine that was stopped");
    int status = suspended ? reset_thread(L, co) : LUA_OK;
    lua_pushboolean(L, status == LUA_OK);
    if (status == LUA_OK)
        return 1;
    lua_xmove(co, L, 1);
    return 2;
}

static int new_turn(lua_State *L)
{
    budget_new_turn(L);
    return 0;
}

// Budgets are the host's: their methods are called from its own code alone.
static const luaL_Reg methods[] = {
    { "create", create }, { "resume", resume_slice }, { "close", close_thread },
    { "used", used },     { "expired", expired },     { "id", id },
    { "own", own },       { "__gc", free_budget },    { NULL, NULL },
};

static const luaL_Reg functions[] = {
    { "new", new_budget },
    { "new_turn", new_turn },
    { "current", current },
    { "create_plain", create_plain },
    { "resume_plain", resume_plain },
    { "resume_nested", resume_nested },
    { "close_nested", close_nested },
    { NULL, NULL },
};

int open_budget(lua_State *L)
{
    bindings_type(L, BUDGET, methods);
    luaL_newlib(L, functions);
    return 1;
}
