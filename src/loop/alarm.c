#include "loop/alarm.h"

static void on_timeout(uv_timer_t *uv)
{
    struct alarm *a = uv->data;
    a->ring(a->arg);
}

void alarm_init(struct alarm *a, struct loop *loop, void (*ring)(void *arg), void *arg)
{
    a->ring = ring;
    a->arg = arg;
    uv_timer_init(loop_uv(loop), &a->uv);
    a->uv.data = a;
}

void alarm_set(struct alarm *a, uint64_t ms)
{
    if (!uv_is_active((uv_handle_t *)&a->uv) && !uv_is_closing((uv_handle_t *)&a->uv))
        uv_timer_start(&a->uv, on_timeout, ms, 0);
}
