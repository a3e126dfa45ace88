// What is tried behind the walls: walls_probe ATTEMPT.  A child raises them and tries; what came of
// it is printed: "done", "refused ERRNO", or how the child ended.
#include "walls/walls.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static long open_file(void)
{
    return open("/etc/passwd", O_RDONLY);
}

static long write_file(void)
{
    return open("/tmp/walls_probe.out", O_WRONLY | O_CREAT, 0600);
}

static long look_at_file(void)
{
    return access("/etc/passwd", R_OK);
}

static long open_socket(void)
{
    return socket(AF_INET, SOCK_STREAM, 0);
}

static long connect_socket(void)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(9) };
    return connect(0, (struct sockaddr *)&address, sizeof address);
}

static long run_program(void)
{
    return execl("/bin/true", "true", (char *)NULL);
}

static long start_process(void)
{
    pid_t pid = fork();
    if (pid == 0)
        _exit(0);
    return pid;
}

static long kill_parent(void)
{
    return kill(getppid(), SIGKILL);
}

static long aim_signal(void)
{
    return fcntl(0, F_SETOWN, getppid());
}

static long trace_parent(void)
{
    return ptrace(PTRACE_ATTACH, getppid(), NULL, NULL);
}

static long take_memory(void)
{
    return mmap(NULL, (size_t)2 << 30, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
                0) == MAP_FAILED
               ? -1
               : 0;
}

static long map_code(void)
{
    return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED
               ? -1
               : 0;
}

static long open_pipe(void)
{
    int fds[2];
    return pipe(fds);
}

static long copy_descriptor(void)
{
    return dup(0);
}

static long lift_limit(void)
{
    struct rlimit more = { 1024, 1024 };
    return setrlimit(RLIMIT_NOFILE, &more);
}

static long read_secret(void)
{
    errno = ENOENT;
    return getenv("SECRET") ? 0 : -1;
}

static long unknown_call(void)
{
    return syscall(999);
}

static long dump_core(void)
{
    abort();
}

static const struct {
    const char *name;
    long (*make)(void);
} attempts[] = {
    { "open", open_file },          { "create", write_file },      { "access", look_at_file },
    { "socket", open_socket },      { "connect", connect_socket }, { "exec", run_program },
    { "fork", start_process },      { "kill", kill_parent },       { "aim", aim_signal },
    { "ptrace", trace_parent },     { "memory", take_memory },     { "code", map_code },
    { "pipe", open_pipe },          { "dup", copy_descriptor },    { "limit", lift_limit },
    { "environment", read_secret }, { "unknown", unknown_call },   { "core", dump_core },
};

static const char *name_of(int error)
{
    static const struct {
        int error;
        const char *name;
    } names[] = { { EPERM, "EPERM" },
                  { ENOMEM, "ENOMEM" },
                  { ENOENT, "ENOENT" },
                  { ENOSYS, "ENOSYS" },
                  { EMFILE, "EMFILE" } };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (names[i].error == error)
            return names[i].name;
    }
    return strerror(error);
}

static void attempt(const char *name)
{
    struct walls walls;
    walls_raise(&walls, (size_t)1 << 30);
    for (size_t i = 0; i < sizeof attempts / sizeof *attempts; i++) {
        if (strcmp(name, attempts[i].name) != 0)
            continue;
        if (attempts[i].make() < 0)
            printf("refused %s\n", name_of(errno));
        else
            printf("done\n");
        (void)fflush(stdout);
        _exit(0);
    }
    _exit(2);
}

int main(int argc, char **argv)
{
    if (argc != 2)
        return 2;
    struct rlimit core;
    if (getrlimit(RLIMIT_CORE, &core) == 0) {
        core.rlim_cur = core.rlim_max;
        (void)setrlimit(RLIMIT_CORE, &core);
    }
    pid_t child = fork();
    if (child == 0)
        attempt(argv[1]);
    int status = 0;
    if (waitpid(child, &status, 0) != child)
        return 2;
    if (WIFSIGNALED(status))
        printf("signal %d, %s\n", WTERMSIG(status), WCOREDUMP(status) ? "core dumped" : "no core");
    return WIFEXITED(status) ? WEXITSTATUS(status) : 0;
}
