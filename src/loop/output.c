#include "loop/output.h"

#include "base/memory.h"
#include "base/outgoing.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>

enum { LAST_CHANCE_MS = 1000 };

struct output {
    struct loop *loop;
    uv_prepare_t flush; // runs before the loop sleeps, behind its timers
    // Runs behind what has come: an answer does not wait for the timers of the next turn, which may
    // be long work in steps.
    uv_check_t answer;
    uv_poll_t writable; // after a write that the system took only in part
    bool can_poll;      // pipes and sockets; a file or terminal blocks instead
    bool waiting;
    bool broken;
    int error; // libuv code of what broke it
    int fd;
    int saved_flags;
    int open_handles;
    struct outgoing outgoing;
    output_fn *fn;
    void *arg;
};

static void on_flush(uv_prepare_t *prepare);

static void break_off(struct output *out)
{
    out->broken = true;
    out->error = uv_translate_sys_error(errno);
    outgoing_free(&out->outgoing);
}

static void on_writable(uv_poll_t *poll, int status, int events);

static void flush(struct output *out)
{
    if (!outgoing_write(&out->outgoing, out->fd)) {
        break_off(out);
        out->fn(out->arg, OUTPUT_BROKEN);
    } else if (output_queued(out) == 0) {
        out->fn(out->arg, OUTPUT_DRAINED);
    } else if (out->can_poll) {
        out->waiting = true;
        uv_poll_start(&out->writable, UV_WRITABLE, on_writable);
    } else {
        uv_prepare_start(&out->flush, on_flush);
    }
}

static void on_writable(uv_poll_t *poll, int status, int events)
{
    (void)status; // the write itself tells what is wrong
    (void)events;
    struct output *out = poll->data;
    out->waiting = false;
    uv_poll_stop(poll);
    flush(out);
}

static void flush_once(struct output *out)
{
    uv_prepare_stop(&out->flush);
    uv_check_stop(&out->answer);
    flush(out);
}

static void on_flush(uv_prepare_t *prepare)
{
    flush_once(prepare->data);
}

static void on_answer(uv_check_t *check)
{
    flush_once(check->data);
}

bool output_write(struct output *out, const char *bytes, size_t size, const char *tail,
                  size_t tail_size)
{
    if (out->broken || size + tail_size == 0)
        return true;
    struct buf *queue = &out->outgoing.queue;
    if (!buf_reserve(queue, size + tail_size))
        return false;
    buf_append(queue, bytes, size); // neither can fail now
    buf_append(queue, tail, tail_size);
    if (out->waiting)
        return true;
    uv_prepare_start(&out->flush, on_flush);
    uv_check_start(&out->answer, on_answer);
    return true;
}

size_t output_queued(const struct output *out)
{
    return outgoing_size(&out->outgoing);
}

int output_error(const struct output *out)
{
    return out->error;
}

int output_descriptor(const struct output *out)
{
    return out->fd;
}

static void on_closed(uv_handle_t *handle)
{
    struct output *out = handle->data;
    if (--out->open_handles > 0)
        return;
    close(out->fd);
    outgoing_free(&out->outgoing);
    free(out);
}

static void close_output(void *arg)
{
    struct output *out = arg;
    while (output_queued(out) > 0 && outgoing_write(&out->outgoing, out->fd) &&
           output_queued(out) > 0) {
        struct pollfd writable = { .fd = out->fd, .events = POLLOUT };
        if (poll(&writable, 1, LAST_CHANCE_MS) <= 0)
            break;
    }
    if (out->can_poll) {
        fcntl(out->fd, F_SETFL, out->saved_flags); // others may share the description
        uv_close((uv_handle_t *)&out->writable, on_closed);
    }
    uv_close((uv_handle_t *)&out->flush, on_closed);
    uv_close((uv_handle_t *)&out->answer, on_closed);
}

// Makes a pipe or socket non-blocking and watches it; anything else stays as it is.
static void watch(struct output *out)
{
    uv_handle_type type = uv_guess_handle(out->fd);
    if (type != UV_NAMED_PIPE && type != UV_TCP)
        return;
    out->saved_flags = fcntl(out->fd, F_GETFL);
    if (uv_poll_init(loop_uv(out->loop), &out->writable, out->fd) < 0)
        return;
    out->writable.data = out;
    out->can_poll = true;
    out->open_handles++;
}

struct output *output_take(struct loop *loop, output_fn *fn, void *arg, int *error)
{
    struct output *out = calloc(1, sizeof *out);
    if (!out) {
        *error = UV_ENOMEM;
        goto err0;
    }
    out->loop = loop;
    out->fn = fn;
    out->arg = arg;
    out->outgoing.queue.memory = &memory_of_output;
    out->fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
    if (out->fd < 0) {
        *error = uv_translate_sys_error(errno);
        goto err1;
    }
    if (!loop_at_close(loop, close_output, out)) {
        *error = UV_ENOMEM;
        goto err2;
    }
    uv_prepare_init(loop_uv(loop), &out->flush);
    uv_check_init(loop_uv(loop), &out->answer);
    out->flush.data = out->answer.data = out;
    out->open_handles = 2;
    watch(out);
    if (dup2(STDERR_FILENO, STDOUT_FILENO) < 0) {
        *error = uv_translate_sys_error(errno); // the loop closes what is open
        return NULL;
    }
    return out;

err2:
    close(out->fd);
err1:
    free(out);
err0:
    return NULL;
}
