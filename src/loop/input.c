#include "loop/input.h"

#include "loop/hangup.h"
#include "loop/timer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CHUNK = 65536 };

struct input {
    union {
        uv_handle_t handle;
        uv_stream_t stream;
        uv_pipe_t pipe;
        uv_tty_t tty;
        uv_tcp_t tcp;
    } uv;
    struct loop *loop;
    input_fn *fn; // NULL once closed
    void *arg;
    int fd;
    bool is_file; // has no readiness: read a chunk a turn of the loop
    bool handing; // `fn` runs
    bool paused;
    bool ended;
    int error;           // libuv code of what ended it, where that was no plain end
    int handles;         // open ones: the memory goes after the last
    struct timer later;  // hands over what was kept, reads a file
    bool is_later;       // it is open
    struct hangup other; // who writes
    bool is_watched;     // `other` is open
    bool alone;          // who wrote is gone
    size_t at, size;     // what of the chunk is not taken yet
    char chunk[CHUNK];
};

// Containers of what they hold.
static struct input *of_later(struct timer *t)
{
    return (struct input *)((char *)t - offsetof(struct input, later));
}

static struct input *of_other(struct hangup *h)
{
    return (struct input *)((char *)h - offsetof(struct input, other));
}

static void free_if_closed(struct input *in)
{
    if (!in->fn && in->handles == 0)
        free(in);
}

static void read_on(struct input *in);

// Afterwards the input may be closed, but not gone: whoever calls holds a handle of it.
static void hand_over(struct input *in)
{
    in->handing = true;
    size_t taken = in->fn(in->arg, in->chunk + in->at, in->size);
    in->handing = false;
    in->at += taken;
    in->size -= taken;
    if (in->fn && !in->paused)
        read_on(in);
}

static void deliver(struct input *in, ssize_t size)
{
    if (in->ended || !in->fn)
        return;
    in->ended = size <= 0;
    if (in->is_file && size < 0)
        in->error = (int)size;
    in->at = 0;
    in->size = size > 0 ? (size_t)size : 0;
    hand_over(in);
}

// Not by uv_fs_read(): that needs threads, and libuv ends the process where the system gives none
// (ulimit -u, ulimit -v).
static void read_file(struct input *in)
{
    ssize_t size;
    do {
        size = read(in->fd, in->chunk, CHUNK);
    } while (size < 0 && errno == EINTR);
    deliver(in, size < 0 ? uv_translate_sys_error(errno) : size);
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

static void on_later(struct timer *t)
{
    struct input *in = of_later(t);
    timer_close(t);
    if (!in->fn || in->paused)
        return;
    if (in->size > 0)
        hand_over(in);
    else if (in->is_file)
        read_file(in);
}

// Something to be done in the next turn.
static bool has_more(const struct input *in)
{
    return in->size > 0 || (in->is_file && !in->ended);
}

static void on_later_closed(struct timer *t)
{
    struct input *in = of_later(t);
    in->is_later = false;
    in->handles--;
    if (!in->fn)
        free_if_closed(in);
    else if (!in->paused && has_more(in))
        read_on(in);
}

// From the loop: whoever resumes is in the middle of something.
static void hand_over_later(struct input *in)
{
    if (in->is_later)
        return; // on_later() or on_later_closed() sees to it
    in->is_later = true;
    in->handles++;
    timer_start_next_turn(&in->later, in->loop, on_later, on_later_closed);
}

// What was kept comes first.
static void read_on(struct input *in)
{
    if (has_more(in))
        hand_over_later(in);
    else if (!in->ended)
        uv_read_start(&in->uv.stream, on_alloc, on_stream_read); // EALREADY: it reads
}

int input_check(int fd)
{
    struct stat stat;
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0 || fstat(fd, &stat) < 0)
        return uv_translate_sys_error(errno);
    if (S_ISDIR(stat.st_mode))
        return UV_EISDIR;
    if ((flags & O_ACCMODE) == O_WRONLY)
        return UV_EACCES;
    uv_handle_type type = uv_guess_handle(fd);
    return type == UV_UNKNOWN_HANDLE || type == UV_UDP ? UV_ENOTSUP : 0;
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
        return UV_ENOTSUP; // input_check() has refused it
    }
    in->uv.handle.data = in;
    in->handles = 1;
    return rc < 0 ? rc : uv_read_start(&in->uv.stream, on_alloc, on_stream_read);
}

static void on_stream_closed(uv_handle_t *handle)
{
    struct input *in = handle->data;
    in->handles--;
    free_if_closed(in);
}

static void on_other_closed(struct hangup *h)
{
    struct input *in = of_other(h);
    in->handles--;
    free_if_closed(in);
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
    if (in->is_watched)
        hangup_close(&in->other);
    if (!in->is_file)
        uv_close(&in->uv.handle, on_stream_closed);
    else
        free_if_closed(in); // else on_later_closed() does
}

struct input *input_open(struct loop *loop, int fd, input_fn *fn, void *arg, int *error)
{
    *error = input_check(fd);
    if (*error < 0)
        goto err0;
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
        hand_over_later(in);
        return in;
    }
    *error = open_stream(in);
    if (*error < 0)
        goto err2;
    return in;

err2:
    loop_not_at_close(loop, close_input, in);
    if (in->uv.handle.data) {
        in->fn = NULL;
        uv_close(&in->uv.handle, on_stream_closed);
        return NULL;
    }
err1:
    free(in);
err0:
    return NULL;
}

static void on_other_gone(struct hangup *h)
{
    struct input *in = of_other(h);
    in->alone = true;
    input_resume(in);
}

// Without descriptors for it the end is seen when the reading goes on.
static void watch_other(struct input *in)
{
    if (!in->is_watched) {
        in->is_watched = hangup_open(&in->other, in->loop, in->fd, on_other_gone, on_other_closed);
        in->handles += in->is_watched;
    }
    if (in->is_watched)
        hangup_watch(&in->other);
}

void input_pause(struct input *in)
{
    if (in->alone || in->paused)
        return;
    in->paused = true;
    if (in->is_file)
        return;
    uv_read_stop(&in->uv.stream);
    if (!in->ended)
        watch_other(in);
}

void input_resume(struct input *in)
{
    if (!in->paused)
        return;
    in->paused = false;
    if (in->is_watched)
        hangup_ignore(&in->other);
    if (!in->handing)
        read_on(in);
}

int input_error(const struct input *in)
{
    return in->error;
}

bool input_is_paused(const struct input *in)
{
    return in->paused;
}

void input_close(struct input *in)
{
    if (!in)
        return;
    loop_not_at_close(in->loop, close_input, in);
    close_input(in);
}
