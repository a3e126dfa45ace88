/// Base64 of RFC 4648, section 4: standard alphabet, padded.
#ifndef RCMCP_BASE_BASE64_H
#define RCMCP_BASE_BASE64_H

#include <stdbool.h>
#include <stddef.h>

/// Characters that `size` bytes become.
size_t base64_encoded_size(size_t size);

/// Writes base64_encoded_size(size) characters to `out`; no terminator.
void base64_encode(const char *bytes, size_t size, char *out);

/// Most bytes that `size` characters can stand for.
size_t base64_decoded_room(size_t size);

/// Decodes into `out` and stores the number of bytes in `*decoded`.  False, with a static text in
/// `*message` and the offset of the offending character in `*at`, for characters outside the
/// alphabet (white space too), missing padding, and unused bits that are not zero.
bool base64_decode(const char *text, size_t size, char *out, size_t *decoded, const char **message,
                   size_t *at);

#endif
