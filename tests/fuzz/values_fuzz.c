// JSON as Lua gets it: what decodes encodes to the same, checked text that is not decoded says the
// same, and the reader and the writer that scripts of lua-cjson use agree.  The properties are in
// values_fuzz.lua.
#include "property.h"
#include "target.h"

enum { LONGEST = 4096 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static lua_State *L;
    if (!L)
        L = property_new(FUZZ_FOLDER "/values_fuzz.lua");
    property_check(L, (const char *)data, size < LONGEST ? size : LONGEST);
    lua_gc(L, LUA_GCCOLLECT); // or libFuzzer looks for leaks after each input
    return 0;
}
