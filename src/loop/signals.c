#include "loop/signals.h"

static void on_signal(uv_signal_t *uv, int number)
{
    (void)number;
    struct signal_watch *watch = uv->data;
    watch->arrived(watch);
}

static void on_closed(uv_handle_t *handle)
{
    struct signal_watch *watch = handle->data;
    watch->closed(watch);
}

int signal_watch_start(struct signal_watch *watch, struct loop *loop, int number,
                       signal_fn *arrived, signal_fn *closed)
{
    watch->arrived = arrived;
    watch->closed = closed;
    watch->uv.data = watch;
    uv_signal_init(loop_uv(loop), &watch->uv);
    uv_unref((uv_handle_t *)&watch->uv);
    return uv_signal_start(&watch->uv, on_signal, number);
}

void signal_watch_close(struct signal_watch *watch)
{
    uv_close((uv_handle_t *)&watch->uv, on_closed);
}
