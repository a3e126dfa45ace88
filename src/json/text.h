/// Work on JSON text that was checked before (json_check()): compacting and finding one's way
/// without decoding.  Other text must not be given to these functions.
#ifndef RCMCP_JSON_TEXT_H
#define RCMCP_JSON_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/// A value within a text.
struct json_slice {
    const char *text;
    size_t size;
};

/// Where an iteration over an object or array stands.
struct json_cursor {
    const char *at; ///< the next entry; NULL behind the last
    const char *end;
    bool object;
};

/// Copies all but the white space between tokens to `out`, which needs room for what is left (the
/// text's size less json_facts.blanks), and returns the size.  All else stays byte for byte.
/// text[size] must be 0.
size_t json_compact(const char *text, size_t size, char *out);

/// Deepest nesting; 0 for a scalar.
unsigned json_depth(struct json_slice value);

/// What comes next of the value of a compact string.
struct json_stretch {
    const char *text; ///< a part of the string without escapes, or `resolved`
    size_t size;
    char resolved[4]; ///< what an escape stands for
};

/// Takes the next stretch off what is between the quotes; false at its end.
bool json_next_stretch(struct json_slice *inside, struct json_stretch *stretch);

/// Begins to iterate a compact value; false unless it is an object or array.
bool json_entries(struct json_slice value, struct json_cursor *cursor);

/// The next entry, in document order; false behind the last.  `key` is what is between the quotes,
/// escapes unresolved; for an array it is left alone.
bool json_next_entry(struct json_cursor *cursor, struct json_slice *key, struct json_slice *value);

/// Finds a key of a compact object; of duplicates the last.  False when there is none, or no
/// object.
bool json_find_key(struct json_slice object, const char *key, size_t size,
                   struct json_slice *value);

/// Finds the element of a compact array at `index`, from 0.
bool json_find_index(struct json_slice array, size_t index, struct json_slice *value);

#endif
