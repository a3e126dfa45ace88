/// UTF-16 as RFC 2781 defines it, read.
#ifndef RCMCP_BASE_UTF16_H
#define RCMCP_BASE_UTF16_H

#include <stdbool.h>
#include <stddef.h>

/// Bytes of UTF-8 that utf16_to_utf8() writes at most for `size` bytes of UTF-16.
size_t utf16_room(size_t size);

/// Writes as UTF-8 what `size` bytes of UTF-16 say, and stores its size in `*written`.  False where
/// a surrogate stands alone or a byte is left over: `*written` then is the UTF-8 before that place,
/// and `*bad` the place's offset in `bytes`.
bool utf16_to_utf8(const char *bytes, size_t size, bool big_endian, char *out, size_t *written,
                   size_t *bad);

#endif
