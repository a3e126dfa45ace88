/// UTF-8 as RFC 3629 defines it: no surrogates, no overlong forms, nothing above U+10FFFF.
#ifndef RCMCP_BASE_UTF8_H
#define RCMCP_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// Bytes of the valid sequence that begins at `at` (1 to 4); 0 if none does.  Requires at < end.
size_t utf8_sequence(const char *at, const char *end);

/// Whether all of the text is valid.
bool utf8_valid(const char *text, size_t size);

/// Bytes of the first `count` characters, or of all when there are fewer.  A byte that belongs to
/// no valid sequence counts as a character of its own.
size_t utf8_head(const char *text, size_t size, size_t count);

/// Bytes at the beginning of a text that belong to no valid sequence, as one unit: what one U+FFFD
/// stands for (Unicode, "Substitution of Maximal Subparts").  Requires at < end, and that
/// utf8_sequence() is 0 there.
size_t utf8_broken(const char *at, const char *end);

/// The text with U+FFFD in place of what is no UTF-8: writes it to `out` and returns its size;
/// NULL: returns the size alone.
size_t utf8_clean(const char *text, size_t size, char *out);

/// The size of a text without a sequence that begins at its end and is not all there: what a cut
/// anywhere leaves of it.
size_t utf8_whole(const char *text, size_t size);

/// Writes a scalar value (not a surrogate, at most 0x10FFFF) to `out` and returns its size, 1 to 4.
size_t utf8_put(char *out, uint32_t scalar);

#endif
