// core.httpd: the HTTP server.
#include "base/log.h"
#include "bindings/bindings.h"
#include "host/call.h"
#include "net/server.h"

#include <string.h>

#define SERVER  "core.httpd.Server"
#define REQUEST "core.httpd.Request"
#define STREAM  "core.httpd.Stream"
#define WATCHED "core.httpd.watched" // registry: weak table, light userdata of a request -> request

enum { DEFAULT_MAX_BODY = 16 * 1024 * 1024 };

// User values.
enum { SERVER_CALLBACK = 1, SERVER_HOST = 2 };
enum { REQUEST_FIELDS = 1, REQUEST_ON_CLOSED = 2 };
enum { STREAM_REQUEST = 1 };

struct lua_server {
    struct server *server; // NULL once closed
    lua_State *L;          // the main coroutine
    int anchor;            // registry reference while the loop holds the server, else LUA_NOREF
    uint16_t port;
};

struct lua_request {
    struct server_request *request; // NULL before it is filled, and after the end of the userdata
    lua_State *L;                   // the main coroutine
    int anchor;                     // registry reference while answered and on_closed may still run
    bool answered;
};

struct lua_stream {
    struct lua_request *owner; // the userdata in STREAM_REQUEST
    bool ended;
};

// ------------------------------------------------------------------------------ events of a server

struct arrival {
    struct lua_server *server;
    struct server_request *request;
    bool handed; // the userdata owns the request's reference
};

static void set_string(lua_State *L, const char *key, const char *value)
{
    lua_pushstring(L, value);
    lua_setfield(L, -2, key);
}

// Sets t[lower-case name], where t is on top, to the value, joined to what is already there.
static void add_header(lua_State *L, const struct server_header *header)
{
    luaL_Buffer name;
    luaL_buffinit(L, &name);
    for (const char *c = header->name; *c; c++)
        luaL_addchar(&name, (char)(*c >= 'A' && *c <= 'Z' ? *c + ('a' - 'A') : *c));
    luaL_pushresult(&name);              // t name
    lua_pushvalue(L, -1);                // t name name
    if (lua_rawget(L, -3) == LUA_TNIL) { // t name old
        lua_pop(L, 1);
        lua_pushstring(L, header->value); // t name value
    } else {
        lua_pushfstring(L, "%s, %s", lua_tostring(L, -1), header->value);
        lua_remove(L, -2); // t name joined
    }
    lua_rawset(L, -3);
}

static void push_fields(lua_State *L, const struct server_head *head)
{
    lua_createtable(L, 0, 6); // fields
    set_string(L, "method", head->method);
    set_string(L, "path", head->path);
    set_string(L, "query", head->query);
    set_string(L, "peer", head->peer);
    lua_pushlstring(L, head->body, head->body_size);
    lua_setfield(L, -2, "body");
    lua_createtable(L, 0, (int)head->header_count); // fields headers
    for (size_t i = 0; i < head->header_count; i++)
        add_header(L, &head->headers[i]);
    lua_setfield(L, -2, "headers");
}

// (arrival) -> runs the callback with the request
static int call_on_request(lua_State *L)
{
    struct arrival *a = lua_touserdata(L, 1);
    lua_rawgeti(L, LUA_REGISTRYINDEX, a->server->anchor);       // arrival server
    lua_getiuservalue(L, 2, SERVER_CALLBACK);                   // arrival server callback
    struct lua_request *r = lua_newuserdatauv(L, sizeof *r, 2); // … callback request
    *r = (struct lua_request){ .L = a->server->L, .anchor = LUA_NOREF };
    luaL_setmetatable(L, REQUEST);
    push_fields(L, server_request_head(a->request));
    lua_setiuservalue(L, 4, REQUEST_FIELDS);
    r->request = a->request;
    server_request_set_data(r->request, r);
    a->handed = true;
    lua_call(L, 1, 0);
    return 0;
}

// Answers with a plain status; for when Lua does not.
static void answer_status(struct server_request *r, unsigned status)
{
    static const char body[] = "{\"error\":\"The server failed to answer this request.\"}";
    struct server_answer *a = server_answer_new(status, body, sizeof body - 1);
    if (!a || !server_answer_header(a, "Content-Type", "application/json")) {
        server_answer_free(a);
        server_request_close(r);
        return;
    }
    server_request_answer(r, a);
}

static void on_request(struct server_request *request, void *arg)
{
    struct arrival a = { .server = arg, .request = request };
    if (host_call(a.server->L, call_on_request, &a) == HOST_OK)
        return;
    struct lua_request *r = server_request_data(request); // NULL once collected, and then answered
    if (!a.handed) {
        answer_status(request, 500);
        server_request_release(request);
    } else if (r && !r->answered) {
        r->answered = true;
        answer_status(request, 500);
    }
}

// (lua_request) -> calls its on_closed callback
static int call_on_closed(lua_State *L)
{
    lua_getfield(L, LUA_REGISTRYINDEX, WATCHED); // request_pointer watched
    if (lua_rawgetp(L, 2, lua_touserdata(L, 1)) == LUA_TNIL)
        return 0;                               // forgotten meanwhile
    lua_getiuservalue(L, 3, REQUEST_ON_CLOSED); // … request callback
    lua_pushnil(L);
    lua_setiuservalue(L, 3, REQUEST_ON_CLOSED);
    if (!lua_isnil(L, -1))
        lua_call(L, 0, 0);
    return 0;
}

static void on_ended(struct server_request *request, enum server_end end, void *arg)
{
    (void)arg;
    struct lua_request *r = server_request_data(request);
    if (!r)
        return;
    lua_State *L = r->L;
    int anchor = r->anchor;
    r->anchor = LUA_NOREF;
    if (end == SERVER_GONE)
        host_call(L, call_on_closed, r);
    luaL_unref(L, LUA_REGISTRYINDEX, anchor);
}

static void on_server_closed(void *arg)
{
    struct lua_server *s = arg;
    int anchor = s->anchor;
    s->anchor = LUA_NOREF;
    s->server = NULL;
    luaL_unref(s->L, LUA_REGISTRYINDEX, anchor);
}

static const struct server_events events = { on_request, on_ended, on_server_closed };

// ----------------------------------------------------------------------------------------- answers

static struct lua_request *check_request(lua_State *L)
{
    struct lua_request *r = luaL_checkudata(L, 1, REQUEST);
    luaL_argcheck(L, r->request != NULL, 1, "the request is over");
    return r;
}

static struct lua_request *check_unanswered(lua_State *L)
{
    struct lua_request *r = check_request(L);
    if (r->answered)
        luaL_error(L, "the request is already answered");
    return r;
}

static unsigned check_status(lua_State *L, int index)
{
    lua_Integer status = luaL_checkinteger(L, index);
    luaL_argcheck(L, status >= 200 && status <= 599, index, "a status from 200 to 599 is expected");
    return (unsigned)status;
}

static bool is_token(const char *text, size_t size)
{
    static const char allowed[] = "!#$%&'*+-.^_`|~0123456789"
                                  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    return size > 0 && strspn(text, allowed) == size;
}

static bool is_field_value(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)text[i];
        if ((c < ' ' && c != '\t') || c == 0x7f)
            return false;
    }
    return true;
}

static bool is_framing(const char *name)
{
    return strcasecmp(name, "Content-Length") == 0 || strcasecmp(name, "Transfer-Encoding") == 0;
}

// Raises unless nil or a table of header lines that may be sent.
static void check_headers(lua_State *L, int index)
{
    if (lua_isnoneornil(L, index))
        return;
    luaL_checktype(L, index, LUA_TTABLE);
    for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1)) { // … name value
        if (lua_type(L, -2) != LUA_TSTRING || lua_type(L, -1) != LUA_TSTRING)
            luaL_argerror(L, index, "header names and values must be strings");
        size_t name_size = 0;
        size_t value_size = 0;
        const char *name = lua_tolstring(L, -2, &name_size);
        const char *value = lua_tolstring(L, -1, &value_size);
        if (!is_token(name, name_size))
            luaL_error(L, "'%s' is no header name", name);
        if (is_framing(name))
            luaL_error(L, "the server sets %s itself", name);
        if (!is_field_value(value, value_size))
            luaL_error(L, "the value of header %s contains control characters", name);
    }
}

// Adds checked headers.  Raises nothing: strings are strings, lua_next() has a key of the table.
static bool add_headers(lua_State *L, int index, struct server_answer *a)
{
    if (lua_isnoneornil(L, index))
        return true;
    for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1)) { // … name value
        const char *value = lua_tostring(L, -1);
        // libmicrohttpd takes no empty value
        if (*value && !server_answer_header(a, lua_tostring(L, -2), value)) {
            lua_pop(L, 2);
            return false;
        }
    }
    return true;
}

// Sends `a`, or a 500 if there is none or its headers (at `index`) do not fit in memory.
static bool send_answer(lua_State *L, struct lua_request *r, struct server_answer *a, int index)
{
    r->answered = true;
    if (a && add_headers(L, index, a)) {
        server_request_answer(r->request, a);
        return true;
    }
    server_answer_free(a);
    log_line(LOG_ERROR, "httpd: out of memory for an answer");
    answer_status(r->request, 500);
    return false;
}

// Keeps the userdata at index 1 alive up to the end of its answer if its on_closed waits for that.
static void anchor_request(lua_State *L, struct lua_request *r)
{
    if (r->anchor != LUA_NOREF || server_request_over(r->request))
        return;
    if (lua_getiuservalue(L, 1, REQUEST_ON_CLOSED) != LUA_TNIL) {
        lua_pushvalue(L, 1);
        r->anchor = luaL_ref(L, LUA_REGISTRYINDEX);
    }
    lua_pop(L, 1);
}

// respond(request, status, headers, body)
static int request_respond(lua_State *L)
{
    struct lua_request *r = check_unanswered(L);
    unsigned status = check_status(L, 2);
    check_headers(L, 3);
    size_t size = 0;
    const char *body = luaL_optlstring(L, 4, "", &size);
    luaL_checkstack(L, 3, NULL);
    anchor_request(L, r);
    send_answer(L, r, server_answer_new(status, body, size), 3);
    return 0;
}

// stream(request, status, headers) -> stream
static int request_stream(lua_State *L)
{
    struct lua_request *r = check_unanswered(L);
    unsigned status = check_status(L, 2);
    check_headers(L, 3);
    lua_settop(L, 3);
    luaL_checkstack(L, 3, NULL);
    struct lua_stream *s = lua_newuserdatauv(L, sizeof *s, 1); // request status headers stream
    *s = (struct lua_stream){ .owner = r };
    lua_pushvalue(L, 1);
    lua_setiuservalue(L, 4, STREAM_REQUEST);
    anchor_request(L, r);
    luaL_setmetatable(L, STREAM);
    s->ended = !send_answer(L, r, server_answer_stream(r->request, status), 3);
    return 1;
}

// Reads the fault at index 2 and sends it.
static void send_fault(lua_State *L, struct lua_request *r)
{
    luaL_checktype(L, 2, LUA_TTABLE);
    lua_settop(L, 2);
    lua_getfield(L, 2, "status");   // request fault status
    lua_getfield(L, 2, "headers");  // … headers
    lua_getfield(L, 2, "body");     // … body
    lua_getfield(L, 2, "promised"); // … promised
    unsigned status = check_status(L, 3);
    check_headers(L, 4);
    size_t size = 0;
    const char *body = luaL_checklstring(L, 5, &size);
    lua_Integer promised = luaL_checkinteger(L, 6);
    luaL_argcheck(L, promised > 0 && (size_t)promised > size, 2,
                  "promised must be more than the body");
    luaL_checkstack(L, 3, NULL);
    send_answer(L, r, server_answer_broken(status, body, size, (uint64_t)promised), 4);
}

// drop(request, fault)
static int request_drop(lua_State *L)
{
    struct lua_request *r = check_unanswered(L);
    if (!lua_isnoneornil(L, 2)) {
        send_fault(L, r);
        return 0;
    }
    r->answered = true;
    server_request_close(r->request);
    return 0;
}

// on_closed(request, fn)
static int request_on_closed(lua_State *L)
{
    struct lua_request *r = check_request(L);
    luaL_checktype(L, 2, LUA_TFUNCTION);
    lua_settop(L, 2);
    lua_getfield(L, LUA_REGISTRYINDEX, WATCHED); // request fn watched
    lua_pushvalue(L, 1);
    lua_rawsetp(L, 3, r);
    lua_settop(L, 2);
    lua_setiuservalue(L, 1, REQUEST_ON_CLOSED);
    if (r->answered)
        anchor_request(L, r);
    server_request_want_end(r->request);
    return 0;
}

// __gc: a request that is forgotten without an answer gets one
static int request_gc(lua_State *L)
{
    struct lua_request *r = luaL_checkudata(L, 1, REQUEST);
    struct server_request *request = r->request;
    if (!request)
        return 0;
    r->request = NULL;
    server_request_set_data(request, NULL);
    if (!r->answered && !server_request_over(request)) {
        log_line(LOG_WARNING, "httpd: %s %s was forgotten without an answer",
                 server_request_head(request)->method, server_request_head(request)->path);
        answer_status(request, 500);
    }
    server_request_release(request);
    return 0;
}

// __index(request, key): a method, else a field
static int request_index(lua_State *L)
{
    lua_settop(L, 2);
    lua_pushvalue(L, 2);
    if (lua_rawget(L, lua_upvalueindex(1)) != LUA_TNIL)
        return 1;
    lua_getiuservalue(L, 1, REQUEST_FIELDS);
    lua_pushvalue(L, 2);
    lua_rawget(L, -2);
    return 1;
}

// ----------------------------------------------------------------------------------------- streams

// At the state's end the request may be collected before the stream.
static bool is_open(const struct lua_stream *s)
{
    return !s->ended && s->owner->request;
}

// write(stream, bytes) -> queued | nil, message, code
static int stream_write(lua_State *L)
{
    struct lua_stream *s = luaL_checkudata(L, 1, STREAM);
    size_t size = 0;
    const char *bytes = luaL_checklstring(L, 2, &size);
    ssize_t queued = is_open(s) ? server_stream_write(s->owner->request, bytes, size) : -1;
    if (queued == -1)
        return bindings_fail(L, "closed", "the stream is closed, or its peer is gone");
    if (queued < 0)
        return bindings_fail(L, "ENOMEM", "out of memory");
    lua_pushinteger(L, (lua_Integer)queued);
    return 1;
}

static int stream_finish(lua_State *L)
{
    struct lua_stream *s = luaL_checkudata(L, 1, STREAM);
    if (is_open(s))
        server_stream_finish(s->owner->request);
    s->ended = true;
    return 0;
}

static int stream_cancel(lua_State *L)
{
    struct lua_stream *s = luaL_checkudata(L, 1, STREAM);
    if (is_open(s))
        server_request_close(s->owner->request);
    s->ended = true;
    return 0;
}

// ----------------------------------------------------------------------------------------- servers

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
    struct lua_server *s = lua_newuserdatauv(L, sizeof *s, 2); // options fn host server
    *s = (struct lua_server){ .L = host_main(L), .anchor = LUA_NOREF };
    lua_pushvalue(L, 2);
    lua_setiuservalue(L, 4, SERVER_CALLBACK);
    lua_pushvalue(L, 3);
    lua_setiuservalue(L, 4, SERVER_HOST);
    luaL_setmetatable(L, SERVER);
    lua_pushvalue(L, 4);
    int anchor = luaL_ref(L, LUA_REGISTRYINDEX); // the last call that may raise

    struct server_error error;
    s->server = server_listen(host_loop(L), &options, &events, s, &error);
    if (!s->server) {
        luaL_unref(L, LUA_REGISTRYINDEX, anchor);
        return bindings_fail(L, error.code, error.message);
    }
    s->anchor = anchor;
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
        lua_getiuservalue(L, 1, SERVER_HOST);
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

// ------------------------------------------------------------------------------------------
// opening

static const luaL_Reg server_methods[] = {
    { "cancel", server_cancel },
    { "__close", server_cancel },
    { NULL, NULL },
};

static const luaL_Reg request_methods[] = {
    { "respond", request_respond },     { "stream", request_stream }, { "drop", request_drop },
    { "on_closed", request_on_closed }, { "__gc", request_gc },       { NULL, NULL },
};

static const luaL_Reg stream_methods[] = {
    { "write", stream_write },    { "finish", stream_finish }, { "cancel", stream_cancel },
    { "__close", stream_cancel }, { "__gc", stream_cancel },   { NULL, NULL },
};

static const luaL_Reg functions[] = {
    { "listen", listen_server },
    { "pending", count_pending },
    { NULL, NULL },
};

// Replaces the type's __index by `index`, which has the table of methods as its upvalue.
static void set_index(lua_State *L, const char *type, lua_CFunction index)
{
    luaL_getmetatable(L, type);     // meta
    lua_getfield(L, -1, "__index"); // meta methods
    lua_pushcclosure(L, index, 1);  // meta index
    lua_setfield(L, -2, "__index");
    lua_pop(L, 1);
}

static void create_watched(lua_State *L)
{
    lua_newtable(L); // watched
    lua_newtable(L); // watched meta
    lua_pushliteral(L, "v");
    lua_setfield(L, -2, "__mode");
    lua_setmetatable(L, -2);
    lua_setfield(L, LUA_REGISTRYINDEX, WATCHED);
}

int open_httpd(lua_State *L)
{
    bindings_type(L, SERVER, server_methods);
    set_index(L, SERVER, server_index);
    bindings_type(L, REQUEST, request_methods);
    set_index(L, REQUEST, request_index);
    bindings_type(L, STREAM, stream_methods);
    create_watched(L);
    luaL_newlib(L, functions);
    return 1;
}
