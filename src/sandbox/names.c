#include "sandbox/names.h"

#include "host/stack.h"

#include <ctype.h>
#include <lauxlib.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static char numbering; // its address is the registry key of the function

void names_set_numbering(lua_State *L)
{
    lua_rawsetp(L, LUA_REGISTRYINDEX, &numbering);
}

lua_Integer names_number(lua_State *L, int index)
{
    index = lua_absindex(L, index);
    stack_need(L, 4, "a name");
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, &numbering) == LUA_TNIL) {
        lua_pop(L, 1);
        return 0;
    }
    lua_pushvalue(L, index);
    lua_call(L, 1, 1);
    lua_Integer number = lua_tointeger(L, -1);
    lua_pop(L, 1);
    return number;
}

// Pushes "0x0000000c" for the object at `index`, a string included.
static void push_name(lua_State *L, int index)
{
    char text[24];
    (void)snprintf(text, sizeof text, "0x%08llx", (unsigned long long)names_number(L, index));
    lua_pushstring(L, text);
}

static bool is_object(lua_State *L, int index)
{
    switch (lua_type(L, index)) {
    case LUA_TTABLE:
    case LUA_TFUNCTION:
    case LUA_TTHREAD:
    case LUA_TUSERDATA:
        return true;
    default:
        return false;
    }
}

void names_tostring(lua_State *L, int index)
{
    index = lua_absindex(L, index);
    if (!is_object(L, index)) {
        luaL_tolstring(L, index, NULL);
        return;
    }
    if (luaL_getmetafield(L, index, "__tostring") != LUA_TNIL) {
        lua_pop(L, 1);
        luaL_tolstring(L, index, NULL);
        return;
    }
    int type = luaL_getmetafield(L, index, "__name");
    if (type != LUA_TSTRING) {
        lua_pop(L, type == LUA_TNIL ? 0 : 1);
        lua_pushstring(L, luaL_typename(L, index));
    }
    lua_pushliteral(L, ": ");
    push_name(L, index);
    lua_concat(L, 3);
}

// string.format
// ------------------------------------------------------------------------------------------

// The letter of the conversion that begins behind "%" at `p`, past flags, width and precision.
static const char *conversion_of(const char *p, const char *end)
{
    while (p < end && (isdigit((unsigned char)*p) || (*p && strchr("-+ #.", *p))))
        p++;
    return p;
}

// The conversion that comes next from `p` on; NULL: there is none.
static const char *next_conversion(const char *p, const char *end)
{
    while ((p = memchr(p, '%', (size_t)(end - p)))) {
        p = conversion_of(p + 1, end);
        if (p == end)
            return NULL;
        if (*p != '%')
            return p;
        p++;
    }
    return NULL;
}

// Makes "%p" a "%s" in the format at index 1, at the offset `at`.
static void take_text(lua_State *L, size_t at)
{
    size_t size;
    const char *format = lua_tolstring(L, 1, &size);
    luaL_Buffer b;
    char *copy = luaL_buffinitsize(L, &b, size);
    memcpy(copy, format, size);
    copy[at] = 's';
    luaL_pushresultsize(&b, size);
    lua_replace(L, 1);
}

// Puts the name that the conversion wants in the place of the argument at `index`.
static void name_argument(lua_State *L, char conversion, int index, size_t at)
{
    bool object = is_object(L, index);
    if (conversion == 's' && object) {
        names_tostring(L, index);
        lua_replace(L, index);
    } else if (conversion == 'p' && (object || lua_type(L, index) == LUA_TSTRING)) {
        push_name(L, index);
        lua_replace(L, index);
        take_text(L, at);
    }
}

int names_format(lua_State *L, lua_CFunction format)
{
    size_t size;
    const char *text = luaL_checklstring(L, 1, &size), *p = text;
    int last = lua_gettop(L);
    for (int index = 2; index <= last; index++) {
        p = next_conversion(p, text + size);
        if (!p)
            break;
        size_t at = (size_t)(p - text);
        name_argument(L, *p, index, at);
        text = lua_tostring(L, 1); // may have been replaced
        p = text + at + 1;
    }
    return format(L);
}
