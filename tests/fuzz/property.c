#include "property.h"

#include "bindings/bindings.h"
#include "host/host.h"
#include "host/state.h"

#include "target.h"

#include <lauxlib.h>
#include <stdbool.h>

lua_State *property_new(const char *file)
{
    static struct host *host; // for ever
    host = host_new(bindings);
    must(host != NULL);
    if (luaL_dofile(host->L, file))
        (void)fprintf(stderr, "%s\n", lua_tostring(host->L, -1));
    must(lua_isfunction(host->L, 1)); // the check
    return host->L;
}

void property_check(lua_State *L, const char *bytes, size_t size)
{
    lua_pushvalue(L, 1);
    lua_pushlstring(L, bytes, size);
    bool holds = lua_pcall(L, 1, 0, 0) == LUA_OK;
    if (!holds)
        (void)fprintf(stderr, "%s\n", lua_tostring(L, -1));
    must(holds);
}
