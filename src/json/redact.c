#include "json/redact.h"

#include "json/redact_pass.h"
#include "json/redact_scan.h"
#include "json/redact_walk.h"

#include <stdlib.h>

enum stage { PASSES, WALKS, SCANS, EMITS, DONE };

struct redaction {
    const struct redact *rules;
    const char *text;
    uint32_t size;
    enum redact_as as;
    enum stage stage;
    enum redact_outcome outcome;
    struct redact_pass pass;
    struct redact_walk walk; // its scan is that of plain text, too
};

struct redaction *redaction_begin(const struct redact *r, const char *text, size_t size,
                                  enum redact_as as)
{
    struct redaction *self = size < UINT32_MAX ? malloc(sizeof *self) : NULL;
    if (!self)
        return NULL;
    self->rules = r;
    self->text = text;
    self->size = (uint32_t)size;
    self->as = as;
    self->stage = PASSES;
    self->outcome = REDACT_SAME;
    self->pass = (struct redact_pass){ 0 };
    self->walk.scan.map = NULL;
    return self;
}

static void begin_walk(struct redaction *self)
{
    redact_walk_begin(&self->walk, self->rules, self->text, self->size,
                      self->as == REDACT_AS_OUTPUTS);
    self->stage = WALKS;
}

static void begin_scan(struct redaction *self)
{
    struct redact_scan *scan = &self->walk.scan;
    free(scan->map);
    redact_scan_init(scan, self->rules, self->text, self->size);
    redact_scan_begin(scan, 0, self->size, false);
    self->stage = SCANS;
}

// What is to be cut is marked.
static void begin_emission(struct redaction *self)
{
    const struct redact_scan *scan = &self->walk.scan;
    if (scan->failed)
        self->outcome = REDACT_NO_MEMORY;
    self->stage = scan->map && !scan->failed ? EMITS : DONE;
}

static void pass(struct redaction *self, size_t bytes)
{
    switch (redact_pass_some(self->rules, self->text, self->size, &self->pass, bytes)) {
    case REDACT_MAY_PASS:
        return;
    case REDACT_PASSED:
        self->stage = DONE;
        return;
    case REDACT_NOT_PASSED:
        if (self->as == REDACT_AS_TEXT)
            begin_scan(self);
        else
            begin_walk(self);
    }
}

static void walk(struct redaction *self, size_t bytes)
{
    switch (redact_walk_some(&self->walk, bytes)) {
    case REDACT_WALKS:
        return;
    case REDACT_WALKED:
        begin_emission(self);
        return;
    case REDACT_NO_WALK:
        begin_scan(self);
    }
}

static void emit(struct redaction *self, struct buf *out, size_t bytes)
{
    enum redact_emitted emitted = redact_emit_some(&self->walk.scan, out, bytes);
    if (emitted == REDACT_EMITS)
        return;
    self->outcome = emitted == REDACT_EMITTED ? REDACT_CHANGED : REDACT_NO_MEMORY;
    self->stage = DONE;
}

bool redaction_go_on(struct redaction *self, size_t bytes, struct buf *out)
{
    switch (self->stage) {
    case PASSES:
        pass(self, bytes);
        break;
    case WALKS:
        walk(self, bytes);
        break;
    case SCANS:
        if (redact_scan_some(&self->walk.scan, bytes))
            begin_emission(self);
        break;
    case EMITS:
        emit(self, out, bytes);
        break;
    case DONE:
        break;
    }
    return self->stage == DONE;
}

enum redact_outcome redaction_outcome(const struct redaction *self)
{
    return self->outcome;
}

void redaction_free(struct redaction *self)
{
    if (!self)
        return;
    free(self->walk.scan.map);
    free(self);
}

bool redact_passes(const struct redact *r, const char *text, size_t size)
{
    struct redact_pass pass = { 0 };
    return redact_pass_some(r, text, size, &pass, size) == REDACT_PASSED;
}

static enum redact_outcome emit_all(struct redact_scan *scan, struct buf *out)
{
    enum redact_outcome outcome = scan->map ? REDACT_CHANGED : REDACT_SAME;
    if (scan->failed || (scan->map && redact_emit_some(scan, out, SIZE_MAX) != REDACT_EMITTED))
        outcome = REDACT_NO_MEMORY;
    free(scan->map);
    return outcome;
}

enum redact_outcome redact_text(const struct redact *r, const char *text, size_t size,
                                struct buf *out)
{
    if (size >= UINT32_MAX)
        return REDACT_NO_MEMORY;
    struct redact_scan s;
    redact_scan_init(&s, r, text, (uint32_t)size);
    redact_scan_begin(&s, 0, s.size, false);
    (void)redact_scan_some(&s, SIZE_MAX);
    return emit_all(&s, out);
}

enum redact_outcome redact_json(const struct redact *r, const char *text, size_t size, bool outputs,
                                struct buf *out)
{
    if (size >= UINT32_MAX)
        return REDACT_NO_MEMORY;
    struct redact_walk *w = malloc(sizeof *w);
    if (!w)
        return REDACT_NO_MEMORY;
    redact_walk_begin(w, r, text, (uint32_t)size, outputs);
    enum redact_outcome outcome = REDACT_NO_JSON;
    if (redact_walk_some(w, SIZE_MAX) == REDACT_WALKED)
        outcome = emit_all(&w->scan, out);
    else
        free(w->scan.map);
    free(w);
    return outcome;
}
