// core.json.Integer: numbers that Lua's integers and floats cannot hold, as their text.
#include "json/number.h"

#include "bindings/bindings.h"
#include "bindings/json_integer.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

// Enough for every digit of a double.
enum { EXACT_DIGITS = 770, EXACT_ROOM = EXACT_DIGITS + 32 };

void json_push_boxed(lua_State *L, const char *text, size_t size)
{
    struct json_boxed *boxed = lua_newuserdatauv(L, sizeof *boxed + size + 1, 0);
    boxed->size = size;
    memcpy(boxed->text, text, size);
    boxed->text[size] = 0;
    luaL_setmetatable(L, JSON_INTEGER);
}

static bool is_integer_text(const char *text, size_t size)
{
    const char *at = text + (*text == '-');
    const char *end = text + size;
    if (at == end || (*at == '0' && end - at > 1))
        return false;
    while (at < end && *at >= '0' && *at <= '9')
        at++;
    return at == end;
}

/// integer(digits) -> integer | Integer
int json_integer(lua_State *L)
{
    size_t size;
    const char *text = luaL_checklstring(L, 1, &size);
    luaL_argcheck(L, is_integer_text(text, size), 1, "expected the digits of an integer");
    int64_t value;
    if (json_parse_integer(text, size, &value))
        lua_pushinteger(L, (lua_Integer)value);
    else
        json_push_boxed(L, text, size);
    return 1;
}

static int to_string(lua_State *L)
{
    const struct json_boxed *boxed = luaL_checkudata(L, 1, JSON_INTEGER);
    lua_pushlstring(L, boxed->text, boxed->size);
    return 1;
}

// The exact text of the operand at `index`; `room` holds that of a plain number.
static const char *operand(lua_State *L, int index, char *room, size_t *size)
{
    const struct json_boxed *boxed = luaL_testudata(L, index, JSON_INTEGER);
    if (boxed) {
        *size = boxed->size;
        return boxed->text;
    }
    if (lua_isinteger(L, index)) {
        *size = json_format_integer(room, lua_tointeger(L, index));
        return room;
    }
    lua_Number number = luaL_checknumber(L, index);
    *size = (size_t)snprintf(room, EXACT_ROOM, "%.*e", EXACT_DIGITS, number);
    return room;
}

static int compare(lua_State *L)
{
    char left[EXACT_ROOM];
    char right[EXACT_ROOM];
    size_t left_size;
    size_t right_size;
    const char *a = operand(L, 1, left, &left_size);
    const char *b = operand(L, 2, right, &right_size);
    return json_compare_numbers(a, left_size, b, right_size);
}

// The sign of an infinite operand; 0 for all others.
static int infinity(lua_State *L, int index)
{
    if (lua_type(L, index) != LUA_TNUMBER || !isinf(lua_tonumber(L, index)))
        return 0;
    return lua_tonumber(L, index) > 0 ? 1 : -1;
}

static bool has_nan(lua_State *L)
{
    return (lua_type(L, 1) == LUA_TNUMBER && isnan(lua_tonumber(L, 1))) ||
           (lua_type(L, 2) == LUA_TNUMBER && isnan(lua_tonumber(L, 2)));
}

// Order of the two operands, one of which is boxed; false when they have none.
static bool order(lua_State *L, int *result)
{
    if (has_nan(L))
        return false;
    *result = infinity(L, 1) - infinity(L, 2);
    if (*result == 0)
        *result = compare(L);
    return true;
}

static int less(lua_State *L)
{
    int result;
    lua_pushboolean(L, order(L, &result) && result < 0);
    return 1;
}

static int less_or_equal(lua_State *L)
{
    int result;
    lua_pushboolean(L, order(L, &result) && result <= 0);
    return 1;
}

static int equal(lua_State *L)
{
    bool both = luaL_testudata(L, 1, JSON_INTEGER) && luaL_testudata(L, 2, JSON_INTEGER);
    lua_pushboolean(L, both && compare(L) == 0);
    return 1;
}

static const luaL_Reg methods[] = {
    { "__tostring", to_string }, { "__eq", equal }, { "__lt", less },
    { "__le", less_or_equal },   { NULL, NULL },
};

void json_open_integer(lua_State *L)
{
    bindings_type(L, JSON_INTEGER, methods);
}
