/// PNG encoder: 8-bit RGB with text chunks.
#ifndef RCMCP_MEDIA_PNG_H
#define RCMCP_MEDIA_PNG_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    PNG_ENCODE_MAX_SIDE = 16384,
    PNG_ENCODE_MAX_KEY = 79, ///< bytes of a text's keyword, at least 1
};

/// A tEXt chunk.  The specification says Latin-1; ComfyUI writes JSON with \u escapes.
struct png_text {
    const char *key; ///< 1 to PNG_ENCODE_MAX_KEY bytes
    size_t key_size;
    const char *value;
    size_t value_size;
};

struct png_image {
    uint32_t width, height;      ///< 1 to PNG_ENCODE_MAX_SIDE
    const unsigned char *pixels; ///< rows from the top, width * height * 3 bytes
    const struct png_text *texts;
    size_t text_count; ///< the chunks stand between IHDR and IDAT, in this order
};

struct png_error {
    char message[256];
    const char *code; ///< "library", "ENOMEM", "png"
};

/// Appends the encoded image to `out`.  False on failure: *error is set and `out` as it was.
bool png_encode(const struct png_image *image, struct buf *out, struct png_error *error);

#endif
