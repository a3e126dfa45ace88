/// A local stand-in for the API: HTTP/1.1 with keep-alive on loopback, fixed answers, jobs with a
/// life cycle.  `stub COMMAND...` runs a command with the port in BENCH_PORT, serves until it ends
/// and passes its exit status on.
///
/// Its own requests: /_stats (counts, "name value" lines), /_reset, /_delay/MS (of every other
/// answer),
/// /_place/CPU (where the stub runs; "any" for all).
#include "base/buf.h"
#include "base/clock.h"
#include "stub/jobs.h"
#include "stub/reply.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

struct connection {
    int fd; // -1: closed, but an answer of it still waits in the delay queue
    struct buf in, out;
    const char *large; // what follows `out`
    size_t large_left;
    size_t skip; // bytes of a request body still to come
    double due;  // when the waiting answer may leave
    bool waiting;
    struct connection *next; // in the delay queue
};

static int poller;
static double delay;
static struct connection *head, **tail = &head;
static struct {
    long opened, open, most_open, requests;
} counts;

static void release(struct connection *c)
{
    buf_free(&c->in);
    buf_free(&c->out);
    free(c);
}

static void hang_up(struct connection *c)
{
    close(c->fd);
    c->fd = -1;
    counts.open--;
    if (!c->waiting)
        release(c);
}

static void watch(struct connection *c, unsigned events)
{
    struct epoll_event event = { .events = events, .data.ptr = c };
    epoll_ctl(poller, EPOLL_CTL_MOD, c->fd, &event);
}

// False: the connection is gone.
static bool flush(struct connection *c)
{
    while (c->out.size > 0 || c->large_left > 0) {
        bool small = c->out.size > 0;
        ssize_t n = send(c->fd, small ? c->out.data : c->large, small ? c->out.size : c->large_left,
                         MSG_NOSIGNAL | (small && c->large_left > 0 ? MSG_MORE : 0));
        if (n < 0 && errno == EAGAIN) {
            watch(c, EPOLLIN | EPOLLOUT);
            return true;
        }
        if (n < 0) {
            hang_up(c);
            return false;
        }
        if (small) {
            buf_consume(&c->out, (size_t)n);
        } else {
            c->large += n;
            c->large_left -= (size_t)n;
        }
    }
    return true;
}

static void place(const char *where)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    if (strcmp(where, "any") == 0) {
        for (int i = 0; i < CPU_SETSIZE; i++)
            CPU_SET(i, &set);
    } else {
        CPU_SET((size_t)strtoul(where, NULL, 10), &set);
    }
    sched_setaffinity(0, sizeof set, &set);
}

static void control(struct reply *r, const char *target)
{
    r->status = 200;
    r->control = true;
    if (strcmp(target, "/_reset") == 0) {
        jobs_reset();
        counts.opened = counts.requests = 0;
        counts.most_open = counts.open;
    } else if (strncmp(target, "/_delay/", 8) == 0) {
        delay = strtod(target + 8, NULL) / 1000;
    } else if (strncmp(target, "/_place/", 8) == 0) {
        place(target + 8);
    }
    char text[128];
    int size = snprintf(text, sizeof text, "connections %ld\nmost_open %ld\nrequests %ld\n",
                        counts.opened, counts.most_open, counts.requests);
    if (size < 0 || !buf_append(r->small, text, (size_t)size) || !jobs_report(r->small))
        r->status = 500;
}

// False: the connection is gone.
static bool answer(struct connection *c, const char *method, char *target)
{
    static struct buf small;
    struct reply r = { .small = &small };
    double now = clock_monotonic();
    buf_clear(&small);
    if (target[0] == '/' && target[1] == '_') {
        control(&r, target);
    } else {
        counts.requests++;
        reply_to(&r, method, target, now);
    }
    char header[160];
    int size = snprintf(
        header, sizeof header,
        "HTTP/1.1 %d Stub\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n\r\n",
        r.status, r.large ? r.large_size : small.size);
    if (size < 0 || !buf_append(&c->out, header, (size_t)size) ||
        (!r.large && !buf_append(&c->out, small.data, small.size))) {
        hang_up(c);
        return false;
    }
    c->large = r.large;
    c->large_left = r.large ? r.large_size : 0;
    if (delay <= 0 || r.control)
        return flush(c);
    c->due = now + delay;
    c->waiting = true;
    c->next = NULL;
    *tail = c;
    tail = &c->next;
    return true;
}

static size_t content_length(const char *headers)
{
    const char *line = strcasestr(headers, "\r\ncontent-length:");
    return line ? strtoul(line + 17, NULL, 10) : 0;
}

// False: the connection is gone.
static bool serve(struct connection *c)
{
    for (;;) {
        size_t now = c->skip < c->in.size ? c->skip : c->in.size;
        buf_consume(&c->in, now);
        c->skip -= now;
        char *end =
            c->skip == 0 && c->in.size > 0 ? memmem(c->in.data, c->in.size, "\r\n\r\n", 4) : NULL;
        if (!end)
            return true;
        *end = '\0';
        c->skip = content_length(c->in.data) + (size_t)(end - c->in.data) + 4;
        char *save = NULL;
        const char *method = strtok_r(c->in.data, " ", &save);
        char *target = strtok_r(NULL, " ", &save);
        if (!method || !target) {
            hang_up(c);
            return false;
        }
        if (!answer(c, method, target))
            return false;
    }
}

static void readable(struct connection *c)
{
    for (;;) {
        if (!buf_reserve(&c->in, 16384))
            break;
        ssize_t n = recv(c->fd, c->in.data + c->in.size, 16383, 0);
        if (n < 0 && errno == EAGAIN)
            return;
        if (n <= 0)
            break;
        c->in.size += (size_t)n;
        if (!serve(c))
            return;
        if (n < 16383)
            return;
    }
    hang_up(c);
}

// From here on the epoll set owns the connection.
static void adopt(int fd)
{
    struct connection *c = calloc(1, sizeof *c);
    if (!c) {
        close(fd);
        return;
    }
    c->fd = fd;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int));
    struct epoll_event event = { .events = EPOLLIN, .data.ptr = c };
    epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event);
    counts.opened++; // NOLINT(clang-analyzer-unix.Malloc)
    counts.open++;
    if (counts.open > counts.most_open)
        counts.most_open = counts.open;
}

static void accept_all(int listener)
{
    int fd;
    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0)
        adopt(fd);
}

static void send_due(void)
{
    double now = clock_monotonic();
    while (head && head->due <= now) {
        struct connection *c = head;
        head = c->next;
        if (!head)
            tail = &head;
        c->waiting = false;
        if (c->fd < 0)
            release(c);
        else
            flush(c);
    }
}

static int listen_somewhere(int *port)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, size) < 0 || listen(fd, 4096) < 0 ||
        getsockname(fd, (struct sockaddr *)&address, &size) < 0) {
        perror("stub: cannot listen");
        exit(1);
    }
    *port = ntohs(address.sin_port);
    return fd;
}

static int wait_events(struct epoll_event *events, int most)
{
    if (!head)
        return epoll_wait(poller, events, most, -1);
    double left = head->due - clock_monotonic();
    struct timespec pause = { .tv_nsec = left > 0 ? (long)(left * 1e9) : 0 };
    while (pause.tv_nsec >= 1000000000) {
        pause.tv_sec++;
        pause.tv_nsec -= 1000000000;
    }
    return epoll_pwait2(poller, events, most, &pause, NULL);
}

static pid_t run(char *const argv[], int port)
{
    char text[16];
    (void)snprintf(text, sizeof text, "%d", port);
    setenv("BENCH_PORT", text, 1);
    pid_t pid;
    int failure = posix_spawnp(&pid, argv[0], NULL, NULL, argv, environ);
    if (failure) {
        (void)fprintf(stderr, "stub: %s: %s\n", argv[0], strerror(failure));
        exit(127);
    }
    return pid;
}

static void handle(const struct epoll_event *event, int listener)
{
    struct connection *c = event->data.ptr;
    if (!c) {
        accept_all(listener);
    } else if (event->events & EPOLLOUT) {
        watch(c, EPOLLIN);
        flush(c);
    } else {
        readable(c);
    }
}

int main(int argc, char **argv)
{
    if (argc < 2 || !reply_prepare()) {
        (void)fputs(argc < 2 ? "usage: stub COMMAND...\n" : "stub: out of memory\n", stderr);
        return 64;
    }
    int port, listener = listen_somewhere(&port);
    pid_t command = run(argv + 1, port);
    int end = (int)syscall(SYS_pidfd_open, command, 0);
    poller = epoll_create1(EPOLL_CLOEXEC);
    epoll_ctl(poller, EPOLL_CTL_ADD, listener, &(struct epoll_event){ .events = EPOLLIN });
    epoll_ctl(poller, EPOLL_CTL_ADD, end,
              &(struct epoll_event){ .events = EPOLLIN, .data.ptr = &poller });
    for (;;) {
        struct epoll_event events[256];
        int n = wait_events(events, 256);
        for (int i = 0; i < n; i++) {
            if (events[i].data.ptr == &poller) {
                int status = 0;
                waitpid(command, &status, 0);
                return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
            }
            handle(&events[i], listener);
        }
        send_due();
    }
}
