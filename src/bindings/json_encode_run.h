/// What the parts of core.json.encode share.
#ifndef RCMCP_BINDINGS_JSON_ENCODE_RUN_H
#define RCMCP_BINDINGS_JSON_ENCODE_RUN_H

#include "json/keys.h"
#include "json/writer.h"

#include <lua.h>

/// Where a value stands in the whole, for messages.
struct encode_place {
    const struct encode_place *up;
    const char *key; ///< NULL: an index
    size_t size;
    lua_Integer index;
    unsigned depth;
};

/// Scratch memory of a call; a userdata, so that no error can leak it.
struct encode_scratch {
    struct buf out;
    struct json_keys keys;
    struct buf_memory memory; ///< in a slice: Lua's, so that what is written counts as the budget's
    lua_State *L;             ///< for that
};

/// One call of encode.
struct encode_run {
    lua_State *L;
    struct encode_scratch *e;
    const void *array_meta;
    size_t most;    ///< bytes that the text may have
    unsigned steps; ///< values and keys so far
    /// Writes any value: tables hold values, and values are tables.
    void (*value)(struct encode_run *r, int index, const struct encode_place *place);
};

/// Counts a value or a key; now and then looks whether the slice that runs is over, and stops it.
void encode_step(struct encode_run *r);

/// Raises "at PATH: WHAT".
void encode_fail(struct encode_run *r, const struct encode_place *place, const char *what);

/// Appends one byte, and raises where that fails.
static inline void encode_put(struct encode_run *r, char c, const struct encode_place *place)
{
    if (!json_put(&r->e->out, c))
        encode_fail(r, place, "out of memory");
}

/// Appends bytes, and raises where that fails.
void encode_put_bytes(struct encode_run *r, const char *bytes, size_t size,
                      const struct encode_place *place);

/// Raises unless it was written.
void encode_check(struct encode_run *r, enum json_written written,
                  const struct encode_place *place);

#endif
