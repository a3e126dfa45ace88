#include "loop/process.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { CHUNK = 65536 };

struct process {
    uv_process_t uv;
    uv_pipe_t pipes[3];
    uv_shutdown_t shutdown;
    int open_handles;
    bool running;
    bool shutting_down;
    bool closing;
    struct loop *loop;
    struct process_callbacks callbacks;
    void *arg;
    char chunk[CHUNK];
};

struct write {
    uv_write_t request;
    char bytes[];
};

static void close_at_end(void *arg);

static void on_closed(uv_handle_t *handle)
{
    struct process *p = handle->data;
    if (--p->open_handles > 0)
        return;
    loop_not_at_close(p->loop, close_at_end, p);
    if (p->callbacks.closed)
        p->callbacks.closed(p->arg);
    free(p);
}

static void close_handle(void *handle)
{
    if (!uv_is_closing(handle))
        uv_close(handle, on_closed);
}

static void close_pipes(struct process *p)
{
    p->closing = true;
    if (p->running)
        uv_process_kill(&p->uv, SIGKILL);
    for (int i = 0; i < 3; i++)
        close_handle(&p->pipes[i]);
}

// The loop ends: there is no time left to wait for the child.
static void close_at_end(void *arg)
{
    struct process *p = arg;
    close_pipes(p);
    close_handle(&p->uv);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *out)
{
    (void)suggested;
    struct process *p = handle->data;
    *out = uv_buf_init(p->chunk, CHUNK);
}

static void on_read(uv_stream_t *stream, ssize_t size, const uv_buf_t *chunk)
{
    struct process *p = stream->data;
    if (size == 0)
        return;
    if (size < 0)
        uv_read_stop(stream);
    if (!p->closing)
        p->callbacks.output(p->arg, stream == (uv_stream_t *)&p->pipes[1] ? 1 : 2, chunk->base,
                            size > 0 ? (size_t)size : 0);
}

static void on_exit_status(uv_process_t *uv, int64_t status, int signal)
{
    struct process *p = uv->data;
    p->running = false;
    if (p->closing)
        close_handle(uv);
    else
        p->callbacks.exited(p->arg, status, signal);
}

static void init_handles(struct process *p, struct loop *loop)
{
    p->loop = loop;
    for (int i = 0; i < 3; i++) {
        uv_pipe_init(loop_uv(loop), &p->pipes[i], 0);
        p->pipes[i].data = p;
    }
    p->uv.data = p;
    p->open_handles = 4; // uv_spawn() makes the fourth, also when it fails
}

static int spawn(struct process *p, const struct process_options *options)
{
    uv_stdio_container_t streams[4];
    for (int i = 0; i < 3; i++) {
        streams[i].flags = UV_CREATE_PIPE | (i == 0 ? UV_READABLE_PIPE : UV_WRITABLE_PIPE);
        streams[i].data.stream = (uv_stream_t *)&p->pipes[i];
    }
    streams[3].flags = UV_INHERIT_FD;
    streams[3].data.fd = options->inherited;
    uv_process_options_t uv = {
        .file = options->file,
        .args = options->args,
        .env = options->env,
        .exit_cb = on_exit_status,
        .stdio = streams,
        .stdio_count = options->inherited >= 0 ? 4 : 3,
    };
    return uv_spawn(loop_uv(p->loop), &p->uv, &uv);
}

struct process *process_spawn(struct loop *loop, const struct process_options *options,
                              const struct process_callbacks *callbacks, void *arg, int *error)
{
    struct process *p = calloc(1, sizeof *p);
    if (!p) {
        *error = UV_ENOMEM;
        return NULL;
    }
    if (!loop_at_close(loop, close_at_end, p)) {
        free(p);
        *error = UV_ENOMEM;
        return NULL;
    }
    p->arg = arg;
    init_handles(p, loop);
    *error = spawn(p, options);
    if (*error < 0) {
        process_close(p);
        return NULL;
    }
    p->running = true;
    p->callbacks = *callbacks;
    uv_read_start((uv_stream_t *)&p->pipes[1], on_alloc, on_read);
    uv_read_start((uv_stream_t *)&p->pipes[2], on_alloc, on_read);
    return p;
}

int process_id(const struct process *p)
{
    return p->uv.pid;
}

double process_cpu(const struct process *p)
{
#if defined(_POSIX_CPUTIME) && _POSIX_CPUTIME >= 0
    clockid_t clock;
    struct timespec used;
    if (p->running && clock_getcpuclockid(p->uv.pid, &clock) == 0 &&
        clock_gettime(clock, &used) == 0)
        return (double)used.tv_sec + (double)used.tv_nsec / 1e9;
#else
    (void)p;
#endif
    return -1;
}

static void on_written(uv_write_t *request, int status)
{
    (void)status; // a child that closed its input shows it by ending
    free(request->data);
}

int process_write(struct process *p, const char *bytes, size_t size)
{
    if (p->shutting_down || p->closing)
        return UV_EPIPE;
    struct write *w = malloc(sizeof *w + size);
    if (!w)
        return UV_ENOMEM;
    memcpy(w->bytes, bytes, size);
    w->request.data = w;
    uv_buf_t buffer = uv_buf_init(w->bytes, (unsigned)size);
    int rc = uv_write(&w->request, (uv_stream_t *)&p->pipes[0], &buffer, 1, on_written);
    if (rc < 0)
        free(w);
    return rc;
}

static void on_shutdown(uv_shutdown_t *request, int status)
{
    (void)status;
    struct process *p = request->data;
    close_handle(&p->pipes[0]);
}

void process_close_stdin(struct process *p)
{
    if (p->shutting_down || p->closing)
        return;
    p->shutting_down = true;
    p->shutdown.data = p;
    if (uv_shutdown(&p->shutdown, (uv_stream_t *)&p->pipes[0], on_shutdown) < 0)
        close_handle(&p->pipes[0]);
}

void process_close_stdout(struct process *p)
{
    close_handle(&p->pipes[1]);
}

int process_kill(struct process *p, int signal)
{
    return p->running ? uv_process_kill(&p->uv, signal) : UV_ESRCH;
}

void process_close(struct process *p)
{
    if (p->closing)
        return;
    close_pipes(p);
    if (!p->running)
        close_handle(&p->uv); // else once the child is reaped
}
