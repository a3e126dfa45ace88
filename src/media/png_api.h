/// libpng, opened at first use: linking it would cost every start of the program its loading.
#ifndef RCMCP_MEDIA_PNG_API_H
#define RCMCP_MEDIA_PNG_API_H

#include <png.h>

/// The functions in use, under their names without png_.
struct png_api {
    __typeof__(png_create_info_struct) *create_info_struct;
    __typeof__(png_create_write_struct) *create_write_struct;
    __typeof__(png_destroy_write_struct) *destroy_write_struct;
    __typeof__(png_get_error_ptr) *get_error_ptr;
    __typeof__(png_get_io_ptr) *get_io_ptr;
    __typeof__(png_set_IHDR) *set_IHDR;
    __typeof__(png_set_compression_level) *set_compression_level;
    __typeof__(png_set_filter) *set_filter;
    __typeof__(png_set_longjmp_fn) *set_longjmp_fn;
    __typeof__(png_longjmp) *longjmp;
    __typeof__(png_set_write_fn) *set_write_fn;
    __typeof__(png_write_chunk) *write_chunk;
    __typeof__(png_write_end) *write_end;
    __typeof__(png_write_info) *write_info;
    __typeof__(png_write_row) *write_row;
};

/// The table; valid to the end of the program.  NULL when the library is missing or too old; then
/// `*why` tells what is missing (valid until the next call).
const struct png_api *png_api_open(const char **why);

#endif
