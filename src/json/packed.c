#include "json/packed.h"

#include <string.h>

#define ONE_NAN UINT64_C(0x7FF8000000000000)

enum { LONGEST = 10 }; // bytes of a number

bool packed_refuse(struct packed_reader *r, const char *message)
{
    r->message = message;
    return false;
}

static size_t bytes_left(const struct packed_reader *r)
{
    return (size_t)(r->end - r->at);
}

bool packed_count_value(struct packed_reader *r)
{
    r->steps++;
    if (r->values == 0)
        return packed_refuse(r, "there are too many values");
    r->values--;
    return true;
}

static bool read_number(struct packed_reader *r, uint64_t *number)
{
    *number = 0;
    for (int i = 0; i < LONGEST; i++) {
        if (r->at == r->end)
            return packed_refuse(r, "the bytes end within a number");
        unsigned char byte = *r->at++;
        if (i == LONGEST - 1 && byte > 1)
            break;
        *number |= (uint64_t)(byte & 0x7F) << 7 * i;
        if (byte <= 0x7F)
            return byte > 0 || i == 0 || packed_refuse(r, "a number is longer than it must be");
    }
    return packed_refuse(r, "a number has more than 64 bits");
}

bool packed_read_integer(struct packed_reader *r, int64_t *integer)
{
    uint64_t number;
    if (!read_number(r, &number))
        return false;
    *integer = (int64_t)(number >> 1 ^ (number & 1 ? UINT64_MAX : 0));
    return true;
}

bool packed_read_float(struct packed_reader *r, double *number)
{
    uint64_t bits = 0;
    if (bytes_left(r) < sizeof bits)
        return packed_refuse(r, "the bytes end within a number");
    for (size_t i = 0; i < sizeof bits; i++)
        bits |= (uint64_t)*r->at++ << 8 * i;
    memcpy(number, &bits, sizeof *number);
    return *number == *number || bits == ONE_NAN || packed_refuse(r, "another NaN than the one");
}

bool packed_read_text(struct packed_reader *r, const char **text, size_t *size)
{
    uint64_t number;
    if (!read_number(r, &number))
        return false;
    if (number > bytes_left(r))
        return packed_refuse(r, "the bytes end within a text");
    *text = (const char *)r->at;
    *size = (size_t)number;
    r->at += number;
    r->steps += *size >> 8;
    return true;
}

bool packed_read_count(struct packed_reader *r, size_t least, size_t *count)
{
    uint64_t number;
    if (!read_number(r, &number))
        return false;
    if (number > bytes_left(r) / least)
        return packed_refuse(r, "more entries are announced than there are bytes");
    if (number > r->values)
        return packed_refuse(r, "there are too many values");
    *count = (size_t)number;
    return true;
}

bool packed_promise(struct packed_reader *r, size_t count)
{
    size_t left = bytes_left(r) < r->values ? bytes_left(r) : r->values;
    if (count > left || r->promised > left - count)
        return packed_refuse(r, "more entries are announced than there are bytes or may be values");
    r->promised += count;
    return true;
}

bool packed_write_number(struct buf *out, uint64_t number)
{
    unsigned char bytes[LONGEST];
    size_t size = 0;
    for (; number > 0x7F; number >>= 7)
        bytes[size++] = (unsigned char)(number | 0x80);
    bytes[size++] = (unsigned char)number;
    return buf_append(out, bytes, size);
}

bool packed_write_integer(struct buf *out, int64_t integer)
{
    return packed_write_number(out, (uint64_t)integer << 1 ^ (integer < 0 ? UINT64_MAX : 0));
}

bool packed_write_float(struct buf *out, double number)
{
    uint64_t bits = ONE_NAN;
    if (number == number)
        memcpy(&bits, &number, sizeof bits);
    unsigned char bytes[sizeof bits];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (unsigned char)(bits >> 8 * i);
    return buf_append(out, bytes, sizeof bytes);
}
