#include "base/log_sink.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { ROOM = 256 << 10 };

enum way {
    DIRECT, // a file, or a description that does not block
    OWN,    // a description of our own, which does not block
    SOCKET,
    PIECES, // poll() first, then no more than a pipe takes at once
};

static struct {
    bool known;
    dev_t device; // what standard error was when `way` was chosen
    ino_t inode;
    enum way way;
    int own_fd;
    char kept[ROOM]; // lines not yet taken; its pages are touched only then
    size_t size;
    size_t dropped; // lines
    void (*on_kept)(void *arg);
    void *arg;
} sink = { .own_fd = -1 };

void log_sink_on_kept(void (*fn)(void *arg), void *arg)
{
    sink.on_kept = fn;
    sink.arg = arg;
}

static enum way way_for(mode_t mode)
{
    if (S_ISSOCK(mode))
        return SOCKET;
    int flags = fcntl(STDERR_FILENO, F_GETFL);
    if (S_ISREG(mode) || flags < 0 || (flags & O_NONBLOCK))
        return DIRECT;
    // Linux opens the pipe or terminal anew; elsewhere /dev/fd gives the same description.
    sink.own_fd = open("/proc/self/fd/2", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    return sink.own_fd >= 0 ? OWN : PIECES;
}

// Standard error may have been pointed elsewhere meanwhile.
static void look(void)
{
    struct stat st = { 0 };
    if (fstat(STDERR_FILENO, &st) < 0)
        st.st_mode = S_IFREG;
    if (sink.known && st.st_dev == sink.device && st.st_ino == sink.inode)
        return;
    if (sink.own_fd >= 0)
        (void)close(sink.own_fd);
    sink.own_fd = -1;
    sink.known = true;
    sink.device = st.st_dev;
    sink.inode = st.st_ino;
    sink.way = way_for(st.st_mode);
}

// poll() says that a pipe takes PIPE_BUF bytes: whoever shares it may be faster, but then only in
// that moment.
static ssize_t write_piece(const char *bytes, size_t size)
{
    struct pollfd writable = { .fd = STDERR_FILENO, .events = POLLOUT };
    if (poll(&writable, 1, 0) <= 0) {
        errno = EAGAIN;
        return -1;
    }
    return write(STDERR_FILENO, bytes, size < PIPE_BUF ? size : PIPE_BUF);
}

static ssize_t write_some(const char *bytes, size_t size)
{
    switch (sink.way) {
    case OWN:
        return write(sink.own_fd, bytes, size);
    case SOCKET:
        return send(STDERR_FILENO, bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL);
    case PIECES:
        return write_piece(bytes, size);
    default:
        return write(STDERR_FILENO, bytes, size);
    }
}

// How many bytes were taken; all where nobody can be told anything any more.
static size_t put(const char *bytes, size_t size)
{
    size_t done = 0;
    while (done < size) {
        ssize_t n = write_some(bytes + done, size - done);
        if (n >= 0)
            done += (size_t)n;
        else if (errno == EAGAIN || errno == EWOULDBLOCK)
            return done;
        else if (errno != EINTR)
            return size;
    }
    return done;
}

static void count_dropped(const char *lines, size_t size)
{
    for (size_t i = 0; i < size; i++)
        sink.dropped += lines[i] == '\n';
}

static void keep(const char *bytes, size_t size)
{
    bool first = sink.size == 0;
    memcpy(sink.kept + sink.size, bytes, size);
    sink.size += size;
    if (first && sink.on_kept)
        sink.on_kept(sink.arg);
}

// Tells how many lines are missing, where they are missing.
static void tell_dropped(void)
{
    char line[128];
    if (sink.dropped == 0)
        return;
    int size =
        snprintf(line, sizeof line,
                 "rcmcp: warning: %zu lines of the log were dropped: standard error was not read\n",
                 sink.dropped);
    if (size < 0 || sink.size + (size_t)size > ROOM)
        return;
    sink.dropped = 0;
    size_t done = sink.size == 0 ? put(line, (size_t)size) : 0;
    if (done < (size_t)size)
        keep(line + done, (size_t)size - done);
}

bool log_sink_flush(void)
{
    look();
    size_t done = put(sink.kept, sink.size);
    memmove(sink.kept, sink.kept + done, sink.size - done);
    sink.size -= done;
    if (sink.size == 0)
        tell_dropped();
    return sink.size == 0;
}

void log_sink_write(const char *lines, size_t size)
{
    size_t done = 0;
    if (log_sink_flush())
        done = put(lines, size);
    if (done == size)
        return;
    if (sink.size + size - done > ROOM)
        count_dropped(lines, size);
    else
        keep(lines + done, size - done);
}

static int64_t now_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void log_sink_drain(int ms)
{
    int64_t end = now_ms() + ms;
    while (!log_sink_flush()) {
        struct pollfd writable = { .fd = STDERR_FILENO, .events = POLLOUT };
        int64_t left = end - now_ms();
        if (left <= 0 || poll(&writable, 1, (int)left) <= 0)
            return;
    }
}
