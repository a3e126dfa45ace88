#include "json/number.h"

#include <float.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#ifdef __APPLE__
#include <xlocale.h>
#endif

#define SCALED_LIMIT 4503599627370496.0 // 2^52: below it a fraction can be seen and rounded
enum { MAX_EXACT_POWER = 22 };          // up to here every power of ten is

static const double powers[MAX_EXACT_POWER + 1] = {
    1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
    1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
};

// The locale whose decimal point is a point; made once, kept.  0 when memory is out.
static locale_t c_locale(void)
{
    static locale_t locale;
    if (!locale)
        locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    return locale;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

bool json_parse_integer(const char *text, size_t size, int64_t *value)
{
    bool negative = *text == '-';
    const char *end = text + size;
    if (size - negative > 19)
        return false;
    uint64_t sum = 0; // 19 digits fit
    for (const char *at = text + negative; at < end; at++)
        sum = sum * 10 + (uint64_t)(*at - '0');
    uint64_t limit = (uint64_t)INT64_MAX + negative;
    if (sum > limit)
        return false;
    *value = (int64_t)(negative ? 0 - sum : sum);
    return true;
}

// A number taken apart: digits without leading and trailing zeros, and where the point stands.
struct decimal {
    bool negative;
    const char *digits; // first digit that is not zero; a point may stand among the digits
    size_t count;       // significant digits; 0: the number is zero
    int64_t exponent;   // the value is 0.DIGITS * 10^exponent
};

enum { EXPONENT_LIMIT = 1000000000 }; // further away the size of an exponent makes no difference

static int64_t parse_exponent(const char *at, const char *end)
{
    bool negative = *at == '-';
    if (*at == '-' || *at == '+')
        at++;
    int64_t value = 0;
    for (; at < end && value < EXPONENT_LIMIT; at++)
        value = value * 10 + (*at - '0');
    return negative ? -value : value;
}

static struct decimal take_apart(const char *text, size_t size)
{
    const char *end = text + size;
    struct decimal d = { .negative = *text == '-' };
    const char *at = text + d.negative;
    int64_t seen = 0; // digits from the first significant one
    bool point = false;
    for (; at < end && (is_digit(*at) || *at == '.'); at++) {
        if (*at == '.') {
            point = true;
            continue;
        }
        if (!d.digits && *at == '0') {
            d.exponent -= point;
            continue;
        }
        if (!d.digits)
            d.digits = at;
        seen++;
        d.exponent += !point;
        if (*at != '0')
            d.count = (size_t)seen;
    }
    if (at < end)
        d.exponent += parse_exponent(at + 1, end);
    return d;
}

// Few digits and a small power of ten: one exact multiplication or division rounds correctly.
static bool parse_simple(const struct decimal *d, double *value)
{
    if (d->count > 15)
        return false;
    int64_t power = d->exponent - (int64_t)d->count;
    if (power < -MAX_EXACT_POWER || power > MAX_EXACT_POWER)
        return false;
    uint64_t sum = 0;
    const char *at = d->digits;
    for (size_t left = d->count; left > 0; at++) {
        if (*at != '.') {
            sum = sum * 10 + (uint64_t)(*at - '0');
            left--;
        }
    }
    double magnitude = (double)sum;
    magnitude = power < 0 ? magnitude / powers[-power] : magnitude * powers[power];
    *value = d->negative ? -magnitude : magnitude;
    return true;
}

bool json_parse_double(const char *text, size_t size, double *value)
{
    struct decimal d = take_apart(text, size);
    if (d.count == 0) {
        *value = d.negative ? -0.0 : 0.0;
        return true;
    }
    if (parse_simple(&d, value))
        return true;
    locale_t locale = c_locale();
    *value = locale ? strtod_l(text, NULL, locale) : strtod(text, NULL);
    return isfinite(*value) && *value != 0;
}

size_t json_format_integer(char *out, int64_t value)
{
    char digits[JSON_NUMBER_ROOM];
    char *at = digits + sizeof digits;
    uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    do {
        *--at = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    if (value < 0)
        *--at = '-';
    size_t size = (size_t)(digits + sizeof digits - at);
    memcpy(out, at, size);
    return size;
}

// value = mantissa / 10^places, where places is at least 1.
static size_t format_fixed(char *out, uint64_t mantissa, int places)
{
    char digits[JSON_NUMBER_ROOM];
    size_t size = json_format_integer(digits, (int64_t)mantissa);
    char *to = out;
    size_t point = size > (size_t)places ? size - (size_t)places : 0;
    if (point == 0) {
        *to++ = '0';
    } else {
        memcpy(to, digits, point);
        to += point;
    }
    *to++ = '.';
    for (size_t zeros = size - point; zeros < (size_t)places; zeros++)
        *to++ = '0';
    memcpy(to, digits + point, size - point);
    return (size_t)(to + (size - point) - out);
}

// Numbers with few digits, in plain notation: the fewest decimals whose exact quotient is the value
// are also the shortest text.  0 when the value is not of this kind.
static size_t format_short(char *out, double magnitude)
{
    if (magnitude >= 1e15 || magnitude < 1e-5)
        return 0;
    uint64_t whole = (uint64_t)magnitude;
    if ((double)whole == magnitude)
        return format_fixed(out, whole * 10, 1);
    for (int places = 1; places <= 17; places++) {
        double scaled = magnitude * powers[places];
        if (scaled >= SCALED_LIMIT)
            return 0;
        uint64_t mantissa = (uint64_t)(scaled + 0.5);
        if ((double)mantissa / powers[places] == magnitude)
            return format_fixed(out, mantissa, places);
    }
    return 0;
}

static size_t format_any(char *out, double value)
{
    locale_t locale = c_locale();
    locale_t before = locale ? uselocale(locale) : (locale_t)0;
    int size = 0;
    int precision = fabs(value) < DBL_MIN ? 1 : 15; // of the smallest numbers, fewer digits can do
    for (; precision <= 17; precision++) {
        size = snprintf(out, JSON_NUMBER_ROOM, "%.*g", precision, value);
        if (strtod(out, NULL) == value)
            break;
    }
    if (locale)
        uselocale(before);
    if (!strpbrk(out, ".e")) {
        out[size++] = '.';
        out[size++] = '0';
    }
    return (size_t)size;
}

size_t json_format_double(char *out, double value)
{
    bool negative = signbit(value);
    out[0] = '-';
    if (value == 0)
        return negative + format_fixed(out + negative, 0, 1);
    size_t size = format_short(out + negative, fabs(value));
    return size ? size + negative : format_any(out, value);
}

// Compares significant digits.
static int compare_digits(const struct decimal *a, const struct decimal *b)
{
    const char *p = a->digits;
    const char *q = b->digits;
    size_t common = a->count < b->count ? a->count : b->count;
    for (size_t i = 0; i < common; i++, p++, q++) {
        p += *p == '.';
        q += *q == '.';
        if (*p != *q)
            return *p < *q ? -1 : 1;
    }
    return (a->count > b->count) - (a->count < b->count);
}

int json_compare_numbers(const char *a, size_t a_size, const char *b, size_t b_size)
{
    struct decimal x = take_apart(a, a_size);
    struct decimal y = take_apart(b, b_size);
    int x_sign = x.count == 0 ? 0 : x.negative ? -1 : 1;
    int y_sign = y.count == 0 ? 0 : y.negative ? -1 : 1;
    if (x_sign != y_sign)
        return x_sign < y_sign ? -1 : 1;
    if (x_sign == 0)
        return 0;
    if (x.exponent != y.exponent)
        return (x.exponent < y.exponent ? -1 : 1) * x_sign;
    return compare_digits(&x, &y) * x_sign;
}
