// core.fs: files and folders, by path.
#include "bindings/bindings.h"
#include "loop/files.h"
#include "loop/owners.h"

#include <stdlib.h>
#include <string.h>

#define LISTING "core.fs.listing"

static const char *check_path(lua_State *L, int index)
{
    size_t size = 0;
    const char *path = luaL_checklstring(L, index, &size);
    luaL_argcheck(L, size > 0 && strlen(path) == size, index, "not a path");
    return path;
}

// nil, "PATH: no such file or directory", "ENOENT"
static int fail(lua_State *L, const char *path, int error)
{
    bool adrift = error == UV_ENOENT && files_is_adrift(path);
    lua_pushfstring(L, "%s: %s", path,
                    adrift ? "the current folder has been deleted" : uv_strerror(error));
    return bindings_fail(L, uv_err_name(error), lua_tostring(L, -1));
}

static int fs_stat(lua_State *L)
{
    static const char *const types[] = { "file", "directory", "other" };
    const char *path = check_path(L, 1);
    struct files_stat stat;
    int rc = files_stat(path, &stat);
    if (rc < 0)
        return fail(L, path, rc);
    lua_createtable(L, 0, 6); // path stat
    lua_pushstring(L, types[stat.type]);
    lua_setfield(L, -2, "type");
    lua_pushinteger(L, (lua_Integer)stat.size);
    lua_setfield(L, -2, "size");
    lua_pushinteger(L, (lua_Integer)stat.mode);
    lua_setfield(L, -2, "mode");
    lua_pushinteger(L, (lua_Integer)stat.owner);
    lua_setfield(L, -2, "owner");
    lua_pushinteger(L, (lua_Integer)stat.group);
    lua_setfield(L, -2, "group");
    lua_pushnumber(L, stat.mtime);
    lua_setfield(L, -2, "mtime");
    return 1;
}

static int fs_space(lua_State *L)
{
    const char *path = check_path(L, 1);
    uint64_t bytes = 0;
    int rc = files_space(path, &bytes);
    if (rc < 0)
        return fail(L, path, rc);
    lua_pushinteger(L, bytes > LUA_MAXINTEGER ? LUA_MAXINTEGER : (lua_Integer)bytes);
    return 1;
}

static int fs_may_write(lua_State *L)
{
    const char *path = check_path(L, 1);
    bool may = false;
    int rc = files_may_write(path, &may);
    if (rc < 0)
        return fail(L, path, rc);
    lua_pushboolean(L, may);
    return 1;
}

static int fs_mkdir(lua_State *L)
{
    const char *path = check_path(L, 1);
    lua_Integer mode = luaL_optinteger(L, 2, 0700);
    luaL_argcheck(L, mode >= 0 && mode <= 07777, 2, "not permission bits");
    size_t size = strlen(path) + 1;
    char *copy = lua_newuserdatauv(L, size, 0);
    memcpy(copy, path, size);
    int rc = files_mkdir(copy, (int)mode);
    if (rc < 0)
        return fail(L, path, rc);
    lua_pushboolean(L, 1);
    return 1;
}

#define FOUND_PATH "core.fs.found_path"

struct found_path {
    char *text; // owned; NULL: none
};

static int found_path_free(lua_State *L)
{
    struct found_path *found = luaL_checkudata(L, 1, FOUND_PATH);
    free(found->text);
    found->text = NULL;
    return 0;
}

typedef int find_path(const char *path, char **found);

static int push_path(lua_State *L, find_path *find)
{
    const char *path = check_path(L, 1);
    struct found_path *found = lua_newuserdatauv(L, sizeof *found, 0);
    found->text = NULL;
    luaL_setmetatable(L, FOUND_PATH); // what raises below leaves the text to the collector
    int rc = find(path, &found->text);
    if (rc < 0)
        return fail(L, path, rc);
    lua_pushstring(L, found->text);
    free(found->text);
    found->text = NULL;
    return 1;
}

static int fs_realpath(lua_State *L)
{
    return push_path(L, files_real_path);
}

static int fs_readlink(lua_State *L)
{
    return push_path(L, files_read_link);
}

static int fs_is_private_group(lua_State *L)
{
    lua_Integer owner = luaL_checkinteger(L, 1);
    lua_Integer group = luaL_checkinteger(L, 2);
    luaL_argcheck(L, owner >= 0, 1, "not an id");
    luaL_argcheck(L, group >= 0, 2, "not an id");
    lua_pushboolean(L, owners_is_private((uint64_t)owner, (uint64_t)group));
    return 1;
}

static const luaL_Reg found_path_methods[] = {
    { "__gc", found_path_free },
    { NULL, NULL },
};

static int listing_close(lua_State *L)
{
    files_list_close(luaL_checkudata(L, 1, LISTING));
    return 0;
}

static int fs_list(lua_State *L)
{
    const char *path = check_path(L, 1);
    lua_settop(L, 1);
    lua_newtable(L);                                                          // path names
    struct files_listing *listing = lua_newuserdatauv(L, sizeof *listing, 0); // path names listing
    listing->open = false;
    luaL_setmetatable(L, LISTING);
    int rc = files_list_open(listing, path); // what raises below leaves it to the collector
    if (rc < 0) {
        files_list_close(listing);
        return fail(L, path, rc);
    }
    lua_Integer count = 0;
    for (const char *name = files_list_next(listing); name; name = files_list_next(listing)) {
        lua_pushstring(L, name);
        lua_rawseti(L, 2, ++count);
    }
    files_list_close(listing);
    lua_settop(L, 2);
    return 1;
}

static const luaL_Reg listing_methods[] = {
    { "__gc", listing_close },
    { NULL, NULL },
};

static const luaL_Reg functions[] = {
    { "stat", fs_stat },
    { "space", fs_space },
    { "may_write", fs_may_write },
    { "mkdir", fs_mkdir },
    { "list", fs_list },
    { "realpath", fs_realpath },
    { "readlink", fs_readlink },
    { "is_private_group", fs_is_private_group },
    { NULL, NULL },
};

int open_fs(lua_State *L)
{
    bindings_type(L, LISTING, listing_methods);
    bindings_type(L, FOUND_PATH, found_path_methods);
    luaL_newlib(L, functions);
    return 1;
}
