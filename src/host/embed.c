#include "host/embed.h"

#include <lauxlib.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct embed_module *find(const char *name)
{
    for (const struct embed_module *m = embed_modules; m->name; m++) {
        if (strcmp(m->name, name) == 0)
            return m;
    }
    return NULL;
}

// Pushes the path of the module's file in the override directory; false if there is none.
static bool push_override(lua_State *L, const char *name)
{
    const char *dir = getenv("RCMCP_LUA_DIR");
    if (!dir || !*dir)
        return false;
    const char *file = luaL_gsub(L, name, ".", "/"); // file
    lua_pushfstring(L, "%s/%s.lua", dir, file);      // file path
    lua_remove(L, -2);
    if (access(lua_tostring(L, -1), R_OK) == 0)
        return true;
    lua_pop(L, 1);
    return false;
}

// searcher(name) -> loader, data | message
static int search(lua_State *L)
{
    const char *name = luaL_checkstring(L, 1);
    const struct embed_module *m = find(name);
    if (push_override(L, name)) {
        const char *path = lua_tostring(L, -1);
        lua_pushfstring(L, "@%s", path);
        if (luaL_loadfilex(L, path, "t") != LUA_OK)
            return lua_error(L);
        lua_pushvalue(L, 2);
        return 2;
    }
    if (!m) {
        lua_pushfstring(L, "no embedded module '%s'", name);
        return 1;
    }
    if (luaL_loadbufferx(L, (const char *)m->bytes, m->size, m->chunkname, "b") != LUA_OK)
        return lua_error(L);
    lua_pushstring(L, m->chunkname + 1);
    return 2;
}

void embed_install(lua_State *L)
{
    lua_getglobal(L, "package");
    lua_getfield(L, -1, "searchers"); // package searchers
    for (lua_Integer i = luaL_len(L, -1); i >= 2; i--) {
        lua_rawgeti(L, -1, i);
        lua_rawseti(L, -2, i + 1);
    }
    lua_pushcfunction(L, search);
    lua_rawseti(L, -2, 2);
    lua_pop(L, 2);
}

void embed_push_names(lua_State *L, const char *prefix)
{
    lua_newtable(L);
    lua_Integer count = 0;
    for (const struct embed_module *m = embed_modules; m->name; m++) {
        if (strncmp(m->name, prefix, strlen(prefix)) == 0) {
            lua_pushstring(L, m->name);
            lua_rawseti(L, -2, ++count);
        }
    }
}
