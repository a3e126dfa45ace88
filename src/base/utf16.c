#include "base/utf16.h"

#include "base/utf8.h"

#include <stdint.h>

size_t utf16_room(size_t size)
{
    return size / 2 * 3; // a unit gives three bytes at most, a pair of surrogates four
}

static uint32_t unit_at(const char *bytes, bool big_endian)
{
    const unsigned char *s = (const unsigned char *)bytes;
    return big_endian ? (uint32_t)s[0] << 8 | s[1] : (uint32_t)s[1] << 8 | s[0];
}

static bool is_high(uint32_t unit)
{
    return (unit & 0xFC00) == 0xD800;
}

static bool is_low(uint32_t unit)
{
    return (unit & 0xFC00) == 0xDC00;
}

// Reads a scalar value; the bytes that it took, 0 where there is none.
static size_t scalar_at(const char *bytes, size_t left, bool big_endian, uint32_t *scalar)
{
    if (left < 2)
        return 0;
    uint32_t unit = unit_at(bytes, big_endian);
    if (!is_high(unit)) {
        *scalar = unit;
        return is_low(unit) ? 0 : 2;
    }
    uint32_t low = left < 4 ? 0 : unit_at(bytes + 2, big_endian);
    if (!is_low(low))
        return 0;
    *scalar = 0x10000 + ((unit & 0x3FF) << 10) + (low & 0x3FF);
    return 4;
}

bool utf16_to_utf8(const char *bytes, size_t size, bool big_endian, char *out, size_t *written,
                   size_t *bad)
{
    size_t at = 0;
    size_t filled = 0;
    while (at < size) {
        uint32_t scalar;
        size_t taken = scalar_at(bytes + at, size - at, big_endian, &scalar);
        if (taken == 0)
            break;
        filled += utf8_put(out + filled, scalar);
        at += taken;
    }
    *written = filled;
    *bad = at;
    return at == size;
}
