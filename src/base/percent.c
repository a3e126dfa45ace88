#include "base/percent.h"

#include "base/hex.h"

static const char hex[] = "0123456789ABCDEF";

static bool is_unreserved(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

size_t percent_encoded_size(const char *bytes, size_t size)
{
    size_t encoded = size;
    for (size_t i = 0; i < size; i++) {
        if (!is_unreserved(bytes[i]))
            encoded += 2;
    }
    return encoded;
}

void percent_encode(const char *bytes, size_t size, char *out)
{
    for (size_t i = 0; i < size; i++) {
        if (is_unreserved(bytes[i])) {
            *out++ = bytes[i];
            continue;
        }
        unsigned char byte = (unsigned char)bytes[i];
        *out++ = '%';
        *out++ = hex[byte >> 4];
        *out++ = hex[byte & 15];
    }
}

bool percent_decode(const char *text, size_t size, char *out, size_t *decoded)
{
    const char *begin = out;
    for (size_t i = 0; i < size; i++) {
        if (text[i] != '%') {
            *out++ = text[i];
            continue;
        }
        if (size - i < 3)
            return false;
        int high = hex_digit(text[i + 1]);
        int low = hex_digit(text[i + 2]);
        if (high < 0 || low < 0)
            return false;
        *out++ = (char)(high << 4 | low);
        i += 2;
    }
    *decoded = (size_t)(out - begin);
    return true;
}
