/// Percent-encoding of RFC 3986, section 2.
#ifndef RCMCP_BASE_PERCENT_H
#define RCMCP_BASE_PERCENT_H

#include <stdbool.h>
#include <stddef.h>

/// Bytes that percent_encode() will write.
size_t percent_encoded_size(const char *bytes, size_t size);

/// Escapes all but the unreserved characters (letters, digits, "-._~"), with upper-case digits.
void percent_encode(const char *bytes, size_t size, char *out);

/// Decodes the escapes into `out` (room for `size` bytes) and stores the size in `*decoded`; "+"
/// stays what it is.  False where "%" is not followed by two hexadecimal digits.
bool percent_decode(const char *text, size_t size, char *out, size_t *decoded);

#endif
