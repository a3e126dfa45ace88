#include "json/reader.h"

#include "base/hex.h"
#include "base/utf8.h"
#include "json/scan.h"

#include <string.h>

enum expect {
    VALUE,        // at the start, behind ':' and behind ',' of an array
    VALUE_OR_END, // behind '['
    KEY_OR_END,   // behind '{'
    COLON,        // behind a key
    SEPARATOR,    // behind a value
    FAILED,
};

void json_reader_init(struct json_reader *r, const char *text, size_t size)
{
    memset(r, 0,
           offsetof(struct json_reader, objects)); // a bit of `objects` is set before it is read
    r->at = text;
    r->start = text;
    r->end = text + size;
    r->expect = VALUE;
}

static enum json_event fail(struct json_reader *r, const char *at, const char *message)
{
    if (at == r->end)
        message = "the text ends too early";
    r->at = at;
    r->message = message;
    r->expect = FAILED;
    return JSON_ERROR;
}

static inline bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static inline const char *skip_blanks(struct json_reader *r, const char *at)
{
    if (!json_is_blank(*at))
        return at;
    const char *from = at;
    at = json_skip_blanks(at, r->end);
    r->blanks += (size_t)(at - from);
    return at;
}

// The value of four hexadecimal digits; -1 when they are not.  Stops at a terminator.
static int32_t hex4(const char *at)
{
    int32_t value = 0;
    for (int i = 0; i < 4; i++) {
        int digit = hex_digit(at[i]);
        if (digit < 0)
            return -1;
        value = value << 4 | digit;
    }
    return value;
}

static bool is_high_surrogate(int32_t unit)
{
    return unit >= 0xD800 && unit < 0xDC00;
}

static bool is_low_surrogate(int32_t unit)
{
    return unit >= 0xDC00 && unit < 0xE000;
}

// `at` is a backslash; the place behind the escape, or NULL with the message set.
static const char *check_escape(struct json_reader *r, const char *at)
{
    if (at[1] && strchr("\"\\/bfnrt", at[1]))
        return at + 2;
    if (at[1] != 'u') {
        fail(r, at + 1, "unknown escape in a string");
        return NULL;
    }
    int32_t unit = hex4(at + 2);
    if (unit < 0) {
        fail(r, at, "\\u needs four hexadecimal digits");
        return NULL;
    }
    if (is_high_surrogate(unit) && at[6] == '\\' && at[7] == 'u' && is_low_surrogate(hex4(at + 8)))
        return at + 12;
    if (!r->lone_surrogates && (is_high_surrogate(unit) || is_low_surrogate(unit))) {
        fail(r, at, "half of a surrogate pair in a string");
        return NULL;
    }
    return at + 6;
}

// `at` is no plain byte; the place behind it, or NULL with the message set.
static const char *check_odd_byte(struct json_reader *r, const char *at)
{
    if (*at == '\\') {
        r->escaped = true;
        return check_escape(r, at);
    }
    if (at == r->end || (unsigned char)*at < 0x20) {
        fail(r, at, "control character in a string; write it as an escape");
        return NULL;
    }
    size_t length = utf8_sequence(at, r->end);
    if (length == 0) {
        fail(r, at, "invalid UTF-8");
        return NULL;
    }
    return at + length;
}

// `at` is the opening quote.
static inline bool read_string(struct json_reader *r, const char *at)
{
    const char *from = ++at;
    r->escaped = false;
    while (*(at = json_scan_plain(at, r->end)) != '"') {
        at = check_odd_byte(r, at);
        if (!at)
            return false;
    }
    r->slice = from;
    r->size = (size_t)(at - from);
    r->at = at + 1;
    return true;
}

static inline const char *skip_digits(const char *at)
{
    while (is_digit(*at))
        at++;
    return at;
}

static enum json_event read_number(struct json_reader *r, const char *at)
{
    const char *from = at;
    r->integral = true;
    if (*at == '-')
        at++;
    if (*at == '0' && is_digit(at[1]))
        return fail(r, at, "a number begins with a needless zero");
    if (!is_digit(*at))
        return fail(r, at, "a digit must follow the minus sign");
    at = skip_digits(at);
    if (*at == '.') {
        r->integral = false;
        if (!is_digit(*++at))
            return fail(r, at, "a digit must follow the decimal point");
        at = skip_digits(at);
    }
    if (*at == 'e' || *at == 'E') {
        r->integral = false;
        at++;
        if (*at == '+' || *at == '-')
            at++;
        if (!is_digit(*at))
            return fail(r, at, "an exponent needs digits");
        at = skip_digits(at);
    }
    r->slice = from;
    r->size = (size_t)(at - from);
    r->at = at;
    r->expect = SEPARATOR;
    return JSON_NUMBER;
}

static enum json_event read_word(struct json_reader *r, const char *at)
{
    static const struct {
        const char *word;
        size_t size;
        enum json_event event;
    } words[] = {
        { "true", 4, JSON_TRUE },
        { "false", 5, JSON_FALSE },
        { "null", 4, JSON_NULL },
    };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (strncmp(at, words[i].word, words[i].size) == 0) {
            r->at = at + words[i].size;
            r->expect = SEPARATOR;
            return words[i].event;
        }
    }
    if (at == r->start && r->end - at >= 3 && memcmp(at, "\xEF\xBB\xBF", 3) == 0)
        return fail(r, at, "the text begins with a byte order mark");
    return fail(r, at, "expected a value");
}

static inline bool in_object(const struct json_reader *r)
{
    return r->objects[r->depth / 64] >> (r->depth % 64) & 1;
}

static inline enum json_event open_level(struct json_reader *r, const char *at, bool object)
{
    if (r->depth == JSON_MAX_DEPTH)
        return fail(r, at, "nested deeper than 1000 levels");
    r->depth++;
    if (r->depth > r->deepest)
        r->deepest = r->depth;
    uint64_t bit = (uint64_t)1 << (r->depth % 64);
    uint64_t *word = &r->objects[r->depth / 64];
    *word = object ? *word | bit : *word & ~bit;
    r->expect = object ? KEY_OR_END : VALUE_OR_END;
    r->at = at + 1;
    return object ? JSON_OBJECT : JSON_ARRAY;
}

static inline enum json_event close_level(struct json_reader *r, const char *at, bool object)
{
    r->depth--;
    r->expect = SEPARATOR;
    r->at = at + 1;
    return object ? JSON_OBJECT_END : JSON_ARRAY_END;
}

static inline enum json_event read_value(struct json_reader *r, const char *at)
{
    switch (*at) {
    case '"':
        if (!read_string(r, at))
            return JSON_ERROR;
        r->expect = SEPARATOR;
        return JSON_STRING;
    case '{':
        return open_level(r, at, true);
    case '[':
        return open_level(r, at, false);
    case '-':
    case '0':
    case '1':
    case '2':
    case '3':
    case '4':
    case '5':
    case '6':
    case '7':
    case '8':
    case '9':
        return read_number(r, at);
    default:
        return read_word(r, at);
    }
}

static inline enum json_event read_key(struct json_reader *r, const char *at)
{
    if (*at != '"')
        return fail(r, at, "expected a key in double quotes");
    if (!read_string(r, at))
        return JSON_ERROR;
    r->expect = COLON;
    return JSON_KEY;
}

// Behind a value.
static inline enum json_event read_separator(struct json_reader *r, const char *at)
{
    if (r->depth == 0) {
        if (at != r->end)
            return fail(r, at, "something follows the value");
        r->at = at;
        return JSON_END;
    }
    bool object = in_object(r);
    if (*at == ',') {
        at = skip_blanks(r, at + 1);
        return object ? read_key(r, at) : read_value(r, at);
    }
    if (*at == (object ? '}' : ']'))
        return close_level(r, at, object);
    return fail(r, at, object ? "expected ',' or '}'" : "expected ',' or ']'");
}

static inline enum json_event read_event(struct json_reader *r)
{
    const char *at = skip_blanks(r, r->at);
    switch ((enum expect)r->expect) {
    case SEPARATOR:
        return read_separator(r, at);
    case COLON:
        if (*at != ':')
            return fail(r, at, "expected ':' behind a key");
        return read_value(r, skip_blanks(r, at + 1));
    case VALUE_OR_END:
        return *at == ']' ? close_level(r, at, false) : read_value(r, at);
    case KEY_OR_END:
        return *at == '}' ? close_level(r, at, true) : read_key(r, at);
    case VALUE:
        return read_value(r, at);
    case FAILED:
        break;
    }
    return JSON_ERROR;
}

enum json_event json_read(struct json_reader *r)
{
    return read_event(r);
}

bool json_check(const char *text, size_t size, struct json_facts *facts)
{
    struct json_reader r;
    json_reader_init(&r, text, size);
    enum json_event event;
    do
        event = read_event(&r);
    while (event > JSON_END);
    *facts = (struct json_facts){ r.blanks, r.deepest, r.message, r.at };
    return event == JSON_END;
}

static char plain_escape(char letter)
{
    switch (letter) {
    case 'b':
        return '\b';
    case 'f':
        return '\f';
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    default:
        return letter;
    }
}

size_t json_unescape(const char *slice, size_t size, char *out)
{
    const char *at = slice;
    const char *end = slice + size;
    char *to = out;
    while (at < end) {
        const char *run = at;
        at = memchr(at, '\\', (size_t)(end - at));
        size_t plain = (size_t)((at ? at : end) - run);
        memmove(to, run, plain);
        to += plain;
        if (!at)
            break;
        if (at[1] != 'u') {
            *to++ = plain_escape(at[1]);
            at += 2;
            continue;
        }
        int32_t unit = hex4(at + 2);
        at += 6;
        if (is_high_surrogate(unit) && end - at >= 6 && at[0] == '\\' && at[1] == 'u' &&
            is_low_surrogate(hex4(at + 2))) {
            unit = 0x10000 + ((unit - 0xD800) << 10) + (hex4(at + 2) - 0xDC00);
            at += 6;
        } else if (is_high_surrogate(unit) || is_low_surrogate(unit)) {
            unit = 0xFFFD;
        }
        to += utf8_put(to, (uint32_t)unit);
    }
    return (size_t)(to - out);
}

void json_place(const char *text, const char *at, size_t *line, size_t *column)
{
    *line = 1;
    *column = 1;
    for (const char *p = text; p < at; p++) {
        if (*p == '\n') {
            (*line)++;
            *column = 1;
        } else if (((unsigned char)*p & 0xC0) != 0x80) {
            (*column)++;
        }
    }
}
