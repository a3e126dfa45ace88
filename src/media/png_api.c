#include "media/png_api.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <stddef.h>

#define LIBRARY "libpng16.so.16"

static struct png_api api;

#define ENTRY(name)                                                                                \
    {                                                                                              \
        "png_" #name, offsetof(struct png_api, name)                                               \
    }

// clang-format off
static const struct {
    const char *symbol;
    size_t offset;
} entries[] = {
    ENTRY(create_info_struct),
    ENTRY(create_write_struct),
    ENTRY(destroy_write_struct),
    ENTRY(get_error_ptr),
    ENTRY(get_io_ptr),
    ENTRY(set_IHDR),
    ENTRY(set_compression_level),
    ENTRY(set_filter),
    ENTRY(set_longjmp_fn),
    ENTRY(longjmp),
    ENTRY(set_write_fn),
    ENTRY(write_chunk),
    ENTRY(write_end),
    ENTRY(write_info),
    ENTRY(write_row),
};
// clang-format on

const struct png_api *png_api_open(const char **why)
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
            *why = LIBRARY " is too old: 1.6 is needed";
            dlclose(library);
            return NULL;
        }
        *(void **)((char *)&api + entries[i].offset) = symbol;
    }
    opened = true;
    return &api;
}
