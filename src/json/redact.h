/// Cuts secrets out of text that others wrote, in whatever spelling they stand there: quoted,
/// escaped, percent-encoded, as HTML, JSON within strings of JSON, four levels deep.  In JSON only
/// strings and numbers change, so that it stays JSON.  Linear in the text.
#ifndef RCMCP_JSON_REDACT_H
#define RCMCP_JSON_REDACT_H

#include "base/buf.h"
#include "json/redact_rules.h"

#include <stdbool.h>
#include <stddef.h>

enum redact_outcome { REDACT_SAME, REDACT_CHANGED, REDACT_NO_JSON, REDACT_NO_MEMORY };

/// Whether nothing that the rules look for is in the text, in any spelling, be it JSON or not.  It
/// is found quickly where it is so; false: it may be otherwise.
bool redact_passes(const struct redact *r, const char *text, size_t size);

/// Appends the text without secrets to `out`, where that is another.
enum redact_outcome redact_text(const struct redact *r, const char *text, size_t size,
                                struct buf *out);

/// The same for text that is JSON, or nearly: NaN, control characters and bytes that are no UTF-8
/// do not matter.  REDACT_NO_JSON: it is none, or nested deeper than JSON_MAX_DEPTH; nothing was
/// appended.  `outputs`: all of it counts as outputs.
enum redact_outcome redact_json(const struct redact *r, const char *text, size_t size, bool outputs,
                                struct buf *out);

#endif
