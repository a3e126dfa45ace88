#include "base/log.h"
#include "base/log_sink.h"
#include "base/streams.h"
#include "bindings/bindings.h"
#include "host/host.h"
#include "walls/entry.h"

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sysexits.h>
#include <unistd.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

enum { DESCRIPTORS = 29 };     // that any command needs beside the standard ones
enum { STACK_KIB = 1024 };     // that the deepest calls fit into which Lua's own limit lets happen
enum { LAST_CHANCE_MS = 500 }; // that the reader of the log has, at the end

// libuv ends the process where it finds no descriptor for its own pipes: so they are looked for
// before.
static bool have_descriptors(void)
{
    int fds[DESCRIPTORS], count = 0;
    while (count < DESCRIPTORS && (fds[count] = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)) >= 0)
        count++;
    bool enough = count == DESCRIPTORS;
    while (count > 0)
        (void)close(fds[--count]);
    return enough;
}

// A stack that ends before Lua's limit on nested calls does is a segmentation fault that any recipe
// can bring about.  The main thread's grows up to the limit of the day.
static bool have_stack(void)
{
    const rlim_t need = (rlim_t)STACK_KIB << 10, usual = 8 << 20;
    struct rlimit limit;
    if (getrlimit(RLIMIT_STACK, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY ||
        limit.rlim_cur >= need)
        return true;
    bool may = limit.rlim_max == RLIM_INFINITY || limit.rlim_max >= usual;
    limit.rlim_cur = may ? usual : limit.rlim_max;
    return limit.rlim_cur >= need && setrlimit(RLIMIT_STACK, &limit) == 0;
}

// A workflow of some megabytes passes through several blocks of its size.  Taking each from the
// system and giving it back costs more than all work on it: the pages come zeroed, one fault each.
static void keep_some_memory(void)
{
#ifdef __GLIBC__
    (void)mallopt(M_MMAP_THRESHOLD, 16 << 20);
    (void)mallopt(M_TRIM_THRESHOLD, 32 << 20);
#endif
}

int main(int argc, char **argv)
{
    bool is_worker = entry_is_worker(argc, argv);
    if (is_worker && !entry_begin()) {
        log_line(LOG_ERROR, "worker: only rcmcp itself starts this, for the recipes that it runs");
        return EX_USAGE;
    }
    bool has_output = streams_open();
    keep_some_memory();
    (void)signal(SIGPIPE, SIG_IGN); // a write to a closed pipe fails instead
    (void)signal(SIGXFSZ, SIG_IGN); // and so does one beyond the limit of a file's size
    if (!has_output) {
        log_line(LOG_ERROR, "cannot start: standard output is closed, or open for reading only; "
                            "/dev/null takes what nobody wants");
        return EX_IOERR;
    }
    if (!have_descriptors()) {
        log_line(LOG_ERROR,
                 "cannot start: too few files may be open (ulimit -n): at least %d are needed",
                 DESCRIPTORS + 3);
        return EX_OSERR;
    }
    if (!have_stack()) {
        log_line(LOG_ERROR,
                 "cannot start: the stack is too small (ulimit -s): at least %d KiB are needed",
                 STACK_KIB);
        return EX_OSERR;
    }
    struct host *host = host_new(bindings);
    if (!host)
        return EX_OSERR;
    int status = host_run(host, argc, argv);
    if (is_worker)
        _exit(status); // it has nothing to save, and may hold what takes its time to go through
    host_free(host);
    log_sink_drain(LAST_CHANCE_MS);
    return status;
}
