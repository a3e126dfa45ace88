#include "net/mhd_api.h"

#include "base/library.h"

#include <stddef.h>

struct mhd_api mhd;

#define ENTRY(name)                                                                                \
    {                                                                                              \
        "MHD_" #name, offsetof(struct mhd_api, name)                                               \
    }

static const char *const files[] = { "libmicrohttpd.so.12", NULL };

static const struct library_symbol entries[] = {
    ENTRY(add_response_header),
    ENTRY(create_response_from_buffer),
    ENTRY(create_response_from_callback),
    ENTRY(destroy_response),
    ENTRY(get_connection_info),
    ENTRY(get_connection_values),
    ENTRY(get_daemon_info),
    ENTRY(get_timeout),
    ENTRY(lookup_connection_value),
    ENTRY(queue_response),
    ENTRY(resume_connection),
    ENTRY(run),
    ENTRY(start_daemon),
    ENTRY(stop_daemon),
    ENTRY(suspend_connection),
};

bool mhd_api_open(const char **why)
{
    static void *library;
    if (library)
        return true;
    const char *missing = NULL;
    library = library_open(files, entries, sizeof entries / sizeof *entries, &mhd, &missing);
    if (!library && missing)
        *why = "libmicrohttpd.so.12 is too old: 0.9.75 or newer is needed";
    else if (!library)
        *why = library_fault() ? library_fault() : "libmicrohttpd.so.12 is not installed";
    return library != NULL;
}
