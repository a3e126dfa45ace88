#include "net/client_poll.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

struct watch {
    uv_poll_t uv; // first: a uv_handle_t * is a struct watch *
    struct client_poll *owner;
    curl_socket_t fd;
    ino_t inode; // of the socket: its number may be another's by now
    int events;  // what epoll looks for; 0: not in it
    bool ours;   // opened by open_socket(), so close_socket() will tell of its end once connected
    bool parked; // libcurl does not look at it now
    bool hung;   // and its peer has hung up, or has sent something unasked
};

struct client_poll {
    uv_timer_t timer; // first: a uv_handle_t * is a struct client_poll *
    uv_loop_t *loop;
    CURLM *multi;
    client_poll_fn *worked, *hung_up;
    void *arg, *hung_up_arg;
    struct watch **watches; // by descriptor
    size_t room;
};

static void free_handle(uv_handle_t *handle)
{
    free(handle);
}

static void act(struct client_poll *p, curl_socket_t fd, int flags)
{
    int running;
    curl.multi_socket_action(p->multi, fd, flags, &running);
    p->worked(p->arg);
}

static void on_timeout(uv_timer_t *timer)
{
    act((struct client_poll *)timer, CURL_SOCKET_TIMEOUT, 0);
}

static void stop(struct watch *w)
{
    uv_poll_stop(&w->uv);
    w->events = 0;
}

static struct watch *find(const struct client_poll *p, curl_socket_t fd)
{
    return (size_t)fd < p->room ? p->watches[fd] : NULL;
}

static ino_t inode_of(curl_socket_t fd)
{
    struct stat st;
    return fstat(fd, &st) == 0 ? st.st_ino : 0;
}

static void on_event(uv_poll_t *uv, int status, int events);

static void look_for(struct watch *w, int events)
{
    if (events != w->events && uv_poll_start(&w->uv, events, on_event) == 0)
        w->events = events;
}

// libuv stops to look at a socket with an error.  libcurl is told to read and write, not of the
// error: so it takes what came before it, and repeats a GET whose kept connection was dead.
static void on_error(struct watch *w)
{
    struct client_poll *p = w->owner;
    curl_socket_t fd = w->fd;
    int wanted = w->events;
    stop(w);
    act(p, fd, CURL_CSELECT_IN | CURL_CSELECT_OUT);
    if (find(p, fd) == w && !w->parked && w->events == 0)
        look_for(w, wanted);
}

static void on_event(uv_poll_t *uv, int status, int events)
{
    struct watch *w = (struct watch *)uv;
    if (w->parked) { // libcurl sees that before it uses the connection again
        stop(w);
        w->hung = true;
        if (w->owner->hung_up)
            w->owner->hung_up(w->owner->hung_up_arg);
        return;
    }
    if (status < 0) {
        on_error(w);
        return;
    }
    int flags = 0;
    if (events & UV_READABLE)
        flags |= CURL_CSELECT_IN;
    if (events & UV_WRITABLE)
        flags |= CURL_CSELECT_OUT;
    act(w->owner, w->fd, flags);
}

static bool make_room(struct client_poll *p, curl_socket_t fd)
{
    size_t room = p->room ? p->room : 64;
    while (room <= (size_t)fd)
        room *= 2;
    if (room == p->room)
        return true;
    const size_t one =
        sizeof(struct watch *); // NOLINT(bugprone-sizeof-expression): it holds pointers
    struct watch **watches = realloc(p->watches, room * one);
    if (!watches)
        return false;
    memset(watches + p->room, 0, (room - p->room) * one);
    p->watches = watches;
    p->room = room;
    return true;
}

static void drop(struct client_poll *p, curl_socket_t fd)
{
    struct watch *w = find(p, fd);
    if (!w)
        return;
    p->watches[fd] = NULL;
    uv_close((uv_handle_t *)&w->uv, free_handle);
}

// NULL when memory is out.
static struct watch *watch_new(struct client_poll *p, curl_socket_t fd, bool ours)
{
    if (!make_room(p, fd))
        return NULL;
    struct watch *w = calloc(1, sizeof *w);
    if (!w)
        return NULL;
    if (uv_poll_init_socket(p->loop, &w->uv, fd) < 0) {
        free(w);
        return NULL;
    }
    w->owner = p;
    w->fd = fd;
    w->inode = inode_of(fd);
    w->ours = ours;
    p->watches[fd] = w;
    return w;
}

static void park(struct watch *w)
{
    w->parked = true;
    uv_unref((uv_handle_t *)&w->uv); // an idle connection keeps no loop running
}

static void unpark(struct watch *w)
{
    w->parked = w->hung = false;
    uv_ref((uv_handle_t *)&w->uv);
}

static int wanted_events(int what)
{
    switch (what) {
    case CURL_POLL_IN:
        return UV_READABLE;
    case CURL_POLL_OUT:
        return UV_WRITABLE;
    default:
        return UV_READABLE | UV_WRITABLE;
    }
}

// libcurl closes a socket that it gives up before it is connected by itself, not by close_socket().
static bool was_closed(const struct watch *w)
{
    return inode_of(w->fd) != w->inode;
}

// libcurl: look at this socket for that, from now on.
static int on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *socket_arg)
{
    (void)easy;
    (void)socket_arg;
    struct client_poll *p = arg;
    struct watch *w = find(p, fd);
    if (what == CURL_POLL_REMOVE || what == CURL_POLL_NONE) {
        if (w && w->ours && !was_closed(w))
            park(w);
        else
            drop(p, fd);
        return 0;
    }
    if (!w && !(w = watch_new(p, fd, false)))
        return 0; // out of memory: an error here would break all transfers, so this one times out
    if (w->parked)
        unpark(w);
    look_for(w, wanted_events(what));
    return 0;
}

static int on_timer(CURLM *multi, long ms, void *arg)
{
    (void)multi;
    struct client_poll *p = arg;
    if (ms < 0) {
        uv_timer_stop(&p->timer);
        return 0;
    }
    if (ms > 0)
        uv_update_time(p->loop); // a long turn must not shorten the wait
    uv_timer_start(&p->timer, on_timeout, (uint64_t)ms, 0);
    return 0;
}

curl_socket_t client_poll_open_socket(struct client_poll *p, const struct curl_sockaddr *address)
{
    int fd = socket(address->family, address->socktype, address->protocol);
    if (fd < 0)
        return CURL_SOCKET_BAD;
    (void)fcntl(fd, F_SETFD, FD_CLOEXEC);
    // One that it gave up a moment ago had this number: it takes this one for the same, and tells
    // us nothing where it looks for the same events.
    const struct watch *old = find(p, fd);
    int wanted = old && !old->parked ? old->events : 0;
    drop(p, fd);
    struct watch *w = watch_new(p, fd, true);
    if (!w) {
        (void)close(fd);
        return CURL_SOCKET_BAD;
    }
    if (wanted)
        look_for(w, wanted);
    return fd;
}

static curl_socket_t open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
    (void)purpose;
    return client_poll_open_socket(arg, address);
}

static int close_socket(void *arg, curl_socket_t fd)
{
    drop(arg, fd);
    return close(fd);
}

struct client_poll *client_poll_new(struct loop *loop, CURLM *multi, client_poll_fn *worked,
                                    void *arg)
{
    struct client_poll *p = calloc(1, sizeof *p);
    if (!p)
        return NULL;
    p->loop = loop_uv(loop);
    p->multi = multi;
    p->worked = worked;
    p->arg = arg;
    uv_timer_init(p->loop, &p->timer);
    client_poll_hold(p, false);
    curl.multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl.multi_setopt(multi, CURLMOPT_SOCKETDATA, p);
    curl.multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_timer);
    curl.multi_setopt(multi, CURLMOPT_TIMERDATA, p);
    return p;
}

void client_poll_adopt(struct client_poll *p, CURL *easy)
{
    curl.easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    curl.easy_setopt(easy, CURLOPT_OPENSOCKETDATA, p);
    curl.easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, close_socket);
    curl.easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, p);
}

void client_poll_on_hang_up(struct client_poll *p, client_poll_fn *hung_up, void *arg)
{
    p->hung_up = hung_up;
    p->hung_up_arg = arg;
}

void client_poll_look_again(struct client_poll *p)
{
    for (size_t fd = 0; fd < p->room; fd++) {
        struct watch *w = p->watches[fd];
        if (!w || !w->hung)
            continue;
        w->hung = false;
        look_for(w, UV_READABLE);
    }
}

void client_poll_hold(struct client_poll *p, bool hold)
{
    if (hold)
        uv_ref((uv_handle_t *)&p->timer);
    else
        uv_unref((uv_handle_t *)&p->timer);
}

void client_poll_free(struct client_poll *p)
{
    if (!p)
        return;
    for (size_t fd = 0; fd < p->room; fd++)
        drop(p, (curl_socket_t)fd);
    free(p->watches);
    p->watches = NULL;
    p->room = 0;
    uv_close((uv_handle_t *)&p->timer, free_handle);
}
