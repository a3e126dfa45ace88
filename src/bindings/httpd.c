// core.httpd: the HTTP server.
#include "bindings/anchor.h"
#include "bindings/bindings.h"
#include "bindings/httpd_request.h"
#include "bindings/httpd_stream.h"
#include "host/state.h"
#include "net/server.h"

#include <string.h>

#define SERVER "core.httpd.Server"

enum { DEFAULT_MAX_BODY = 16 * 1024 * 1024 };

enum { HOST = ANCHOR_CALLBACK + 1, VALUES = HOST }; // user values

struct lua_server {
    struct anchor anchor;
    struct server *server; // NULL once closed
    uint16_t port;
};

static const struct anchor_kind kind = { SERVER, sizeof(struct lua_server), VALUES, NULL };

static void on_server_closed(void *arg)
{
    struct lua_server *s = arg;
    s->server = NULL;
    anchor_release(&s->anchor);
}

static const struct server_events events = { httpd_on_request, httpd_on_ended, on_server_closed };

static lua_Integer integer_option(lua_State *L, const char *name, lua_Integer fallback,
                                  lua_Integer most)
{
    lua_Integer value = fallback;
    if (lua_getfield(L, 1, name) != LUA_TNIL) {
        int is_integer = 0;
        value = lua_tointegerx(L, -1, &is_integer);
        if (!is_integer || value < 0 || value > most)
            luaL_error(L, "%s must be an integer from 0 to %I", name, most);
    }
    lua_pop(L, 1);
    return value;
}

// Leaves the string on the stack.
static const char *host_option(lua_State *L)
{
    if (lua_getfield(L, 1, "host") == LUA_TNIL) {
        lua_pop(L, 1);
        lua_pushliteral(L, "127.0.0.1");
    }
    if (lua_type(L, -1) != LUA_TSTRING)
        luaL_error(L, "host must be a string");
    return lua_tostring(L, -1);
}

// listen(options, on_request) -> server | nil, message, code
static int listen_server(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    luaL_checktype(L, 2, LUA_TFUNCTION);
    lua_settop(L, 2);
    struct server_options options = {
        .host = host_option(L), // options fn host
        .port = (uint16_t)integer_option(L, "port", 0, UINT16_MAX),
        .max_body = (size_t)integer_option(L, "max_body", DEFAULT_MAX_BODY, LUA_MAXINTEGER),
    };
    struct lua_server *s = anchor_new(L, &kind); // options server
    struct server_error error;
    s->server = server_listen(host_loop(L), &options, &events, s, &error);
    if (!s->server) {
        anchor_release(&s->anchor);
        return bindings_fail(L, error.code, error.message);
    }
    s->port = server_port(s->server);
    return 1;
}

static int server_cancel(lua_State *L)
{
    struct lua_server *s = luaL_checkudata(L, 1, SERVER);
    struct server *server = s->server;
    s->server = NULL;
    if (server)
        server_close(server);
    return 0;
}

// __index(server, key): a method, or port and host
static int server_index(lua_State *L)
{
    const struct lua_server *s = luaL_checkudata(L, 1, SERVER);
    const char *key = luaL_checkstring(L, 2);
    if (strcmp(key, "host") == 0) {
        lua_getiuservalue(L, 1, HOST);
    } else if (strcmp(key, "port") == 0) {
        lua_pushinteger(L, s->port);
    } else {
        lua_pushvalue(L, 2);
        lua_rawget(L, lua_upvalueindex(1));
    }
    return 1;
}

static int count_pending(lua_State *L)
{
    lua_pushinteger(L, (lua_Integer)server_pending());
    return 1;
}

static const luaL_Reg methods[] = {
    { "cancel", server_cancel },
    { "__close", server_cancel },
    { NULL, NULL },
};

static const luaL_Reg functions[] = {
    { "listen", listen_server },
    { "pending", count_pending },
    { NULL, NULL },
};

int open_httpd(lua_State *L)
{
    bindings_type(L, SERVER, methods);
    bindings_index(L, SERVER, server_index);
    httpd_open_request(L, httpd_stream);
    httpd_open_stream(L);
    luaL_newlib(L, functions);
    return 1;
}
