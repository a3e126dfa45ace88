#include "sandbox/charset.h"

#include <string.h>

const struct charset charset_any = { { UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX } };

// A class has characters of ASCII alone: two words say which.
#define CLASS(low, high)                                                                           \
    {                                                                                              \
        { { (low), (high), 0, 0 } },                                                               \
        {                                                                                          \
            {                                                                                      \
                ~(low), ~(high), UINT64_MAX, UINT64_MAX                                            \
            }                                                                                      \
        }                                                                                          \
    }

// The class of each small letter and what the capital one stands for: all others.
static const struct charset classes[26][2] = {
    ['a' - 'a'] = CLASS(UINT64_C(0), UINT64_C(0x07FFFFFE07FFFFFE)),
    ['c' - 'a'] = CLASS(UINT64_C(0x00000000FFFFFFFF), UINT64_C(0x8000000000000000)),
    ['d' - 'a'] = CLASS(UINT64_C(0x03FF000000000000), UINT64_C(0)),
    ['g' - 'a'] = CLASS(UINT64_C(0xFFFFFFFE00000000), UINT64_C(0x7FFFFFFFFFFFFFFF)),
    ['l' - 'a'] = CLASS(UINT64_C(0), UINT64_C(0x07FFFFFE00000000)),
    ['p' - 'a'] = CLASS(UINT64_C(0xFC00FFFE00000000), UINT64_C(0x78000001F8000001)),
    ['s' - 'a'] = CLASS(UINT64_C(0x0000000100003E00), UINT64_C(0)),
    ['u' - 'a'] = CLASS(UINT64_C(0), UINT64_C(0x0000000007FFFFFE)),
    ['w' - 'a'] = CLASS(UINT64_C(0x03FF000000000000), UINT64_C(0x07FFFFFE07FFFFFE)),
    ['x' - 'a'] = CLASS(UINT64_C(0x03FF000000000000), UINT64_C(0x0000007E0000007E)),
    ['z' - 'a'] = CLASS(UINT64_C(1), UINT64_C(0)), // of Lua 5.1, and still there
};

const struct charset *charset_of_class(unsigned char letter)
{
    bool small = letter >= 'a' && letter <= 'z';
    if (!small && !(letter >= 'A' && letter <= 'Z'))
        return NULL;
    const struct charset *both = classes[(letter | 0x20) - 'a'];
    if (both[1].bits[3] == 0)
        return NULL;
    return small ? &both[0] : &both[1];
}

const unsigned char *charset_close(const unsigned char *from, const unsigned char *end)
{
    const unsigned char *p = from;
    if (p < end && *p == '^')
        p++;
    do { // the first character stands for itself, also a "]"
        if (p == end)
            return NULL;
        if (*p++ == '%' && p < end)
            p++;
    } while (p == end || *p != ']');
    return p;
}

static void add(struct charset *set, unsigned char c)
{
    set->bits[c >> 6] |= UINT64_C(1) << (c & 63);
}

static void add_range(struct charset *set, unsigned first, unsigned last)
{
    for (unsigned c = first; c <= last; c++)
        add(set, (unsigned char)c);
}

static void add_escape(struct charset *set, unsigned char letter)
{
    const struct charset *class = charset_of_class(letter);
    if (!class) {
        add(set, letter);
        return;
    }
    for (int i = 0; i < 4; i++)
        set->bits[i] |= class->bits[i];
}

void charset_read(struct charset *set, const unsigned char *from, const unsigned char *close)
{
    bool negated = *from == '^' && from < close;
    memset(set, 0, sizeof *set);
    for (const unsigned char *p = from + negated; p < close; p++) {
        if (*p == '%') {
            add_escape(set, *++p);
        } else if (p + 2 < close && p[1] == '-') {
            add_range(set, p[0], p[2]);
            p += 2;
        } else {
            add(set, *p);
        }
    }
    for (int i = 0; negated && i < 4; i++)
        set->bits[i] = ~set->bits[i];
}
