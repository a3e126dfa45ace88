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

/// How far keys are sorted: runs of them are, and are merged from the list into the spare room and
/// back.
struct json_sorting {
    size_t first; ///< of the keys
    size_t width; ///< keys of a run; 0: runs are still to be sorted
    size_t to;    ///< the next place, all of these counted from the first key,
    size_t left;  ///< and the next key of each of the two runs that are merged
    size_t right;
    bool in_spare; ///< there are the runs
};

/// A zeroed struct is an empty list.
struct json_keys {
    struct json_key *list; ///< owned; moves when it grows
    size_t count;
    size_t room;
    struct json_key *spare; ///< owned: room for sorting in steps
    size_t spare_room;
    struct json_sorting sorting;
    const struct buf_memory *memory; ///< as a buffer's
};

/// Appends a key, whose bytes must stay where they are.  False when memory is out.
bool json_keys_add(struct json_keys *keys, const char *text, size_t size, int slot);

/// Sorts the keys from `first` on, bytewise.
void json_keys_sort(struct json_keys *keys, size_t first);

/// The same in steps, of which this is the first.  Until it is done no key may be added or dropped.
/// False when memory is out.
bool json_keys_begin_sorting(struct json_keys *keys, size_t first);

/// Goes on with some `most` keys, each as often as it is moved.  Whether it is done.
bool json_keys_sort_some(struct json_keys *keys, size_t most);

/// Empties the list and frees what it held; where that comes from stays set.
void json_keys_free(struct json_keys *keys);

#endif
