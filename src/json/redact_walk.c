// Redaction of JSON: which strings and numbers are looked at, by the names under which they stand.
#include "base/unescape.h"
#include "json/reader.h"
#include "json/redact.h"
#include "json/redact_scan.h"
#include "json/scan.h"

#include <stdlib.h>

struct frame {
    uint64_t name; // hash of the member's name; of a list, of the one in which it stands
    unsigned char meaning;
    bool is_object;
    bool in_inputs;  // it is what a member "inputs" holds
    bool in_outputs; // it is within the outputs
    bool at_name;    // a name comes next
};

struct walk {
    struct redact_scan scan;
    uint32_t at;
    unsigned depth;     // of frames
    unsigned cut_depth; // of the container that is cut as a whole; 0: none
    uint32_t cut_from;
    bool had_value;                          // the outermost one has ended
    struct frame frames[JSON_MAX_DEPTH + 1]; // [0]: around the outermost value
};

static struct frame *top(struct walk *w)
{
    return &w->frames[w->depth];
}

// The hash of a string's bytes once its escapes are decoded.
static uint64_t hash_string(const struct walk *w, uint32_t from, uint32_t to, uint64_t salt)
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
static bool is_cut(struct walk *w)
{
    const struct frame *f = top(w);
    return f->meaning == REDACT_CUT && f->is_object && !f->in_inputs;
}

static bool is_url(const struct walk *w, uint32_t from, uint32_t to)
{
    const char *text = w->scan.text + from;
    size_t size = to - from;
    return (size > 7 && memcmp(text, "http://", 7) == 0) ||
           (size > 8 && memcmp(text, "https:/", 7) == 0) ||
           (size > 9 && memcmp(text, "https:\\/", 8) == 0) ||
           (size > 9 && memcmp(text, "http:\\/\\/", 9) == 0);
}

static bool is_spared(struct walk *w, uint32_t from, uint32_t to)
{
    const struct frame *f = top(w);
    if (f->meaning == REDACT_KEPT)
        return true;
    return f->in_outputs && (f->meaning == REDACT_OUTPUT || is_url(w, from, to));
}

enum { LONGEST_WHOLE = 4096 }; // bytes of a string that is compared as a whole

static bool is_whole(struct walk *w, uint32_t from, uint32_t to)
{
    return w->scan.rules->has_wholes && to - from <= LONGEST_WHOLE &&
           redact_set_get(&w->scan.rules->set, hash_string(w, from, to, top(w)->name)) != 0;
}

static void value_string(struct walk *w, uint32_t from, uint32_t to)
{
    if (w->cut_depth > 0 || to == from)
        return;
    bool spared = is_spared(w, from, to);
    bool word = top(w)->meaning == REDACT_WORD;
    if (is_cut(w) || (!spared && !word && is_whole(w, from, to)))
        redact_mark(&w->scan, from, to, REDACT_PART);
    else if (!spared)
        redact_scan_string(&w->scan, from, to, true);
}

static void name_string(struct walk *w, uint32_t from, uint32_t to)
{
    struct frame *f = top(w);
    f->name = hash_string(w, from, to, REDACT_NAME_SALT);
    f->meaning = redact_set_get(&w->scan.rules->set, f->name);
    f->at_name = false;
    if (w->cut_depth == 0 && f->meaning == REDACT_OTHER)
        redact_scan_string(&w->scan, from, to, true);
}

// A string, from its quote on; false where it has no end.
static bool string(struct walk *w)
{
    const char *text = w->scan.text;
    const char *end = text + w->scan.size;
    const char *at = text + w->at + 1;
    for (at = json_scan_quote(at, end); at < end && *at == '\\'; at = json_scan_quote(at, end)) {
        if (end - at < 2)
            return false;
        at += 2;
    }
    if (at >= end)
        return false;
    uint32_t from = w->at + 1;
    uint32_t to = (uint32_t)(at - text);
    w->at = to + 1;
    if (top(w)->is_object && top(w)->at_name)
        name_string(w, from, to);
    else
        value_string(w, from, to);
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
static void word(struct walk *w)
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

static bool is_empty_container(const struct walk *w)
{
    const char *text = w->scan.text;
    uint32_t at = w->at + 1;
    while (at < w->scan.size && json_is_blank(text[at]))
        at++;
    return at < w->scan.size && (text[at] == '}' || text[at] == ']');
}

static bool open_container(struct walk *w, bool is_object)
{
    if (w->depth == JSON_MAX_DEPTH)
        return false;
    const struct frame *f = top(w);
    struct frame inner = {
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

static bool close_container(struct walk *w, bool is_object)
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
static bool step(struct walk *w)
{
    struct frame *f = top(w);
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
        return string(w);
    default:
        if (w->depth == 0) // a word alone may be any text
            return false;
        word(w);
        return true;
    }
}

static bool walk(struct walk *w)
{
    while (w->at < w->scan.size) {
        if (!step(w))
            return false;
        w->had_value = w->had_value || (w->depth == 0 && !json_is_blank(w->scan.text[w->at - 1]));
    }
    return w->depth == 0 && w->had_value;
}

enum redact_outcome redact_json(const struct redact *r, const char *text, size_t size, bool outputs,
                                struct buf *out)
{
    if (size >= UINT32_MAX)
        return REDACT_NO_MEMORY;
    struct walk *w = malloc(sizeof *w);
    if (!w)
        return REDACT_NO_MEMORY;
    w->scan.rules = r;
    w->scan.text = text;
    w->scan.size = (uint32_t)size;
    w->scan.map = NULL;
    w->scan.failed = false;
    w->at = w->depth = w->cut_depth = w->cut_from = 0;
    w->had_value = false;
    w->frames[0] = (struct frame){ .in_outputs = outputs };
    enum redact_outcome outcome = REDACT_NO_JSON;
    if (walk(w)) {
        outcome = w->scan.map ? REDACT_CHANGED : REDACT_SAME;
        if (w->scan.failed || (w->scan.map && !redact_emit(&w->scan, out)))
            outcome = REDACT_NO_MEMORY;
    }
    free(w->scan.map);
    free(w);
    return outcome;
}
