#include "bindings/bindings.h"
#include "host/host.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

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

int main(int argc, char **argv)
{
    open_standard_descriptors();
    signal(SIGPIPE, SIG_IGN); // a write to a closed pipe fails instead
    struct host *host = host_new(bindings);
    if (!host)
        return EX_OSERR;
    int status = host_run(host, argc, argv);
    host_free(host);
    return status;
}
