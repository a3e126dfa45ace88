#include "driver/workers.h"

#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

enum { LOWEST = 19, MOST_KNOWN = 4096 };

static pid_t known[MOST_KNOWN];
static size_t count;

static bool is_new(pid_t pid)
{
    for (size_t i = 0; i < count; i++) {
        if (known[i] == pid)
            return false;
    }
    if (count < MOST_KNOWN)
        known[count++] = pid;
    return true;
}

// One that has ended meanwhile is none.
static void place(pid_t pid, int cpu)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET((size_t)cpu, &set);
    sched_setaffinity(pid, sizeof set, &set);
    setpriority(PRIO_PROCESS, (id_t)pid, LOWEST);
}

static long peak_kib(pid_t pid)
{
    char path[64], line[256];
    long peak = 0;
    (void)snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    FILE *file = fopen(path, "r");
    if (!file)
        return 0;
    while (fgets(line, sizeof line, file)) {
        if (strncmp(line, "VmHWM:", 6) == 0)
            peak = strtol(line + 6, NULL, 10);
    }
    (void)fclose(file);
    return peak;
}

long workers_look(pid_t server, int cpu)
{
    char path[64];
    long most = 0, pid;
    (void)snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)server, (int)server);
    FILE *file = fopen(path, "r");
    if (!file)
        return 0;
    while (fscanf(file, "%ld", &pid) == 1) {
        if (cpu >= 0 && is_new((pid_t)pid))
            place((pid_t)pid, cpu);
        long peak = peak_kib((pid_t)pid);
        most = peak > most ? peak : most;
    }
    (void)fclose(file);
    return most;
}
