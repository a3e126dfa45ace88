#include "sandbox/budget.h"
#include "sandbox/strings_match.h"

#include <lauxlib.h>
#include <stdint.h>
#include <string.h>

static void add(lua_State *L, luaL_Buffer *b, struct meter *meter, const void *text, size_t size)
{
    strings_spend_bytes(L, meter, size);
    luaL_addlstring(b, text, size);
}

static void add_whole(lua_State *L, luaL_Buffer *b, const struct matcher *m)
{
    add(L, b, m->meter, m->from, (size_t)(m->to - m->from));
}

static void add_capture(lua_State *L, luaL_Buffer *b, const struct matcher *m, unsigned index)
{
    size_t size;
    const char *text = strings_capture(L, m, index, &size);
    if (text)
        add(L, b, m->meter, text, size);
    else
        luaL_addvalue(b);
}

// What stands behind "%" in a replacement string.
static void add_escape(lua_State *L, luaL_Buffer *b, const struct matcher *m, char c)
{
    if (c == '%')
        luaL_addchar(b, '%');
    else if (c == '0')
        add_whole(L, b, m);
    else if (c >= '1' && c <= '9')
        add_capture(L, b, m, (unsigned)(c - '1'));
    else
        luaL_error(L, "invalid use of '%c' in replacement string", '%');
}

static void add_text(lua_State *L, luaL_Buffer *b, const struct matcher *m)
{
    size_t size;
    const char *text = lua_tolstring(L, 3, &size), *end = text + size;
    for (;;) {
        const char *escape = memchr(text, '%', (size_t)(end - text));
        add(L, b, m->meter, text, (size_t)((escape ? escape : end) - text));
        if (!escape)
            return;
        add_escape(L, b, m, escape[1]); // Lua's strings end with "\0"
        text = escape + 2;
    }
}

// The value on top is what a match is replaced by; false: by itself.
static bool add_value(lua_State *L, luaL_Buffer *b, const struct matcher *m)
{
    if (!lua_toboolean(L, -1)) {
        lua_pop(L, 1);
        add_whole(L, b, m);
        return false;
    }
    if (!lua_isstring(L, -1))
        luaL_error(L, "invalid replacement value (a %s)", luaL_typename(L, -1));
    strings_spend_bytes(L, m->meter, lua_rawlen(L, -1));
    luaL_addvalue(b);
    return true;
}

// Adds what the latest match is replaced by; false: it stays as it is.
static bool add_replacement(lua_State *L, luaL_Buffer *b, const struct matcher *m)
{
    switch (lua_type(L, 3)) {
    case LUA_TFUNCTION:
        lua_pushvalue(L, 3);
        lua_call(L, strings_push_captures(L, m, true), 1);
        return add_value(L, b, m);
    case LUA_TTABLE:
        strings_push_capture(L, m, 0);
        lua_gettable(L, 3);
        return add_value(L, b, m);
    default:
        add_text(L, b, m);
        return true;
    }
}

static void check_replacement(lua_State *L)
{
    int type = lua_type(L, 3);
    luaL_argexpected(L,
                     type == LUA_TNUMBER || type == LUA_TSTRING || type == LUA_TFUNCTION ||
                         type == LUA_TTABLE,
                     3, "string/function/table");
}

int strings_gsub(lua_State *L, struct meter *meter)
{
    size_t size, pattern_size;
    const char *subject = luaL_checklstring(L, 1, &size);
    const char *pattern = luaL_checklstring(L, 2, &pattern_size);
    lua_Integer most = luaL_optinteger(L, 4, (lua_Integer)size + 1), count = 0;
    check_replacement(L);
    struct matcher m;
    m.meter = meter;
    matcher_begin(&m, subject, size, pattern, pattern_size, true);
    luaL_Buffer b;
    luaL_buffinit(L, &b);
    size_t from = 0; // what stands before it is in the buffer
    bool changed = false;
    while (count < most && matcher_next(&m, from)) {
        count++;
        add(L, &b, meter, subject + from, (size_t)(m.from - m.subject) - from);
        changed = add_replacement(L, &b, &m) || changed;
        from = (size_t)(m.to - m.subject);
        if (m.anchored)
            break;
    }
    strings_raise(L, &m);
    if (changed) {
        add(L, &b, meter, subject + from, size - from);
        luaL_pushresult(&b);
    } else {
        lua_pushvalue(L, 1);
    }
    lua_pushinteger(L, count);
    return 2;
}
