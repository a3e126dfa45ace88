/// `awake COMMAND...`: keeps every processor from halting while a command runs.
///
/// A halted virtual processor takes about 50 us to wake, more than a whole call takes: without
/// this, one program measures 8 us or 60 us by luck.  The spinners run at SCHED_IDLE: anything else
/// goes before them.
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static void spin(int cpu, pid_t parent)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET((size_t)cpu, &set);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent || sched_setaffinity(0, sizeof set, &set) < 0 ||
        sched_setscheduler(0, SCHED_IDLE, &(struct sched_param){ 0 }) < 0)
        _exit(1);
    for (;;)
        __asm__ volatile("");
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        (void)fputs("usage: awake COMMAND...\n", stderr);
        return 64;
    }
    cpu_set_t mine;
    sched_getaffinity(0, sizeof mine, &mine);
    pid_t self = getpid();
    for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
        if (CPU_ISSET((size_t)cpu, &mine) && fork() == 0)
            spin(cpu, self);
    }
    pid_t command;
    int failure = posix_spawnp(&command, argv[1], NULL, NULL, argv + 1, environ);
    if (failure) {
        (void)fprintf(stderr, "awake: %s: %s\n", argv[1], strerror(failure));
        return 127;
    }
    int status = 0;
    waitpid(command, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
