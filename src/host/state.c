#include "host/state.h"

struct host *host_of(lua_State *L)
{
    return *(struct host **)lua_getextraspace(L);
}

void host_tie(lua_State *L, struct host *host)
{
    *(struct host **)lua_getextraspace(L) = host;
}

lua_State *host_main(lua_State *L)
{
    return host_of(L)->L;
}

struct loop *host_loop(lua_State *L)
{
    return host_of(L)->loop;
}

uint64_t host_turn(lua_State *L)
{
    return host_of(L)->turn;
}

struct alloc *host_alloc(lua_State *L)
{
    return &host_of(L)->alloc;
}
