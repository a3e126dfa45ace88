// core.stdio: the protocol's two streams.
#include "base/envelope.h"
#include "base/lines.h"
#include "base/log.h"
#include "base/memory.h"
#include "bindings/anchor.h"
#include "bindings/bindings.h"
#include "host/state.h"
#include "loop/input.h"
#include "loop/output.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define READER   "core.stdio.reader"
#define LISTENER "core.stdio.listener"

enum { LARGE = 1 << 20 };

static const char END[] = "eof", FAILED[] = "failed"; // after either nothing comes

// What Lua hears of standard input.
struct news {
    const char *bytes; // a line; NULL: `why` tells, and `envelope`
    size_t size;
    const char *why;
    const char *message; // of FAILED
    struct envelope envelope;
};

// A line that was lost, or the end: told again and again until Lua has heard of it.
struct untold {
    struct untold *next;
    struct news news;
};

struct reader {
    struct anchor anchor;
    struct input *input; // NULL once closed
    struct lines lines;
    struct envelope skipped; // what is known of a line that is not kept
    struct untold *untold;   // what Lua has not heard of for want of memory, the oldest first
    struct untold end;       // place for the end among them, which must not get lost
};

// What waits for the output to drain or to break.
struct listener {
    struct anchor anchor;
    struct listener *next;
    enum output_event event;
    bool told;
};

// One standard output a process.
static struct output *output;
static struct listener *listeners;
static bool wrote_large;

// Pushes line; nil, "eof"; nil, "failed", message; or nil, why, kind, id.
static int push_news(lua_State *L, void *arg)
{
    const struct news *news = arg;
    if (news->bytes) {
        lua_pushlstring(L, news->bytes, news->size);
        return 1;
    }
    lua_pushnil(L);
    lua_pushstring(L, news->why);
    if (news->message) {
        lua_pushstring(L, news->message);
        return 3;
    }
    bindings_push_envelope(L, &news->envelope);
    return 4;
}

static void drop(struct reader *r, struct untold *untold)
{
    if (untold != &r->end)
        free(untold);
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
        drop(r, u);
    }
    anchor_release(&r->anchor);
}

static bool is_end(const struct news *news)
{
    return news->why == END || news->why == FAILED;
}

static void keep_untold(struct reader *r, const struct news *news)
{
    struct untold *u = is_end(news) ? &r->end : malloc(sizeof *u);
    if (!u) {
        log_line(LOG_ERROR, "out of memory: a message is lost");
        return;
    }
    *u = (struct untold){ .news = *news };
    struct untold **last = &r->untold;
    while (*last)
        last = &(*last)->next;
    *last = u;
}

// Tells it now, or later where memory runs out.  A line itself is gone then: who waits for its
// answer hears that.  The end comes last.
static void notify(struct reader *r, const struct news *news)
{
    bool wait = is_end(news) && r->untold;
    if (!wait && anchor_tell(&r->anchor, ANCHOR_CALLBACK, push_news, (void *)news))
        return;
    struct news lost = *news;
    if (news->bytes) {
        lost = (struct news){ .why = "no_memory" };
        envelope_feed(&lost.envelope, news->bytes, news->size);
    }
    keep_untold(r, &lost);
}

static void tell_again(struct anchor *a)
{
    struct reader *r = (struct reader *)a;
    while (r->input && r->untold) {
        struct untold *u = r->untold;
        r->untold = u->next; // the callback may close the reader, which frees what is listed
        bool settled = anchor_tell(a, ANCHOR_CALLBACK, push_news, &u->news);
        if (!settled) {
            r->untold = u;
            return;
        }
        bool over = is_end(&u->news);
        drop(r, u);
        if (over)
            reader_close(r);
    }
}

static const struct anchor_kind reader_kind = { READER, sizeof(struct reader), 1, tell_again };

static bool on_line(void *arg, enum lines_event event, const char *bytes, size_t size)
{
    struct reader *r = arg;
    if (event == LINES_PART) {
        envelope_feed(&r->skipped, bytes, size);
        return true;
    }
    struct news news = { .bytes = bytes, .size = size, .envelope = r->skipped };
    if (event == LINES_LINE && !bytes)
        news.bytes = ""; // an empty line from an empty buffer
    if (event == LINES_TOO_LONG)
        news.why = "too_long";
    else if (event == LINES_NO_MEMORY)
        news.why = "no_memory";
    if (news.why)
        r->skipped = (struct envelope){ 0 };
    notify(r, &news);
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
    int error = input_error(r->input);
    struct news end = {
        .why = error < 0 ? FAILED : END,
        .message = error < 0 ? uv_strerror(error) : NULL, // a constant of libuv's
    };
    notify(r, &end);
    if (!r->untold)
        reader_close(r);
    return 0;
}

static int stdio_read_lines(lua_State *L)
{
    lua_Integer max = luaL_checkinteger(L, 1);
    luaL_argcheck(L, max > 0, 1, "the limit must be positive");
    luaL_checktype(L, 2, LUA_TFUNCTION);
    lua_settop(L, 2);
    struct reader *r = anchor_new(L, &reader_kind);
    r->lines.max = (size_t)max;
    r->lines.pending.memory = &memory_of_input;
    int error = 0;
    r->input = input_open(host_loop(L), STDIN_FILENO, on_input, r, &error);
    if (r->input)
        return 1;
    anchor_release(&r->anchor);
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
            break;
        }
    }
    anchor_release(&which->anchor);
}

static struct listener *find_untold(enum output_event event)
{
    struct listener *l = listeners;
    while (l && (l->event != event || l->told))
        l = l->next;
    return l;
}

static void tell_listener(struct anchor *a)
{
    struct listener *l = (struct listener *)a;
    l->told = true;
    if (anchor_tell(a, ANCHOR_CALLBACK, NULL, NULL))
        listener_remove(l);
}

static const struct anchor_kind listener_kind = { LISTENER, sizeof(struct listener), 1,
                                                  tell_listener };

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
            tell_listener(&l->anchor);
    }
    // Nobody waits for a broken stream to drain: both events end that wait.
    for (struct listener *l; (l = find_untold(OUTPUT_DRAINED));)
        tell_listener(&l->anchor);
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
    struct listener *l = anchor_new(L, &listener_kind);
    l->event = event;
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
