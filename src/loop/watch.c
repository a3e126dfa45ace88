#include "loop/watch.h"

static void on_event(uv_fs_event_t *uv, const char *name, int events, int status)
{
    (void)events;
    struct watch *watch = uv->data;
    watch->changed(watch, name, status < 0 ? status : 0);
}

static void on_closed(uv_handle_t *handle)
{
    struct watch *watch = handle->data;
    watch->closed(watch);
}

int watch_start(struct watch *watch, struct loop *loop, const char *path, watch_change_fn *changed,
                watch_closed_fn *closed)
{
    watch->changed = changed;
    watch->closed = closed;
    watch->uv.data = watch;
    uv_fs_event_init(loop_uv(loop), &watch->uv);
    uv_unref((uv_handle_t *)&watch->uv);
    return uv_fs_event_start(&watch->uv, on_event, path, 0);
}

void watch_close(struct watch *watch)
{
    uv_close((uv_handle_t *)&watch->uv, on_closed);
}
