#include "net/mhd_api.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <stddef.h>

#define LIBRARY "libmicrohttpd.so.12"

static struct mhd_api api;

#define ENTRY(name)                                                                                \
    {                                                                                              \
        "MHD_" #name, offsetof(struct mhd_api, name)                                               \
    }

static const struct {
    const char *symbol;
    size_t offset;
} entries[] = {
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

const struct mhd_api *mhd_api_open(const char **why)
{
    static bool opened = false;
    if (opened)
        return &api;
    void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
    if (!library) {
        *why = dlerror();
        return NULL;
    }
    for (size_t i = 0; i < sizeof entries / sizeof *entries; i++) {
        void *symbol = dlsym(library, entries[i].symbol);
        if (!symbol) {
            *why = LIBRARY " is too old: 0.9.75 or newer is needed";
            dlclose(library);
            return NULL;
        }
        *(void **)((char *)&api + entries[i].offset) = symbol;
    }
    opened = true;
    return &api;
}
