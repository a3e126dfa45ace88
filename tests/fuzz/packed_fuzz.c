// Packed values: any bytes are refused, or a value that packs to the same bytes, at once and in
// steps; and what JSON says survives being packed.
#include "bindings/bindings.h"
#include "host/host.h"
#include "host/state.h"

#include "target.h"

#include <lauxlib.h>
#include <stdbool.h>

enum { VALUES = 20000, STEPS = 3 };

static lua_State *new_state(void)
{
    static struct host *host; // for ever
    host = host_new(bindings);
    must(host != NULL);
    must(luaL_dostring(host->L, "return require 'core.json'") == LUA_OK); // json
    return host->L;
}

static void push_function(lua_State *L, const char *name)
{
    lua_getfield(L, 1, name);
}

// The value on the top of the stack packs to these bytes.
static void must_pack_to(lua_State *L, const char *bytes, size_t size)
{
    push_function(L, "pack");
    lua_pushvalue(L, -2);
    must(lua_pcall(L, 1, 1, 0) == LUA_OK);
    size_t packed_size;
    const char *packed = lua_tolstring(L, -1, &packed_size);
    must(packed_size == size && memcmp(packed, bytes, size) == 0);
    lua_pop(L, 1);
}

// Pushes the value; false, and a message, where there is none.
static bool unpack(lua_State *L, const char *bytes, size_t size)
{
    int top = lua_gettop(L);
    push_function(L, "unpack");
    lua_pushlstring(L, bytes, size);
    lua_pushinteger(L, VALUES);
    must(lua_pcall(L, 2, LUA_MULTRET, 0) == LUA_OK);
    if (lua_gettop(L) == top + 1)
        return true;
    must(lua_gettop(L) == top + 2 && lua_isnil(L, -2) && lua_isstring(L, -1));
    return false;
}

// In steps the outcome is the same.
static void must_step_to(lua_State *L, const char *bytes, size_t size, bool taken)
{
    lua_State *co = lua_newthread(L);
    push_function(L, "unpack_in_steps");
    lua_xmove(L, co, 1);
    lua_pushlstring(co, bytes, size);
    lua_pushinteger(co, VALUES);
    lua_pushinteger(co, STEPS);
    int results, status, arguments = 3;
    while ((status = lua_resume(co, L, arguments, &results)) == LUA_YIELD) {
        must(results == 0);
        arguments = 0;
    }
    must(status == LUA_OK && results == (taken ? 1 : 2));
    lua_pop(L, 1);
}

static void check_bytes(lua_State *L, const char *bytes, size_t size)
{
    bool taken = unpack(L, bytes, size);
    if (taken)
        must_pack_to(L, bytes, size);
    must_step_to(L, bytes, size, taken);
}

static void check_json(lua_State *L, const char *text, size_t size)
{
    push_function(L, "decode");
    lua_pushlstring(L, text, size);
    must(lua_pcall(L, 1, 1, 0) == LUA_OK);
    if (lua_isnil(L, -1))
        return;
    push_function(L, "pack");
    lua_pushvalue(L, -2);
    must(lua_pcall(L, 1, 1, 0) == LUA_OK);
    size_t packed_size;
    const char *packed = lua_tolstring(L, -1, &packed_size);
    must(unpack(L, packed, packed_size));
    must_pack_to(L, packed, packed_size);
    push_function(L, "encode");
    lua_pushvalue(L, -2);
    must(lua_pcall(L, 1, 1, 0) == LUA_OK);
    push_function(L, "encode");
    lua_pushvalue(L, 2);
    must(lua_pcall(L, 1, 1, 0) == LUA_OK);
    must(lua_rawequal(L, -1, -2));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static lua_State *L;
    if (!L)
        L = new_state();
    char *bytes = own_block(data, size);
    check_bytes(L, bytes, size);
    lua_settop(L, 1);
    check_json(L, bytes, size);
    lua_settop(L, 1);
    free(bytes);
    lua_gc(L, LUA_GCCOLLECT); // or libFuzzer looks for leaks after each input
    return 0;
}
