#include "bindings/bindings.h"
#include "host/host.h"

#include <stdlib.h>
#include <sysexits.h>

int main(int argc, char **argv)
{
    struct host *host = host_new(bindings);
    if (!host)
        return EX_OSERR;
    int status = host_run(host, argc, argv);
    host_free(host);
    return status;
}
