#include "json/redact_walk.h"

#include "base/unescape.h"
#include "json/reader.h"
#include "json/redact_scan.h"
#include "json/scan.h"

#include <stdlib.h>

static struct redact_frame *top(struct redact_walk *w)
{
    return &w->frames[w->depth];
}

// The hash of a string's bytes once its escapes are decoded.
static uint64_t hash_string(const struct redact_walk *w, uint32_t from, uint32_t to, uint64_t salt)
{
    uint64_t hash = redact_hash_start(salt);
    struct unescaped escape;
    for (uint32_t at = from; at < to;) {
        const char *byte = w->scan.text + at;
        if (*byte == '\\' && unescape_json(byte, to - at, &escape)) {
            for (size_t i = 0; i < escape.size; i++)
                hash = redact_hash(hash, (unsigned char)escape.bytes[i]);
            at += (uint32_t)escape.length;
        } else {
            hash = redact_hash(hash, (unsigned char)*byte);
            at++;
        }
    }
    return hash;
}

// Whether what comes next is a member that is cut as a whole.
static bool is_cut(struct redact_walk *w)
{
    const struct redact_frame *f = top(w);
    return f->meaning == REDACT_CUT && f->is_object && !f->in_inputs;
}

static bool is_url(const struct redact_walk *w, uint32_t from, uint32_t to)
{
    const char *text = w->scan.text + from;
    size_t size = to - from;
    return (size > 7 && memcmp(text, "http://", 7) == 0) ||
           (size > 8 && memcmp(text, "https:/", 7) == 0) ||
           (size > 9 && memcmp(text, "https:\\/", 8) == 0) ||
           (size > 9 && memcmp(text, "http:\\/\\/", 9) == 0);
}

static bool is_spared(struct redact_walk *w, uint32_t from, uint32_t to)
{
    const struct redact_frame *f = top(w);
    if (f->meaning == REDACT_KEPT)
        return true;
    return f->in_outputs && (f->meaning == REDACT_OUTPUT || is_url(w, from, to));
}

enum { LONGEST_WHOLE = 4096 }; // bytes of a string, or of a name, that is compared as a whole

static bool is_whole(struct redact_walk *w, uint32_t from, uint32_t to)
{
    return w->scan.rules->has_wholes && to - from <= LONGEST_WHOLE &&
           redact_set_get(&w->scan.rules->set, hash_string(w, from, to, top(w)->name)) != 0;
}

// What it finds is marked before anything else is looked at.
static void scan(struct redact_walk *w, uint32_t from, uint32_t to)
{
    redact_scan_begin(&w->scan, from, to, true);
    w->scans = true;
}

static void value_string(struct redact_walk *w, uint32_t from, uint32_t to)
{
    if (w->cut_depth > 0 || to == from)
        return;
    bool spared = is_spared(w, from, to);
    bool word = top(w)->meaning == REDACT_WORD;
    if (is_cut(w) || (!spared && !word && is_whole(w, from, to)))
        redact_mark(&w->scan, from, to, REDACT_PART);
    else if (!spared)
        scan(w, from, to);
}

static void name_string(struct redact_walk *w, uint32_t from, uint32_t to)
{
    struct redact_frame *f = top(w);
    bool is_long = to - from > LONGEST_WHOLE;
    f->name = is_long ? 0 : hash_string(w, from, to, REDACT_NAME_SALT);
    f->meaning = is_long ? REDACT_OTHER : redact_set_get(&w->scan.rules->set, f->name);
    f->at_name = false;
    if (w->cut_depth == 0 && f->meaning == REDACT_OTHER)
        scan(w, from, to);
}

static void begin_string(struct redact_walk *w)
{
    w->from = ++w->at;
    w->in_string = true;
}

// Looks for the end of the string, some `bytes` far; false where it has none.
static bool seek_end(struct redact_walk *w, size_t bytes)
{
    const char *text = w->scan.text;
    const char *end = text + w->scan.size;
    const char *at = text + w->at;
    const char *stop = (size_t)(end - at) > bytes ? at + bytes : end;
    for (at = json_scan_quote(at, stop); at < stop && *at == '\\';
         at = at < stop ? json_scan_quote(at, stop) : at) {
        if (end - at < 2)
            return false;
        at += 2;
    }
    w->at = (uint32_t)(at - text);
    if (at >= stop)
        return at < end;
    w->in_string = false;
    w->at++;
    uint32_t to = w->at - 1;
    if (top(w)->is_object && top(w)->at_name)
        name_string(w, w->from, to);
    else
        value_string(w, w->from, to);
    return true;
}

static bool ends_word(char c)
{
    return json_is_blank(c) || c == ',' || c == ':' || c == ']' || c == '}' || c == '[' ||
           c == '{' || c == '"';
}

static bool is_number(char first)
{
    return first == '-' || (first >= '0' && first <= '9');
}

// A number, true, null, NaN: all up to the next sign.
static void word(struct redact_walk *w)
{
    const char *text = w->scan.text;
    const struct redact *rules = w->scan.rules;
    uint32_t from = w->at;
    while (w->at < w->scan.size && !ends_word(text[w->at]))
        w->at++;
    if (w->cut_depth > 0 || !is_number(text[from]))
        return;
    bool found = rules->has_numbers &&
                 redact_set_get(&rules->set, hash_string(w, from, w->at, REDACT_NUMBER_SALT)) != 0;
    if (found || is_cut(w))
        redact_mark(&w->scan, from, w->at, REDACT_WHOLE);
}

static bool is_empty_container(const struct redact_walk *w)
{
    const char *text = w->scan.text;
    uint32_t at = w->at + 1;
    while (at < w->scan.size && json_is_blank(text[at]))
        at++;
    return at < w->scan.size && (text[at] == '}' || text[at] == ']');
}

static bool open_container(struct redact_walk *w, bool is_object)
{
    if (w->depth == JSON_MAX_DEPTH)
        return false;
    const struct redact_frame *f = top(w);
    struct redact_frame inner = {
        .is_object = is_object,
        .at_name = is_object,
        .in_inputs = is_object && f->meaning == REDACT_INPUTS,
        .in_outputs = f->in_outputs || f->meaning == REDACT_OUTPUTS,
        .name = is_object ? 0 : f->name,
        .meaning = is_object || f->meaning == REDACT_CUT ? REDACT_OTHER : f->meaning,
    };
    if (w->cut_depth == 0 && is_cut(w) && !is_empty_container(w)) {
        w->cut_depth = w->depth + 1;
        w->cut_from = w->at;
    }
    w->frames[++w->depth] = inner;
    w->at++;
    return true;
}

static bool close_container(struct redact_walk *w, bool is_object)
{
    if (w->depth == 0 || top(w)->is_object != is_object)
        return false;
    w->at++;
    if (w->cut_depth == w->depth) {
        redact_mark(&w->scan, w->cut_from, w->at, REDACT_WHOLE);
        w->cut_depth = 0;
    }
    w->depth--;
    return true;
}

// One sign or value; false where the text is no JSON.
static bool step(struct redact_walk *w)
{
    struct redact_frame *f = top(w);
    char c = w->scan.text[w->at];
    if (json_is_blank(c)) {
        w->at++;
        return true;
    }
    if (w->depth == 0 && w->had_value)
        return false;
    switch (c) {
    case ',':
        f->at_name = f->is_object;
        w->at++;
        return w->depth > 0;
    case ':':
        w->at++;
        return f->is_object;
    case '{':
    case '[':
        return open_container(w, c == '{');
    case '}':
    case ']':
        return close_container(w, c == '}');
    case '"':
        begin_string(w);
        return true;
    default:
        if (w->depth == 0) // a word alone may be any text
            return false;
        word(w);
        return true;
    }
}

void redact_walk_begin(struct redact_walk *w, const struct redact *r, const char *text,
                       uint32_t size, bool outputs)
{
    redact_scan_init(&w->scan, r, text, size);
    w->at = w->depth = w->cut_depth = w->cut_from = 0;
    w->had_value = w->in_string = w->scans = false;
    w->frames[0] = (struct redact_frame){ .in_outputs = outputs };
}

// Goes on within a string, some `bytes` far; false where it has no end.
static bool go_on(struct redact_walk *w, size_t bytes)
{
    if (w->in_string)
        return seek_end(w, bytes);
    w->scans = !redact_scan_some(&w->scan, bytes);
    return true;
}

static bool is_between(const struct redact_walk *w)
{
    return !w->in_string && !w->scans;
}

enum redact_walked redact_walk_some(struct redact_walk *w, size_t bytes)
{
    for (size_t left = bytes; w->at < w->scan.size || !is_between(w);) {
        uint32_t before = w->at, scanned = w->scans ? w->scan.at : 0;
        if (!(is_between(w) ? step(w) : go_on(w, left)))
            return REDACT_NO_WALK;
        bool ended = is_between(w) && w->depth == 0 && !json_is_blank(w->scan.text[w->at - 1]);
        w->had_value = w->had_value || ended;
        size_t used = (size_t)(w->at - before) + (scanned > 0 ? w->scan.at - scanned : 0);
        if (used >= left)
            return REDACT_WALKS;
        left -= used;
    }
    return w->depth == 0 && w->had_value ? REDACT_WALKED : REDACT_NO_WALK;
}
