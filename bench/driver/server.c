#include "driver/server.h"

#include "base/clock.h"

#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { CHUNK = 1 << 18, EXIT_SECONDS = 10 };

extern char **environ;

void server_start(struct server *s, char *const argv[])
{
    int in[2], out[2];
    *s = (struct server){ 0 };
    if (pipe2(in, O_CLOEXEC) < 0 || pipe2(out, O_CLOEXEC) < 0)
        err(1, "pipe");
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in[0], 0);
    posix_spawn_file_actions_adddup2(&actions, out[1], 1);
    s->spawned = clock_monotonic();
    int failure = posix_spawnp(&s->pid, argv[0], &actions, NULL, argv, environ);
    if (failure)
        errx(1, "%s: %s", argv[0], strerror(failure));
    posix_spawn_file_actions_destroy(&actions);
    close(in[0]);
    close(out[1]);
    s->in = in[1];
    s->out = out[0];
    fcntl(s->in, F_SETFL, O_NONBLOCK);
}

static void on_alarm(int number)
{
    static const char text[] = "driver: the server did not answer in time\n";
    (void)number;
    (void)!write(2, text, sizeof text - 1);
    _exit(1);
}

void server_expect(unsigned seconds)
{
    (void)signal(SIGALRM, on_alarm);
    alarm(seconds);
}

// Waits for at least one byte.
static void receive(struct server *s)
{
    if (!buf_reserve(&s->received, CHUNK))
        errx(1, "out of memory");
    ssize_t n = read(s->out, s->received.data + s->received.size, CHUNK);
    if (n == 0)
        errx(1, "the server closed its standard output");
    if (n < 0)
        err(1, "reading from the server");
    s->received.size += (size_t)n;
}

void server_write(struct server *s, const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t n = write(s->in, bytes, size);
        if (n < 0 && errno != EAGAIN)
            err(1, "writing to the server");
        if (n > 0) {
            bytes += n;
            size -= (size_t)n;
        } else {
            struct pollfd fds[] = { { s->out, POLLIN, 0 }, { s->in, POLLOUT, 0 } };
            if (poll(fds, 2, -1) > 0 && fds[0].revents)
                receive(s);
        }
    }
}

char *server_line(struct server *s, bool wait, size_t *size)
{
    buf_consume(&s->received, s->taken);
    s->taken = 0;
    for (;;) {
        char *from = s->received.data + s->scanned;
        size_t left = s->received.size - s->scanned;
        char *end = left > 0 ? memchr(from, '\n', left) : NULL;
        if (end) {
            *size = (size_t)(end - s->received.data);
            s->taken = *size + 1;
            s->scanned = 0;
            *end = '\0';
            return s->received.data;
        }
        s->scanned = s->received.size;
        if (!wait)
            return NULL;
        receive(s);
    }
}

double server_finish(struct server *s)
{
    double begin = clock_monotonic();
    int status = 0;
    char rest[65536];
    server_expect(EXIT_SECONDS);
    close(s->in);
    while (read(s->out, rest, sizeof rest) > 0)
        continue; // clients go on reading: what it still has to say must not hold it up
    if (waitpid(s->pid, &status, 0) < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0)
        errx(1, "the server ended badly (wait status %d)", status);
    double took = clock_monotonic() - begin;
    close(s->out);
    buf_free(&s->received);
    return took;
}

double server_cpu(const struct server *s)
{
    clockid_t id;
    struct timespec t;
    if (clock_getcpuclockid(s->pid, &id) != 0 || clock_gettime(id, &t) != 0)
        errx(1, "cannot read the server's processor time");
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static FILE *proc_file(const struct server *s, const char *name, const char *mode)
{
    char path[64];
    (void)snprintf(path, sizeof path, "/proc/%d/%s", (int)s->pid, name);
    FILE *file = fopen(path, mode);
    if (!file)
        err(1, "%s", path);
    return file;
}

// Sum of the lines "KEY:   N kB" whose key begins with `key`.
static long kib_of(const struct server *s, const char *name, const char *key)
{
    FILE *file = proc_file(s, name, "r");
    char line[256];
    long sum = 0;
    while (fgets(line, sizeof line, file)) {
        const char *colon = strchr(line, ':');
        if (colon && strncmp(line, key, strlen(key)) == 0)
            sum += strtol(colon + 1, NULL, 10);
    }
    (void)fclose(file);
    return sum;
}

void server_memory(const struct server *s, struct memory *memory)
{
    memory->resident_kib = kib_of(s, "smaps_rollup", "Rss");
    memory->unique_kib = kib_of(s, "smaps_rollup", "Private_");
    memory->peak_kib = kib_of(s, "status", "VmHWM");
}

void server_forget_peak(const struct server *s)
{
    FILE *file = proc_file(s, "clear_refs", "w");
    (void)fputs("5", file);
    (void)fclose(file);
}

void server_place(const struct server *s, int cpu)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    for (int i = 0; i < CPU_SETSIZE; i++) {
        if (cpu < 0 || cpu == i)
            CPU_SET(i, &set);
    }
    char path[64];
    (void)snprintf(path, sizeof path, "/proc/%d/task", (int)s->pid);
    DIR *tasks = opendir(path);
    if (!tasks)
        err(1, "%s", path);
    const struct dirent *task;
    while ((task = readdir(tasks))) {
        pid_t id = (pid_t)strtol(task->d_name, NULL, 10);
        if (id > 0)
            sched_setaffinity(id, sizeof set, &set);
    }
    closedir(tasks);
}
