// The matcher of Lua patterns, beside Lua's own string functions: the same results, in the same
// words; and alone, on texts that end where they end: what it does is counted, and it stops when it
// is told to.  A slow matcher that works on the pattern's text as Lua's does tells how much there
// is to do, and where Lua's would not come to an end.
#include "sandbox/matcher.h"

#include "host/state.h"
#include "matcher_model.h"
#include "sandbox/strings_match.h"
#include "target.h"

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

enum {
    LONGEST_PATTERN = 700,
    LONGEST_SUBJECT = 250,
    MOST_LOOKS = 4, // of the matcher at its clock
};

// Beside Lua
// ------------------------------------------------------------------------------------------

static int find(lua_State *L)
{
    return strings_find(L, meter_or_endless(NULL));
}

static int match(lua_State *L)
{
    return strings_match(L, meter_or_endless(NULL));
}

static int gsub(lua_State *L)
{
    return strings_gsub(L, meter_or_endless(NULL));
}

// find, match and gsub of the sandbox become globals; the state has a host without slices.
static lua_State *new_state(void)
{
    static struct host host;
    lua_State *L = luaL_newstate();
    must(L != NULL);
    host_tie(L, &host);
    luaL_requiref(L, "string", luaopen_string, 1);
    lua_pop(L, 1);
    lua_register(L, "find", find);
    lua_register(L, "match", match);
    lua_register(L, "gmatch", strings_gmatch);
    lua_register(L, "gsub", gsub);
    return L;
}

static void push_text(lua_State *L, const unsigned char *from, const unsigned char *to)
{
    lua_pushlstring(L, (const char *)from, (size_t)(to - from));
}

// (captures) -> the last of them, which may be of a type that no replacement has
static int replace(lua_State *L)
{
    if (lua_gettop(L) == 2 && lua_isinteger(L, 2))
        lua_newtable(L);
    return 1;
}

static void push_replacement(lua_State *L, const struct model_call *c, int kind)
{
    switch (kind) {
    case 0:
        lua_pushliteral(L, "");
        break;
    case 1: // has "%" and digits where the pattern has them
        push_text(L, c->pattern, c->pattern_end);
        break;
    case 2:
        lua_newtable(L);
        lua_pushliteral(L, "aa");
        lua_setfield(L, -2, "a");
        lua_pushboolean(L, true);
        lua_rawseti(L, -2, 2);
        break;
    default:
        lua_pushcfunction(L, replace);
    }
}

// Puts a text of all that the iterator on top gives in its place; false: the message of an error.
static bool run_iterator(lua_State *L)
{
    lua_pushliteral(L, ""); // iterator text
    for (;;) {
        int base = lua_gettop(L);
        lua_pushvalue(L, base - 1);
        if (lua_pcall(L, 0, LUA_MULTRET, 0) != LUA_OK) {
            lua_replace(L, base - 1);
            lua_settop(L, base - 1);
            return false;
        }
        int count = lua_gettop(L) - base;
        if (count == 0)
            break;
        for (int i = 1; i <= count; i++)
            luaL_tolstring(L, base + i, NULL);
        lua_concat(L, count);
        lua_replace(L, base + 1);
        lua_settop(L, base + 1);
        lua_pushfstring(L, "%d:", count);
        lua_insert(L, base + 1);
        lua_concat(L, 3);
    }
    lua_remove(L, -2);
    return true;
}

// Calls the function on top; leaves what it returned, or the message.  Whether it raised nothing.
static bool call(lua_State *L, const struct model_call *c, int kind)
{
    push_text(L, c->subject, c->subject_end);
    push_text(L, c->pattern, c->pattern_end);
    if (c->function == GSUB)
        push_replacement(L, c, kind);
    lua_pushinteger(L, (lua_Integer)(c->function == GSUB ? c->most : c->from + 1));
    if (lua_pcall(L, c->function == GSUB ? 4 : 3, LUA_MULTRET, 0) != LUA_OK)
        return false;
    return c->function != GMATCH || run_iterator(L);
}

static void compare_with_lua(const struct model_call *c, int kind)
{
    static const char *const names[] = { "find", "gmatch", "gsub", "match" };
    static lua_State *L;
    if (!L)
        L = new_state();
    lua_getglobal(L, "string");
    lua_getfield(L, -1, names[c->function]);
    lua_replace(L, 1);
    bool good = call(L, c, kind);
    int count = lua_gettop(L);
    lua_getglobal(L, names[c->function]);
    must(call(L, c, kind) == good);
    must(lua_gettop(L) == 2 * count);
    for (int i = 1; i <= count; i++)
        must(lua_rawequal(L, i, count + i));
    lua_settop(L, 0);
    lua_gc(L, LUA_GCCOLLECT); // or libFuzzer looks for leaks after each input
}

// Alone
// ------------------------------------------------------------------------------------------

static bool look(void *arg)
{
    unsigned *looks = arg;
    must(*looks < MOST_LOOKS); // nothing more is asked once it was told to stop
    return ++*looks == MOST_LOOKS;
}

static size_t steps_of(const struct meter *meter, unsigned looks)
{
    return looks * (size_t)METER_STEPS + METER_STEPS - meter->left;
}

// The steps that were counted bound the work that the model has done, or had done when it was
// given up.
static void check_steps(const struct model_call *c, const struct model_result *m, size_t steps)
{
    uint64_t starts = (uint64_t)(c->subject_end - c->subject) + 1;
    must(m->work + m->compared / METER_RUN <= 4 * (steps + starts));
}

// Makes the matches that the call makes.
static void find_all(struct matcher *m, const struct model_call *c, uint64_t *found)
{
    matcher_begin(m, (const char *)c->subject, (size_t)(c->subject_end - c->subject),
                  (const char *)c->pattern, (size_t)(c->pattern_end - c->pattern),
                  c->function != GMATCH);
    size_t at = c->from;
    for (*found = 0; *found < c->most && matcher_next(m, at); ++*found) {
        at = (size_t)(m->to - m->subject);
        must(m->level <= MATCHER_CAPTURES && m->from <= m->to && m->to <= m->subject_end);
        if (m->anchored) {
            ++*found;
            break;
        }
    }
}

static void run_alone(const struct model_call *c, const struct model_result *model,
                      enum model_outcome outcome)
{
    unsigned looks = 0;
    uint64_t found;
    struct meter meter = { .left = METER_STEPS, .is_over = look, .arg = &looks };
    struct matcher m = { .meter = &meter };
    find_all(&m, c, &found);
    must((m.state == MATCHER_STOPPED) == (looks == MOST_LOOKS));
    if (m.state != MATCHER_STOPPED)
        check_steps(c, model, steps_of(&meter, looks));
    if (outcome == MODEL_ENDED && m.state != MATCHER_STOPPED)
        must(m.state == MATCHER_GOING && found == model->matches && m.to == model->last_end);
    size_t first = steps_of(&meter, looks);
    looks = MOST_LOOKS - 1; // told to stop at the first look: it is over
    meter.left = METER_STEPS;
    find_all(&m, c, &found);
    must((m.state == MATCHER_STOPPED) == (first >= METER_STEPS));
}

// What is looked for as it is.
static void find_alone(const struct model_call *c)
{
    unsigned looks = 0;
    bool stopped;
    struct meter meter = { .left = METER_STEPS, .is_over = look, .arg = &looks };
    ptrdiff_t at = matcher_find_plain(
        &meter, (const char *)c->subject, (size_t)(c->subject_end - c->subject),
        (const char *)c->pattern, (size_t)(c->pattern_end - c->pattern), &stopped);
    must(at <= c->subject_end - c->subject && !stopped);
}

static void check(const struct model_call *c, int kind)
{
    struct model_result m;
    enum model_outcome outcome = model_run(c, &m);
    if (outcome != MODEL_EXHAUSTED)
        compare_with_lua(c, kind);
    run_alone(c, &m, outcome);
    find_alone(c);
}

// Function and kind of replacement, its number, the pattern's length, the pattern, the subject.
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
    bool once = call.function == FIND || call.function == MATCH;
    call.from = call.function == GSUB ? 0 : data[1] % (rest + 1);
    call.most = once ? 1 : call.function == GSUB ? 1 + data[1] : UINT64_MAX;
    check(&call, data[0] / FUNCTIONS % 4);
    free(subject);
    free(pattern);
    return 0;
}
