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

/// The same in steps.  What a text is cut as: any text, or JSON, or where it is none any text.
enum redact_as { REDACT_AS_TEXT, REDACT_AS_JSON, REDACT_AS_OUTPUTS };

struct redaction;

/// Begins with a text, which must stay where it is, as must the rules.  NULL: memory is out.
struct redaction *redaction_begin(const struct redact *r, const char *text, size_t size,
                                  enum redact_as as);

/// Goes on with some `bytes` more; `out` is the same in each step.  Whether it is done.
bool redaction_go_on(struct redaction *self, size_t bytes, struct buf *out);

/// What has come of it, once it is done: REDACT_SAME, REDACT_CHANGED, REDACT_NO_MEMORY.
enum redact_outcome redaction_outcome(const struct redaction *self);

/// Ends it, done or not.  NULL is allowed.
void redaction_free(struct redaction *self);

#endif
