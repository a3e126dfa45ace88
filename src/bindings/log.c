// core.log: lines to standard error.
#include "base/log.h"

#include "bindings/bindings.h"

static enum log_level check_level(lua_State *L, int index)
{
    enum log_level level = LOG_INFO;
    const char *name = luaL_checkstring(L, index);
    luaL_argcheck(L, log_level_parse(name, &level), index, "not a log level");
    return level;
}

static int log_write(lua_State *L)
{
    enum log_level level = check_level(L, 1);
    size_t size = 0;
    const char *text = luaL_checklstring(L, 2, &size);
    log_text(level, text, size);
    return 0;
}

static int set_level(lua_State *L)
{
    log_set_level(check_level(L, 1));
    return 0;
}

static int get_level(lua_State *L)
{
    lua_pushstring(L, log_level_name(log_get_level()));
    return 1;
}

static const luaL_Reg functions[] = {
    { "write", log_write },
    { "set_level", set_level },
    { "get_level", get_level },
    { NULL, NULL },
};

int open_log(lua_State *L)
{
    luaL_newlib(L, functions);
    return 1;
}
