/// What redaction cuts: secrets, and what the names of members mean.
#ifndef RCMCP_JSON_REDACT_RULES_H
#define RCMCP_JSON_REDACT_RULES_H

#include "base/needles.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// What the name of a member means.
enum redact_name {
    REDACT_OTHER,   ///< nothing
    REDACT_CUT,     ///< what it holds is cut as a whole, also in text that looks like it
    REDACT_INPUTS,  ///< members within it are no such members, whatever their names are
    REDACT_OUTPUTS, ///< it holds outputs: URLs in it stay, and strings under names of outputs
    REDACT_OUTPUT,  ///< a name of outputs: "filename"
    REDACT_KEPT,    ///< a string under it stays: an id
    REDACT_WORD,    ///< a string under it is no whole secret: a status
};

struct redact;

/// New rules without a secret; NULL when memory is out.
struct redact *redact_new(void);
void redact_free(struct redact *r);

// Before redact_ready(); all return false when memory is out.

/// A secret that is cut wherever it stands; not an empty one.
bool redact_add(struct redact *r, const char *bytes, size_t size);
/// A secret that is cut where it is the whole string of a member of this name, or of a list in it.
bool redact_add_whole(struct redact *r, const char *name, size_t name_size, const char *bytes,
                      size_t size);
/// A number that is cut, as it is written.
bool redact_add_number(struct redact *r, const char *digits, size_t size);
bool redact_add_name(struct redact *r, const char *name, size_t size, enum redact_name meaning);
bool redact_ready(struct redact *r);

// Within redaction:

/// A set of 64-bit hashes with a meaning each: names, whole strings, numbers.
struct redact_set {
    uint64_t *keys;
    unsigned char *meanings;
    size_t count, room; // a power of two
};

struct redact {
    struct needles *needles;
    struct redact_set set;
    bool has_wholes, has_numbers;
    bool in_words[256]; ///< whether anything that is looked for has that byte
    bool begins[256];   ///< once ready: whether a secret or an escape may begin with that byte
};

/// A hash to begin with, and one that goes on (FNV-1a).
enum { REDACT_NAME_SALT = 1, REDACT_NUMBER_SALT = 2 };
static inline uint64_t redact_hash(uint64_t hash, unsigned char byte)
{
    return (hash ^ byte) * 0x100000001B3U;
}
static inline uint64_t redact_hash_start(uint64_t salt)
{
    return 0xCBF29CE484222325U ^ salt * 0x9E3779B97F4A7C15U;
}

/// 0: not in it.
unsigned char redact_set_get(const struct redact_set *s, uint64_t key);

#endif
