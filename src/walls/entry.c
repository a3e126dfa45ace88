#include "walls/entry.h"

#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

enum { FIRST = ENTRY_SOCKET + 1, LAST = 65536 };

bool entry_is_worker(int argc, char **argv)
{
    return argc == 2 && strcmp(argv[1], "worker") == 0;
}

// The process that made the pair of sockets; 0: the system does not tell.
static pid_t maker_of(int socket)
{
#if defined(SO_PEERCRED) && defined(__linux__)
    struct ucred peer;
    socklen_t size = sizeof peer;
    return getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 ? peer.pid : 0;
#elif defined(LOCAL_PEERPID)
    pid_t peer = 0;
    socklen_t size = sizeof peer;
    return getsockopt(socket, SOL_LOCAL, LOCAL_PEERPID, &peer, &size) == 0 ? peer : 0;
#else
    (void)socket;
    return 0;
#endif
}

static bool is_stream_socket(int fd)
{
    struct sockaddr_un name = { .sun_family = AF_UNSPEC };
    socklen_t size = sizeof name;
    int type = 0;
    socklen_t type_size = sizeof type;
    return getsockname(fd, (struct sockaddr *)&name, &size) == 0 && name.sun_family == AF_UNIX &&
           getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &type_size) == 0 && type == SOCK_STREAM;
}

static void close_others(void)
{
#ifdef SYS_close_range
    if (syscall(SYS_close_range, (unsigned)FIRST, UINT_MAX, 0U) == 0)
        return;
#endif
    long most = sysconf(_SC_OPEN_MAX);
    for (int fd = FIRST; fd < LAST && (most < 0 || fd < most); fd++)
        (void)close(fd);
}

// What a host gave for standard input and output: neither is used.
static void leave_standard_streams(void)
{
    int nowhere = open("/dev/null", O_RDWR);
    if (nowhere < 0)
        return;
    (void)dup2(nowhere, STDIN_FILENO);
    (void)dup2(nowhere, STDOUT_FILENO);
    if (nowhere > STDERR_FILENO)
        (void)close(nowhere);
}

// The signal comes when the parent's thread that started this process ends; where that was before
// it was asked for, the parent is another one by now.
static void die_with_parent(void)
{
#ifdef __linux__
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
#endif
}

// Ctrl-C goes to all that a terminal's command has started, a service manager's SIGTERM to all of
// the service.  Both are meant for the host, which tells the recipes to end, and then needs the
// worker for their clean-ups.
static void leave_signals_to_host(void)
{
    static const int signals[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM };
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
        (void)signal(signals[i], SIG_IGN);
}

bool entry_begin(void)
{
    if (!is_stream_socket(ENTRY_SOCKET))
        return false;
    leave_signals_to_host();
    die_with_parent();
    pid_t maker = maker_of(ENTRY_SOCKET);
    if (maker != 0 && maker != getppid())
        return false;
    (void)fcntl(ENTRY_SOCKET, F_SETFD, FD_CLOEXEC);
    close_others();
    leave_standard_streams();
    return true;
}
