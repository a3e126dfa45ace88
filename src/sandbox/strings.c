#include "sandbox/strings.h"

#include "sandbox/budget.h"
#include "sandbox/names.h"
#include "sandbox/strings_match.h"

#include <lauxlib.h>

enum guarded { FIND, MATCH, GMATCH, GSUB, REP, FORMAT, GUARDED_COUNT };

static const char *const names[GUARDED_COUNT] = {
    "find", "match", "gmatch", "gsub", "rep", "format"
};

// Lua's own functions: the same in every state.
static lua_CFunction originals[GUARDED_COUNT];
static lua_CFunction original_tostring;

static int find(lua_State *L)
{
    struct meter *meter = budget_meter(L);
    return meter ? strings_find(L, meter) : originals[FIND](L);
}

static int match(lua_State *L)
{
    struct meter *meter = budget_meter(L);
    return meter ? strings_match(L, meter) : originals[MATCH](L);
}

static int gmatch(lua_State *L)
{
    return budget_meter(L) ? strings_gmatch(L) : originals[GMATCH](L);
}

static int gsub(lua_State *L)
{
    struct meter *meter = budget_meter(L);
    return meter ? strings_gsub(L, meter) : originals[GSUB](L);
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

static int format(lua_State *L)
{
    return budget_meter(L) ? names_format(L, originals[FORMAT]) : originals[FORMAT](L);
}

static int to_string(lua_State *L)
{
    if (!budget_meter(L))
        return original_tostring(L);
    luaL_checkany(L, 1);
    names_tostring(L, 1);
    return 1;
}

int strings_guard(lua_State *L)
{
    static const lua_CFunction guards[GUARDED_COUNT] = { find, match, gmatch, gsub, rep, format };
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
    lua_getglobal(L, "tostring");
    original_tostring = lua_tocfunction(L, -1);
    lua_pop(L, 1);
    lua_register(L, "tostring", to_string);
    return 0;
}
