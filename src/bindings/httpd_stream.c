#include "bindings/httpd_stream.h"

#include "bindings/bindings.h"
#include "bindings/httpd_headers.h"
#include "bindings/httpd_request.h"
#include "host/stack.h"

#define STREAM "core.httpd.Stream"

enum { OWNER = 1 }; // user value

struct lua_stream {
    struct lua_request *owner; // the userdata in OWNER
    bool ended;
};

int httpd_stream(lua_State *L)
{
    struct lua_request *r = httpd_check_unanswered(L);
    unsigned status = httpd_check_status(L, 2);
    httpd_check_headers(L, 3);
    lua_settop(L, 3);
    stack_need(L, 3, "a request");
    struct lua_stream *s = lua_newuserdatauv(L, sizeof *s, 1); // request status headers stream
    *s = (struct lua_stream){ .owner = r };
    lua_pushvalue(L, 1);
    lua_setiuservalue(L, 4, OWNER);
    httpd_anchor_request(L, r);
    luaL_setmetatable(L, STREAM);
    s->ended = !httpd_send(L, r, server_answer_stream(r->request, status), 3);
    return 1;
}

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

static const luaL_Reg methods[] = {
    { "write", stream_write },    { "finish", stream_finish }, { "cancel", stream_cancel },
    { "__close", stream_cancel }, { "__gc", stream_cancel },   { NULL, NULL },
};

void httpd_open_stream(lua_State *L)
{
    bindings_type(L, STREAM, methods);
}
