#include "json/repair.h"

#include "base/hex.h"
#include "base/utf8.h"

#include <string.h>

#define REPLACEMENT "\xEF\xBF\xBD"

struct run {
    const char *end;
    struct buf *out;
    struct json_repair *repair;
};

static void note(struct run *r, const char *at, const char *what)
{
    if (r->repair->count++ > 0)
        return;
    r->repair->first = what;
    r->repair->at = at;
}

// The unit of the escape \uXXXX at `at`; -1 when it is none.
static int unit_of(const char *at, const char *end)
{
    if (end - at < 6 || at[0] != '\\' || at[1] != 'u')
        return -1;
    int unit = 0;
    for (int i = 2; i < 6; i++) {
        int digit = hex_digit(at[i]);
        if (digit < 0)
            return -1;
        unit = unit << 4 | digit;
    }
    return unit;
}

// Copies an escape; the place behind it, NULL without memory.
static const char *copy_escape(struct run *r, const char *at)
{
    int unit = unit_of(at, r->end);
    size_t size = unit >= 0 ? 6 : r->end - at > 1 ? 2 : 1;
    if (unit >= 0xD800 && unit < 0xE000) {
        int low = unit < 0xDC00 ? unit_of(at + 6, r->end) : -1;
        if (low < 0xDC00 || low >= 0xE000) {
            note(r, at, "half of a surrogate pair");
            return buf_append(r->out, REPLACEMENT, 3) ? at + 6 : NULL;
        }
        size = 12;
    }
    return buf_append(r->out, at, size) ? at + size : NULL;
}

static const char *copy_control(struct run *r, const char *at)
{
    static const char hex[] = "0123456789abcdef";
    unsigned char c = (unsigned char)*at;
    char escape[] = { '\\', 'u', '0', '0', hex[c >> 4], hex[c & 15] };
    note(r, at, "a control character in a string");
    return buf_append(r->out, escape, sizeof escape) ? at + 1 : NULL;
}

// Copies what is no plain byte of a string.
static const char *copy_odd(struct run *r, const char *at)
{
    if (*at == '\\')
        return copy_escape(r, at);
    if ((unsigned char)*at < 0x20)
        return copy_control(r, at);
    size_t length = utf8_sequence(at, r->end);
    if (length > 0)
        return buf_append(r->out, at, length) ? at + length : NULL;
    note(r, at, "bytes that are no UTF-8");
    return buf_append(r->out, REPLACEMENT, 3) ? at + 1 : NULL;
}

static bool is_plain(char c)
{
    return (unsigned char)c >= 0x20 && (unsigned char)c < 0x80 && c != '"' && c != '\\';
}

// `at` is the opening quote; the place behind the closing one, or the end.
static const char *copy_string(struct run *r, const char *at)
{
    const char *from = at++;
    while (at && at < r->end && *at != '"') {
        if (is_plain(*at)) {
            at++;
            continue;
        }
        if (!buf_append(r->out, from, (size_t)(at - from)))
            return NULL;
        at = from = copy_odd(r, at);
    }
    if (!at)
        return NULL;
    at += at < r->end;
    return buf_append(r->out, from, (size_t)(at - from)) ? at : NULL;
}

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '+' || c == '.';
}

// Copies a number or a word, or null for one that JSON does not have.
static const char *copy_word(struct run *r, const char *at)
{
    static const char *const words[] = { "NaN", "Infinity", "-Infinity" };
    const char *from = at;
    while (at < r->end && is_word(*at))
        at++;
    size_t size = (size_t)(at - from);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (size == strlen(words[i]) && memcmp(from, words[i], size) == 0) {
            note(r, from, words[i]);
            return buf_append(r->out, "null", 4) ? at : NULL;
        }
    }
    return buf_append(r->out, from, size) ? at : NULL;
}

bool json_repair(const char *text, size_t size, struct buf *out, struct json_repair *repair)
{
    struct run r = { text + size, out, repair };
    const char *at = text;
    *repair = (struct json_repair){ 0 };
    if (size >= 3 && memcmp(at, "\xEF\xBB\xBF", 3) == 0) {
        note(&r, at, "a byte order mark");
        at += 3;
    }
    while (at && at < r.end) {
        if (*at == '"')
            at = copy_string(&r, at);
        else if (is_word(*at))
            at = copy_word(&r, at);
        else
            at = buf_append(out, at, 1) ? at + 1 : NULL;
    }
    return at != NULL;
}
