/// The keys of objects that are being written: one growing list for all levels of nesting, of which
/// each level sorts and then drops its own part.
#ifndef RCMCP_JSON_KEYS_H
#define RCMCP_JSON_KEYS_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json_key {
    uint64_t prefix;  ///< the first eight bytes, in an order that compares as they do
    const char *text; ///< the caller's
    size_t size;
    int slot; ///< the caller's: where the value is
};

/// A zeroed struct is an empty list.
struct json_keys {
    struct json_key *list; ///< owned; moves when it grows
    size_t count;
    size_t room;
    const struct buf_memory *memory; ///< as a buffer's
};

/// Appends a key, whose bytes must stay where they are.  False when memory is out.
bool json_keys_add(struct json_keys *keys, const char *text, size_t size, int slot);

/// Sorts the keys from `first` on, bytewise.
void json_keys_sort(struct json_keys *keys, size_t first);

/// Empties the list and frees what it held; where that comes from stays set.
void json_keys_free(struct json_keys *keys);

#endif
