#include "bindings/httpd_request.h"

#include "base/log.h"
#include "bindings/anchor.h"
#include "bindings/bindings.h"
#include "bindings/httpd_headers.h"
#include "host/call.h"
#include "host/stack.h"

#include <string.h>

#define REQUEST "core.httpd.Request"
#define WATCHED "core.httpd.watched" // registry: weak table, light userdata of a request -> request

enum { FIELDS = 1, ON_CLOSED = 2 }; // user values

static void set_text(lua_State *L, const char *key, const char *value)
{
    lua_pushstring(L, value);
    lua_setfield(L, -2, key);
}

static void push_fields(lua_State *L, const struct server_head *head)
{
    lua_createtable(L, 0, 6); // fields
    set_text(L, "method", head->method);
    set_text(L, "path", head->path);
    set_text(L, "query", head->query);
    set_text(L, "peer", head->peer);
    lua_pushlstring(L, head->body, head->body_size);
    lua_setfield(L, -2, "body");
    lua_createtable(L, 0, (int)head->header_count); // fields headers
    for (size_t i = 0; i < head->header_count; i++)
        httpd_join_header(L, &head->headers[i]);
    lua_setfield(L, -2, "headers");
}

struct arrival {
    lua_State *L; // the main coroutine
    struct server_request *request;
    bool handed; // the userdata owns the request's reference
};

static int push_request(lua_State *L, void *arg)
{
    struct arrival *a = arg;
    struct lua_request *r = lua_newuserdatauv(L, sizeof *r, 2); // request
    *r = (struct lua_request){ .L = a->L, .anchor = LUA_NOREF };
    luaL_setmetatable(L, REQUEST);
    push_fields(L, server_request_head(a->request)); // request fields
    lua_setiuservalue(L, -2, FIELDS);
    r->request = a->request;
    server_request_set_data(r->request, r);
    a->handed = true;
    return 1;
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

void httpd_on_request(struct server_request *request, void *arg)
{
    struct anchor *server = arg;
    struct arrival a = { .L = server->L, .request = request };
    if (anchor_call(server, ANCHOR_CALLBACK, push_request, &a) == HOST_OK)
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

// (lua_request) -> calls its on_closed callback, and forgets it unless that raises
static int call_on_closed(lua_State *L)
{
    lua_getfield(L, LUA_REGISTRYINDEX, WATCHED); // request_pointer watched
    if (lua_rawgetp(L, 2, lua_touserdata(L, 1)) == LUA_TNIL)
        return 0; // collected meanwhile
    if (lua_getiuservalue(L, 3, ON_CLOSED) == LUA_TNIL)
        return 0;
    lua_pushvalue(L, 4); // request_pointer watched request on_closed on_closed
    lua_call(L, 0, 0);
    lua_getiuservalue(L, 3, ON_CLOSED);
    if (lua_rawequal(L, 4, 5)) { // else the callback has set another
        lua_pushnil(L);
        lua_setiuservalue(L, 3, ON_CLOSED);
    }
    return 0;
}

static void release_anchor(struct lua_request *r)
{
    int anchor = r->anchor;
    r->anchor = LUA_NOREF;
    luaL_unref(r->L, LUA_REGISTRYINDEX, anchor);
}

static void tell_gone(struct again *again)
{
    struct lua_request *r = (struct lua_request *)again; // its first member
    struct server_request *request = r->request;
    server_request_keep(request);
    bool unheard = host_call(r->L, call_on_closed, r) == HOST_NOMEM;
    r = server_request_data(request); // NULL: Lua has collected it meanwhile
    if (r && !(unheard && again_later(r->L, again, tell_gone))) {
        again_cancel(r->L, again);
        release_anchor(r);
    }
    server_request_release(request);
}

void httpd_on_ended(struct server_request *request, enum server_end end, void *arg)
{
    (void)arg;
    struct lua_request *r = server_request_data(request);
    if (r && end == SERVER_GONE)
        tell_gone(&r->again);
    else if (r)
        release_anchor(r);
}

static struct lua_request *check_request(lua_State *L)
{
    struct lua_request *r = luaL_checkudata(L, 1, REQUEST);
    luaL_argcheck(L, r->request != NULL, 1, "the request is over");
    return r;
}

struct lua_request *httpd_check_unanswered(lua_State *L)
{
    struct lua_request *r = check_request(L);
    if (r->answered)
        luaL_error(L, "the request is already answered");
    return r;
}

unsigned httpd_check_status(lua_State *L, int index)
{
    lua_Integer status = luaL_checkinteger(L, index);
    luaL_argcheck(L, status >= 200 && status <= 599, index, "a status from 200 to 599 is expected");
    return (unsigned)status;
}

bool httpd_send(lua_State *L, struct lua_request *r, struct server_answer *a, int index)
{
    r->answered = true;
    if (a && httpd_add_headers(L, index, a)) {
        server_request_answer(r->request, a);
        return true;
    }
    server_answer_free(a);
    log_line(LOG_ERROR, "httpd: out of memory for an answer");
    answer_status(r->request, 500);
    return false;
}

void httpd_anchor_request(lua_State *L, struct lua_request *r)
{
    if (r->anchor != LUA_NOREF || server_request_over(r->request))
        return;
    if (lua_getiuservalue(L, 1, ON_CLOSED) != LUA_TNIL) {
        lua_pushvalue(L, 1);
        r->anchor = luaL_ref(L, LUA_REGISTRYINDEX);
    }
    lua_pop(L, 1);
}

// respond(request, status, headers, body)
static int request_respond(lua_State *L)
{
    struct lua_request *r = httpd_check_unanswered(L);
    unsigned status = httpd_check_status(L, 2);
    httpd_check_headers(L, 3);
    size_t size = 0;
    const char *body = luaL_optlstring(L, 4, "", &size);
    stack_need(L, 3, "a request");
    httpd_anchor_request(L, r);
    httpd_send(L, r, server_answer_new(status, body, size), 3);
    return 0;
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
    unsigned status = httpd_check_status(L, 3);
    httpd_check_headers(L, 4);
    size_t size = 0;
    const char *body = luaL_checklstring(L, 5, &size);
    lua_Integer promised = luaL_checkinteger(L, 6);
    luaL_argcheck(L, promised > 0 && (size_t)promised > size, 2,
                  "promised must be more than the body");
    stack_need(L, 3, "a request");
    httpd_send(L, r, server_answer_broken(status, body, size, (uint64_t)promised), 4);
}

// drop(request, fault)
static int request_drop(lua_State *L)
{
    struct lua_request *r = httpd_check_unanswered(L);
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
    lua_setiuservalue(L, 1, ON_CLOSED);
    if (r->answered)
        httpd_anchor_request(L, r);
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
    again_cancel(L, &r->again);
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
    lua_getiuservalue(L, 1, FIELDS);
    lua_pushvalue(L, 2);
    lua_rawget(L, -2);
    return 1;
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

void httpd_open_request(lua_State *L, lua_CFunction stream)
{
    const luaL_Reg methods[] = {
        { "respond", request_respond },     { "stream", stream },   { "drop", request_drop },
        { "on_closed", request_on_closed }, { "__gc", request_gc }, { NULL, NULL },
    };
    bindings_type(L, REQUEST, methods);
    bindings_index(L, REQUEST, request_index);
    create_watched(L);
}
