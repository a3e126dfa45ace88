/// The parts of redaction: looking for secrets in one string, and marking what is cut.
#ifndef RCMCP_JSON_REDACT_SCAN_H
#define RCMCP_JSON_REDACT_SCAN_H

#include "base/buf.h"
#include "base/needles.h"
#include "json/redact.h"

#include <stdint.h>

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

bool redact_set_add(struct redact_set *s, uint64_t key, unsigned char meaning);
/// 0: not in it.
unsigned char redact_set_get(const struct redact_set *s, uint64_t key);

enum { REDACT_UNITS = 512 };

/// Bytes of a level of escapes, and where each of them comes from in the text.
struct redact_units {
    size_t count;
    char bytes[REDACT_UNITS];
    uint32_t from[REDACT_UNITS];
    uint32_t to[REDACT_UNITS];
};

/// Looks for secrets in one level.
struct redact_watcher {
    uint32_t state;
    uint32_t seen;             // bytes since the last that no secret begins with
    uint32_t pending;          // bytes that still belong to the secret found
    uint32_t run_from, run_to; // the latest stretch marked
    unsigned char echo;
    unsigned char quote;
    bool escaped;
    uint32_t echo_depth, echo_count, echo_from;
    uint32_t ring[NEEDLE_MOST]; // where the latest bytes come from
};

/// A text on its way through.
struct redact_scan {
    const struct redact *rules;
    const char *text;
    uint32_t size;
    char *map;       // a mark for each byte of the text; NULL: nothing is cut
    bool failed;     // memory is out
    unsigned active; // levels in use
    struct redact_watcher watchers[REDACT_LEVELS];
    struct redact_units units[REDACT_LEVELS]; // [0] is not used
};

enum { REDACT_PART = 1, REDACT_WHOLE = 2 };

/// Marks a stretch as part of a string, or as a whole value.
void redact_mark(struct redact_scan *s, uint32_t from, uint32_t to, char kind);

/// Marks the secrets in a stretch of the text: the inside of a JSON string, or any text.
void redact_scan_string(struct redact_scan *s, uint32_t from, uint32_t to, bool json);

/// Appends the text without what is marked; false when memory is out.
bool redact_emit(const struct redact_scan *s, struct buf *out);

#endif
