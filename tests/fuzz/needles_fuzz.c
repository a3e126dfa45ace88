// Words in a text beside a search that compares each word at each place; escapes beside a slow
// reader of them, and those of JSON beside the JSON reader.
#include "base/hex.h"
#include "base/needles.h"
#include "base/unescape.h"
#include "base/utf8.h"
#include "json/reader.h"

#include "target.h"

#include <ctype.h>

enum { MOST_WORDS = 12, MOST_TEXT = 600 };

// Words
// -------------------------------------------------------------------------------------------

struct word {
    const char *bytes;
    size_t size;
    struct needle_hit what;
};

// Takes words from the input: what they mean, their length, their bytes.  Returns how many.
static size_t take_words(const char **at, const char *end, struct word *words)
{
    size_t count = *at < end ? 1 + (unsigned char)*(*at)++ % MOST_WORDS : 0;
    for (size_t i = 0; i < count; i++) {
        if (end - *at < 3)
            return i;
        unsigned char what = (unsigned char)*(*at)++;
        size_t size = 1 + (unsigned char)*(*at)++;
        size = size > (size_t)(end - *at) ? (size_t)(end - *at) : size;
        struct needle_hit meant = { .more = what >> 3, .opens = what & 1, .hints = what & 4 };
        meant.size = what & 2 ? (uint32_t)size : 0;
        words[i] = (struct word){ *at, size, meant };
        *at += size;
    }
    return count;
}

static struct needles *make(const struct word *words, size_t count)
{
    struct needles *n = needles_new();
    must(n != NULL);
    for (size_t i = 0; i < count; i++)
        must(needles_add(n, words[i].bytes, words[i].size, words[i].what));
    must(needles_ready(n));
    return n;
}

// What ends in front of text[size], found by comparing.
static struct needle_hit hit_at(const struct word *words, size_t count, const char *text,
                                size_t size)
{
    struct needle_hit hit = { 0 };
    for (const struct word *w = words; w < words + count; w++) {
        if (w->size > size || memcmp(text + size - w->size, w->bytes, w->size) != 0)
            continue;
        hit.size = w->what.size > hit.size ? w->what.size : hit.size;
        hit.more = w->what.more > hit.more ? w->what.more : hit.more;
        hit.opens = hit.opens || w->what.opens;
        hit.hints = hit.hints || w->what.hints;
    }
    return hit;
}

static void check_words(const char *at, const char *end)
{
    struct word words[MOST_WORDS];
    size_t count = take_words(&at, end, words);
    struct needles *n = make(words, count);
    uint32_t state = 0;
    size_t size = end - at > MOST_TEXT ? MOST_TEXT : (size_t)(end - at);
    for (size_t i = 0; i < size; i++) {
        const struct needle_hit *hit = needles_step(n, &state, (unsigned char)at[i]);
        struct needle_hit expected = hit_at(words, count, at, i + 1);
        must(hit->size == expected.size && hit->more == expected.more);
        must(hit->opens == expected.opens && hit->hints == expected.hints);
    }
    needles_free(n);
}

// Escapes
// -----------------------------------------------------------------------------------------

static void set_scalar(struct unescaped *out, size_t length, unsigned long scalar)
{
    bool good = scalar < 0xD800 || (scalar > 0xDFFF && scalar <= 0x10FFFF);
    out->length = length;
    out->size = utf8_put(out->bytes, good ? (uint32_t)scalar : 0xFFFD);
}

// Reads exactly `count` digits; a text that ends before has none.
static bool digits(const char *text, size_t count, unsigned long *number)
{
    char copy[9] = { 0 };
    memcpy(copy, text, count);
    *number = strtoul(copy, NULL, 16);
    return strspn(copy, "0123456789abcdefABCDEF") == count;
}

// `text` is padded with zero bytes.
static bool read_backslash(const char *text, bool json, struct unescaped *out)
{
    static const char letters[] = "bfnrt\"\\/'", meant[] = "\b\f\n\r\t\"\\/'";
    const char *letter = text[1] ? strchr(letters, text[1]) : NULL;
    unsigned long number, low;
    if (letter && !(json && *letter == '\'')) {
        *out = (struct unescaped){ 2, 1, { meant[letter - letters] } };
        return true;
    }
    size_t count = text[1] == 'u' ? 4 : text[1] == 'x' ? 2 : text[1] == 'U' ? 8 : 0;
    if (count == 0 || (json && count != 4) || !digits(text + 2, count, &number))
        return false;
    bool pair = count == 4 && number >> 10 == 0x36 && text[6] == '\\' && text[7] == 'u' &&
                digits(text + 8, 4, &low) && low >> 10 == 0x37;
    if (pair)
        set_scalar(out, 12, 0x10000 + (number % 0x400) * 0x400 + low % 0x400);
    else
        set_scalar(out, 2 + count, number);
    return true;
}

static bool read_entity(const char *text, struct unescaped *out)
{
    static const char *const names[] = { "&amp;", "&lt;", "&gt;", "&quot;", "&apos;", "&sol;" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strncmp(text, names[i], strlen(names[i])) == 0) {
            *out = (struct unescaped){ strlen(names[i]), 1, { "&<>\"'/"[i] } };
            return true;
        }
    }
    bool hex = text[1] == '#' && (text[2] == 'x' || text[2] == 'X');
    const char *first = text + 2 + hex;
    size_t count = strspn(first, hex ? "0123456789abcdefABCDEF" : "0123456789");
    if (text[1] != '#' || count == 0 || count > 7 || first[count] != ';')
        return false;
    set_scalar(out, (size_t)(first - text) + count + 1, strtoul(first, NULL, hex ? 16 : 10));
    return true;
}

static bool read_slowly(const char *text, size_t size, bool json, struct unescaped *out)
{
    unsigned long byte;
    char padded[32] = { 0 };
    memcpy(padded, text, size > UNESCAPE_MOST ? UNESCAPE_MOST : size);
    if (*padded == '\\')
        return read_backslash(padded, json, out);
    if (json)
        return false;
    if (*padded == '&')
        return read_entity(padded, out);
    if (*padded != '%' || !digits(padded + 1, 2, &byte))
        return false;
    *out = (struct unescaped){ 3, 1, { (char)(unsigned char)byte } };
    return true;
}

static void check_escape(const char *text, size_t size, bool json)
{
    struct unescaped got = { 0 }, expected = { 0 };
    bool is = json ? unescape_json(text, size, &got) : unescape_any(text, size, &got);
    must(is == read_slowly(text, size, json, &expected));
    if (!is)
        return;
    must(got.length == expected.length && got.size == expected.size);
    must(memcmp(got.bytes, expected.bytes, got.size) == 0);
    must(unescape_begins(*text) && got.length <= UNESCAPE_MOST && got.length <= size);
    must(got.size >= 1 && got.size <= got.length);
}

// A JSON string means what its escapes mean, one after another.
static void check_json(const char *text, size_t size)
{
    char *quoted = malloc(size + 3);
    char *meant = malloc(size + 1), *resolved = malloc(size + 1);
    must(quoted && meant && resolved);
    quoted[0] = quoted[size + 1] = '"';
    memcpy(quoted + 1, text, size);
    quoted[size + 2] = '\0';
    struct json_reader reader;
    json_reader_init(&reader, quoted, size + 2);
    reader.lone_surrogates = true;
    if (json_read(&reader) == JSON_STRING && reader.size == size) {
        size_t filled = 0;
        for (size_t at = 0; at < size;) {
            struct unescaped one = { .length = 1, .size = 1, .bytes = { text[at] } };
            (void)unescape_json(text + at, size - at, &one);
            memcpy(meant + filled, one.bytes, one.size);
            filled += one.size;
            at += one.length;
        }
        must(json_unescape(reader.slice, size, resolved) == filled);
        must(memcmp(meant, resolved, filled) == 0);
    }
    free(resolved);
    free(meant);
    free(quoted);
}

static void check_digits(void)
{
    for (int c = 0; c < 256; c++) {
        char text[2] = { (char)(unsigned char)c, 0 };
        must(hex_digit(text[0]) == (isxdigit(c) ? (int)strtol(text, NULL, 16) : -1));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool checked;
    if (!checked)
        check_digits();
    checked = true;
    char *bytes = own_block(data, size);
    check_words(bytes, bytes + size);
    size_t most = size > MOST_TEXT ? MOST_TEXT : size;
    for (size_t i = 0; i < most; i++) {
        check_escape(bytes + i, size - i, false);
        check_escape(bytes + i, size - i, true);
    }
    check_json(bytes, size);
    free(bytes);
    return 0;
}
