/// Finding the next byte of a JSON string that needs a look.
#ifndef RCMCP_JSON_SCAN_H
#define RCMCP_JSON_SCAN_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

/// Whether a byte stands for itself in a string and is ASCII.
static inline bool json_is_plain(char c)
{
    unsigned char byte = (unsigned char)c;
    return byte >= 0x20 && byte < 0x80 && c != '"' && c != '\\';
}

static inline bool json_is_blank(char c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

/// The first byte that is no white space; *end must not be any.  Indentation goes eight at a time.
static inline const char *json_skip_blanks(const char *at, const char *end)
{
    while (json_is_blank(*at)) {
        uint64_t word;
        for (at++; end - at >= 8; at += 8) {
            memcpy(&word, at, sizeof word);
            if (word != 0x2020202020202020U)
                break;
        }
    }
    return at;
}

/// The first byte of [at, end) that is a quote, a backslash, a control character or not ASCII;
/// `end` if there is none.
static inline const char *json_scan_plain(const char *at, const char *end)
{
#ifdef __SSE2__
    const __m128i quote = _mm_set1_epi8('"');
    const __m128i backslash = _mm_set1_epi8('\\');
    const __m128i space = _mm_set1_epi8(' ');
    for (; end - at >= 16; at += 16) {
        __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)at);
        __m128i odd = _mm_or_si128(_mm_cmpeq_epi8(bytes, quote), _mm_cmpeq_epi8(bytes, backslash));
        odd = _mm_or_si128(odd, _mm_cmplt_epi8(bytes, space)); // signed: not ASCII is below 0
        unsigned mask = (unsigned)_mm_movemask_epi8(odd);
        if (mask)
            return at + __builtin_ctz(mask);
    }
#else
    const uint64_t ones = 0x0101010101010101U;
    const uint64_t highs = 0x8080808080808080U;
    for (; end - at >= 8; at += 8) {
        uint64_t word;
        memcpy(&word, at, sizeof word);
        uint64_t quote = word ^ (ones * '"');
        uint64_t backslash = word ^ (ones * '\\');
        if (((quote - ones) | (backslash - ones) | (word - ones * ' ') | word) & highs)
            break;
    }
#endif
    while (at < end && json_is_plain(*at))
        at++;
    return at;
}

/// The first quote or backslash at or behind `at`, in a string that is known to be closed before
/// `end`.
static inline const char *json_scan_quote(const char *at, const char *end)
{
#ifdef __SSE2__
    const __m128i quote = _mm_set1_epi8('"');
    const __m128i backslash = _mm_set1_epi8('\\');
    for (; end - at >= 16; at += 16) {
        __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)at);
        __m128i odd = _mm_or_si128(_mm_cmpeq_epi8(bytes, quote), _mm_cmpeq_epi8(bytes, backslash));
        unsigned mask = (unsigned)_mm_movemask_epi8(odd);
        if (mask)
            return at + __builtin_ctz(mask);
    }
#endif
    while (at < end && *at != '"' && *at != '\\')
        at++;
    return at;
}

#endif
