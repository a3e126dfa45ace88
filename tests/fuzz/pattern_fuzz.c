// The walk over Lua patterns, beside Lua's own functions and beside a slow matcher that works on
// the pattern's text as Lua's does and counts what it reads: where Lua comes to an end the walk
// finds the same matches, what Lua refuses is refused, and the steps counted bound the work.
#include "host/pattern.c" // NOLINT(bugprone-suspicious-include): what the walker has found is its own

#include "pattern_model.h"
#include "target.h"

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

enum {
    LONGEST_PATTERN = 700, // more than PATTERN_ITEMS
    LONGEST_SUBJECT = 250,
    MOST_LOOKS = 4, // of the walk at its clock
};

// Lua
// ----------------------------------------------------------------------------------------------

static void push_text(lua_State *L, const unsigned char *from, const unsigned char *to)
{
    lua_pushlstring(L, (const char *)from, (size_t)(to - from));
}

// Leaves what the function returns, or the message, on the stack; whether it raised nothing.
static bool call_lua(lua_State *L, const struct model_call *c)
{
    static const char *const names[] = { "find", "gmatch", "gsub" };
    lua_getglobal(L, "string");
    lua_getfield(L, -1, names[c->function]);
    lua_remove(L, -2);
    push_text(L, c->subject, c->subject_end);
    push_text(L, c->pattern, c->pattern_end);
    if (c->function == GSUB)
        lua_pushliteral(L, "");
    lua_pushinteger(L, (lua_Integer)(c->function == GSUB ? c->most : c->from + 1));
    return lua_pcall(L, lua_gettop(L) - 1, LUA_MULTRET, 0) == LUA_OK;
}

// Calls the iterator on top until it has no more; false: it raised an error, which is on top.
static bool count_iterations(lua_State *L, uint64_t *count)
{
    for (;; ++*count) {
        lua_settop(L, 1);
        lua_pushvalue(L, 1);
        if (lua_pcall(L, 0, 1, 0) != LUA_OK)
            return false;
        if (lua_isnil(L, -1))
            return true;
    }
}

// Whether the error on top is of captures that are not closed, which only shows at a match's end.
static bool is_about_its_end(lua_State *L)
{
    return strstr(lua_tostring(L, -1), "unfinished capture") != NULL;
}

static lua_State *new_state(void)
{
    lua_State *L = luaL_newstate();
    must(L != NULL);
    luaL_requiref(L, "string", luaopen_string, 1);
    lua_pop(L, 1);
    return L;
}

static void compare_matches(lua_State *L, const struct model_call *c, const struct model_result *m,
                            enum model_outcome outcome)
{
    uint64_t count = 0;
    bool ok = call_lua(L, c) && (c->function != GMATCH || count_iterations(L, &count));
    if (!ok && is_about_its_end(L))
        return;
    must(ok == (outcome == MODEL_ENDED));
    if (!ok)
        return;
    if (c->function == GMATCH) {
        must(count == m->matches);
    } else if (c->function == GSUB) {
        must((uint64_t)lua_tointeger(L, 2) == m->matches);
    } else {
        must(!lua_isnil(L, 1) == (m->matches == 1));
        must(m->matches == 0 || lua_tointeger(L, 2) == m->last_end - c->subject);
    }
}

// Lua has found what the model has found.
static void compare_with_lua(const struct model_call *c, const struct model_result *m,
                             enum model_outcome outcome)
{
    static lua_State *L;
    if (!L)
        L = new_state();
    compare_matches(L, c, m, outcome);
    lua_settop(L, 0);
    lua_gc(L, LUA_GCCOLLECT); // or libFuzzer looks for leaks after each input
}

// The walk
// -----------------------------------------------------------------------------------------

static bool look(void *arg, int64_t hidden)
{
    unsigned *looks = arg;
    must(hidden >= 0);
    return ++*looks < MOST_LOOKS;
}

// The steps that were counted bound the work that the model has done, or had done when it was
// given up, and are within the bound that is told at a glance.
static void check_steps(const struct model_call *c, const struct model_result *m,
                        const struct walker *w)
{
    uint64_t starts = (uint64_t)(c->subject_end - c->subject) + 1;
    uint64_t done = m->work + m->set_bytes / 4 + m->compared / 16;
    must(w->refused || done <= 4 * (w->steps + starts));
    must(w->hidden <= INT64_MAX / 2 &&
         (uint64_t)w->hidden / BYTE_TIME <= 4 * w->steps + w->steps * 4);
    must((double)w->steps <= pattern_worst((const char *)c->pattern,
                                           (size_t)(c->pattern_end - c->pattern),
                                           (size_t)(c->subject_end - c->subject)));
}

static void compare_with_walk(const struct model_call *c, const struct model_result *m,
                              enum model_outcome outcome)
{
    static struct pattern pattern;
    unsigned looks = 0;
    size_t size = (size_t)(c->pattern_end - c->pattern);
    enum pattern_fault fault =
        pattern_read(&pattern, (const char *)c->pattern, size, c->function != GMATCH);
    must(fault != PATTERN_TOO_LONG || size > PATTERN_ITEMS);
    must(fault == PATTERN_GOOD || pattern.count <= PATTERN_ITEMS);
    if (fault != PATTERN_GOOD)
        return;
    struct pattern_walk walk = {
        .pattern = &pattern,
        .subject = (const char *)c->subject,
        .size = (size_t)(c->subject_end - c->subject),
        .from = c->from,
        .matches = c->most,
        .go_on = look,
        .arg = &looks,
    };
    struct walker w = begin_walk(&walk);
    walk_all(&w);
    must(w.refused == (looks == MOST_LOOKS) && (w.stopped || !w.refused));
    check_steps(c, m, &w);
    if (outcome == MODEL_ENDED && !w.refused)
        must(!w.stopped && w.found == m->matches && w.last == m->last_end);
    looks = MOST_LOOKS - 1; // told to stop at the first look: it is over
    must(pattern_walk(&walk) == (w.steps < PATIENCE) && looks - MOST_LOOKS + 1 <= 1);
}

static void check(const struct model_call *c)
{
    struct model_result m;
    enum model_outcome outcome = model_run(c, &m);
    if (outcome != MODEL_EXHAUSTED)
        compare_with_lua(c, &m, outcome);
    compare_with_walk(c, &m, outcome);
}

// Such a text is looked for as it is: no matcher of patterns is asked.
static bool is_plain_find(const struct model_call *c)
{
    bool plain = c->function == FIND;
    for (const unsigned char *p = c->pattern; p < c->pattern_end; p++)
        plain = plain && (*p == 0 || !strchr("^$*+?.([%-", *p));
    return plain;
}

// Function, its number, the pattern's length, the pattern, the subject.
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 3)
        return 0;
    size_t left = size - 3;
    size_t length = data[2] == UINT8_MAX ? left / 4 * 3 : data[2];
    length = length > left ? left : length;
    length = length > LONGEST_PATTERN ? LONGEST_PATTERN : length;
    size_t rest = left - length > LONGEST_SUBJECT ? LONGEST_SUBJECT : left - length;
    char *pattern = own_block(data + 3, length);
    char *subject = own_block(data + 3 + length, rest);
    struct model_call call = {
        .function = data[0] % FUNCTIONS,
        .pattern = (unsigned char *)pattern,
        .pattern_end = (unsigned char *)pattern + length,
        .subject = (unsigned char *)subject,
        .subject_end = (unsigned char *)subject + rest,
    };
    call.from = call.function == GSUB ? 0 : data[1] % (rest + 1);
    call.most = call.function == FIND ? 1 : call.function == GSUB ? 1 + data[1] : UINT64_MAX;
    if (!is_plain_find(&call))
        check(&call);
    free(subject);
    free(pattern);
    return 0;
}
