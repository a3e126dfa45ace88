#include "host/host.h"

#include "base/log.h"
#include "host/again.h"
#include "host/call.h"
#include "host/ceiling.h"
#include "host/collector.h"
#include "host/embed.h"
#include "host/state.h"
#include "loop/loop.h"

#include <lauxlib.h>
#include <lualib.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sysexits.h>

static int on_panic(lua_State *L)
{
    const char *message = lua_tostring(L, -1);
    log_line(LOG_ERROR, "panic: %s", message ? message : "an error without a message");
    return 0; // Lua aborts
}

// What has the name of a library of Lua's is opened at once, to change it.
static void open_modules(lua_State *L, const struct host_module *modules)
{
    luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
    luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_PRELOAD_TABLE); // loaded preload
    for (const struct host_module *m = modules; m->name; m++) {
        bool is_loaded = lua_getfield(L, -2, m->name) != LUA_TNIL;
        lua_pop(L, 1);
        lua_pushcfunction(L, m->open);
        if (is_loaded)
            lua_call(L, 0, 0);
        else
            lua_setfield(L, -2, m->name);
    }
    lua_pop(L, 2);
}

// (modules) runs protected
static int open_state(lua_State *L)
{
    const struct host_module *modules = lua_touserdata(L, 1);
    lua_gc(L, LUA_GCSTOP);
    luaL_openlibs(L);
    embed_install(L);
    open_modules(L, modules);
    lua_gc(L, LUA_GCRESTART);
    collector_open(host_of(L));
    return 0;
}

struct host *host_new(const struct host_module *modules)
{
    struct host *host = calloc(1, sizeof *host);
    if (!host)
        goto err0;
    host->loop = loop_new();
    if (!host->loop)
        goto err1;
    host->L = lua_newstate(alloc_lua, &host->alloc);
    if (!host->L)
        goto err2;
    lua_atpanic(host->L, on_panic);
    host_tie(host->L, host);
    if (host_call(host->L, open_state, (void *)modules) != HOST_OK || !again_open(host))
        goto err3;
    if (!ceiling_open(host))
        goto err4;
    return host;

err4:
    again_free(host);
err3:
    lua_close(host->L);
    alloc_free(&host->alloc);
err2:
    loop_free(host->loop);
err1:
    free(host);
err0:
    log_line(LOG_ERROR, "cannot start: out of memory or descriptors");
    return NULL;
}

struct command_line {
    int argc;
    char **argv;
    int status;
};

// (command line) -> calls main(argv) and keeps the integer it returns
static int run_main(lua_State *L)
{
    struct command_line *line = lua_touserdata(L, 1);
    lua_getglobal(L, "require");
    lua_pushliteral(L, "main");
    lua_call(L, 1, 1); // line main
    lua_createtable(L, line->argc, 1);
    for (int i = 0; i < line->argc; i++) {
        lua_pushstring(L, line->argv[i]);
        lua_rawseti(L, -2, i); // [0] is the program's name
    }
    lua_call(L, 1, 1); // line status
    line->status = (int)luaL_checkinteger(L, -1);
    return 0;
}

int host_run(struct host *host, int argc, char **argv)
{
    struct command_line line = { argc, argv, EX_SOFTWARE };
    host_call(host->L, run_main, &line);
    return line.status;
}

void host_free(struct host *host)
{
    if (!host)
        return;
    again_close(host);
    ceiling_close(host);
    loop_free(host->loop);
    again_free(host);
    ceiling_free(host);
    lua_close(host->L);
    alloc_free(&host->alloc);
    free(host);
}
