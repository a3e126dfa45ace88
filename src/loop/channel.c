#include "loop/channel.h"

#include "base/frames.h"
#include "base/memory.h"
#include "base/outgoing.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum {
    CHUNK = 65536,
    AT_ONCE = 64,  // messages that a turn of the loop hands over, or as many as fit into
    SLICE_MS = 4,  // these
    FULL = 1 << 20 // queued bytes from which it is full
};

struct channel {
    struct loop *loop;
    uv_poll_t poll;
    uv_prepare_t flush; // runs before the loop sleeps
    uv_idle_t later;    // hands over what came and was too much for a turn
    int open_handles;
    int fd;
    int events; // that are waited for
    struct frames frames;
    struct outgoing outgoing;
    bool full; // `drained` is to be told
    bool paused;
    bool ended;   // nothing more is read
    bool broken;  // nothing more is written
    bool closing; // no callback but `closed`
    struct channel_callbacks callbacks;
    void *arg;
};

int channel_pair(int ends[2])
{
    return uv_socketpair(SOCK_STREAM, 0, ends, 0, 0);
}

int channel_check_inherited(void)
{
    struct sockaddr_un name = { .sun_family = AF_UNSPEC };
    socklen_t size = sizeof name;
    if (getsockname(CHANNEL_INHERITED, (struct sockaddr *)&name, &size) < 0)
        return uv_translate_sys_error(errno);
    return name.sun_family == AF_UNIX ? 0 : UV_ENOTSOCK;
}

// Events -----------------------------------------------------------------------------------------

static void on_ready(uv_poll_t *poll, int status, int events);

static void watch(struct channel *c)
{
    bool reads = !c->paused && !c->ended && !uv_is_active((uv_handle_t *)&c->later);
    bool writes = !c->broken && channel_queued(c) > 0;
    int events = (reads ? UV_READABLE : 0) | (writes ? UV_WRITABLE : 0);
    if (events == c->events)
        return;
    c->events = events;
    if (events == 0)
        uv_poll_stop(&c->poll);
    else
        uv_poll_start(&c->poll, events, on_ready);
}

static void end(struct channel *c, const char *reason)
{
    c->ended = true;
    watch(c);
    c->callbacks.ended(c->arg, reason);
}

static void end_broken(struct channel *c)
{
    char reason[96];
    (void)snprintf(reason, sizeof reason, "a message of %zu bytes was announced; 1 to %zu may come",
                   c->frames.refused, c->frames.most);
    end(c, reason);
}

// Receiving --------------------------------------------------------------------------------------

static bool may_hand_over(const struct channel *c)
{
    return !c->paused && !c->ended && !c->closing;
}

static bool is_late(uint64_t began)
{
    return uv_hrtime() - began > (uint64_t)SLICE_MS * 1000000;
}

// False: there may be more messages, for which it is too late in this turn.
static bool hand_over(struct channel *c)
{
    uint64_t began = uv_hrtime();
    for (int count = 0; may_hand_over(c); count++) {
        const char *bytes;
        size_t size;
        enum frames_event event = frames_next(&c->frames, &bytes, &size);
        if (event == FRAMES_BROKEN)
            end_broken(c);
        if (event != FRAMES_MESSAGE)
            return true;
        if (count == AT_ONCE || (count > 0 && is_late(began)))
            return false;
        if (c->callbacks.message(c->arg, bytes, size))
            frames_drop(&c->frames);
        else
            c->paused = true;
    }
    return true;
}

static void on_later(uv_idle_t *idle);

static void hand_over_all(struct channel *c)
{
    if (!hand_over(c) && !c->closing)
        uv_idle_start(&c->later, on_later);
    if (!c->closing)
        watch(c);
}

static void on_later(uv_idle_t *idle)
{
    uv_idle_stop(idle);
    hand_over_all(idle->data);
}

static void receive(struct channel *c)
{
    char *room = frames_room(&c->frames, CHUNK);
    if (!room) {
        end(c, "not enough memory for what comes");
        return;
    }
    ssize_t size = read(c->fd, room, CHUNK);
    if (size > 0) {
        frames_came(&c->frames, (size_t)size);
        hand_over_all(c);
    } else if (size == 0 || errno == ECONNRESET) { // which tells that it had not read all from us
        end(c, frames_are_empty(&c->frames) ? NULL : "it was closed within a message");
    } else if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) {
        end(c, uv_strerror(uv_translate_sys_error(errno)));
    }
}

// Sending ----------------------------------------------------------------------------------------

static void send_queue(struct channel *c)
{
    if (!outgoing_write(&c->outgoing, c->fd)) { // by what, the reading tells
        c->broken = true;
        outgoing_free(&c->outgoing);
    }
    watch(c);
    if (c->full && channel_queued(c) == 0) {
        c->full = false;
        c->callbacks.drained(c->arg);
    }
}

static void on_flush(uv_prepare_t *prepare)
{
    struct channel *c = prepare->data;
    uv_prepare_stop(prepare);
    send_queue(c);
}

// libuv tells an error of the socket instead of what is ready, and waits no longer; what came
// before the error is still there.
static void on_ready(uv_poll_t *poll, int status, int events)
{
    struct channel *c = poll->data;
    if (status < 0) {
        c->events = 0;
        events = UV_READABLE | UV_WRITABLE;
    }
    if (events & UV_WRITABLE && channel_queued(c) > 0)
        send_queue(c);
    if (events & UV_READABLE && may_hand_over(c))
        receive(c);
    if (!c->closing)
        watch(c);
}

bool channel_send(struct channel *c, const char *bytes, size_t size)
{
    if (c->broken || c->closing)
        return true;
    if (!frames_write(&c->outgoing.queue, bytes, size))
        return false;
    c->full = c->full || channel_queued(c) >= FULL;
    if (!(c->events & UV_WRITABLE))
        uv_prepare_start(&c->flush, on_flush);
    return true;
}

size_t channel_most(const struct channel *c)
{
    return c->frames.most;
}

size_t channel_queued(const struct channel *c)
{
    return outgoing_size(&c->outgoing);
}

bool channel_is_full(const struct channel *c)
{
    return c->full;
}

// Opening and closing ----------------------------------------------------------------------------

void channel_pause(struct channel *c)
{
    if (c->closing)
        return;
    c->paused = true;
    watch(c);
}

// From the loop: whoever resumes is in the middle of something.
void channel_resume(struct channel *c)
{
    if (c->closing || !c->paused)
        return;
    c->paused = false;
    if (!c->ended)
        uv_idle_start(&c->later, on_later);
}

static void on_closed(uv_handle_t *handle)
{
    struct channel *c = handle->data;
    if (--c->open_handles > 0)
        return;
    (void)close(c->fd);
    frames_free(&c->frames);
    outgoing_free(&c->outgoing);
    c->callbacks.closed(c->arg);
    free(c);
}

static void close_channel(void *arg)
{
    struct channel *c = arg;
    c->closing = true;
    uv_close((uv_handle_t *)&c->poll, on_closed);
    uv_close((uv_handle_t *)&c->flush, on_closed);
    uv_close((uv_handle_t *)&c->later, on_closed);
}

void channel_close(struct channel *c)
{
    if (c->closing)
        return;
    loop_not_at_close(c->loop, close_channel, c);
    close_channel(c);
}

struct channel *channel_open(struct loop *loop, int end, size_t most,
                             const struct channel_callbacks *callbacks, void *arg, int *error)
{
    *error = UV_ENOMEM;
    struct channel *c = calloc(1, sizeof *c);
    if (!c)
        goto err0;
    if (!loop_at_close(loop, close_channel, c))
        goto err1;
    (void)fcntl(end, F_SETFD, FD_CLOEXEC);
    *error = uv_poll_init(loop_uv(loop), &c->poll, end); // makes it non-blocking
    if (*error < 0)
        goto err2;
    uv_prepare_init(loop_uv(loop), &c->flush); // these two cannot fail
    uv_idle_init(loop_uv(loop), &c->later);
    c->poll.data = c->flush.data = c->later.data = c;
    c->open_handles = 3;
    c->loop = loop;
    c->fd = end;
    c->frames.most = most;
    c->outgoing.queue.memory = &memory_of_output;
    c->frames.in.memory = &memory_of_output; // what comes cannot be asked for again
    c->callbacks = *callbacks;
    c->arg = arg;
    watch(c);
    return c;

err2:
    loop_not_at_close(loop, close_channel, c);
err1:
    free(c);
err0:
    (void)close(end);
    return NULL;
}
