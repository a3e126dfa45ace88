/// Cuts secrets out of text that others wrote, in whatever spelling they stand there: quoted,
/// escaped, percent-encoded, as HTML, JSON within strings of JSON, up to REDACT_LEVELS deep.  In
/// JSON only strings and numbers change, so that it stays JSON.  Linear in the text.
#ifndef RCMCP_JSON_REDACT_H
#define RCMCP_JSON_REDACT_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>

enum { REDACT_LEVELS = 4 }; ///< of escapes within escapes, the text itself being the first

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

enum redact_outcome { REDACT_SAME, REDACT_CHANGED, REDACT_NO_JSON, REDACT_NO_MEMORY };

/// Appends the text without secrets to `out`, where that is another.
enum redact_outcome redact_text(const struct redact *r, const char *text, size_t size,
                                struct buf *out);

/// The same for text that is JSON, or nearly: NaN, control characters and bytes that are no UTF-8
/// do not matter.  REDACT_NO_JSON: it is none, or nested deeper than JSON_MAX_DEPTH; nothing was
/// appended.  `outputs`: all of it counts as outputs.
enum redact_outcome redact_json(const struct redact *r, const char *text, size_t size, bool outputs,
                                struct buf *out);

#endif
