#include "walls/walls.h"

#include "walls/filter.h"
#include "walls/tools.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

extern char **environ;

enum { ROOM = 256 }; // of the name of a time zone

#ifdef RLIMIT_AS
#define LIMIT_OF_MEMORY RLIMIT_AS
#else // OpenBSD counts data and anonymous memory
#define LIMIT_OF_MEMORY RLIMIT_DATA
#endif

const char *walls_name(enum wall wall)
{
    static const char *const names[WALLS] = {
        [WALL_ENVIRONMENT] = "environment",
        [WALL_DESCRIPTORS] = "descriptors",
        [WALL_MEMORY] = "memory",
        [WALL_CORE] = "core dumps",
        [WALL_FILES] = "files",
        [WALL_PROCESSES] = "processes",
        [WALL_PARENT] = "parent",
        [WALL_TRACING] = "tracing",
        [WALL_PRIVILEGES] = "privileges",
        [WALL_SYSTEM_CALLS] = "system calls",
    };
    return names[wall];
}

static void __attribute__((format(printf, 4, 5)))
tell(struct walls *w, enum wall wall, bool stands, const char *format, ...)
{
    w->of[wall].stands = stands;
    w->of[wall].refused = false;
    va_list args;
    va_start(args, format);
    (void)vsnprintf(w->of[wall].text, WALL_TEXT, format, args);
    va_end(args);
}

static void tell_refused(struct walls *w, enum wall wall, int error)
{
    tell(w, wall, false, "the system refused it: %s", strerror(error));
    w->of[wall].refused = true;
}

// Both limits, so that nothing raises them again.
static void limit(struct walls *w, enum wall wall, int resource, rlim_t most, const char *text)
{
    struct rlimit both = { most, most };
    if (setrlimit(resource, &both) == 0)
        tell(w, wall, true, "%s", text);
    else
        tell_refused(w, wall, errno);
}

// The time zone stays, also where it is the system's own: the C library looks for that file again
// at each conversion unless TZ says the same as before, and would find none, and tell UTC.
static void raise_environment(struct walls *w)
{
    char zone[ROOM];
    const char *set = getenv("TZ");
    if (!set || strlen(set) >= ROOM)
        set = ":/etc/localtime";
    (void)snprintf(zone, sizeof zone, "%s", set);
    static char *empty[] = { NULL };
    environ = empty; // the strings stay where they were: the host gives none that is secret
    if (setenv("TZ", zone, 1) != 0) {
        tell_refused(w, WALL_ENVIRONMENT, errno);
        return;
    }
    walls_load_time_zone();
    tell(w, WALL_ENVIRONMENT, true, "holds the time zone alone");
}

// The lowest limit that leaves no number free: what is open stays open, and poll() takes no more
// entries than the limit.
static void raise_descriptors(struct walls *w)
{
    int lowest_free = fcntl(0, F_DUPFD, 0);
    if (lowest_free < 0) {
        tell_refused(w, WALL_DESCRIPTORS, errno);
        return;
    }
    (void)close(lowest_free);
    limit(w, WALL_DESCRIPTORS, RLIMIT_NOFILE, (rlim_t)lowest_free, "none can be opened any more");
}

static void raise_memory(struct walls *w, size_t memory)
{
    const char *why_not = walls_memory_unlimited();
    char text[WALL_TEXT];
    (void)snprintf(text, sizeof text, "%zu MiB of address space", memory >> 20);
    if (why_not)
        tell(w, WALL_MEMORY, false, "no ceiling: %s", why_not);
    else if (memory == 0)
        tell(w, WALL_MEMORY, false, "no ceiling: none was asked for");
    else
        limit(w, WALL_MEMORY, LIMIT_OF_MEMORY, (rlim_t)memory, text);
}

static void raise_processes(struct walls *w)
{
    limit(w, WALL_PROCESSES, RLIMIT_NPROC, 0, "none can be started");
    if (geteuid() == 0 && w->of[WALL_PROCESSES].stands)
        tell(w, WALL_PROCESSES, false, "no limit holds for root");
}

#ifdef __linux__

static void raise_parent(struct walls *w)
{
    int number = 0;
    if (prctl(PR_GET_PDEATHSIG, &number) == 0 && number != 0)
        tell(w, WALL_PARENT, true, "is killed when the process that started it ends");
    else
        tell(w, WALL_PARENT, false, "ends when it finds the other end of its socket closed");
}

static void set(struct walls *w, enum wall wall, int option, unsigned long value, const char *text)
{
    if (prctl(option, value, 0UL, 0UL, 0UL) == 0)
        tell(w, wall, true, "%s", text);
    else
        tell_refused(w, wall, errno);
}

static void raise_of_system(struct walls *w)
{
    raise_parent(w);
    set(w, WALL_TRACING, PR_SET_DUMPABLE, 0, "no process of this user can look into it");
    set(w, WALL_PRIVILEGES, PR_SET_NO_NEW_PRIVS, 1, "none can be gained");
    const char *why_not = NULL;
    enum filter_state state = filter_install(&why_not);
    if (state == FILTER_STANDS)
        tell(w, WALL_SYSTEM_CALLS, true,
             "no files, no network, no programs, no processes, no signals to others");
    else
        tell(w, WALL_SYSTEM_CALLS, false, "not filtered: %s", why_not);
    w->of[WALL_SYSTEM_CALLS].refused = state == FILTER_REFUSED;
}

#else

static void raise_of_system(struct walls *w)
{
    static const enum wall missing[] = { WALL_TRACING, WALL_PRIVILEGES, WALL_SYSTEM_CALLS };
    tell(w, WALL_PARENT, false, "ends when it finds the other end of its socket closed");
    for (size_t i = 0; i < sizeof missing / sizeof *missing; i++)
        tell(w, missing[i], false, "only on Linux");
}

#endif

void walls_raise(struct walls *walls, size_t memory)
{
    raise_environment(walls);
    raise_descriptors(walls);
    raise_memory(walls, memory);
    limit(walls, WALL_CORE, RLIMIT_CORE, 0, "none");
    limit(walls, WALL_FILES, RLIMIT_FSIZE, 0, "none grows");
    raise_processes(walls);
    raise_of_system(walls); // last: it takes away what the others are raised by
}
