#include "json/redact_scan.h"

#include "base/unescape.h"

#include <stdlib.h>
#include <string.h>

void redact_mark(struct redact_scan *s, uint32_t from, uint32_t to, char kind)
{
    if (!s->map)
        s->map = calloc(s->size + (size_t)1, 1);
    if (s->map)
        memset(s->map + from, kind, to - from);
    else
        s->failed = true;
}

// Marks a stretch; what the one before it marked is not marked again, or long secrets that repeat
// themselves would cost their square.
static void cover(struct redact_scan *s, struct redact_watcher *w, uint32_t from, uint32_t to)
{
    if (from > w->run_to || w->run_from == w->run_to) {
        redact_mark(s, from, to, REDACT_PART);
        w->run_from = from;
        w->run_to = to;
        return;
    }
    if (from < w->run_from) {
        redact_mark(s, from, w->run_from, REDACT_PART);
        w->run_from = from;
    }
    if (to > w->run_to) {
        redact_mark(s, w->run_to, to, REDACT_PART);
        w->run_to = to;
    }
}

// An echo of what is cut as a whole: name, a few signs between, then brackets to their end
// -----------

enum { ECHO_NONE, ECHO_NAMED, ECHO_INSIDE };
enum { ECHO_SIGNS = 24 }; // most signs between the name and the bracket: `\\\": {`

static bool is_between(unsigned char byte)
{
    switch (byte) {
    case ' ':
    case '\t':
    case '\r':
    case '\n':
    case '"':
    case '\'':
    case '\\':
    case ':':
    case '=':
    case '>':
        return true;
    default:
        return false;
    }
}

static void echo_named(struct redact_watcher *w, unsigned char byte, uint32_t from)
{
    if (byte == '{' || byte == '[' || byte == '(') {
        w->echo = ECHO_INSIDE;
        w->echo_from = from;
        w->echo_depth = 1;
        w->echo_count = 0;
        w->quote = 0;
        w->escaped = false;
    } else if (++w->echo_count > ECHO_SIGNS || !is_between(byte)) {
        w->echo = ECHO_NONE;
    }
}

static void echo_inside(struct redact_scan *s, struct redact_watcher *w, unsigned char byte,
                        uint32_t to)
{
    bool escaped = w->escaped;
    w->escaped = byte == '\\' && !escaped;
    w->echo_count = w->echo_count < 2 ? w->echo_count + 1 : 2;
    if (w->quote) {
        if (byte == w->quote && !escaped)
            w->quote = 0;
        return;
    }
    if ((byte == '"' || byte == '\'') && !escaped) {
        w->quote = byte;
    } else if (byte == '{' || byte == '[' || byte == '(') {
        w->echo_depth++;
    } else if ((byte == '}' || byte == ']' || byte == ')') && --w->echo_depth == 0) {
        w->echo = ECHO_NONE;
        if (w->echo_count > 1) // {} is nothing
            cover(s, w, w->echo_from, to);
    }
}

// Looking for secrets
// -------------------------------------------------------------------------------

static void look(struct redact_scan *s, struct redact_watcher *w, unsigned char byte, uint32_t from,
                 uint32_t to)
{
    w->ring[w->seen++ % NEEDLE_MOST] = from;
    if (w->pending > 0) {
        w->pending--;
        cover(s, w, from, to);
    }
    const struct needle_hit *hit = needles_step(s->rules->needles, &w->state, byte);
    if (hit->size > 0)
        cover(s, w, w->ring[(w->seen - hit->size) % NEEDLE_MOST], to);
    if (hit->more > w->pending)
        w->pending = hit->more;
    if (w->echo == ECHO_INSIDE)
        echo_inside(s, w, byte, to);
    else if (w->echo == ECHO_NAMED)
        echo_named(w, byte, from);
    if (hit->opens && w->echo == ECHO_NONE) {
        w->echo = ECHO_NAMED;
        w->echo_count = 0;
    }
}

// Whether this byte means nothing to the level: no secret is under way and none begins with it.
static inline bool is_idle(const struct redact_scan *s, const struct redact_watcher *w,
                           unsigned char byte)
{
    return w->state == 0 && w->pending == 0 && w->echo == ECHO_NONE &&
           s->rules->needles->root[byte] == 0;
}

static void start(struct redact_watcher *w)
{
    memset(w, 0, offsetof(struct redact_watcher, ring));
}

// The end of the text ends an echo, too: it may have been cut.
static void finish(struct redact_scan *s, struct redact_watcher *w, uint32_t end)
{
    if (w->echo == ECHO_INSIDE && w->echo_count > 0)
        cover(s, w, w->echo_from, end);
}

// Levels of escapes
// ---------------------------------------------------------------------------------
//
// A level begins where the one before it has the first byte that may begin an escape: so far both
// are the same, so it goes on from the other's state.

static void take(struct redact_scan *s, unsigned level, unsigned char byte, uint32_t from,
                 uint32_t to);

// Decodes the escapes in what a level was given, and looks at it; the last few bytes wait for more
// unless this is the end.
static void drain(struct redact_scan *s, unsigned level, bool last)
{
    struct redact_units *u = &s->units[level];
    size_t at = 0;
    while (u->count - at >= (last ? 1 : UNESCAPE_MOST)) {
        struct unescaped escape;
        size_t left = u->count - at;
        if (!unescape_any(u->bytes + at, left, &escape)) {
            take(s, level, (unsigned char)u->bytes[at], u->from[at], u->to[at]);
            at++;
            continue;
        }
        for (size_t i = 0; i < escape.size; i++)
            take(s, level, (unsigned char)escape.bytes[i], u->from[at],
                 u->to[at + escape.length - 1]);
        at += escape.length;
    }
    u->count -= at;
    memmove(u->bytes, u->bytes + at, u->count);
    memmove(u->from, u->from + at, u->count * sizeof *u->from);
    memmove(u->to, u->to + at, u->count * sizeof *u->to);
}

static void hand_down(struct redact_scan *s, unsigned level, unsigned char byte, uint32_t from,
                      uint32_t to)
{
    struct redact_units *u = &s->units[level];
    u->bytes[u->count] = (char)byte;
    u->from[u->count] = from;
    u->to[u->count] = to;
    if (++u->count == REDACT_UNITS)
        drain(s, level, false);
}

static void take(struct redact_scan *s, unsigned level, unsigned char byte, uint32_t from,
                 uint32_t to)
{
    struct redact_watcher *w = &s->watchers[level];
    if (level + 1 == s->active && s->active < REDACT_LEVELS && unescape_begins((char)byte)) {
        s->watchers[s->active] = *w;
        s->units[s->active].count = 0;
        s->active++;
    }
    if (level + 1 < s->active)
        hand_down(s, level + 1, byte, from, to);
    if (!is_idle(s, w, byte))
        look(s, w, byte, from, to);
}

// The first byte at which anything begins, a secret or an escape.
static uint32_t skip(const struct redact_scan *s, uint32_t at, uint32_t to)
{
    const bool *begins = s->rules->begins;
    const unsigned char *text = (const unsigned char *)s->text;
    // Most of a long text is passed by here: four bytes at a time.
    while (to - at >= 4 &&
           !(begins[text[at]] | begins[text[at + 1]] | begins[text[at + 2]] | begins[text[at + 3]]))
        at += 4;
    while (at < to && !begins[text[at]])
        at++;
    return at;
}

void redact_scan_init(struct redact_scan *s, const struct redact *rules, const char *text,
                      uint32_t size)
{
    s->rules = rules;
    s->text = text;
    s->size = size;
    s->map = NULL;
    s->failed = false;
    s->emitted = 0;
}

void redact_scan_begin(struct redact_scan *s, uint32_t from, uint32_t to, bool json)
{
    start(&s->watchers[0]);
    s->active = 1;
    s->json = json;
    s->at = from;
    s->to = to;
}

// The place `bytes` behind another one, or the end.
static uint32_t behind(uint32_t at, size_t bytes, uint32_t end)
{
    return end - at > bytes ? at + (uint32_t)bytes : end;
}

// Looks at the text from s->at on, up to `stop` or the end of an escape across it.
static void scan(struct redact_scan *s, uint32_t stop)
{
    struct redact_watcher *w = &s->watchers[0];
    struct unescaped escape;
    uint32_t at = s->at;
    while (at < stop) {
        if (s->active == 1 && w->state == 0 && w->pending == 0 && w->echo == ECHO_NONE)
            at = skip(s, at, stop);
        if (at == stop)
            break;
        if (s->json && s->text[at] == '\\' && unescape_json(s->text + at, s->to - at, &escape)) {
            uint32_t next = at + (uint32_t)escape.length;
            for (size_t i = 0; i < escape.size; i++)
                take(s, 0, (unsigned char)escape.bytes[i], at, next);
            at = next;
            continue;
        }
        take(s, 0, (unsigned char)s->text[at], at, at + 1);
        at++;
    }
    s->at = at;
}

bool redact_scan_some(struct redact_scan *s, size_t bytes)
{
    scan(s, behind(s->at, bytes, s->to));
    if (s->at < s->to)
        return false;
    for (unsigned level = 1; level < s->active; level++)
        drain(s, level, true);
    for (unsigned level = 0; level < s->active; level++)
        finish(s, &s->watchers[level], s->to);
    return true;
}

// The end of the run of bytes with the same mark; what is marked ends nowhere else.
static uint32_t run_end(const struct redact_scan *s, uint32_t at, uint32_t stop)
{
    char kind = s->map[at];
    uint32_t end = kind == 0 ? stop : s->size;
    while (at < end && s->map[at] == kind)
        at++;
    return at;
}

enum redact_emitted redact_emit_some(struct redact_scan *s, struct buf *out, size_t bytes)
{
    static const char part[] = "[redacted]";
    static const char whole[] = "\"[redacted]\"";
    uint32_t stop = behind(s->emitted, bytes, s->size);
    while (s->emitted < stop) {
        uint32_t from = s->emitted;
        char kind = s->map[from];
        s->emitted = run_end(s, from, stop);
        bool ok;
        if (kind == 0)
            ok = buf_append(out, s->text + from, s->emitted - from);
        else if (kind == REDACT_PART)
            ok = buf_append(out, part, sizeof part - 1);
        else
            ok = buf_append(out, whole, sizeof whole - 1);
        if (!ok)
            return REDACT_NOT_EMITTED;
    }
    return s->emitted == s->size ? REDACT_EMITTED : REDACT_EMITS;
}
