#include "host/strings.h"

#include "host/budget.h"
#include "host/pattern.h"

#include <lauxlib.h>
#include <string.h>

enum guarded { FIND, MATCH, GMATCH, GSUB, REP, GUARDED_COUNT };

static const char *const names[GUARDED_COUNT] = { "find", "match", "gmatch", "gsub", "rep" };

// Lua's own functions: the same in every state.
static lua_CFunction originals[GUARDED_COUNT];

static const double CHEAP = 1e6;       // steps that need no look
static const double PLAIN_MOST = 1e10; // bytes compared: about a second

static bool go_on(void *arg, int64_t hidden)
{
    return !budget_is_over(arg, hidden);
}

// The offset that the third argument of find, match and gmatch means.
static size_t first_offset(lua_State *L, size_t size)
{
    lua_Integer init = luaL_optinteger(L, 3, 1);
    if (init > 0)
        return (size_t)init - 1;
    if (init == 0 || init < -(lua_Integer)size)
        return 0;
    return size - (size_t)-init;
}

// Looks for the pattern as Lua will; false: there is no time for that.
static bool has_time(lua_State *L, enum guarded fn, const struct pattern *p)
{
    struct pattern_walk walk = { .pattern = p, .go_on = go_on, .arg = L };
    walk.subject = lua_tolstring(L, 1, &walk.size);
    if (fn == GSUB) {
        lua_Integer most = luaL_optinteger(L, 4, INT64_MAX);
        walk.matches = most > 0 ? (uint64_t)most : 1;
    } else {
        walk.from = first_offset(L, walk.size);
        walk.matches = fn == GMATCH ? UINT64_MAX : 1;
    }
    return walk.from > walk.size || pattern_walk(&walk);
}

static bool has_time_for_plain(lua_State *L, size_t subject, size_t wanted)
{
    if ((double)subject * (double)wanted > PLAIN_MOST)
        luaL_error(L, "too much to look through: %I bytes for %I bytes", (LUAI_UACINT)subject,
                   (LUAI_UACINT)wanted);
    return subject < 65536 || !budget_is_over(L, 0);
}

// Lua's find looks for a pattern without these as it is.
static bool is_plain(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (text[i] != 0 && strchr("^$*+?.([%-", text[i]))
            return false;
    }
    return true;
}

// Whether the call that is about to be made fits into the slice that runs.
static bool may_run(lua_State *L, enum guarded fn)
{
    size_t subject = 0, size = 0;
    luaL_checklstring(L, 1, &subject);
    const char *text = luaL_checklstring(L, 2, &size);
    if (fn == FIND && (lua_toboolean(L, 4) || is_plain(text, size)))
        return has_time_for_plain(L, subject, size);
    if (pattern_worst(text, size, subject) < CHEAP)
        return true;
    struct pattern p; // not cleared: 30 KiB
    switch (pattern_read(&p, text, size, fn != GMATCH)) {
    case PATTERN_MALFORMED:
        luaL_error(L, "malformed pattern");
        break;
    case PATTERN_TOO_LONG:
        luaL_error(L,
                   "the pattern has more than %d items; a plain text is found with "
                   "string.find(s, text, 1, true)",
                   PATTERN_ITEMS);
        break;
    case PATTERN_GOOD:
        break;
    }
    return has_time(L, fn, &p);
}

static int run(lua_State *L, enum guarded fn)
{
    if (budget_current(L) && !may_run(L, fn))
        return budget_stop(L);
    return originals[fn](L);
}

static int find(lua_State *L)
{
    return run(L, FIND);
}

static int match(lua_State *L)
{
    return run(L, MATCH);
}

static int gmatch(lua_State *L)
{
    return run(L, GMATCH);
}

static int gsub(lua_State *L)
{
    return run(L, GSUB);
}

// Lua's own spins for as long as it is told to repeat nothing.
static int rep(lua_State *L)
{
    size_t size = 0, separator = 0;
    luaL_checklstring(L, 1, &size);
    luaL_optlstring(L, 3, "", &separator);
    if (size + separator > 0)
        return originals[REP](L);
    luaL_checkinteger(L, 2);
    lua_pushliteral(L, "");
    return 1;
}

void strings_guard(lua_State *L)
{
    static const lua_CFunction guards[GUARDED_COUNT] = { find, match, gmatch, gsub, rep };
    lua_pushliteral(L, "");
    lua_getmetatable(L, -1);
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_getglobal(L, "string"); // "" meta string
    for (int i = 0; i < GUARDED_COUNT; i++) {
        lua_getfield(L, -1, names[i]);
        originals[i] = lua_tocfunction(L, -1);
        lua_pop(L, 1);
        lua_pushcfunction(L, guards[i]);
        lua_setfield(L, -2, names[i]);
    }
    lua_pop(L, 3);
}
