// core.http: the HTTP client.
#include "net/client.h"

#include "base/utf8.h"
#include "bindings/anchor.h"
#include "bindings/bindings.h"
#include "bindings/http_request.h"
#include "host/state.h"

#include <string.h>

#define TRANSFER "core.http.transfer"

enum { NO_MEMORY_TEXT = 1, NO_MEMORY_CODE }; // user values of the module

struct module {
    struct client *client; // NULL: not used yet, or the loop is closed
    bool closed;
    int self; // registry reference, for the texts of out of memory
};

struct transfer {
    struct anchor anchor;            // until the callback has heard of the end
    struct client_transfer *running; // NULL: ended
    struct module *module;
    bool sent; // of an end that memory ran out for
};

struct ending {
    struct transfer *transfer;
    const struct client_result *result;
};

// ---- The end of a transfer ----

static void set_text(lua_State *L, const char *field, const char *text, size_t size)
{
    lua_pushlstring(L, text, size);
    lua_setfield(L, -2, field);
}

static void push_response(lua_State *L, const struct client_result *r)
{
    lua_createtable(L, 0, 6); // response
    lua_pushinteger(L, r->status);
    lua_setfield(L, -2, "status");
    set_text(L, "headers", r->headers->data ? r->headers->data : "", r->headers->size);
    set_text(L, "body", r->body->data ? r->body->data : "", r->body->size);
    set_text(L, "url", r->url, strlen(r->url));
    lua_pushboolean(L, r->cut);
    lua_setfield(L, -2, "cut");
    lua_pushinteger(L, (lua_Integer)r->left_out);
    lua_setfield(L, -2, "left_out");
}

// Pushes response, or nil, message, code, sent, partial.
static int push_ending(lua_State *L, void *arg)
{
    const struct client_result *r = arg;
    if (r->code == CLIENT_OK) {
        push_response(L, r);
        buf_free(r->body); // not twice in memory while the callback runs
        return 1;
    }
    lua_pushnil(L);
    lua_pushlstring(L, r->message, utf8_whole(r->message, strlen(r->message)));
    lua_pushstring(L, client_code_name(r->code));
    lua_pushboolean(L, r->sent);
    if (r->partial)
        push_response(L, r);
    else
        lua_pushnil(L);
    return 5;
}

// The same, for an answer that Lua has no memory for; allocates nothing itself.
static int push_no_memory(lua_State *L, void *arg)
{
    const struct transfer *t = arg;
    lua_pushnil(L);                                     // nil
    lua_rawgeti(L, LUA_REGISTRYINDEX, t->module->self); // nil module
    lua_getiuservalue(L, -1, NO_MEMORY_TEXT);           // nil module text
    lua_getiuservalue(L, -2, NO_MEMORY_CODE);           // nil module text code
    lua_remove(L, -3);                                  // nil text code
    lua_pushboolean(L, t->sent);
    return 4;
}

// Nor is there a whole answer: what had come of it, or its beginning, small enough to find memory.
static int push_rest(lua_State *L, void *arg)
{
    const struct ending *e = arg;
    int count = push_no_memory(L, e->transfer);
    push_response(L, e->result);
    return count + 1;
}

static void tell_without_memory(struct anchor *a)
{
    if (anchor_tell(a, ANCHOR_CALLBACK, push_no_memory, a))
        anchor_release(a);
}

static const struct anchor_kind kind = { TRANSFER, sizeof(struct transfer), 1,
                                         tell_without_memory };

// At once, while there is something of the answer: it may hold the id of what was paid for.
static void tell_rest(struct transfer *t, const struct client_result *result)
{
    struct ending ending = { t, result };
    buf_truncate(result->body, CLIENT_REST);
    if (result->body->size > 0 && anchor_tell(&t->anchor, ANCHOR_CALLBACK, push_rest, &ending))
        anchor_release(&t->anchor);
    else
        tell_without_memory(&t->anchor);
}

static void on_done(void *arg, const struct client_result *result)
{
    struct transfer *t = arg;
    t->running = NULL; // a cancel from inside the callback finds nothing to do
    t->sent = result && result->sent;
    if (!result || anchor_tell(&t->anchor, ANCHOR_CALLBACK, push_ending, (void *)result))
        anchor_release(&t->anchor);
    else
        tell_rest(t, result);
}

// ---- The module ----

static struct module *module_of(lua_State *L)
{
    return lua_touserdata(L, lua_upvalueindex(1));
}

static void close_client(void *arg)
{
    struct module *m = arg;
    client_free(m->client);
    m->client = NULL;
    m->closed = true;
}

// Opens libcurl at the first use; false with `why` filled in.
static bool open_client(lua_State *L, struct module *m, struct client_failure *why)
{
    if (m->client)
        return true;
    *why = (struct client_failure){ CLIENT_LIBRARY, "the program is ending" };
    if (m->closed)
        return false;
    m->client = client_new(host_loop(L), why);
    return m->client != NULL;
}

static int fail(lua_State *L, const struct client_failure *why)
{
    return bindings_fail(L, client_code_name(why->code), why->message);
}

/// start(request, callback) -> transfer | nil, message, code
static int http_start(lua_State *L)
{
    const char *lines[HTTP_MOST_HEADERS];
    struct client_request request = { 0 };
    struct client_failure why;
    struct module *m = module_of(L);
    luaL_checktype(L, 2, LUA_TFUNCTION);
    lua_settop(L, 2);
    http_read_request(L, &request, lines);
    if (!open_client(L, m, &why))
        return fail(L, &why);

    struct transfer *t = anchor_new(L, &kind); // request transfer
    t->module = m;
    t->running = client_start(m->client, &request, on_done, t, &why);
    if (!t->running) {
        anchor_release(&t->anchor);
        return fail(L, &why);
    }
    return 1;
}

static int transfer_cancel(lua_State *L)
{
    struct transfer *t = luaL_checkudata(L, 1, TRANSFER);
    if (t->running)
        client_cancel(t->running);
    t->running = NULL;
    anchor_release(&t->anchor);
    return 0;
}

/// transfer:is_sent() -> boolean
static int transfer_is_sent(lua_State *L)
{
    const struct transfer *t = luaL_checkudata(L, 1, TRANSFER);
    lua_pushboolean(L, t->running && client_is_sent(t->running));
    return 1;
}

/// transfer:withdraw() -> boolean: true: nothing has left, and nothing will
static int transfer_withdraw(lua_State *L)
{
    const struct transfer *t = luaL_checkudata(L, 1, TRANSFER);
    if (!t->running || client_is_sent(t->running)) {
        lua_pushboolean(L, 0);
        return 1;
    }
    lua_settop(L, 1);
    transfer_cancel(L);
    lua_pushboolean(L, 1);
    return 1;
}

/// transfer:hurry()
static int transfer_hurry(lua_State *L)
{
    const struct transfer *t = luaL_checkudata(L, 1, TRANSFER);
    if (t->running)
        client_hurry(t->running);
    return 0;
}

static struct client_stats stats_of(const struct module *m)
{
    return m->client ? client_stats(m->client) : (struct client_stats){ 0 };
}

/// active() -> integer
static int http_active(lua_State *L)
{
    lua_pushinteger(L, (lua_Integer)stats_of(module_of(L)).active);
    return 1;
}

static void set_integer(lua_State *L, const char *field, uint64_t value)
{
    lua_pushinteger(L, (lua_Integer)value);
    lua_setfield(L, -2, field);
}

/// stats() -> { transfers, connections, queued }
static int http_stats(lua_State *L)
{
    struct client_stats stats = stats_of(module_of(L));
    lua_createtable(L, 0, 3);
    set_integer(L, "transfers", stats.transfers);
    set_integer(L, "connections", stats.connections);
    set_integer(L, "queued", stats.queued);
    return 1;
}

static void set_optional(lua_State *L, const char *field, const char *text)
{
    lua_pushstring(L, text); // nil for NULL
    lua_setfield(L, -2, field);
}

/// info() -> table | nil, message, code
static int http_info(lua_State *L)
{
    struct client_failure why;
    struct module *m = module_of(L);
    if (!open_client(L, m, &why))
        return fail(L, &why);
    struct client_info info = client_info(m->client);
    lua_createtable(L, 0, 5);
    set_optional(L, "version", info.version);
    set_optional(L, "tls", info.tls);
    set_optional(L, "ca_file", info.trust.file);
    set_optional(L, "ca_path", info.trust.path);
    lua_pushboolean(L, info.http2);
    lua_setfield(L, -2, "http2");
    return 1;
}

static const luaL_Reg methods[] = {
    { "cancel", transfer_cancel },   { "hurry", transfer_hurry },
    { "is_sent", transfer_is_sent }, { "withdraw", transfer_withdraw },
    { "__close", transfer_cancel },  { NULL, NULL },
};

static const luaL_Reg functions[] = {
    { "active", http_active }, { "info", http_info }, { "start", http_start },
    { "stats", http_stats },   { NULL, NULL },
};

int open_http(lua_State *L)
{
    bindings_type(L, TRANSFER, methods);
    luaL_newlibtable(L, functions);
    struct module *m = lua_newuserdatauv(L, sizeof *m, 2); // lib module
    *m = (struct module){ 0 };
    lua_pushliteral(L, "not enough memory for the answer");
    lua_setiuservalue(L, -2, NO_MEMORY_TEXT);
    lua_pushstring(L, client_code_name(CLIENT_MEMORY));
    lua_setiuservalue(L, -2, NO_MEMORY_CODE);
    lua_pushvalue(L, -1);
    m->self = luaL_ref(L, LUA_REGISTRYINDEX); // lib module
    luaL_setfuncs(L, functions, 1);
    if (!loop_at_close(host_loop(L), close_client, m))
        return luaL_error(L, "not enough memory");
    return 1;
}
