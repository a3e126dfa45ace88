/// The floor of the language: MCP over standard streams, libcurl multi, and floor/serve.lua doing
/// only the work with Lua 5.4 and lua-cjson.  What the same design costs without the parts that
/// make it a product.
#include "floor/message.h"
#include "floor/transfer.h"

#include "base/clock.h"

#include <err.h>
#include <fcntl.h>
#include <lauxlib.h>
#include <lualib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

struct request {
    struct transfer transfer;
    char *post;
    int callback; // in the registry
};

struct nap {
    double due;
    int callback;
    struct nap *next;
};

static const double interval = 1; // seconds: every nap, so that their order is that of their ends

static lua_State *lua;
static struct buf in, out;
static int poller;
static struct nap *asleep, **last = &asleep;

static void run(int arguments)
{
    if (lua_pcall(lua, arguments, 0, 0) != LUA_OK)
        errx(1, "%s", lua_tostring(lua, -1));
}

static void run_callback(int callback, int arguments)
{
    lua_rawgeti(lua, LUA_REGISTRYINDEX, callback);
    luaL_unref(lua, LUA_REGISTRYINDEX, callback);
    lua_insert(lua, -1 - arguments);
    run(arguments);
}

static void on_done(struct transfer *t)
{
    struct request *r = (struct request *)t;
    lua_pushinteger(lua, t->status);
    lua_pushlstring(lua, t->body.data ? t->body.data : "", t->body.size);
    run_callback(r->callback, 2);
    buf_free(&t->body);
    free(r->post);
    free(r);
}

// fetch(url, post | nil, callback(status, body))
static int lua_fetch(lua_State *L)
{
    static bool opened;
    const char *url = luaL_checkstring(L, 1), *post = luaL_optstring(L, 2, NULL);
    struct request *r = calloc(1, sizeof *r);
    if (!r || (post && !(r->post = strdup(post))))
        errx(1, "out of memory");
    if (!opened)
        transfer_open(poller);
    opened = true;
    lua_settop(L, 3);
    r->callback = luaL_ref(L, LUA_REGISTRYINDEX);
    r->transfer.post = r->post;
    r->transfer.done = on_done;
    (void)snprintf(r->transfer.url, sizeof r->transfer.url, "%s", url);
    transfer_start(&r->transfer);
    return 0;
}

// nap(callback()): calls it after the interval
static int lua_nap(lua_State *L)
{
    struct nap *n = calloc(1, sizeof *n);
    if (!n)
        errx(1, "out of memory");
    lua_settop(L, 1);
    n->callback = luaL_ref(L, LUA_REGISTRYINDEX);
    n->due = clock_monotonic() + interval;
    *last = n;
    last = &n->next;
    return 0;
}

// send(text): to standard output, at the end of the loop's turn
static int lua_send(lua_State *L)
{
    struct slice s;
    s.at = luaL_checklstring(L, 1, &s.size);
    put_slice(&out, s);
    return 0;
}

static void wake(void)
{
    double now = clock_monotonic();
    while (asleep && asleep->due <= now) {
        struct nap *n = asleep;
        asleep = n->next;
        if (!asleep)
            last = &asleep;
        run_callback(n->callback, 0);
        free(n);
    }
}

static int nap_timeout(void)
{
    double left = asleep ? asleep->due - clock_monotonic() : 0;
    return !asleep ? -1 : left > 0 ? (int)(left * 1000) + 1 : 0;
}

// False at the end of standard input.
static bool take_lines(void)
{
    if (!message_receive(&in))
        return false;
    size_t done = 0;
    for (char *end; done < in.size && (end = memchr(in.data + done, '\n', in.size - done));) {
        struct slice line = { in.data + done, (size_t)(end - in.data) - done };
        struct message m;
        message_read(&m, line.at, line.size);
        if (m.kind == MESSAGE_INITIALIZE || m.kind == MESSAGE_LIST) {
            message_answer(&m, &out);
        } else {
            lua_getglobal(lua, "receive");
            lua_pushlstring(lua, line.at, line.size);
            run(1);
        }
        done = (size_t)(end - in.data) + 1;
    }
    buf_consume(&in, done);
    return true;
}

static void prepare(void)
{
    const char *script = getenv("BENCH_SERVE_LUA");
    lua = luaL_newstate();
    if (!lua || !script)
        errx(64, "BENCH_SERVE_LUA does not name the script");
    luaL_openlibs(lua);
    lua_register(lua, "fetch", lua_fetch);
    lua_register(lua, "nap", lua_nap);
    lua_register(lua, "send", lua_send);
    lua_gc(lua, LUA_GCGEN, 0, 0);
    if (luaL_dofile(lua, script) != LUA_OK)
        errx(1, "%s", lua_tostring(lua, -1));
}

int main(void)
{
    prepare();
    poller = epoll_create1(EPOLL_CLOEXEC);
    fcntl(0, F_SETFL, O_NONBLOCK);
    epoll_ctl(poller, EPOLL_CTL_ADD, 0, &(struct epoll_event){ .events = EPOLLIN });
    for (;;) {
        struct epoll_event events[64];
        int curl = transfer_timeout(), nap = nap_timeout();
        int n = epoll_wait(poller, events, 64, curl < 0 || (nap >= 0 && nap < curl) ? nap : curl);
        for (int i = 0; i < n; i++) {
            if (events[i].data.u64 != 0)
                transfer_event((int)events[i].data.u64, events[i].events);
            else if (!take_lines())
                return 0;
        }
        transfer_tick();
        wake();
        message_send(&out);
    }
}
