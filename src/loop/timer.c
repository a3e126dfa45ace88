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

void timer_start(struct timer *t, struct loop *loop, uint64_t ms, timer_fn *fired, timer_fn *closed)
{
    t->fired = fired;
    t->closed = closed;
    uv_timer_init(loop_uv(loop), &t->uv.timer);
    t->uv.handle.data = t;
    uv_timer_start(&t->uv.timer, on_timeout, ms + loop_elapsed(loop), 0);
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
