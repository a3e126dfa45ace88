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
    bool json;       // what is scanned is the inside of a JSON string
    uint32_t at, to; // how far that is done, and its end
    uint32_t emitted;
    unsigned active; // levels in use
    struct redact_watcher watchers[REDACT_LEVELS];
    struct redact_units units[REDACT_LEVELS]; // [0] is not used
};

enum { REDACT_PART = 1, REDACT_WHOLE = 2 };

/// Marks a stretch as part of a string, or as a whole value.
void redact_mark(struct redact_scan *s, uint32_t from, uint32_t to, char kind);

/// A scan of the text, of which nothing is marked yet.
void redact_scan_init(struct redact_scan *s, const struct redact *rules, const char *text,
                      uint32_t size);

/// Begins to mark the secrets in a stretch of the text: the inside of a JSON string, or any text.
void redact_scan_begin(struct redact_scan *s, uint32_t from, uint32_t to, bool json);

/// Goes on with some `bytes` more.  Whether the stretch is done.
bool redact_scan_some(struct redact_scan *s, size_t bytes);

enum redact_emitted { REDACT_EMITTED, REDACT_EMITS, REDACT_NOT_EMITTED };

/// Appends some `bytes` more of the text without what is marked.  REDACT_EMITTED: that is all,
/// REDACT_NOT_EMITTED: memory is out.
enum redact_emitted redact_emit_some(struct redact_scan *s, struct buf *out, size_t bytes);

#endif
