#include "json/skip.h"

#include "json/scan.h"

#include <stddef.h>

const char *json_skip_string(const char *at, const char *end)
{
    while ((at = json_scan_quote(at, end)) < end && *at == '\\')
        at += end - at > 1 ? 2 : 1;
    return at < end ? at + 1 : end;
}

static const char *skip_scalar(const char *at, const char *end)
{
    while (at < end && *at != ',' && *at != '}' && *at != ']')
        at++;
    return at;
}

#ifdef __SSE2__

enum { BLOCK = 64 };

// What a block leaves behind for the next one.
struct state {
    uint64_t in_string; // all ones or none
    uint64_t escaped;   // 1: the next byte stands behind a backslash
    size_t depth;
};

// A bit for each byte of a block.
struct marks {
    uint64_t quotes, backslashes, opening, closing;
};

static uint64_t equal(__m128i bytes, char c)
{
    return (uint64_t)_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, _mm_set1_epi8(c)));
}

static struct marks look(const char *block)
{
    struct marks m = { 0 };
    const __m128i case_bit = _mm_set1_epi8(0x20); // the one in which [ and {, ] and } differ
    for (int i = 0; i < BLOCK; i += 16) {
        __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)(block + i));
        __m128i curly = _mm_or_si128(bytes, case_bit);
        m.quotes |= equal(bytes, '"') << i;
        m.backslashes |= equal(bytes, '\\') << i;
        m.opening |= equal(curly, '{') << i;
        m.closing |= equal(curly, '}') << i;
    }
    return m;
}

// The bytes behind an odd number of backslashes: a run that begins at an odd place and one that
// begins at an even place end differently once their length is added.
static uint64_t escaped_bytes(uint64_t backslashes, uint64_t *carry)
{
    if (backslashes == 0) {
        uint64_t escaped = *carry;
        *carry = 0;
        return escaped;
    }
    const uint64_t even = 0x5555555555555555U;
    backslashes &= ~*carry;
    uint64_t behind = (backslashes << 1) | *carry;
    uint64_t odd_starts = backslashes & ~even & ~behind;
    uint64_t sum = odd_starts + backslashes;
    *carry = sum < backslashes;
    return (even ^ (sum << 1)) & behind;
}

// Each bit becomes the parity of itself and those below.
static uint64_t parity(uint64_t bits)
{
    for (int shift = 1; shift < BLOCK; shift *= 2)
        bits ^= bits << shift;
    return bits;
}

// Walks through the brackets of a block; the place behind the one that ends the value, 0 if none
// does.
static size_t walk(struct state *s, const char *block)
{
    struct marks m = look(block);
    uint64_t quotes = m.quotes & ~escaped_bytes(m.backslashes, &s->escaped);
    uint64_t inside = parity(quotes) ^ s->in_string;
    s->in_string = inside >> (BLOCK - 1) ? ~(uint64_t)0 : 0;
    m.opening &= ~inside;
    m.closing &= ~inside;
    for (uint64_t left = m.opening | m.closing; left; left &= left - 1) {
        if (m.opening & left & -left)
            s->depth++;
        else if (--s->depth == 0)
            return (size_t)__builtin_ctzll(left) + 1;
    }
    return 0;
}

static const char *skip_container(const char *at, const char *end)
{
    struct state s = { 0 };
    size_t found;
    for (; end - at >= BLOCK; at += BLOCK) {
        if ((found = walk(&s, at)))
            return at + found;
    }
    char rest[BLOCK] = { 0 };
    memcpy(rest, at, (size_t)(end - at));
    found = walk(&s, rest);
    return found ? at + found : end;
}

#else

static const char *skip_container(const char *at, const char *end)
{
    size_t depth = 0;
    while (at < end) {
        char c = *at++;
        if (c == '"')
            at = json_skip_string(at, end);
        else if (c == '{' || c == '[')
            depth++;
        else if ((c == '}' || c == ']') && --depth == 0)
            break;
    }
    return at;
}

#endif

const char *json_skip_value(const char *at, const char *end)
{
    if (at == end)
        return end;
    if (*at == '"')
        return json_skip_string(at + 1, end);
    return *at == '{' || *at == '[' ? skip_container(at, end) : skip_scalar(at, end);
}
