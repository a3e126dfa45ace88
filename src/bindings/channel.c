// core.channel: messages between a host and its worker.
#include "loop/channel.h"

#include "bindings/anchor.h"
#include "bindings/bindings.h"
#include "host/descriptor.h"
#include "host/state.h"

#include <stdio.h>
#include <string.h>

#define CHANNEL "core.channel"

enum { ON_MESSAGE = ANCHOR_CALLBACK, ON_DRAINED, ON_END, CALLBACKS = ON_END }; // user values

struct lua_channel {
    struct anchor anchor;
    struct channel *channel; // NULL once closed
    bool paused;             // by Lua
    bool drained_unheard;
    bool end_unheard;
    char reason[96]; // why the other end was not closed between two messages; "": it was
};

struct text {
    const char *bytes; // NULL: none
    size_t size;
};

static int push_text(lua_State *L, void *arg)
{
    const struct text *text = arg;
    if (!text->bytes)
        return 0;
    lua_pushlstring(L, text->bytes, text->size);
    return 1;
}

static void let_go(struct lua_channel *c)
{
    struct channel *channel = c->channel;
    c->channel = NULL;
    anchor_mute(&c->anchor);
    if (channel)
        channel_close(channel);
}

static void tell_drained(struct lua_channel *c)
{
    c->drained_unheard = !anchor_tell(&c->anchor, ON_DRAINED, NULL, NULL);
    if (c->anchor.lost)
        let_go(c); // whoever waits for it would wait for ever
}

// An end is told as the last.
static void tell_end(struct lua_channel *c)
{
    struct text reason = { *c->reason ? c->reason : NULL, strlen(c->reason) };
    c->end_unheard = !anchor_tell(&c->anchor, ON_END, push_text, &reason);
    if (!c->end_unheard)
        let_go(c);
}

static void tell_again(struct anchor *a)
{
    struct lua_channel *c = (struct lua_channel *)a;
    if (c->drained_unheard)
        tell_drained(c);
    if (c->end_unheard)
        tell_end(c);
    if (c->channel && !c->paused && !anchor_is_waiting(a))
        channel_resume(c->channel);
}

static const struct anchor_kind kind = { CHANNEL, sizeof(struct lua_channel), CALLBACKS,
                                         tell_again };

static bool on_message(void *arg, const char *bytes, size_t size)
{
    struct lua_channel *c = arg;
    struct text message = { bytes, size };
    bool settled = anchor_tell(&c->anchor, ON_MESSAGE, push_text, &message);
    if (c->anchor.lost)
        let_go(c); // nothing that comes behind it can be told either
    return settled;
}

static void on_drained(void *arg)
{
    tell_drained(arg);
}

static void on_ended(void *arg, const char *reason)
{
    struct lua_channel *c = arg;
    (void)snprintf(c->reason, sizeof c->reason, "%s", reason ? reason : "");
    tell_end(c);
}

static void on_closed(void *arg)
{
    struct lua_channel *c = arg;
    c->channel = NULL;
    anchor_release(&c->anchor);
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

/// open(descriptor, options) -> Channel | nil, message, code
static int open_end(lua_State *L)
{
    enum { DESCRIPTOR = 1, OPTIONS };
    (void)descriptor_check(L, DESCRIPTOR);
    luaL_checktype(L, OPTIONS, LUA_TTABLE);
    lua_settop(L, OPTIONS);
    lua_getfield(L, OPTIONS, "most");
    lua_Integer most = luaL_checkinteger(L, -1);
    luaL_argcheck(L, most > 0 && most <= UINT32_MAX, OPTIONS, "most must be 1 to 2^32 - 1");
    lua_settop(L, OPTIONS);

    anchor_push_callback(L, OPTIONS, "on_message");
    anchor_push_callback(L, OPTIONS, "on_drained");
    anchor_push_callback(L, OPTIONS, "on_end");
    struct lua_channel *c = anchor_new(L, &kind);
    int error = 0;
    c->channel = channel_open(host_loop(L), descriptor_take(L, DESCRIPTOR), (size_t)most,
                              &callbacks, c, &error);
    if (c->channel)
        return 1;
    anchor_release(&c->anchor);
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
    if (c->channel && !anchor_is_waiting(&c->anchor))
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
