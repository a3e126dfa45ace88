#include "media/png_api.h"

#include "base/library.h"

#include <stddef.h>

static struct png_api api;

#define ENTRY(name)                                                                                \
    {                                                                                              \
        "png_" #name, offsetof(struct png_api, name)                                               \
    }

// clang-format off
static const char *const files[] = { "libpng16.so.16", NULL };

static const struct library_symbol entries[] = {
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
    static void *library;
    if (library)
        return &api;
    const char *missing = NULL;
    library = library_open(files, entries, sizeof entries / sizeof *entries, &api, &missing);
    if (library)
        return &api;
    if (missing)
        *why = "libpng16.so.16 is too old: 1.6 is needed";
    else
        *why = library_fault() ? library_fault() : "libpng16.so.16 is not installed";
    return NULL;
}
