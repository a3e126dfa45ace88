/// The parts of redaction: looking for secrets in one string, and marking what is cut.
#ifndef RCMCP_JSON_REDACT_SCAN_H
#define RCMCP_JSON_REDACT_SCAN_H

#include "base/buf.h"
#include "json/redact_rules.h"

#include <stdbool.h>
#include <stdint.h>

enum { REDACT_LEVELS = 4 }; ///< of escapes within escapes, the text itself being the first
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
