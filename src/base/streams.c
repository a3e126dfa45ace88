#include "base/streams.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static bool takes_output(void)
{
    int flags = fcntl(STDOUT_FILENO, F_GETFL);
    return flags >= 0 && (flags & O_ACCMODE) != O_RDONLY;
}

static void fill_gaps(void)
{
    for (;;) {
        int fd = open("/dev/null", O_RDWR);
        if (fd < 0 || fd > 2) {
            if (fd > 2)
                (void)close(fd);
            return;
        }
    }
}

// The flag belongs to a description that other programs may share, so it is taken off one of our
// own.  A socket has no second one, and seldom a second user.
static void make_blocking(int fd)
{
    int flags = fcntl(fd, F_GETFL);
    struct stat stat;
    if (flags < 0 || !(flags & O_NONBLOCK) || fstat(fd, &stat) < 0)
        return;
    if (S_ISFIFO(stat.st_mode) || isatty(fd)) {
        char path[32];
        (void)snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        int own = open(path, (flags & O_ACCMODE) | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        if (own >= 0) {
            (void)dup2(own, fd);
            (void)close(own);
        }
    }
    (void)fcntl(fd, F_SETFL, flags & ~O_NONBLOCK);
}

bool streams_open(void)
{
    bool takes = takes_output();
    fill_gaps();
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        make_blocking(fd);
    return takes;
}
