// core.process: child processes with piped streams.
#include "loop/process.h"

#include "base/buf.h"
#include "base/log.h"
#include "bindings/bindings.h"
#include "host/again.h"
#include "host/call.h"
#include "host/descriptor.h"

#include <signal.h>
#include <stddef.h>
#include <stdlib.h>

#define PROCESS "core.process"

enum { ON_STDOUT = 1, ON_STDERR, ON_EXIT, CALLBACKS = ON_EXIT }; // user values

// What Lua has not heard of one of the streams: memory ran out for it.
struct unheard {
    struct buf bytes;
    bool end;
};

struct lua_process {
    struct process *process; // NULL once closed
    struct again again;
    lua_State *L;
    int anchor;
    int pid;
    int64_t status;
    int signal;
    bool exited;
    bool end_unheard; // that of the child
    bool out_open;    // standard output is open on our side
    bool err_open;
    struct unheard unheard[2]; // of standard output and standard error
};

struct event {
    struct lua_process *p;
    int which; // user value of the callback
    const char *bytes;
    size_t size;
};

// (event) -> the callback it is for, if there is one
static int call_back(lua_State *L)
{
    struct event *e = lua_touserdata(L, 1);
    lua_rawgeti(L, LUA_REGISTRYINDEX, e->p->anchor); // e process
    if (lua_getiuservalue(L, 2, e->which) == LUA_TNIL)
        return 0;
    if (e->which == ON_EXIT) { // e process callback
        lua_pushinteger(L, (lua_Integer)e->p->status);
        lua_pushinteger(L, e->p->signal);
        lua_call(L, 2, 0);
    } else {
        if (e->size > 0)
            lua_pushlstring(L, e->bytes, e->size);
        else
            lua_pushnil(L);
        lua_call(L, 1, 0);
    }
    return 0;
}

static void let_go(struct lua_process *p)
{
    struct process *process = p->process;
    p->process = NULL;
    if (process)
        process_close(process);
}

static void let_go_if_over(struct lua_process *p)
{
    if (p->exited && !p->out_open && !p->err_open && !p->again.queued)
        let_go(p);
}

static bool tell(struct lua_process *p, int which, const char *bytes, size_t size)
{
    struct event e = { .p = p, .which = which, .bytes = bytes, .size = size };
    return host_call(p->L, call_back, &e) != HOST_NOMEM;
}

// What comes behind something that Lua has not heard waits for that.
static bool tell_stream(struct lua_process *p, int which)
{
    struct unheard *u = &p->unheard[which - ON_STDOUT];
    if (u->bytes.size > 0 && !tell(p, which, u->bytes.data, u->bytes.size))
        return false;
    buf_free(&u->bytes);
    if (u->end && p->process && !tell(p, which, NULL, 0))
        return false;
    u->end = false;
    return true;
}

static void forget_unheard(struct lua_process *p)
{
    again_cancel(p->L, &p->again);
    for (int i = 0; i < 2; i++) {
        buf_free(&p->unheard[i].bytes);
        p->unheard[i].end = false;
    }
    p->end_unheard = false;
}

static void tell_again(struct again *again)
{
    struct lua_process *p =
        (struct lua_process *)((char *)again - offsetof(struct lua_process, again));
    bool heard = tell_stream(p, ON_STDOUT) && tell_stream(p, ON_STDERR) &&
                 (!p->end_unheard || !p->process || tell(p, ON_EXIT, NULL, 0));
    if (!heard && p->process && again_later(p->L, again, tell_again))
        return;
    forget_unheard(p);
    let_go_if_over(p);
}

static void wait_for_memory(struct lua_process *p)
{
    if (!p->again.queued && !again_later(p->L, &p->again, tell_again))
        forget_unheard(p);
}

static void on_output(void *arg, int stream, const char *bytes, size_t size)
{
    struct lua_process *p = arg;
    struct unheard *u = &p->unheard[stream - 1];
    if (size == 0)
        *(stream == 1 ? &p->out_open : &p->err_open) = false;
    if (p->again.queued || !tell(p, stream == 1 ? ON_STDOUT : ON_STDERR, bytes, size)) {
        if (size == 0)
            u->end = true;
        else if (!buf_append(&u->bytes, bytes, size))
            log_line(LOG_ERROR, "out of memory: output of a child is lost");
        wait_for_memory(p);
    }
    let_go_if_over(p);
}

static void on_exited(void *arg, int64_t status, int signal)
{
    struct lua_process *p = arg;
    p->exited = true;
    p->status = status;
    p->signal = signal;
    if (p->again.queued || !tell(p, ON_EXIT, NULL, 0)) {
        p->end_unheard = true;
        wait_for_memory(p);
    }
    let_go_if_over(p);
}

static void on_closed(void *arg)
{
    struct lua_process *p = arg;
    p->process = NULL;
    forget_unheard(p);
    luaL_unref(p->L, LUA_REGISTRYINDEX, p->anchor);
}

static const struct process_callbacks callbacks = { on_output, on_exited, on_closed };

// Pushes a userdata with a NULL-ended array of the strings of the list at `index`, after `first`
// unless that is NULL.  The strings belong to the list, and stay valid as long as it does.
static char **push_strings(lua_State *L, int index, const char *first)
{
    lua_Integer count = luaL_len(L, index);
    luaL_argcheck(L, count >= 0 && count < 10000, 1, "too many strings");
    char **strings = lua_newuserdatauv(L, ((size_t)count + 2) * sizeof *strings, 0);
    int used = 0;
    if (first)
        strings[used++] = (char *)first;
    for (lua_Integer i = 1; i <= count; i++) {
        luaL_argcheck(L, lua_rawgeti(L, index, i) == LUA_TSTRING, 1, "args and env hold strings");
        strings[used++] = (char *)lua_tostring(L, -1);
        lua_pop(L, 1);
    }
    strings[used] = NULL;
    return strings;
}

static void set_callback(lua_State *L, int object, int which, const char *field)
{
    int type = lua_getfield(L, 1, field);
    luaL_argcheck(L, type == LUA_TNIL || type == LUA_TFUNCTION, 1, "callbacks are functions");
    lua_setiuservalue(L, object, which);
}

static int process_spawn_lua(lua_State *L)
{
    enum { OPTIONS = 1, FILE_NAME, ARGS, ENV, INHERITED, ARG_ARRAY, ENV_ARRAY, OBJECT };
    luaL_checktype(L, OPTIONS, LUA_TTABLE);
    lua_settop(L, OPTIONS);
    luaL_argcheck(L, lua_getfield(L, OPTIONS, "file") == LUA_TSTRING, 1, "file must be a string");
    luaL_argcheck(L, lua_getfield(L, OPTIONS, "args") == LUA_TTABLE, 1, "args must be a list");
    int env_type = lua_getfield(L, OPTIONS, "env");
    luaL_argcheck(L, env_type == LUA_TNIL || env_type == LUA_TTABLE, 1, "env must be a list");
    struct process_options options = { .file = lua_tostring(L, FILE_NAME), .inherited = -1 };
    if (lua_getfield(L, OPTIONS, "inherited") != LUA_TNIL)
        options.inherited = descriptor_check(L, INHERITED);
    options.args = push_strings(L, ARGS, options.file);
    if (env_type == LUA_TTABLE)
        options.env = push_strings(L, ENV, NULL);
    else
        lua_pushnil(L);

    struct lua_process *p = lua_newuserdatauv(L, sizeof *p, CALLBACKS);
    *p = (struct lua_process){ .L = host_main(L), .out_open = true, .err_open = true };
    luaL_setmetatable(L, PROCESS);
    set_callback(L, OBJECT, ON_STDOUT, "on_stdout");
    set_callback(L, OBJECT, ON_STDERR, "on_stderr");
    set_callback(L, OBJECT, ON_EXIT, "on_exit");
    lua_pushvalue(L, OBJECT);
    p->anchor = luaL_ref(L, LUA_REGISTRYINDEX); // the last call that may raise

    int error = 0;
    p->process = process_spawn(host_loop(L), &options, &callbacks, p, &error);
    if (!p->process) {
        luaL_unref(L, LUA_REGISTRYINDEX, p->anchor);
        return bindings_fail(L, uv_err_name(error), uv_strerror(error));
    }
    p->pid = process_id(p->process);
    return 1;
}

static int process_write_lua(lua_State *L)
{
    struct lua_process *p = luaL_checkudata(L, 1, PROCESS);
    size_t size = 0;
    const char *bytes = luaL_checklstring(L, 2, &size);
    int rc = p->process ? process_write(p->process, bytes, size) : UV_EPIPE;
    if (rc < 0)
        return bindings_fail(L, uv_err_name(rc), uv_strerror(rc));
    lua_pushboolean(L, 1);
    return 1;
}

static int process_close_stdin_lua(lua_State *L)
{
    struct lua_process *p = luaL_checkudata(L, 1, PROCESS);
    if (p->process)
        process_close_stdin(p->process);
    return 0;
}

static int process_close_stdout_lua(lua_State *L)
{
    struct lua_process *p = luaL_checkudata(L, 1, PROCESS);
    if (p->process && p->out_open) {
        process_close_stdout(p->process);
        p->out_open = false;
        let_go_if_over(p);
    }
    return 0;
}

static int process_kill_lua(lua_State *L)
{
    static const char *const names[] = { "TERM", "INT", "HUP", "KILL", "STOP", "CONT", NULL };
    static const int numbers[] = { SIGTERM, SIGINT, SIGHUP, SIGKILL, SIGSTOP, SIGCONT };
    struct lua_process *p = luaL_checkudata(L, 1, PROCESS);
    int which = luaL_checkoption(L, 2, "TERM", names);
    int rc = p->process ? process_kill(p->process, numbers[which]) : UV_ESRCH;
    if (rc < 0)
        return bindings_fail(L, uv_err_name(rc), uv_strerror(rc));
    lua_pushboolean(L, 1);
    return 1;
}

static int process_pid(lua_State *L)
{
    struct lua_process *p = luaL_checkudata(L, 1, PROCESS);
    lua_pushinteger(L, p->pid);
    return 1;
}

static int process_cancel(lua_State *L)
{
    let_go(luaL_checkudata(L, 1, PROCESS));
    return 0;
}

static const luaL_Reg methods[] = {
    { "cancel", process_cancel },
    { "close_stdin", process_close_stdin_lua },
    { "close_stdout", process_close_stdout_lua },
    { "kill", process_kill_lua },
    { "pid", process_pid },
    { "write", process_write_lua },
    { "__close", process_cancel },
    { NULL, NULL },
};

static const luaL_Reg functions[] = {
    { "spawn", process_spawn_lua },
    { NULL, NULL },
};

int open_process(lua_State *L)
{
    bindings_type(L, PROCESS, methods);
    luaL_newlib(L, functions);
    return 1;
}
