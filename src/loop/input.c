#include "loop/input.h"

#include <stdlib.h>

enum { CHUNK = 65536 };

struct input {
    union {
        uv_handle_t handle;
        uv_stream_t stream;
        uv_pipe_t pipe;
        uv_tty_t tty;
        uv_tcp_t tcp;
        uv_fs_t file; // regular files have no readiness: read by request, one after another
    } uv;
    struct loop *loop;
    input_fn *fn; // NULL once closed
    void *arg;
    int fd;
    bool is_file;
    bool reading; // a file request is under way
    bool paused;
    bool ended;
    char chunk[CHUNK];
};

static void deliver(struct input *in, ssize_t size)
{
    if (in->ended || !in->fn)
        return;
    if (size <= 0)
        in->ended = true;
    in->fn(in->arg, in->chunk, size > 0 ? (size_t)size : 0);
}

static void read_file(struct input *in);

static void on_file_read(uv_fs_t *request)
{
    struct input *in = request->data;
    ssize_t size = request->result;
    uv_fs_req_cleanup(request);
    in->reading = false;
    if (!in->fn) {
        free(in);
        return;
    }
    in->reading = true; // keeps input_close() in the callback from freeing
    deliver(in, size);
    in->reading = false;
    if (!in->fn)
        free(in);
    else if (!in->ended && !in->paused)
        read_file(in);
}

static void read_file(struct input *in)
{
    uv_buf_t chunk = uv_buf_init(in->chunk, CHUNK);
    in->uv.file.data = in;
    in->reading = true;
    uv_fs_read(loop_uv(in->loop), &in->uv.file, in->fd, &chunk, 1, -1, on_file_read);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *out)
{
    (void)suggested;
    struct input *in = handle->data;
    *out = uv_buf_init(in->chunk, CHUNK);
}

static void on_stream_read(uv_stream_t *stream, ssize_t size, const uv_buf_t *chunk)
{
    (void)chunk;
    struct input *in = stream->data;
    if (size == 0)
        return; // nothing for now
    if (size < 0)
        uv_read_stop(stream);
    deliver(in, size);
}

static int open_stream(struct input *in)
{
    uv_loop_t *uv = loop_uv(in->loop);
    int rc;
    switch (uv_guess_handle(in->fd)) {
    case UV_NAMED_PIPE:
        uv_pipe_init(uv, &in->uv.pipe, 0);
        rc = uv_pipe_open(&in->uv.pipe, in->fd);
        break;
    case UV_TCP:
        uv_tcp_init(uv, &in->uv.tcp);
        rc = uv_tcp_open(&in->uv.tcp, in->fd);
        break;
    case UV_TTY:
        rc = uv_tty_init(uv, &in->uv.tty, in->fd, 0);
        if (rc < 0)
            return rc; // nothing to close
        break;
    default:
        return UV_EBADF;
    }
    in->uv.handle.data = in;
    return rc < 0 ? rc : uv_read_start(&in->uv.stream, on_alloc, on_stream_read);
}

static void on_closed(uv_handle_t *handle)
{
    free(handle->data);
}

// uv_tty_init() puts a description of its own in place of ours, and leaves it non-blocking: whoever
// reads the terminal next, by stdio, would be told EAGAIN.
static void leave_terminal(struct input *in)
{
    if (!in->is_file && in->uv.handle.type == UV_TTY)
        (void)uv_stream_set_blocking(&in->uv.stream, 1);
}

static void close_input(void *arg)
{
    struct input *in = arg;
    in->fn = NULL;
    leave_terminal(in);
    if (!in->is_file)
        uv_close(&in->uv.handle, on_closed);
    else if (!in->reading)
        free(in);
    // else on_file_read() frees it
}

struct input *input_open(struct loop *loop, int fd, input_fn *fn, void *arg, int *error)
{
    *error = UV_ENOMEM;
    struct input *in = calloc(1, sizeof *in);
    if (!in)
        goto err0;
    in->loop = loop;
    in->fn = fn;
    in->arg = arg;
    in->fd = fd;
    if (!loop_at_close(loop, close_input, in))
        goto err1;
    in->is_file = uv_guess_handle(fd) == UV_FILE;
    if (in->is_file) {
        read_file(in);
        return in;
    }
    *error = open_stream(in);
    if (*error < 0)
        goto err2;
    return in;

err2:
    loop_not_at_close(loop, close_input, in);
    if (in->uv.handle.data) {
        uv_close(&in->uv.handle, on_closed);
        return NULL;
    }
err1:
    free(in);
err0:
    return NULL;
}

void input_pause(struct input *in)
{
    in->paused = true;
    if (!in->is_file)
        uv_read_stop(&in->uv.stream);
}

void input_resume(struct input *in)
{
    if (!in->paused)
        return;
    in->paused = false;
    if (in->ended)
        return;
    if (!in->is_file)
        uv_read_start(&in->uv.stream, on_alloc, on_stream_read);
    else if (!in->reading)
        read_file(in);
}

void input_close(struct input *in)
{
    if (!in)
        return;
    loop_not_at_close(in->loop, close_input, in);
    close_input(in);
}
