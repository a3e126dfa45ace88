// core.channel: messages between a host and its worker.
#include "loop/channel.h"

#include "bindings/bindings.h"
#include "host/again.h"
#include "host/call.h"
#include "host/descriptor.h"

#include <stddef.h>
#include <string.h>

#define CHANNEL "core.channel"

enum { ON_MESSAGE = 1, ON_DRAINED, ON_END, CALLBACKS = ON_END }; // user values

struct lua_channel {
    struct channel *channel; // NULL once closed
    struct again again;
    lua_State *L;
    int anchor;
    bool paused; // by Lua
    bool drained_unheard;
    bool end_unheard;
    bool broken;     // the other end was not closed between two messages
    char reason[96]; // then why
};

struct event {
    struct lua_channel *c;
    int which; // user value of the callback
    const char *bytes;
    size_t size;
};

// (event) -> the callback it is for, if there is one
static int call_back(lua_State *L)
{
    const struct event *e = lua_touserdata(L, 1);
    lua_rawgeti(L, LUA_REGISTRYINDEX, e->c->anchor); // e channel
    if (lua_getiuservalue(L, 2, e->which) == LUA_TNIL)
        return 0;
    if (e->bytes)
        lua_pushlstring(L, e->bytes, e->size);
    lua_call(L, e->bytes ? 1 : 0, 0);
    return 0;
}

static bool tell(struct lua_channel *c, int which, const char *bytes, size_t size)
{
    struct event e = { .c = c, .which = which, .bytes = bytes, .size = size };
    return host_call(c->L, call_back, &e) != HOST_NOMEM;
}

static void let_go(struct lua_channel *c)
{
    struct channel *channel = c->channel;
    c->channel = NULL;
    again_cancel(c->L, &c->again);
    if (channel)
        channel_close(channel);
}

static void tell_drained(struct lua_channel *c)
{
    c->drained_unheard = !tell(c, ON_DRAINED, NULL, 0);
}

// An end is told as the last.
static void tell_end(struct lua_channel *c)
{
    const char *reason = c->broken ? c->reason : NULL;
    c->end_unheard = !tell(c, ON_END, reason, reason ? strlen(reason) : 0);
    if (!c->end_unheard)
        let_go(c);
}

static bool wait_for_memory(struct lua_channel *c);

static void tell_again(struct again *again)
{
    struct lua_channel *c =
        (struct lua_channel *)((char *)again - offsetof(struct lua_channel, again));
    if (c->drained_unheard)
        tell_drained(c);
    if (c->end_unheard && c->channel)
        tell_end(c);
    if (!c->channel)
        return;
    if (c->drained_unheard || c->end_unheard)
        (void)wait_for_memory(c);
    else if (!c->paused)
        channel_resume(c->channel);
}

static bool wait_for_memory(struct lua_channel *c)
{
    if (again_later(c->L, &c->again, tell_again))
        return true;
    let_go(c); // a message was lost: nothing that comes behind it can be told either
    return false;
}

static bool on_message(void *arg, const char *bytes, size_t size)
{
    struct lua_channel *c = arg;
    if (tell(c, ON_MESSAGE, bytes, size)) {
        if (c->channel)
            again_cancel(c->L, &c->again); // its tries begin anew
        return true;
    }
    return !c->channel || !wait_for_memory(c);
}

static void on_drained(void *arg)
{
    struct lua_channel *c = arg;
    tell_drained(c);
    if (c->drained_unheard && c->channel)
        (void)wait_for_memory(c);
}

static void on_ended(void *arg, const char *reason)
{
    struct lua_channel *c = arg;
    c->broken = reason != NULL;
    if (reason)
        (void)strncat(strcpy(c->reason, ""), reason, sizeof c->reason - 1);
    tell_end(c);
    if (c->end_unheard && c->channel)
        (void)wait_for_memory(c);
}

static void on_closed(void *arg)
{
    struct lua_channel *c = arg;
    c->channel = NULL;
    again_cancel(c->L, &c->again);
    luaL_unref(c->L, LUA_REGISTRYINDEX, c->anchor);
}

static const struct channel_callbacks callbacks = { on_message, on_drained, on_ended, on_closed };

/// pair() -> Descriptor, Descriptor | nil, message, code
static int make_pair(lua_State *L)
{
    int *one = descriptor_new(L);
    int *other = descriptor_new(L);
    int ends[2];
    int rc = channel_pair(ends);
    if (rc < 0)
        return bindings_fail(L, uv_err_name(rc), uv_strerror(rc));
    *one = ends[0];
    *other = ends[1];
    return 2;
}

/// inherited() -> Descriptor | nil, message, code
static int inherited(lua_State *L)
{
    int *end = descriptor_new(L);
    int rc = channel_check_inherited();
    if (rc < 0)
        return bindings_fail(L, uv_err_name(rc), uv_strerror(rc));
    *end = CHANNEL_INHERITED;
    return 1;
}

static void set_callback(lua_State *L, int object, int which, const char *field)
{
    int type = lua_getfield(L, 2, field);
    luaL_argcheck(L, type == LUA_TNIL || type == LUA_TFUNCTION, 2, "callbacks are functions");
    lua_setiuservalue(L, object, which);
}

/// open(descriptor, options) -> Channel | nil, message, code
static int open_end(lua_State *L)
{
    enum { DESCRIPTOR = 1, OPTIONS, OBJECT };
    (void)descriptor_check(L, DESCRIPTOR);
    luaL_checktype(L, OPTIONS, LUA_TTABLE);
    lua_settop(L, OPTIONS);
    lua_getfield(L, OPTIONS, "most");
    lua_Integer most = luaL_checkinteger(L, -1);
    luaL_argcheck(L, most > 0 && most <= UINT32_MAX, OPTIONS, "most must be 1 to 2^32 - 1");
    lua_settop(L, OPTIONS);

    struct lua_channel *c = lua_newuserdatauv(L, sizeof *c, CALLBACKS);
    *c = (struct lua_channel){ .L = host_main(L) };
    luaL_setmetatable(L, CHANNEL);
    set_callback(L, OBJECT, ON_MESSAGE, "on_message");
    set_callback(L, OBJECT, ON_DRAINED, "on_drained");
    set_callback(L, OBJECT, ON_END, "on_end");
    lua_pushvalue(L, OBJECT);
    c->anchor = luaL_ref(L, LUA_REGISTRYINDEX); // the last call that may raise

    int error = 0;
    c->channel = channel_open(host_loop(L), descriptor_take(L, DESCRIPTOR), (size_t)most,
                              &callbacks, c, &error);
    if (c->channel)
        return 1;
    luaL_unref(L, LUA_REGISTRYINDEX, c->anchor);
    return bindings_fail(L, uv_err_name(error), uv_strerror(error));
}

/// send(message) -> true | nil, message, code
static int send_message(lua_State *L)
{
    struct lua_channel *c = luaL_checkudata(L, 1, CHANNEL);
    size_t size = 0;
    const char *bytes = luaL_checklstring(L, 2, &size);
    if (!c->channel)
        return bindings_fail(L, uv_err_name(UV_EPIPE), "the channel is closed");
    luaL_argcheck(L, size > 0, 2, "a message has at least one byte");
    if (size > channel_most(c->channel))
        return bindings_fail(L, uv_err_name(UV_EMSGSIZE), "the message is too long");
    if (!channel_send(c->channel, bytes, size))
        return bindings_fail(L, uv_err_name(UV_ENOMEM), uv_strerror(UV_ENOMEM));
    lua_pushboolean(L, 1);
    return 1;
}

/// queued() -> bytes, is_full
static int queued(lua_State *L)
{
    const struct lua_channel *c = luaL_checkudata(L, 1, CHANNEL);
    lua_pushinteger(L, c->channel ? (lua_Integer)channel_queued(c->channel) : 0);
    lua_pushboolean(L, c->channel && channel_is_full(c->channel));
    return 2;
}

static int pause_channel(lua_State *L)
{
    struct lua_channel *c = luaL_checkudata(L, 1, CHANNEL);
    c->paused = true;
    if (c->channel)
        channel_pause(c->channel);
    return 0;
}

static int resume_channel(lua_State *L)
{
    struct lua_channel *c = luaL_checkudata(L, 1, CHANNEL);
    c->paused = false;
    if (c->channel && !c->again.queued)
        channel_resume(c->channel);
    return 0;
}

static int cancel(lua_State *L)
{
    let_go(luaL_checkudata(L, 1, CHANNEL));
    return 0;
}

static const luaL_Reg methods[] = {
    { "cancel", cancel },     { "pause", pause_channel },
    { "queued", queued },     { "resume", resume_channel },
    { "send", send_message }, { "__close", cancel },
    { NULL, NULL },
};

static const luaL_Reg functions[] = {
    { "inherited", inherited },
    { "open", open_end },
    { "pair", make_pair },
    { NULL, NULL },
};

int open_channel(lua_State *L)
{
    bindings_type(L, CHANNEL, methods);
    luaL_newlib(L, functions);
    return 1;
}
