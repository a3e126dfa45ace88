/// The sets of characters in Lua's patterns: "%a", "[%w_]".
///
/// Classes are those of the C locale, whatever the process has set.
#ifndef RCMCP_SANDBOX_CHARSET_H
#define RCMCP_SANDBOX_CHARSET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct charset {
    uint64_t bits[4];
};

static inline bool charset_has(const struct charset *set, unsigned char c)
{
    return set->bits[c >> 6] >> (c & 63) & 1;
}

/// What "%" with this letter stands for; NULL: it is no letter of a class, and stands for itself.
const struct charset *charset_of_class(unsigned char letter);

/// Every character.
extern const struct charset charset_any;

/// The "]" that closes the set whose "[" stands before `from`; NULL: there is none.
const unsigned char *charset_close(const unsigned char *from, const unsigned char *end);

/// Reads what stands between "[" and its "]".
void charset_read(struct charset *set, const unsigned char *from, const unsigned char *close);

#endif
