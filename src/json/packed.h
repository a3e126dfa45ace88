/// Plain values as bytes, for another process of the same program: their parts.
///
/// A value is a tag and what belongs to it.  Each value has one form, which is the only one that is
/// read: the shortest lengths, keys in order, one NaN.  Lengths and counts are LEB128 (seven bits a
/// byte, the lowest first), signed integers zigzag.
#ifndef RCMCP_JSON_PACKED_H
#define RCMCP_JSON_PACKED_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum packed_tag {
    PACKED_NIL, ///< as the whole value alone, and in the place of an absent member
    PACKED_FALSE,
    PACKED_TRUE,
    PACKED_NULL,
    PACKED_INTEGER,  ///< zigzag
    PACKED_FLOAT,    ///< eight bytes, the lowest first
    PACKED_STRING,   ///< length, bytes
    PACKED_NUMBER,   ///< one that is neither integer nor float: length, text
    PACKED_RAW,      ///< checked JSON: length, compact text
    PACKED_SEQUENCE, ///< a table with the keys 1 to count: count, values
    PACKED_ARRAY,    ///< the same, said to be an array
    PACKED_TABLE,    ///< any other without order: count, pairs; integers, then strings bytewise
    PACKED_OBJECT,   ///< its order names all members: count, pairs of a string (no tag) and a value
    PACKED_ORDERED,  ///< count of the order, of absent ones, of others; pairs; pairs as of a table
};

/// What is read.
struct packed_reader {
    const unsigned char *start, *at, *end;
    size_t values;       ///< that may still come, keys included
    size_t promised;     ///< entries that open tables have announced
    size_t steps;        ///< values so far, and what is long in them
    const char *message; ///< what is wrong; static; NULL: nothing
};

// All of these return false, with a message, where the bytes are not as they must be.

/// Notes a message; returns false.
bool packed_refuse(struct packed_reader *r, const char *message);

/// Takes notice of one more value or key.
bool packed_count_value(struct packed_reader *r);

bool packed_read_integer(struct packed_reader *r, int64_t *integer);
bool packed_read_float(struct packed_reader *r, double *number);

/// A length, and where the text stands in the bytes.
bool packed_read_text(struct packed_reader *r, const char **text, size_t *size);

/// A number of entries, each of which has at least `least` bytes.
bool packed_read_count(struct packed_reader *r, size_t least, size_t *count);

/// What open tables have announced together must be there, and may come: so they have room in
/// advance for no more than comes.  Each entry is taken off `promised` when it is read.
bool packed_promise(struct packed_reader *r, size_t count);

// These append to a buffer; false where memory is out.

bool packed_write_number(struct buf *out, uint64_t number);
bool packed_write_integer(struct buf *out, int64_t integer); ///< without its tag
bool packed_write_float(struct buf *out, double number);     ///< without its tag

#endif
