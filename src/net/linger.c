#include "net/linger.h"

#include "loop/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LINGER_MS = 2000 };

struct lingering {
    uv_poll_t poll;
    uv_timer_t timer;
    int fd;
    unsigned handles;
    struct lingering **list;
    struct lingering *next;
};

static void on_handle_closed(uv_handle_t *handle)
{
    struct lingering *l = handle->data;
    if (--l->handles > 0)
        return;
    close(l->fd);
    free(l);
}

static void linger_close(struct lingering *l)
{
    struct lingering **at = l->list;
    while (*at != l)
        at = &(*at)->next;
    *at = l->next;
    uv_close((uv_handle_t *)&l->poll, on_handle_closed);
    uv_close((uv_handle_t *)&l->timer, on_handle_closed);
}

static void on_timeout(uv_timer_t *timer)
{
    linger_close(timer->data);
}

static void on_input(uv_poll_t *poll, int status, int events)
{
    (void)events;
    struct lingering *l = poll->data;
    char waste[65536];
    for (int i = 0; status == 0 && i < 16; i++) {
        ssize_t size = recv(l->fd, waste, sizeof waste, MSG_DONTWAIT);
        if (size > 0 || (size < 0 && errno == EINTR))
            continue;
        if (size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            return;
        linger_close(l);
        return;
    }
    if (status < 0)
        linger_close(l);
}

void linger_start(struct loop *loop, int fd, struct lingering **list)
{
    struct lingering *l = calloc(1, sizeof *l);
    if (!l)
        goto err0;
    l->fd = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    if (l->fd < 0)
        goto err1;
    if (uv_poll_init(loop_uv(loop), &l->poll, l->fd) < 0)
        goto err2;
    uv_timer_init(loop_uv(loop), &l->timer);
    l->poll.data = l->timer.data = l;
    l->handles = 2;
    l->list = list;
    l->next = *list;
    *list = l;
    uv_poll_start(&l->poll, UV_READABLE, on_input);
    uv_timer_start(&l->timer, on_timeout, LINGER_MS, 0);
    return;

err2:
    close(l->fd);
err1:
    free(l);
err0:
    return;
}

void linger_close_all(struct lingering **list)
{
    while (*list)
        linger_close(*list);
}
