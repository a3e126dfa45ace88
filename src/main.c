#include "base/log_sink.h"
#include "bindings/bindings.h"
#include "host/host.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

enum { LAST_CHANCE_MS = 500 }; // that the reader of the log has, at the end

// A descriptor opened later must not become 0, 1 or 2 by accident.
static void open_standard_descriptors(void)
{
    for (;;) {
        int fd = open("/dev/null", O_RDWR);
        if (fd < 0 || fd > 2) {
            if (fd > 2)
                close(fd);
            return;
        }
    }
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
    open_standard_descriptors();
    keep_some_memory();
    (void)signal(SIGPIPE, SIG_IGN); // a write to a closed pipe fails instead
    struct host *host = host_new(bindings);
    if (!host)
        return EX_OSERR;
    int status = host_run(host, argc, argv);
    host_free(host);
    log_sink_drain(LAST_CHANCE_MS);
    return status;
}
