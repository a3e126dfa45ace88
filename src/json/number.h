/// Numbers as text, exactly.  Text given to these functions is a JSON number, as the reader's
/// slices are; the byte behind it must be readable and no part of a number.
#ifndef RCMCP_JSON_NUMBER_H
#define RCMCP_JSON_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// Room that json_format_double() and json_format_integer() need.
#define JSON_NUMBER_ROOM 32

/// Reads a number without fraction and exponent; false when it is outside the signed 64-bit range.
bool json_parse_integer(const char *text, size_t size, int64_t *value);

/// Reads any number, correctly rounded, whatever the locale.  False when a double cannot hold it:
/// it would be infinite, or zero although a digit is not.
bool json_parse_double(const char *text, size_t size, double *value);

/// Writes an integer; returns its size.
size_t json_format_integer(char *out, int64_t value);

/// Writes the shortest text that reads back as the same double, always with a fraction or an
/// exponent; returns its size.  `value` is finite.
size_t json_format_double(char *out, double value);

/// Compares the exact values of two numbers: negative, 0, or positive.
int json_compare_numbers(const char *a, size_t a_size, const char *b, size_t b_size);

#endif
