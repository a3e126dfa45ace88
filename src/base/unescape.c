#include "base/unescape.h"

#include "base/hex.h"
#include "base/utf8.h"

#include <stdint.h>
#include <string.h>

// The number that `count` hexadecimal digits make; false where there are fewer.
static bool hex(const char *text, size_t size, size_t count, uint32_t *value)
{
    if (size < count)
        return false;
    *value = 0;
    for (size_t i = 0; i < count; i++) {
        int digit = hex_digit(text[i]);
        if (digit < 0)
            return false;
        *value = *value << 4 | (uint32_t)digit;
    }
    return true;
}

static bool put(struct unescaped *out, size_t length, uint32_t scalar)
{
    if (scalar > 0x10FFFF || (scalar >= 0xD800 && scalar <= 0xDFFF))
        scalar = 0xFFFD;
    out->length = length;
    out->size = utf8_put(out->bytes, scalar);
    return true;
}

// "\u0041", or a pair of them.
static bool unicode(const char *text, size_t size, struct unescaped *out)
{
    uint32_t first;
    uint32_t second;
    if (!hex(text + 2, size - 2, 4, &first))
        return false;
    bool pair = first >= 0xD800 && first <= 0xDBFF && size >= 12 && text[6] == '\\' &&
                text[7] == 'u' && hex(text + 8, 4, 4, &second) && second >= 0xDC00 &&
                second <= 0xDFFF;
    if (pair)
        return put(out, 12, 0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00));
    return put(out, 6, first);
}

static bool one(struct unescaped *out, size_t length, char byte)
{
    out->length = length;
    out->size = 1;
    out->bytes[0] = byte;
    return true;
}

bool unescape_json(const char *text, size_t size, struct unescaped *out)
{
    if (size < 2 || text[0] != '\\')
        return false;
    switch (text[1]) {
    case 'u':
        return unicode(text, size, out);
    case 'b':
        return one(out, 2, '\b');
    case 'f':
        return one(out, 2, '\f');
    case 'n':
        return one(out, 2, '\n');
    case 'r':
        return one(out, 2, '\r');
    case 't':
        return one(out, 2, '\t');
    case '"':
    case '\\':
    case '/':
        return one(out, 2, text[1]);
    default:
        return false;
    }
}

// What C and Python write beside that.
static bool backslash(const char *text, size_t size, struct unescaped *out)
{
    uint32_t scalar;
    if (unescape_json(text, size, out))
        return true;
    if (size < 2)
        return false;
    if (text[1] == '\'')
        return one(out, 2, '\'');
    if (text[1] == 'x' && hex(text + 2, size - 2, 2, &scalar))
        return put(out, 4, scalar);
    if (text[1] == 'U' && hex(text + 2, size - 2, 8, &scalar))
        return put(out, 10, scalar);
    return false;
}

static bool percent(const char *text, size_t size, struct unescaped *out)
{
    uint32_t byte;
    return hex(text + 1, size - 1, 2, &byte) && one(out, 3, (char)(unsigned char)byte);
}

// "&#65;" and "&#x41;"
static bool numeric(const char *text, size_t size, struct unescaped *out)
{
    bool is_hex = size > 2 && (text[2] == 'x' || text[2] == 'X');
    size_t at = is_hex ? 3 : 2;
    uint32_t base = is_hex ? 16 : 10;
    size_t first = at;
    uint32_t scalar = 0;
    for (; at < size && at < first + 7; at++) {
        int digit = hex_digit(text[at]);
        if (digit < 0 || (uint32_t)digit >= base)
            break;
        scalar = scalar * base + (uint32_t)digit;
    }
    if (at == first || at >= size || text[at] != ';')
        return false;
    put(out, at + 1, scalar);
    return out->size <= out->length;
}

static bool entity(const char *text, size_t size, struct unescaped *out)
{
    static const struct {
        const char *name;
        char byte;
    } entities[] = { { "&amp;", '&' },  { "&lt;", '<' },    { "&gt;", '>' },
                     { "&quot;", '"' }, { "&apos;", '\'' }, { "&sol;", '/' } };
    if (size < 4)
        return false;
    if (text[1] == '#')
        return numeric(text, size, out);
    if (text[1] < 'a' || text[1] > 's')
        return false;
    for (size_t i = 0; i < sizeof entities / sizeof *entities; i++) {
        size_t length = strlen(entities[i].name);
        if (size >= length && memcmp(text, entities[i].name, length) == 0)
            return one(out, length, entities[i].byte);
    }
    return false;
}

bool unescape_any(const char *text, size_t size, struct unescaped *out)
{
    if (size == 0)
        return false;
    switch (text[0]) {
    case '\\':
        return backslash(text, size, out);
    case '%':
        return percent(text, size, out);
    case '&':
        return entity(text, size, out);
    default:
        return false;
    }
}
