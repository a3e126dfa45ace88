#include "base/base64.h"

#include <stdint.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

enum { NO_DIGIT = 64 };

// The value of a digit; NO_DIGIT for any other character.
static unsigned digit(char c)
{
    if (c >= 'A' && c <= 'Z')
        return (unsigned)(c - 'A');
    if (c >= 'a' && c <= 'z')
        return (unsigned)(c - 'a') + 26;
    if (c >= '0' && c <= '9')
        return (unsigned)(c - '0') + 52;
    if (c == '+')
        return 62;
    return c == '/' ? 63 : NO_DIGIT;
}

size_t base64_encoded_size(size_t size)
{
    return (size + 2) / 3 * 4;
}

size_t base64_decoded_room(size_t size)
{
    return size / 4 * 3;
}

void base64_encode(const char *bytes, size_t size, char *out)
{
    const unsigned char *in = (const unsigned char *)bytes;
    for (; size >= 3; size -= 3, in += 3, out += 4) {
        uint32_t group = (uint32_t)in[0] << 16 | (uint32_t)in[1] << 8 | in[2];
        out[0] = alphabet[group >> 18];
        out[1] = alphabet[(group >> 12) & 63];
        out[2] = alphabet[(group >> 6) & 63];
        out[3] = alphabet[group & 63];
    }
    if (size == 0)
        return;
    uint32_t group = (uint32_t)in[0] << 16 | (size == 2 ? (uint32_t)in[1] << 8 : 0);
    out[0] = alphabet[group >> 18];
    out[1] = alphabet[(group >> 12) & 63];
    out[2] = '=';
    if (size == 2)
        out[2] = alphabet[(group >> 6) & 63];
    out[3] = '=';
}

// The last group, of which `digits` (2 or 3) are digits.  False when unused bits are set.
static bool decode_tail(const char *text, unsigned digits, char *out)
{
    uint32_t group = digit(text[0]) << 18 | digit(text[1]) << 12;
    if (digits == 3)
        group |= digit(text[2]) << 6;
    out[0] = (char)(group >> 16);
    if (digits == 2)
        return (group & 0xFFFF) == 0;
    out[1] = (char)(group >> 8);
    return (group & 0xFF) == 0;
}

bool base64_decode(const char *text, size_t size, char *out, size_t *decoded, const char **message,
                   size_t *at)
{
    size_t pads = 0;
    if (size > 0 && text[size - 1] == '=')
        pads = size > 1 && text[size - 2] == '=' ? 2 : 1;
    size_t digits = size - pads;
    for (size_t i = 0; i < digits; i++) {
        if (digit(text[i]) == NO_DIGIT) {
            *message = "not a character of base64";
            *at = i;
            return false;
        }
    }
    if (size % 4 != 0) {
        *message = "the length is no multiple of four (padding is missing)";
        *at = size;
        return false;
    }
    char *begin = out;
    for (; digits >= 4; digits -= 4, text += 4, out += 3) {
        uint32_t group =
            digit(text[0]) << 18 | digit(text[1]) << 12 | digit(text[2]) << 6 | digit(text[3]);
        out[0] = (char)(group >> 16);
        out[1] = (char)(group >> 8);
        out[2] = (char)group;
    }
    if (digits > 0) {
        if (!decode_tail(text, (unsigned)digits, out)) {
            *message = "unused bits of the last character are not zero";
            *at = size - pads - 1;
            return false;
        }
        out += digits - 1;
    }
    *decoded = (size_t)(out - begin);
    return true;
}
