// core.sandbox: what of Lua's own library gives another result in each process, for recipes.

#include "bindings/bindings.h"
#include "bindings/sandbox_sort.h"
#include "bindings/sandbox_traverse.h"
#include "host/state.h"
#include "sandbox/names.h"

static int set_numbering(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TFUNCTION);
    lua_settop(L, 1);
    names_set_numbering(L);
    return 0;
}

static const luaL_Reg functions[] = {
    { "new_next", sandbox_new_next },
    { "pairs", sandbox_pairs },
    { "set_numbering", set_numbering },
    { "sort", sandbox_sort },
    { NULL, NULL },
};

int open_sandbox(lua_State *L)
{
    struct alloc *alloc = host_alloc(L);
    if (alloc->serial == 0)
        alloc->serial = 1;
    luaL_newlib(L, functions);
    return 1;
}
