#include "host/stack.h"

#include "host/state.h"

#include <lauxlib.h>

bool stack_has_room(lua_State *L, lua_State *co, int slots)
{
    uint64_t before = host_alloc(L)->refusals;
    if (lua_checkstack(co, slots))
        return true;
    if (host_alloc(L)->refusals == before)
        return false;
    lua_pushliteral(L, "not enough memory"); // by these words Lua knows its own error
    lua_error(L);
    return false;
}

void stack_need(lua_State *L, int slots, const char *what)
{
    if (!stack_has_room(L, L, slots))
        luaL_error(L, "stack overflow (%s)", what);
}
