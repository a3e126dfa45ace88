#include "loop/timer.h"

static void on_timeout(uv_timer_t *uv)
{
    struct timer *t = uv->data;
    t->fired(t);
}

static void on_idle(uv_idle_t *uv)
{
    struct timer *t = uv->data;
    uv_idle_stop(uv);
    t->fired(t);
}

static void on_closed(uv_handle_t *uv)
{
    struct timer *t = uv->data;
    t->closed(t);
}

// Milliseconds since the turn began, which must not shorten the wait.  The loop's own clock is left
// alone: if it went on between two timers of a turn, those started by the first could be due within
// the same turn, and so for ever, while nothing else is looked at.
static uint64_t elapsed(uv_loop_t *uv)
{
    uint64_t now = uv_hrtime() / 1000000, turn = uv_now(uv);
    return now > turn ? now - turn : 0;
}

void timer_start(struct timer *t, struct loop *loop, uint64_t ms, timer_fn *fired, timer_fn *closed)
{
    t->fired = fired;
    t->closed = closed;
    uv_timer_init(loop_uv(loop), &t->uv.timer);
    t->uv.handle.data = t;
    uv_timer_start(&t->uv.timer, on_timeout, ms + elapsed(loop_uv(loop)), 0);
}

void timer_start_next_turn(struct timer *t, struct loop *loop, timer_fn *fired, timer_fn *closed)
{
    t->fired = fired;
    t->closed = closed;
    uv_idle_init(loop_uv(loop), &t->uv.idle);
    t->uv.handle.data = t;
    uv_idle_start(&t->uv.idle, on_idle);
}

void timer_close(struct timer *t)
{
    uv_close(&t->uv.handle, on_closed);
}
