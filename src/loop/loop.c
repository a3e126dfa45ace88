#include "loop/loop.h"

#include "base/log_sink.h"

#include <stdlib.h>
#include <string.h>

enum { LOG_MS = 50 };

struct closer {
    void (*fn)(void *arg);
    void *arg;
    struct closer *next;
};

// Looks around behind the timers of a turn, before its wait.
struct look {
    uv_prepare_t uv;
    bool (*happened)(void *arg);
    void *arg;
};

struct loop {
    uv_loop_t uv;
    struct look look;
    uv_timer_t log; // tries again what the reader of the log has not taken
    struct closer *closers;
    bool runs;
};

static void on_log_due(uv_timer_t *timer)
{
    if (log_sink_flush())
        uv_timer_stop(timer);
}

static void on_log_kept(void *arg)
{
    uv_timer_start(arg, on_log_due, LOG_MS, LOG_MS);
}

struct loop *loop_new(void)
{
    struct loop *loop = calloc(1, sizeof *loop);
    if (!loop)
        return NULL;
    if (uv_loop_init(&loop->uv) < 0) {
        free(loop);
        return NULL;
    }
    uv_prepare_init(&loop->uv, &loop->look.uv); // cannot fail
    uv_unref((uv_handle_t *)&loop->look.uv);
    uv_timer_init(&loop->uv, &loop->log);
    uv_unref((uv_handle_t *)&loop->log);
    log_sink_on_kept(on_log_kept, &loop->log);
    return loop;
}

static void close_handle(uv_handle_t *handle, void *arg)
{
    (void)arg;
    if (!uv_is_closing(handle))
        uv_close(handle, NULL);
}

void loop_free(struct loop *loop)
{
    if (!loop)
        return;
    log_sink_on_kept(NULL, NULL);
    while (loop->closers) {
        struct closer *c = loop->closers;
        loop->closers = c->next;
        c->fn(c->arg);
        free(c);
    }
    uv_walk(&loop->uv, close_handle, NULL);
    uv_run(&loop->uv, UV_RUN_DEFAULT);
    uv_loop_close(&loop->uv);
    free(loop);
}

uv_loop_t *loop_uv(struct loop *loop)
{
    return &loop->uv;
}

// The loop's own clock is left alone: if it went on between two timers of a turn, those started by
// the first could be due within the same turn, and so for ever, while nothing else is looked at.
uint64_t loop_elapsed(const struct loop *loop)
{
    uint64_t now = uv_hrtime() / 1000000, turn = uv_now(&loop->uv);
    return now > turn ? now - turn : 0;
}

static bool turn(struct loop *loop, uv_run_mode mode)
{
    loop->runs = true;
    bool alive = uv_run(&loop->uv, mode) != 0;
    loop->runs = false;
    return alive;
}

bool loop_runs(const struct loop *loop)
{
    return loop->runs;
}

void loop_run(struct loop *loop)
{
    turn(loop, UV_RUN_DEFAULT);
}

bool loop_poll(struct loop *loop)
{
    return turn(loop, UV_RUN_NOWAIT);
}

static void look(uv_prepare_t *uv)
{
    struct look *l = (struct look *)uv;
    if (l->happened(l->arg))
        uv_stop(uv->loop); // ends this turn only, without the wait
}

bool loop_step_unless(struct loop *loop, bool (*happened)(void *arg), void *arg)
{
    struct look *l = &loop->look;
    l->happened = happened;
    l->arg = arg;
    uv_prepare_start(&l->uv, look);
    bool alive = turn(loop, UV_RUN_ONCE);
    uv_prepare_stop(&l->uv);
    return alive;
}

void loop_stop(struct loop *loop)
{
    uv_stop(&loop->uv);
}

static void count_handle(uv_handle_t *handle, void *arg)
{
    size_t *counts = arg;
    bool alive = uv_is_active(handle) && uv_has_ref(handle);
    if (alive || uv_is_closing(handle))
        counts[uv_handle_get_type(handle)]++;
}

void loop_count_handles(struct loop *loop, size_t counts[UV_HANDLE_TYPE_MAX])
{
    memset(counts, 0, UV_HANDLE_TYPE_MAX * sizeof *counts);
    uv_walk(&loop->uv, count_handle, counts);
}

bool loop_at_close(struct loop *loop, void (*fn)(void *arg), void *arg)
{
    struct closer *c = malloc(sizeof *c);
    if (!c)
        return false;
    *c = (struct closer){ .fn = fn, .arg = arg, .next = loop->closers };
    loop->closers = c;
    return true;
}

void loop_not_at_close(struct loop *loop, void (*fn)(void *arg), void *arg)
{
    for (struct closer **link = &loop->closers; *link; link = &(*link)->next) {
        struct closer *c = *link;
        if (c->fn == fn && c->arg == arg) {
            *link = c->next;
            free(c);
            return;
        }
    }
}

int loop_program(char *path, size_t *size)
{
    return uv_exepath(path, size);
}

int loop_home(char *path, size_t *size)
{
    uv_passwd_t user;
    int rc = uv_os_get_passwd(&user);
    if (rc < 0)
        return rc;
    size_t length = user.homedir ? strlen(user.homedir) : 0;
    if (length < *size) {
        memcpy(path, user.homedir ? user.homedir : "", length + 1);
        *size = length;
    } else {
        rc = UV_ENOBUFS;
    }
    uv_os_free_passwd(&user);
    return rc;
}
