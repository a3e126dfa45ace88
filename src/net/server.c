#include "net/server.h"

#include "base/log.h"
#include "loop/loop.h"
#include "net/server_arrival.h"
#include "net/server_state.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    IDLE_SECONDS = 120, // of a connection that is not waiting for us
    MOST_CONNECTIONS = 16384,
    HEADER_BYTES = 32768, // libmicrohttpd's memory a connection: bounds the request's head
    ROUNDS = 8,           // of libmicrohttpd before the rest of the loop has its turn
};

static struct server *open_servers;

// ------------------------------------------------------------------------------------ the loop

static void report_asked(struct server *s)
{
    struct server_request *r = NULL;
    while (s->daemon && (r = request_pop(&s->asked))) {
        request_hand_out(r);
        s->events.request(r, s->arg);
        request_forget_body(r);
        if (r->state == REQUEST_ASKED || r->state == REQUEST_STREAMING)
            request_watch(r);
        server_request_release(r);
    }
}

static void report_over(struct server *s)
{
    struct server_request *r = NULL;
    while (s->daemon && (r = request_pop(&s->over))) {
        s->events.ended(r, r->end, s->arg);
        server_request_release(r);
    }
}

static void set_timer(struct server *s)
{
    MHD_UNSIGNED_LONG_LONG ms = 0;
    if (s->kicked || mhd.get_timeout(s->daemon, &ms) == MHD_YES)
        uv_timer_start(&s->timer, s->pump, s->kicked ? 0 : ms, 0);
    else
        uv_timer_stop(&s->timer);
}

// libmicrohttpd first, then what it left in our queues: no event is reported from inside MHD_run().
static void pump(struct server *s)
{
    s->pumping = true;
    for (int round = 0; s->daemon && round < ROUNDS; round++) {
        s->kicked = false;
        mhd.run(s->daemon);
        report_asked(s);
        report_over(s);
        if (!s->kicked)
            break;
    }
    s->pumping = false;
    if (s->daemon)
        set_timer(s);
}

static void on_activity(uv_poll_t *poll, int status, int events)
{
    (void)status;
    (void)events;
    pump(poll->data);
}

static void on_timer(uv_timer_t *timer)
{
    pump(timer->data);
}

static void on_departure(uv_poll_t *poll, int status, int events)
{
    (void)status;
    (void)events;
    struct server *s = poll->data;
    struct epoll_event event;
    // One at a time: what we report may end any other request.
    while (s->daemon && epoll_wait(s->disconnect_fd, &event, 1, 0) == 1) {
        struct server_request *r = event.data.ptr;
        r->references++;
        r->end = SERVER_GONE;
        request_break(r);
        if (r->want_end) {
            r->want_end = false;
            s->events.ended(r, SERVER_GONE, s->arg);
        }
        server_request_release(r);
    }
}

// ------------------------------------------------------------------------------------ opening

static bool fail(struct server_error *error, int number, const char *what)
{
    error->code = uv_err_name(uv_translate_sys_error(number));
    (void)snprintf(error->message, sizeof error->message, "%s: %s", what, strerror(number));
    return false;
}

union address {
    struct sockaddr any;
    struct sockaddr_in in;
    struct sockaddr_in6 in6;
};

// The address's size; 0: it is none.
static socklen_t parse_address(const struct server_options *o, union address *address)
{
    const char *host = strcmp(o->host, "localhost") == 0 ? "127.0.0.1" : o->host;
    if (uv_ip4_addr(host, o->port, &address->in) == 0)
        return sizeof address->in;
    if (uv_ip6_addr(host, o->port, &address->in6) == 0)
        return sizeof address->in6;
    return 0;
}

static uint16_t bound_port(int fd)
{
    union address address = { 0 };
    socklen_t size = sizeof address;
    if (getsockname(fd, &address.any, &size) < 0)
        return 0;
    return ntohs(address.any.sa_family == AF_INET6 ? address.in6.sin6_port : address.in.sin_port);
}

// The listening socket, or -1 with *error set.
static int open_socket(const struct server_options *o, struct server_error *error)
{
    union address address = { 0 };
    socklen_t size = parse_address(o, &address);
    char what[128];
    (void)snprintf(what, sizeof what, "cannot listen on %.64s port %u", o->host, o->port);
    if (size == 0) {
        fail(error, EINVAL, "the host to listen on must be a numeric address or localhost");
        return -1;
    }
    int fd = socket(address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        fail(error, errno, what);
        return -1;
    }
    const int on = 1;
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, &address.any, size) < 0 || listen(fd, SOMAXCONN) < 0) {
        fail(error, errno, what);
        close(fd);
        return -1;
    }
    return fd;
}

static void on_mhd_log(void *arg, const char *format, va_list values)
{
    (void)arg;
    char text[512];
    int size = vsnprintf(text, sizeof text, format, values);
    while (size > 0 && (size >= (int)sizeof text || text[size - 1] == '\n'))
        size--;
    if (size > 0)
        log_text(LOG_DEBUG, text, (size_t)size);
}

// The request's path stays as it was sent.
static size_t leave_escaped(void *arg, struct MHD_Connection *connection, char *text)
{
    (void)arg;
    (void)connection;
    return strlen(text);
}

static bool start_daemon(struct server *s, int listen_fd)
{
    s->daemon = mhd.start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG, 0, NULL, NULL,
        arrival_on_access, s, MHD_OPTION_EXTERNAL_LOGGER, on_mhd_log, NULL,
        MHD_OPTION_LISTEN_SOCKET, listen_fd, MHD_OPTION_URI_LOG_CALLBACK, arrival_on_uri, s,
        MHD_OPTION_UNESCAPE_CALLBACK, leave_escaped, NULL, MHD_OPTION_NOTIFY_COMPLETED,
        arrival_on_completed, s, MHD_OPTION_CONNECTION_LIMIT, (unsigned)MOST_CONNECTIONS,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HEADER_BYTES, MHD_OPTION_CONNECTION_TIMEOUT,
        (unsigned)IDLE_SECONDS, MHD_OPTION_END);
    return s->daemon != NULL;
}

static void on_handle_closed(uv_handle_t *handle)
{
    struct server *s = handle->data;
    if (--s->handles > 0)
        return;
    void (*closed)(void *) = s->events.closed;
    void *arg = s->arg;
    if (s->disconnect_fd >= 0)
        close(s->disconnect_fd);
    free(s);
    closed(arg);
}

static void close_handles(struct server *s)
{
    uv_handle_t *handles[] = { (uv_handle_t *)&s->timer, (uv_handle_t *)&s->activity,
                               (uv_handle_t *)&s->departures };
    for (unsigned i = 0; i < s->handles && i < 3; i++)
        uv_close(handles[i], on_handle_closed);
}

// In the order of close_handles().
static bool start_handles(struct server *s)
{
    uv_loop_t *uv = loop_uv(s->loop);
    const union MHD_DaemonInfo *info = mhd.get_daemon_info(s->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    s->activity.data = s->departures.data = s->timer.data = s;
    uv_timer_init(uv, &s->timer);
    s->handles = 1;
    s->disconnect_fd = epoll_create1(EPOLL_CLOEXEC);
    if (s->disconnect_fd < 0 || uv_poll_init(uv, &s->activity, info->epoll_fd) < 0)
        return false;
    s->handles = 2;
    if (uv_poll_init(uv, &s->departures, s->disconnect_fd) < 0)
        return false;
    s->handles = 3;
    uv_poll_start(&s->activity, UV_READABLE, on_activity);
    uv_poll_start(&s->departures, UV_READABLE, on_departure);
    uv_timer_start(&s->timer, s->pump, 0, 0);
    return true;
}

static void ignore(void *arg)
{
    (void)arg;
}

static void close_all(void *arg)
{
    (void)arg;
    while (open_servers)
        server_close(open_servers);
}

// A connection takes a descriptor, and the usual soft limit of 1,024 is for programs that select().
static void raise_descriptor_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= MOST_CONNECTIONS)
        return;
    limit.rlim_cur = limit.rlim_max < MOST_CONNECTIONS ? limit.rlim_max : MOST_CONNECTIONS;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
}

// Once a program: it has one loop.
static bool close_with_loop(struct loop *loop)
{
    static bool registered = false;
    if (!registered)
        registered = loop_at_close(loop, close_all, NULL);
    return registered;
}

struct server *server_listen(struct loop *loop, const struct server_options *options,
                             const struct server_events *events, void *arg,
                             struct server_error *error)
{
    const char *why = "";
    if (!mhd_api_open(&why)) {
        error->code = "library";
        (void)snprintf(error->message, sizeof error->message,
                       "the HTTP server needs libmicrohttpd: %s", why);
        goto err0;
    }
    struct server *s = calloc(1, sizeof *s);
    if (!s || !close_with_loop(loop)) {
        fail(error, ENOMEM, "cannot start the HTTP server");
        goto err1;
    }
    *s = (struct server){ .loop = loop,
                          .max_body = options->max_body,
                          .events = *events,
                          .arg = arg,
                          .disconnect_fd = -1,
                          .pump = on_timer,
                          .next = open_servers };
    int fd = open_socket(options, error);
    if (fd < 0)
        goto err1;
    s->port = bound_port(fd);
    if (!start_daemon(s, fd)) {
        fail(error, errno ? errno : ENOMEM, "cannot start the HTTP server");
        close(fd);
        goto err1;
    }
    if (!start_handles(s)) {
        fail(error, errno ? errno : ENOMEM, "cannot start the HTTP server");
        s->events.closed = ignore;
        close_handles(s); // the last of them frees it
        mhd.stop_daemon(s->daemon);
        return NULL;
    }
    open_servers = s;
    raise_descriptor_limit();
    return s;

err1:
    free(s);
err0:
    return NULL;
}

uint16_t server_port(const struct server *s)
{
    return s->port;
}

// ------------------------------------------------------------------------------------ closing

static void unlist(struct server *s)
{
    struct server **at = &open_servers;
    while (*at != s)
        at = &(*at)->next;
    *at = s->next;
}

static void drop_queue(struct request_queue *queue)
{
    struct server_request *r = NULL;
    while ((r = request_pop(queue)))
        server_request_release(r);
}

void server_close(struct server *s)
{
    struct MHD_Daemon *daemon = s->daemon;
    if (!daemon)
        return;
    s->daemon = NULL;
    unlist(s);
    linger_close_all(&s->lingering);
    close_handles(s);
    for (struct server_request *r = s->requests; r; r = r->next)
        request_resume(r); // libmicrohttpd does not stop with suspended connections
    mhd.stop_daemon(daemon);
    drop_queue(&s->asked);
    struct server_request *r = NULL;
    while ((r = request_pop(&s->over))) {
        s->events.ended(r, SERVER_CLOSED, s->arg);
        server_request_release(r);
    }
    for (r = s->requests; r; r = r->next)
        r->server = NULL;
}
