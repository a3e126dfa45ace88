#include "base/utf8.h"

#include <string.h>

static bool is_continuation(unsigned char byte)
{
    return (byte & 0xC0) == 0x80;
}

size_t utf8_sequence(const char *at, const char *end)
{
    const unsigned char *s = (const unsigned char *)at;
    size_t left = (size_t)(end - at);
    if (s[0] < 0x80)
        return 1;
    if (s[0] < 0xC2 || left < 2 || !is_continuation(s[1]))
        return 0;
    if (s[0] < 0xE0)
        return 2;
    if (left < 3 || !is_continuation(s[2]))
        return 0;
    if (s[0] < 0xF0) {
        bool overlong = s[0] == 0xE0 && s[1] < 0xA0;
        bool surrogate = s[0] == 0xED && s[1] >= 0xA0;
        return overlong || surrogate ? 0 : 3;
    }
    if (left < 4 || !is_continuation(s[3]))
        return 0;
    bool overlong = s[0] == 0xF0 && s[1] < 0x90;
    bool above = s[0] > 0xF4 || (s[0] == 0xF4 && s[1] >= 0x90);
    return overlong || above ? 0 : 4;
}

// Skips eight ASCII bytes at a time.
static const char *skip_ascii(const char *at, const char *end)
{
    while (end - at >= 8) {
        uint64_t word;
        memcpy(&word, at, sizeof word);
        if (word & 0x8080808080808080U)
            break;
        at += 8;
    }
    return at;
}

// The end of the valid text that begins at `at`.
static const char *skip_valid(const char *at, const char *end)
{
    while ((at = skip_ascii(at, end)) < end) {
        size_t length = utf8_sequence(at, end);
        if (length == 0)
            break;
        at += length;
    }
    return at;
}

bool utf8_valid(const char *text, size_t size)
{
    return skip_valid(text, text + size) == text + size;
}

size_t utf8_head(const char *text, size_t size, size_t count)
{
    const char *at = text;
    const char *end = text + size;
    for (; at < end && count > 0; count--) {
        size_t length = utf8_sequence(at, end);
        at += length ? length : 1;
    }
    return (size_t)(at - text);
}

// Bytes of the sequence that a byte begins; 1 where it begins none.
static size_t promised(unsigned char first)
{
    if (first < 0xC2 || first > 0xF4)
        return 1;
    return first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
}

// Whether a byte may follow the first one of a sequence.
static bool may_follow(unsigned char first, unsigned char second)
{
    unsigned char low = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
    unsigned char high = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
    return second >= low && second <= high;
}

size_t utf8_broken(const char *at, const char *end)
{
    const unsigned char *s = (const unsigned char *)at;
    size_t most = promised(s[0]);
    size_t left = (size_t)(end - at);
    if (most == 1 || left < 2 || !may_follow(s[0], s[1]))
        return 1;
    size_t size = 2;
    while (size < most && size < left && is_continuation(s[size]))
        size++;
    return size;
}

static size_t put_bytes(char *out, size_t written, const char *bytes, size_t size)
{
    if (out && size > 0)
        memcpy(out + written, bytes, size);
    return written + size;
}

size_t utf8_clean(const char *text, size_t size, char *out)
{
    static const char replacement[] = "\xEF\xBF\xBD";
    const char *end = text + size;
    size_t written = 0;
    for (const char *at = text; at < end;) {
        const char *from = at;
        at = skip_valid(at, end);
        written = put_bytes(out, written, from, (size_t)(at - from));
        if (at == end)
            break;
        written = put_bytes(out, written, replacement, sizeof replacement - 1);
        at += utf8_broken(at, end);
    }
    return written;
}

size_t utf8_whole(const char *text, size_t size)
{
    const char *end = text + size;
    for (size_t back = 1; back <= 3 && back <= size; back++) {
        const char *at = end - back;
        if (is_continuation((unsigned char)*at))
            continue;
        bool unfinished = promised((unsigned char)*at) > back && utf8_broken(at, end) == back;
        return unfinished ? size - back : size;
    }
    return size;
}

size_t utf8_put(char *out, uint32_t scalar)
{
    if (scalar < 0x80) {
        out[0] = (char)scalar;
        return 1;
    }
    if (scalar < 0x800) {
        out[0] = (char)(0xC0 | (scalar >> 6));
        out[1] = (char)(0x80 | (scalar & 0x3F));
        return 2;
    }
    if (scalar < 0x10000) {
        out[0] = (char)(0xE0 | (scalar >> 12));
        out[1] = (char)(0x80 | ((scalar >> 6) & 0x3F));
        out[2] = (char)(0x80 | (scalar & 0x3F));
        return 3;
    }
    out[0] = (char)(0xF0 | (scalar >> 18));
    out[1] = (char)(0x80 | ((scalar >> 12) & 0x3F));
    out[2] = (char)(0x80 | ((scalar >> 6) & 0x3F));
    out[3] = (char)(0x80 | (scalar & 0x3F));
    return 4;
}
