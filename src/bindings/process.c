// core.process: child processes with piped streams.
#include "loop/process.h"

#include "base/buf.h"
#include "base/log.h"
#include "bindings/anchor.h"
#include "bindings/bindings.h"
#include "host/descriptor.h"
#include "host/state.h"

#include <signal.h>

#define PROCESS "core.process"

enum { ON_STDOUT = ANCHOR_CALLBACK, ON_STDERR, ON_EXIT, CALLBACKS = ON_EXIT }; // user values

// What Lua has not heard of one of the streams: memory ran out for it.
struct unheard {
    struct buf bytes;
    bool end;
};

struct lua_process {
    struct anchor anchor;
    struct process *process; // NULL once closed
    int pid;
    int64_t status;
    int signal;
    bool exited;
    bool end_unheard; // that of the child
    bool out_open;    // standard output is open on our side
    bool err_open;
    struct unheard unheard[2]; // of standard output and standard error
};

struct output {
    const char *bytes;
    size_t size;
};

// Pushes the bytes, nil for none: the stream's end.
static int push_output(lua_State *L, void *arg)
{
    const struct output *o = arg;
    if (o->size > 0)
        lua_pushlstring(L, o->bytes, o->size);
    else
        lua_pushnil(L);
    return 1;
}

static int push_exit(lua_State *L, void *arg)
{
    const struct lua_process *p = arg;
    lua_pushinteger(L, (lua_Integer)p->status);
    lua_pushinteger(L, p->signal);
    return 2;
}

static void let_go(struct lua_process *p)
{
    anchor_mute(&p->anchor);
    if (p->process)
        process_close(p->process);
    p->process = NULL;
}

static void let_go_if_over(struct lua_process *p)
{
    if (p->exited && !p->out_open && !p->err_open && !anchor_is_waiting(&p->anchor))
        let_go(p);
}

// What comes behind something that Lua has not heard waits for that.

static bool tell_output(struct lua_process *p, int which, const char *bytes, size_t size)
{
    struct output o = { bytes, size };
    return !anchor_is_waiting(&p->anchor) && anchor_tell(&p->anchor, which, push_output, &o);
}

static bool tell_exit(struct lua_process *p)
{
    return !anchor_is_waiting(&p->anchor) && anchor_tell(&p->anchor, ON_EXIT, push_exit, p);
}

static bool tell_unheard(struct lua_process *p, int which)
{
    struct unheard *u = &p->unheard[which - ON_STDOUT];
    if (u->bytes.size > 0 && !tell_output(p, which, u->bytes.data, u->bytes.size))
        return false;
    buf_free(&u->bytes);
    if (u->end && !tell_output(p, which, NULL, 0))
        return false;
    u->end = false;
    return true;
}

static void tell_again(struct anchor *a)
{
    struct lua_process *p = (struct lua_process *)a;
    if (tell_unheard(p, ON_STDOUT) && tell_unheard(p, ON_STDERR) &&
        (!p->end_unheard || tell_exit(p)))
        let_go_if_over(p);
}

static const struct anchor_kind kind = { PROCESS, sizeof(struct lua_process), CALLBACKS,
                                         tell_again };

static void on_output(void *arg, int stream, const char *bytes, size_t size)
{
    struct lua_process *p = arg;
    struct unheard *u = &p->unheard[stream - 1];
    if (size == 0)
        *(stream == 1 ? &p->out_open : &p->err_open) = false;
    bool heard = tell_output(p, stream == 1 ? ON_STDOUT : ON_STDERR, bytes, size);
    if (!heard && size == 0)
        u->end = true;
    else if (!heard && !buf_append(&u->bytes, bytes, size))
        log_line(LOG_ERROR, "out of memory: output of a child is lost");
    let_go_if_over(p);
}

static void on_exited(void *arg, int64_t status, int signal)
{
    struct lua_process *p = arg;
    p->exited = true;
    p->status = status;
    p->signal = signal;
    p->end_unheard = !tell_exit(p);
    let_go_if_over(p);
}

static void on_closed(void *arg)
{
    struct lua_process *p = arg;
    p->process = NULL;
    for (int i = 0; i < 2; i++)
        buf_free(&p->unheard[i].bytes);
    anchor_release(&p->anchor);
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

static int process_spawn_lua(lua_State *L)
{
    enum { OPTIONS = 1, FILE_NAME, ARGS, ENV, INHERITED };
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

    anchor_push_callback(L, OPTIONS, "on_stdout");
    anchor_push_callback(L, OPTIONS, "on_stderr");
    anchor_push_callback(L, OPTIONS, "on_exit");
    struct lua_process *p = anchor_new(L, &kind);
    p->out_open = p->err_open = true;
    int error = 0;
    p->process = process_spawn(host_loop(L), &options, &callbacks, p, &error);
    if (!p->process) {
        anchor_release(&p->anchor);
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

/// cpu() -> seconds | nil
static int process_cpu_lua(lua_State *L)
{
    struct lua_process *p = luaL_checkudata(L, 1, PROCESS);
    double used = p->process ? process_cpu(p->process) : -1;
    if (used < 0)
        return 0;
    lua_pushnumber(L, used);
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
    { "cpu", process_cpu_lua },
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
