// core.stdio: the protocol's two streams.
#include "base/envelope.h"
#include "base/lines.h"
#include "base/log.h"
#include "bindings/bindings.h"
#include "host/again.h"
#include "host/call.h"
#include "loop/input.h"
#include "loop/output.h"

#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define READER   "core.stdio.reader"
#define LISTENER "core.stdio.listener"

enum { CALLBACK = 1, LARGE = 1 << 20 };

static const char END[] = "eof", FAILED[] = "failed"; // after either nothing comes

struct reader {
    struct input *input; // NULL once closed
    struct lines lines;
    struct envelope skipped; // what is known of a line that is not kept
    struct untold *untold;   // what Lua has not heard of for want of memory
    lua_State *L;            // the main coroutine
    int anchor;
};

// A line that was lost, or the end: told again and again until Lua has heard of it.
struct untold {
    struct again again; // first: a struct again * is a struct untold *
    struct untold *next;
    struct reader *reader;
    const char *why;
    const char *message; // of FAILED
    struct envelope envelope;
};

// What waits for the output to drain or to break.
struct listener {
    struct listener *next;
    lua_State *L;
    int anchor;
    enum output_event event;
    struct again again; // for an event that memory ran out for
    bool told;
};

// One standard output a process.
static struct output *output;
static struct listener *listeners;
static bool wrote_large;

struct line_call {
    struct reader *reader;
    const char *bytes; // NULL: `why` tells, and `envelope`
    size_t size;
    const char *why;
    const char *message;
    const struct envelope *envelope;
};

// (line call) -> on_line(line), on_line(nil, "eof"), on_line(nil, "failed", message) or
// on_line(nil, why, kind, id)
static int call_on_line(lua_State *L)
{
    struct line_call *call = lua_touserdata(L, 1);
    lua_rawgeti(L, LUA_REGISTRYINDEX, call->reader->anchor); // call reader
    lua_getiuservalue(L, 2, CALLBACK);                       // call reader on_line
    if (call->bytes) {
        lua_pushlstring(L, call->bytes, call->size);
        lua_call(L, 1, 0);
    } else {
        lua_pushnil(L);
        lua_pushstring(L, call->why);
        if (call->message) {
            lua_pushstring(L, call->message);
            lua_pushnil(L);
        } else {
            bindings_push_envelope(L, call->envelope);
        }
        lua_call(L, 4, 0);
    }
    return 0;
}

static void reader_close(struct reader *r)
{
    if (!r->input)
        return;
    input_close(r->input);
    r->input = NULL;
    lines_free(&r->lines);
    while (r->untold) {
        struct untold *u = r->untold;
        r->untold = u->next;
        again_cancel(r->L, &u->again);
        free(u);
    }
    luaL_unref(r->L, LUA_REGISTRYINDEX, r->anchor);
}

static bool is_end(const char *why)
{
    return strcmp(why, END) == 0 || strcmp(why, FAILED) == 0;
}

static void forget(struct untold *untold)
{
    for (struct untold **u = &untold->reader->untold; *u; u = &(*u)->next) {
        if (*u == untold) {
            *u = untold->next;
            free(untold);
            return;
        }
    }
}

static void tell_again(struct again *again)
{
    struct untold *u = (struct untold *)again;
    struct reader *r = u->reader;
    struct line_call call = {
        .reader = r, .why = u->why, .message = u->message, .envelope = &u->envelope
    };
    bool unheard = host_call(r->L, call_on_line, &call) == HOST_NOMEM;
    if (!r->input)
        return; // closed meanwhile, and `u` with it
    if (unheard && again_later(r->L, again, tell_again))
        return;
    if (is_end(u->why)) {
        reader_close(r);
    } else {
        forget(u);
    }
}

static void keep_untold(const struct line_call *call)
{
    struct reader *r = call->reader;
    struct untold *u = calloc(1, sizeof *u);
    if (!u) {
        log_line(LOG_ERROR, "out of memory: a message is lost");
        return;
    }
    *u = (struct untold){
        .next = r->untold,
        .reader = r,
        .why = call->why,
        .message = call->message,
        .envelope = *call->envelope,
    };
    r->untold = u;
    (void)again_later(r->L, &u->again, tell_again); // the first time: never refused
}

// A line that Lua has no memory for: who waits for its answer hears that.
static void give_up_line(struct reader *r, const char *bytes, size_t size)
{
    struct envelope envelope = { 0 };
    envelope_feed(&envelope, bytes, size);
    keep_untold(&(struct line_call){ .reader = r, .why = "no_memory", .envelope = &envelope });
}

static bool on_line(void *arg, enum lines_event event, const char *bytes, size_t size)
{
    struct reader *r = arg;
    if (event == LINES_PART) {
        envelope_feed(&r->skipped, bytes, size);
        return true;
    }
    struct line_call call = { .reader = r, .bytes = bytes, .size = size, .envelope = &r->skipped };
    if (event == LINES_LINE && !bytes)
        call.bytes = ""; // an empty line from an empty buffer
    if (event == LINES_TOO_LONG)
        call.why = "too_long";
    else if (event == LINES_NO_MEMORY)
        call.why = "no_memory";
    bool unheard = host_call(r->L, call_on_line, &call) == HOST_NOMEM && r->input;
    if (unheard && call.why)
        keep_untold(&call);
    else if (unheard)
        give_up_line(r, call.bytes, size);
    if (call.why)
        r->skipped = (struct envelope){ 0 };
    return r->input != NULL && !input_is_paused(r->input);
}

static size_t on_input(void *arg, const char *bytes, size_t size)
{
    struct reader *r = arg;
    if (size > 0)
        return lines_feed(&r->lines, bytes, size, on_line, r);
    lines_finish(&r->lines, on_line, r);
    if (!r->input)
        return 0;
    struct envelope none = { 0 };
    int error = input_error(r->input);
    struct line_call call = {
        .reader = r,
        .why = error < 0 ? FAILED : END,
        .message = error < 0 ? uv_strerror(error) : NULL, // a constant of libuv's
        .envelope = &none,
    };
    bool unheard = host_call(r->L, call_on_line, &call) == HOST_NOMEM;
    if (unheard && r->input)
        keep_untold(&call);
    else
        reader_close(r);
    return 0;
}

static int stdio_read_lines(lua_State *L)
{
    lua_Integer max = luaL_checkinteger(L, 1);
    luaL_argcheck(L, max > 0, 1, "the limit must be positive");
    luaL_checktype(L, 2, LUA_TFUNCTION);
    lua_settop(L, 2);

    struct reader *r = lua_newuserdatauv(L, sizeof *r, 1); // max on_line reader
    *r = (struct reader){ .L = host_main(L), .lines = { .max = (size_t)max } };
    luaL_setmetatable(L, READER);
    lua_pushvalue(L, 2);
    lua_setiuservalue(L, 3, CALLBACK);
    lua_pushvalue(L, 3); // max on_line reader reader
    r->anchor =
        luaL_ref(L, LUA_REGISTRYINDEX); // max on_line reader -- the last call that may raise

    int error = 0;
    r->input = input_open(host_loop(L), STDIN_FILENO, on_input, r, &error);
    if (r->input)
        return 1;
    luaL_unref(L, LUA_REGISTRYINDEX, r->anchor);
    return bindings_fail(L, uv_err_name(error), uv_strerror(error));
}

static int stdio_check(lua_State *L)
{
    int error = input_check(STDIN_FILENO);
    if (error < 0)
        return bindings_fail(L, uv_err_name(error), uv_strerror(error));
    lua_pushboolean(L, 1);
    return 1;
}

static int reader_cancel(lua_State *L)
{
    reader_close(luaL_checkudata(L, 1, READER));
    return 0;
}

static int reader_pause(lua_State *L)
{
    struct reader *r = luaL_checkudata(L, 1, READER);
    if (r->input)
        input_pause(r->input);
    return 0;
}

static int reader_resume(lua_State *L)
{
    struct reader *r = luaL_checkudata(L, 1, READER);
    if (r->input)
        input_resume(r->input);
    return 0;
}

// Whether the far end of a pipe or socket is closed.
static bool has_no_reader(int fd)
{
    struct pollfd state = { .fd = fd, .events = POLLOUT };
    return poll(&state, 1, 0) == 1 && (state.revents & POLLERR);
}

static int stdio_flush(lua_State *L)
{
    bool whole = output || (fflush(stdout) == 0 && !ferror(stdout));
    if (!whole && !has_no_reader(STDOUT_FILENO))
        return bindings_fail(L, "EIO", "standard output could not be written in full");
    lua_pushboolean(L, 1);
    return 1;
}

static void listener_remove(struct listener *which)
{
    for (struct listener **l = &listeners; *l; l = &(*l)->next) {
        if (*l == which) {
            *l = which->next;
            again_cancel(which->L, &which->again);
            luaL_unref(which->L, LUA_REGISTRYINDEX, which->anchor);
            which->anchor = LUA_NOREF;
            return;
        }
    }
}

// (listener) -> its callback, once
static int call_listener(lua_State *L)
{
    struct listener *l = lua_touserdata(L, 1);
    lua_rawgeti(L, LUA_REGISTRYINDEX, l->anchor); // l listener
    lua_getiuservalue(L, 2, CALLBACK);            // l listener fn
    l->told = true;
    lua_call(L, 0, 0);
    return 0;
}

static struct listener *find_untold(enum output_event event)
{
    struct listener *l = listeners;
    while (l && (l->event != event || l->told))
        l = l->next;
    return l;
}

static bool is_listed(const struct listener *which)
{
    struct listener *l = listeners;
    while (l && l != which)
        l = l->next;
    return l != NULL;
}

static void tell_listener(struct again *again)
{
    struct listener *l = (struct listener *)((char *)again - offsetof(struct listener, again));
    bool unheard = host_call(l->L, call_listener, l) == HOST_NOMEM;
    if (!unheard || !is_listed(l) // it was cancelled, and may go at any moment
        || !again_later(l->L, again, tell_listener))
        listener_remove(l);
}

// What a large message was made of is garbage now; without this the next one would be made beside
// it.
static void collect_young(lua_State *L)
{
    if (wrote_large)
        lua_gc(L, LUA_GCSTEP, 0);
    wrote_large = false;
}

static void on_output(void *arg, enum output_event event)
{
    lua_State *L = arg;
    collect_young(L);
    if (event == OUTPUT_BROKEN) {
        for (struct listener *l; (l = find_untold(OUTPUT_BROKEN));)
            tell_listener(&l->again);
    }
    // Nobody waits for a broken stream to drain: both events end that wait.
    for (struct listener *l; (l = find_untold(OUTPUT_DRAINED));)
        tell_listener(&l->again);
}

static int stdio_take(lua_State *L)
{
    if (output)
        return luaL_error(L, "standard output is already taken");
    int error = 0;
    output = output_take(host_loop(L), on_output, host_main(L), &error);
    if (!output)
        return bindings_fail(L, uv_err_name(error), uv_strerror(error));
    lua_pushboolean(L, 1);
    return 1;
}

static int stdio_write(lua_State *L)
{
    size_t size = 0, tail_size = 0;
    const char *bytes = luaL_checklstring(L, 1, &size);
    const char *tail = luaL_optlstring(L, 2, "", &tail_size);
    if (!output)
        return luaL_error(L, "standard output is not taken");
    if (!output_write(output, bytes, size, tail, tail_size))
        return luaL_error(L, "out of memory for %I bytes of output", (lua_Integer)size);
    wrote_large = wrote_large || size >= LARGE;
    lua_pushinteger(L, (lua_Integer)output_queued(output));
    return 1;
}

static int add_listener(lua_State *L, enum output_event event)
{
    luaL_checktype(L, 1, LUA_TFUNCTION);
    lua_settop(L, 1);
    struct listener *l = lua_newuserdatauv(L, sizeof *l, 1); // fn listener
    *l = (struct listener){ .L = host_main(L), .anchor = LUA_NOREF, .event = event };
    luaL_setmetatable(L, LISTENER);
    lua_pushvalue(L, 1);
    lua_setiuservalue(L, 2, CALLBACK);
    lua_pushvalue(L, 2);
    l->anchor = luaL_ref(L, LUA_REGISTRYINDEX);
    l->next = listeners;
    listeners = l;
    return 1;
}

static int stdio_on_drain(lua_State *L)
{
    return add_listener(L, OUTPUT_DRAINED);
}

static int stdio_on_broken(lua_State *L)
{
    return add_listener(L, OUTPUT_BROKEN);
}

/// failure() -> nil | message, code
static int stdio_failure(lua_State *L)
{
    int error = output ? output_error(output) : 0;
    if (error == 0) {
        lua_pushnil(L);
        return 1;
    }
    lua_pushstring(L, uv_strerror(error));
    lua_pushstring(L, uv_err_name(error));
    return 2;
}

static int listener_cancel(lua_State *L)
{
    listener_remove(luaL_checkudata(L, 1, LISTENER));
    return 0;
}

static int stdio_is_terminal(lua_State *L)
{
    lua_Integer fd = luaL_checkinteger(L, 1);
    luaL_argcheck(L, fd >= 0 && fd <= 2, 1, "0, 1 or 2 expected");
    int real = fd == STDOUT_FILENO && output ? output_descriptor(output) : (int)fd;
    lua_pushboolean(L, isatty(real));
    return 1;
}

static const luaL_Reg reader_methods[] = {
    { "cancel", reader_cancel },
    { "pause", reader_pause },
    { "resume", reader_resume },
    { "__close", reader_cancel },
    { NULL, NULL },
};

static const luaL_Reg listener_methods[] = {
    { "cancel", listener_cancel },
    { "__close", listener_cancel },
    { NULL, NULL },
};

static const luaL_Reg functions[] = {
    { "check", stdio_check },           { "failure", stdio_failure },
    { "flush", stdio_flush },           { "is_terminal", stdio_is_terminal },
    { "on_broken", stdio_on_broken },   { "on_drain", stdio_on_drain },
    { "read_lines", stdio_read_lines }, { "take", stdio_take },
    { "write", stdio_write },           { NULL, NULL },
};

int open_stdio(lua_State *L)
{
    bindings_type(L, READER, reader_methods);
    bindings_type(L, LISTENER, listener_methods);
    luaL_newlib(L, functions);
    return 1;
}
