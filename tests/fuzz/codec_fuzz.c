// The text codecs: any bytes survive encoding and decoding; what decoding accepts encodes to the
// same.
#include "base/base64.h"
#include "base/percent.h"
#include "base/sha256.h"
#include "base/utf16.h"
#include "base/utf8.h"

#include "target.h"

static char *room(size_t size)
{
    char *block = malloc(size ? size : 1);
    must(block != NULL);
    return block;
}

static void round_trip_base64(const char *bytes, size_t size)
{
    const char *message;
    size_t at;
    size_t decoded;
    size_t encoded = base64_encoded_size(size);
    char *text = room(encoded);
    char *back = room(base64_decoded_room(encoded));
    base64_encode(bytes, size, text);
    must(base64_decode(text, encoded, back, &decoded, &message, &at));
    must(decoded == size && memcmp(back, bytes, size) == 0);
    free(back);
    free(text);
}

static void accept_base64(const char *text, size_t size)
{
    const char *message = NULL;
    size_t at = 0;
    size_t decoded = 0;
    char *bytes = room(base64_decoded_room(size));
    if (base64_decode(text, size, bytes, &decoded, &message, &at)) {
        must(base64_encoded_size(decoded) == size);
        char *again = room(size);
        base64_encode(bytes, decoded, again);
        must(memcmp(again, text, size) == 0);
        free(again);
    } else {
        must(message && at <= size);
    }
    free(bytes);
}

static void check_percent(const char *bytes, size_t size)
{
    size_t decoded;
    size_t encoded = percent_encoded_size(bytes, size);
    char *text = room(encoded);
    char *back = room(encoded);
    percent_encode(bytes, size, text);
    must(percent_decode(text, encoded, back, &decoded));
    must(decoded == size && memcmp(back, bytes, size) == 0);
    if (percent_decode(bytes, size, back, &decoded))
        must(decoded <= size);
    free(back);
    free(text);
}

static void check_utf8(const char *text, size_t size)
{
    size_t count = 0;
    bool valid = true;
    for (const char *at = text; at < text + size; count++) {
        size_t length = utf8_sequence(at, text + size);
        valid = valid && length > 0;
        must(length > 0 ||
             (utf8_broken(at, text + size) >= 1 && utf8_broken(at, text + size) <= 3));
        at += length ? length : 1;
    }
    must(utf8_valid(text, size) == valid);
    must(utf8_whole(text, size) <= size && utf8_whole(text, size) + 3 >= size);
    must(!valid || utf8_whole(text, size) == size);
    for (size_t part = 0; valid && part < size; part++)
        must(utf8_valid(text, utf8_whole(text, part)));
    must(utf8_head(text, size, count) == size);
    if (count > 0)
        must(utf8_head(text, size, count - 1) < size);
}

static void check_clean(const char *text, size_t size)
{
    size_t cleaned = utf8_clean(text, size, NULL);
    char *clean = room(cleaned);
    must(cleaned <= 3 * size && utf8_clean(text, size, clean) == cleaned);
    must(utf8_valid(clean, cleaned));
    must(!utf8_valid(text, size) || (cleaned == size && memcmp(clean, text, size) == 0));
    free(clean);
}

static size_t put_unit(char *out, unsigned unit, bool big_endian)
{
    out[!big_endian] = (char)(unsigned char)(unit >> 8);
    out[big_endian] = (char)(unsigned char)(unit & 0xFF);
    return 2;
}

// Writes valid UTF-8 as UTF-16, which is twice as long at most.
static size_t to_utf16(const char *text, size_t size, bool big_endian, char *out)
{
    size_t filled = 0;
    for (size_t at = 0; at < size;) {
        size_t length = utf8_sequence(text + at, text + size);
        unsigned scalar = (unsigned char)text[at] & (length == 1 ? 0x7F : 0xFF >> (length + 1));
        for (size_t i = 1; i < length; i++)
            scalar = scalar << 6 | ((unsigned char)text[at + i] & 0x3F);
        at += length;
        if (scalar >= 0x10000) {
            filled += put_unit(out + filled, 0xD800 + ((scalar - 0x10000) >> 10), big_endian);
            scalar = 0xDC00 + (scalar & 0x3FF);
        }
        filled += put_unit(out + filled, scalar, big_endian);
    }
    return filled;
}

// Whether no character of UTF-16 begins at bytes[at].
static bool is_no_utf16(const char *bytes, size_t size, size_t at, bool big_endian)
{
    if (size - at < 2)
        return true;
    unsigned kind = (unsigned char)bytes[at + !big_endian] >> 2; // a surrogate's: 0x36, 0x37
    unsigned next = size - at < 4 ? 0 : (unsigned char)bytes[at + 2 + !big_endian] >> 2;
    return kind == 0x37 || (kind == 0x36 && next != 0x37);
}

static void accept_utf16(const char *bytes, size_t size, bool big_endian)
{
    size_t written = 0, bad = 0;
    char *text = room(utf16_room(size));
    bool ok = utf16_to_utf8(bytes, size, big_endian, text, &written, &bad);
    must(written <= utf16_room(size) && utf8_valid(text, written));
    must(ok == (bad == size) && (ok || is_no_utf16(bytes, size, bad, big_endian)));
    char *back = room(2 * written);
    must(to_utf16(text, written, big_endian, back) == bad && memcmp(back, bytes, bad) == 0);
    free(back);
    free(text);
}

static void round_trip_utf16(const char *text, size_t size, bool big_endian)
{
    size_t written = 0, bad = 0;
    char *bytes = room(2 * size);
    size_t encoded = to_utf16(text, size, big_endian, bytes);
    char *back = room(utf16_room(encoded));
    must(utf16_to_utf8(bytes, encoded, big_endian, back, &written, &bad));
    must(written == size && memcmp(back, text, size) == 0);
    free(back);
    free(bytes);
}

static void check_utf16(const char *bytes, size_t size, bool big_endian)
{
    accept_utf16(bytes, size, big_endian);
    if (utf8_valid(bytes, size))
        round_trip_utf16(bytes, size, big_endian);
}

// Reads no byte outside, and the same bytes have the same digest wherever they lie.
static void check_sha256(const char *bytes, size_t size)
{
    unsigned char first[SHA256_SIZE], second[SHA256_SIZE];
    char *moved = room(size + 1);
    memcpy(moved + 1, bytes, size);
    sha256(bytes, size, first);
    sha256(moved + 1, size, second);
    must(memcmp(first, second, sizeof(first)) == 0);
    free(moved);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *bytes = own_block(data, size);
    round_trip_base64(bytes, size);
    accept_base64(bytes, size);
    check_percent(bytes, size);
    check_sha256(bytes, size);
    check_utf8(bytes, size);
    check_clean(bytes, size);
    check_utf16(bytes, size, true);
    check_utf16(bytes, size, false);
    free(bytes);
    return 0;
}
