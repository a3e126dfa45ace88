// JSON as Lua gets it: what decodes encodes to the same, checked text that is not decoded says the
// same, and the reader and the writer that scripts of lua-cjson use agree.  The properties are in
// values_fuzz.lua.
#include "bindings/bindings.h"
#include "host/host.h"
#include "host/state.h"

#include "target.h"

#include <stdbool.h>

enum { LONGEST = 4096 };

static lua_State *new_state(void)
{
    static struct host *host; // for ever
    host = host_new(bindings);
    must(host != NULL);
    if (luaL_dofile(host->L, FUZZ_FOLDER "/values_fuzz.lua"))
        (void)fprintf(stderr, "%s\n", lua_tostring(host->L, -1));
    must(lua_isfunction(host->L, 1)); // the check
    return host->L;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static lua_State *L;
    if (!L)
        L = new_state();
    lua_pushvalue(L, 1);
    lua_pushlstring(L, (const char *)data, size < LONGEST ? size : LONGEST);
    bool holds = lua_pcall(L, 1, 0, 0) == LUA_OK;
    if (!holds)
        (void)fprintf(stderr, "%s\n", lua_tostring(L, -1));
    must(holds);
    lua_gc(L, LUA_GCCOLLECT); // or libFuzzer looks for leaks after each input
    return 0;
}
