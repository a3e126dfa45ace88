/// Redaction of JSON: which strings and numbers are looked at, by the names under which they stand.
#ifndef RCMCP_JSON_REDACT_WALK_H
#define RCMCP_JSON_REDACT_WALK_H

#include "json/reader.h"
#include "json/redact_scan.h"

/// A container that is gone through.
struct redact_frame {
    uint64_t name; // hash of the member's name; of a list, of the one in which it stands
    unsigned char meaning;
    bool is_object;
    bool in_inputs;  // it is what a member "inputs" holds
    bool in_outputs; // it is within the outputs
    bool at_name;    // a name comes next
};

/// A text that is JSON, or nearly, on its way through.
struct redact_walk {
    struct redact_scan scan;
    uint32_t at;
    uint32_t from;      // of the string whose end is looked for
    unsigned depth;     // of frames
    unsigned cut_depth; // of the container that is cut as a whole; 0: none
    uint32_t cut_from;
    bool in_string;
    bool scans;                                     // a string
    bool had_value;                                 // the outermost one has ended
    struct redact_frame frames[JSON_MAX_DEPTH + 1]; // [0]: around the outermost value
};

enum redact_walked { REDACT_WALKED, REDACT_WALKS, REDACT_NO_WALK };

/// Begins with a text.  `outputs`: all of it counts as outputs.
void redact_walk_begin(struct redact_walk *w, const struct redact *r, const char *text,
                       uint32_t size, bool outputs);

/// Goes on with some `bytes` more.  REDACT_WALKED: that is all, REDACT_NO_WALK: it is no JSON.
enum redact_walked redact_walk_some(struct redact_walk *w, size_t bytes);

#endif
