#include "sandbox/strings_match.h"

#include "host/stack.h"
#include "sandbox/budget.h"

#include <lauxlib.h>

void strings_raise(lua_State *L, const struct matcher *m)
{
    if (m->state == MATCHER_STOPPED)
        budget_stop(L);
    if (m->state == MATCHER_FAULTY)
        luaL_error(L, m->fault, m->fault_index);
}

void strings_spend_bytes(lua_State *L, struct meter *meter, size_t bytes)
{
    if (!meter_spend_bytes(meter, bytes))
        budget_stop(L);
}

const char *strings_capture(lua_State *L, const struct matcher *m, unsigned index, size_t *size)
{
    if (index >= m->level) {
        if (index > 0)
            luaL_error(L, "invalid capture index %%%d", (int)index + 1);
        *size = (size_t)(m->to - m->from);
        return (const char *)m->from;
    }
    const struct matcher_capture *capture = &m->captures[index];
    if (capture->size == MATCHER_OPEN)
        luaL_error(L, "unfinished capture");
    if (capture->size == MATCHER_POSITION) {
        lua_pushinteger(L, capture->start - m->subject + 1);
        return NULL;
    }
    *size = (size_t)capture->size;
    return (const char *)capture->start;
}

void strings_push_capture(lua_State *L, const struct matcher *m, unsigned index)
{
    size_t size;
    const char *text = strings_capture(L, m, index, &size);
    if (!text)
        return;
    strings_spend_bytes(L, m->meter, size);
    lua_pushlstring(L, text, size);
}

int strings_push_captures(lua_State *L, const struct matcher *m, bool whole)
{
    unsigned count = m->level == 0 && whole ? 1 : m->level;
    stack_need(L, (int)count, "too many captures");
    for (unsigned i = 0; i < count; i++)
        strings_push_capture(L, m, i);
    return (int)count;
}

// The offset that the third argument means; all that lie behind the end are one, as Lua has it.
static size_t first_offset(lua_State *L, size_t size)
{
    lua_Integer init = luaL_optinteger(L, 3, 1);
    if (init > 0)
        return (size_t)init - 1 > size ? size + 1 : (size_t)init - 1;
    if (init == 0 || init < -(lua_Integer)size)
        return 0;
    return size - (size_t)-init;
}

struct texts {
    const char *subject, *pattern;
    size_t subject_size, pattern_size;
    size_t from; // offset of the first attempt
};

static void check_texts(lua_State *L, struct texts *t)
{
    t->subject = luaL_checklstring(L, 1, &t->subject_size);
    t->pattern = luaL_checklstring(L, 2, &t->pattern_size);
    t->from = first_offset(L, t->subject_size);
}

static int find_plain(lua_State *L, struct meter *meter, const struct texts *t)
{
    bool stopped;
    ptrdiff_t at = matcher_find_plain(meter, t->subject + t->from, t->subject_size - t->from,
                                      t->pattern, t->pattern_size, &stopped);
    if (stopped)
        return budget_stop(L);
    if (at < 0) {
        luaL_pushfail(L);
        return 1;
    }
    lua_Integer first = (lua_Integer)t->from + at + 1;
    lua_pushinteger(L, first);
    lua_pushinteger(L, first + (lua_Integer)t->pattern_size - 1);
    return 2;
}

// False: nothing was found, and nil is pushed.
static bool look(lua_State *L, struct matcher *m, struct meter *meter, const struct texts *t)
{
    m->meter = meter;
    matcher_begin(m, t->subject, t->subject_size, t->pattern, t->pattern_size, true);
    if (matcher_next(m, t->from))
        return true;
    strings_raise(L, m);
    luaL_pushfail(L);
    return false;
}

int strings_find(lua_State *L, struct meter *meter)
{
    struct texts t;
    check_texts(L, &t);
    if (t.from > t.subject_size) {
        luaL_pushfail(L);
        return 1;
    }
    if (lua_toboolean(L, 4) || matcher_is_plain(t.pattern, t.pattern_size))
        return find_plain(L, meter, &t);
    struct matcher m;
    if (!look(L, &m, meter, &t))
        return 1;
    lua_pushinteger(L, m.from - m.subject + 1);
    lua_pushinteger(L, m.to - m.subject);
    return strings_push_captures(L, &m, false) + 2;
}

int strings_match(lua_State *L, struct meter *meter)
{
    struct texts t;
    struct matcher m;
    check_texts(L, &t);
    if (t.from > t.subject_size) {
        luaL_pushfail(L);
        return 1;
    }
    return look(L, &m, meter, &t) ? strings_push_captures(L, &m, true) : 1;
}

// gmatch
// ------------------------------------------------------------------------------------------

struct iteration {
    struct matcher matcher;
    size_t from; // offset of the next attempt
};

// An iterator that was made in a slice is called in slices; in the host's own code, which nothing
// stops, it has time.
static int iterate(lua_State *L)
{
    struct iteration *it = lua_touserdata(L, lua_upvalueindex(3));
    struct matcher *m = &it->matcher;
    m->meter = meter_or_endless(budget_meter(L));
    m->state = MATCHER_GOING;
    if (matcher_next(m, it->from)) {
        it->from = (size_t)(m->to - m->subject);
        return strings_push_captures(L, m, true);
    }
    strings_raise(L, m);
    return 0;
}

int strings_gmatch(lua_State *L)
{
    struct texts t;
    check_texts(L, &t);
    lua_settop(L, 2); // both texts are kept as upvalues
    struct iteration *it = lua_newuserdatauv(L, sizeof *it, 0);
    matcher_begin(&it->matcher, t.subject, t.subject_size, t.pattern, t.pattern_size, false);
    it->from = t.from;
    lua_pushcclosure(L, iterate, 3);
    return 1;
}
