#include "host/call.h"

#include "base/log.h"
#include "host/collector.h"

// Message handler: error value to text with traceback.
static int add_traceback(lua_State *L)
{
    const char *message = luaL_tolstring(L, 1, NULL);
    luaL_traceback(L, L, message, 1);
    return 1;
}

static void log_error(lua_State *L, int index)
{
    size_t size = 0;
    const char *text = lua_type(L, index) == LUA_TSTRING ? lua_tolstring(L, index, &size) : NULL;
    if (text)
        log_text(LOG_ERROR, text, size);
    else
        log_line(LOG_ERROR, "an error without a message");
}

enum host_outcome host_call(lua_State *L, lua_CFunction body, void *arg)
{
    lua_State *main = host_main(L);
    struct host *host = host_of(L);
    host->turn++;
    collector_look(host);
    int top = lua_gettop(main);
    if (!lua_checkstack(main, 3)) {
        log_line(LOG_ERROR, "out of memory");
        return HOST_NOMEM;
    }
    lua_pushcfunction(main, add_traceback);
    lua_pushcfunction(main, body);
    lua_pushlightuserdata(main, arg);
    int status = lua_pcall(main, 1, 0, top + 1);
    if (status != LUA_OK)
        log_error(main, -1);
    lua_settop(main, top);
    if (status == LUA_ERRMEM)
        return HOST_NOMEM;
    return status == LUA_OK ? HOST_OK : HOST_ERROR;
}
