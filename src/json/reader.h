/// A pull parser of JSON: strict RFC 8259, strict UTF-8, escapes that form lone surrogates refused.
/// It allocates nothing and copies nothing: strings and numbers are slices of the text.
#ifndef RCMCP_JSON_READER_H
#define RCMCP_JSON_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// Deepest nesting of arrays and objects that is read or written.
#define JSON_MAX_DEPTH 1000

enum json_event {
    JSON_ERROR, ///< no JSON: `message`, `at`; every later call gives it again
    JSON_END,   ///< the text is over, and was JSON
    JSON_OBJECT,
    JSON_OBJECT_END,
    JSON_ARRAY,
    JSON_ARRAY_END,
    JSON_KEY,    ///< slice, escaped
    JSON_STRING, ///< slice, escaped
    JSON_NUMBER, ///< slice, integral
    JSON_TRUE,
    JSON_FALSE,
    JSON_NULL,
};

struct json_reader {
    const char *at;      ///< the next byte; of JSON_ERROR, the offending one
    const char *slice;   ///< of a key or string, what is between the quotes; of a number, all of it
    size_t size;         ///< of the slice
    const char *message; ///< of JSON_ERROR; static
    bool escaped;        ///< the slice contains backslashes: use json_unescape()
    bool integral;       ///< the number has neither fraction nor exponent
    bool lone_surrogates; ///< set it after json_reader_init() to take halves of surrogate pairs
    // the rest is the reader's own
    unsigned char expect;
    unsigned depth;
    unsigned deepest;
    size_t blanks;
    const char *start;
    const char *end;
    uint64_t objects[JSON_MAX_DEPTH / 64 + 1]; // a bit a level: it is an object
};

/// Begins to read text[0 .. size); text[size] must be readable and 0, as in a Lua string.  The text
/// must outlive the reader.
void json_reader_init(struct json_reader *reader, const char *text, size_t size);

/// The next event.
enum json_event json_read(struct json_reader *reader);

/// Resolves the escapes of a slice that the reader gave; half a surrogate pair becomes U+FFFD.
/// `out` needs room for `size` bytes; returns how many were written.
size_t json_unescape(const char *slice, size_t size, char *out);

/// Line and column (in characters), both from 1, of a place in a text.
void json_place(const char *text, const char *at, size_t *line, size_t *column);

/// What json_check() finds out.
struct json_facts {
    size_t blanks;       ///< bytes of white space between tokens
    unsigned depth;      ///< deepest nesting; 0 for a scalar
    const char *message; ///< on failure: what is wrong; static
    const char *at;      ///< on failure: where
};

/// Whether text[0 .. size) is JSON; text[size] must be 0.
bool json_check(const char *text, size_t size, struct json_facts *facts);

#endif
