#include "loop/timer.h"

static void on_timeout(uv_timer_t *uv)
{
    struct timer *t = uv->data;
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
    t->uv.data = t;
    uv_timer_init(loop_uv(loop), &t->uv);
    uv_update_time(loop_uv(loop)); // a long turn must not shorten the wait
    uv_timer_start(&t->uv, on_timeout, ms, 0);
}

void timer_close(struct timer *t)
{
    uv_close((uv_handle_t *)&t->uv, on_closed);
}
