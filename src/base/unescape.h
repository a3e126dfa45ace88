/// One escape of the kinds in which a text comes back when it was quoted, encoded or printed on its
/// way: those of JSON, of C and Python, percent-encoding, and HTML's.
#ifndef RCMCP_BASE_UNESCAPE_H
#define RCMCP_BASE_UNESCAPE_H

#include <stdbool.h>
#include <stddef.h>

enum { UNESCAPE_MOST = 12 }; ///< bytes of an escape: a surrogate pair, "\ud83e\udd8a"

struct unescaped {
    size_t length; ///< bytes of the escape
    size_t size;   ///< bytes that it stands for, 1 to 4, and never more than its length
    char bytes[4];
};

/// Whether an escape may begin with this byte.
static inline bool unescape_begins(char c)
{
    return c == '\\' || c == '%' || c == '&';
}

/// Reads the escape at the beginning of a text of `size` bytes; false where there is none.  Half a
/// surrogate pair stands for U+FFFD.
bool unescape_any(const char *text, size_t size, struct unescaped *out);

/// The same for the escapes of JSON strings alone.
bool unescape_json(const char *text, size_t size, struct unescaped *out);

#endif
