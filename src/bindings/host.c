// core.host: the process itself, its memory, its embedded modules.

#include "base/memory.h"
#include "bindings/bindings.h"
#include "host/again.h"
#include "host/call.h"
#include "host/ceiling.h"
#include "host/embed.h"
#include "loop/loop.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

static int memory(lua_State *L)
{
    const struct alloc *a = host_alloc(L);
    lua_pushinteger(L, (lua_Integer)a->used);
    lua_pushinteger(L, (lua_Integer)a->peak);
    lua_pushinteger(L, (lua_Integer)memory_used());
    return 3;
}

static int set_memory_ceiling(lua_State *L)
{
    lua_Integer bytes = luaL_checkinteger(L, 1);
    luaL_argcheck(L, bytes >= 0, 1, "negative size");
    ceiling_set(host_of(L), (size_t)bytes);
    return 0;
}

static int fail_allocations(lua_State *L)
{
    lua_Integer after = luaL_checkinteger(L, 1);
    lua_Integer count = luaL_checkinteger(L, 2);
    luaL_argcheck(L, after >= 0, 1, "negative count");
    luaL_argcheck(L, count >= 0, 2, "negative count");
    struct alloc *a = host_alloc(L);
    lua_pushinteger(L, (lua_Integer)a->fail_count);
    a->fail_after = (size_t)after;
    a->fail_count = (size_t)count;
    return 1;
}

static int after_refusals(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TFUNCTION);
    lua_settop(L, 1);
    again_set_hook(L);
    return 0;
}

static int modules(lua_State *L)
{
    embed_push_names(L, luaL_optstring(L, 1, ""));
    return 1;
}

static int push_path(lua_State *L, int (*find)(char *path, size_t *size))
{
    char path[4096];
    size_t size = sizeof path;
    int rc = find(path, &size);
    if (rc < 0)
        return bindings_fail(L, uv_err_name(rc), uv_strerror(rc));
    lua_pushlstring(L, path, size);
    return 1;
}

static int program(lua_State *L)
{
    return push_path(L, loop_program);
}

static int home(lua_State *L)
{
    return push_path(L, loop_home);
}

// The libraries that are always there; the others tell theirs once they are opened.
static int versions(lua_State *L)
{
    lua_createtable(L, 0, 2);
    lua_pushliteral(L, LUA_VERSION_MAJOR "." LUA_VERSION_MINOR "." LUA_VERSION_RELEASE);
    lua_setfield(L, -2, "lua");
    lua_pushstring(L, uv_version_string());
    lua_setfield(L, -2, "libuv");
    return 1;
}

static int random_bytes(lua_State *L)
{
    char bytes[1024];
    lua_Integer count = luaL_checkinteger(L, 1);
    luaL_argcheck(L, count >= 0 && count <= (lua_Integer)sizeof bytes, 1, "0 to 1,024 expected");
    size_t filled = 0;
    while (filled < (size_t)count) {
        ssize_t n = getrandom(bytes + filled, (size_t)count - filled, 0);
        if (n < 0 && errno != EINTR)
            return luaL_error(L, "no random bytes: %s", strerror(errno));
        filled += n > 0 ? (size_t)n : 0;
    }
    lua_pushlstring(L, bytes, (size_t)count);
    return 1;
}

static const luaL_Reg functions[] = {
    { "memory", memory },
    { "set_memory_ceiling", set_memory_ceiling },
    { "fail_allocations", fail_allocations },
    { "after_refusals", after_refusals },
    { "modules", modules },
    { "program", program },
    { "home", home },
    { "random", random_bytes },
    { "versions", versions },
    { NULL, NULL },
};

int open_host(lua_State *L)
{
    luaL_newlib(L, functions);
    lua_pushliteral(L, RCMCP_VERSION);
    lua_setfield(L, -2, "version");
    lua_pushliteral(L, RCMCP_DATA_FOLDER);
    lua_setfield(L, -2, "data_folder");
    return 1;
}
