/// What the parts of core.json.encode share.
#ifndef RCMCP_BINDINGS_JSON_ENCODE_RUN_H
#define RCMCP_BINDINGS_JSON_ENCODE_RUN_H

#include "host/scratch.h"
#include "json/keys.h"
#include "json/writer.h"

#include <lua.h>
#include <stdbool.h>
#include <stddef.h>

/// How the entries of a table that is being written are gone through.
enum encode_kind {
    ENCODE_GATHER,   ///< an object whose keys are gathered
    ENCODE_REST,     ///< … those that a list does not name
    ENCODE_SORT,     ///< … and sorted in steps
    ENCODE_OBJECT,   ///< by the keys that were gathered
    ENCODE_COUNT,    ///< an object whose members are counted
    ENCODE_LISTED,   ///< by a list of keys, and then by those that it does not name
    ENCODE_IN_ORDER, ///< as the table gives them, as long as that is 1, 2, 3…
    ENCODE_SEQUENCE, ///< from 1 to `count`
};

struct json_shape;

/// A table that is being written, and where in it.
struct encode_frame {
    enum encode_kind kind;
    int index;         ///< where the table stands on the stack
    int top;           ///< the top of the stack before it was begun
    int base;          ///< the top between two of its entries
    const char *key;   ///< of the entry that is written; NULL: an index
    size_t size;       ///< of the key
    lua_Integer at;    ///< that index; of a list of keys, where in it; 0: no entry is begun
    lua_Integer count; ///< elements, or members that are still to be written
    // Of an object:
    bool begun;               ///< a member is written
    size_t first;             ///< its part of the keys that were gathered,
    size_t next;              ///< the one to come,
    size_t end;               ///< and the end
    int anchors;              ///< where a list holds those that the stack does not hold; 0: none
    struct json_shape *shape; ///< the order that they get; NULL: sorted
    int list;                 ///< where a list of keys stands,
    int ordered;              ///< and the table that it belongs to
    int set;                  ///< where the set of what it names stands
    // Of an array:
    size_t start; ///< where its text begins
    bool checked; ///< its keys are known to be in order
    bool marked;  ///< it is said to be an array
};

/// Scratch memory of a call; a userdata, so that no error can leak it.
struct encode_scratch {
    struct buf out;
    struct json_keys keys;
    struct encode_frame *frames;
    size_t room;           ///< of these
    struct scratch memory; ///< in a slice: what is written counts as the budget's
};

/// A long text that is written in steps.  It stands on the stack, and nothing is cut there before
/// it is written.
struct encode_text {
    const char *at; ///< NULL: none
    size_t left;
    bool is_json; ///< it is copied as it is
};

/// One call of encode.
struct encode_run {
    lua_State *L;
    struct encode_scratch *e;
    const void *array_meta;
    size_t most;  ///< bytes that the text may have
    size_t steps; ///< values and keys so far, and what is long in them
    size_t pause; ///< from so many on nothing more is written for now
    bool pauses;  ///< what is written may change in a pause: nothing that it holds is relied on
    struct encode_text text; ///< comes before all else
    unsigned depth;          ///< frames: the tables that the value to be written next stands in
    /// Writes any value, or begins a table: tables hold values, and values are tables.
    void (*value)(struct encode_run *r, int index);
};

/// Frees what the memory holds.
void encode_release(struct encode_scratch *e);

/// Begins a table: what comes next are its entries.  Moves the frames.
struct encode_frame *encode_open(struct encode_run *r, enum encode_kind kind, int index, int top);

/// Ends the innermost table.
void encode_close(struct encode_run *r);

/// The innermost table.
static inline struct encode_frame *encode_innermost(const struct encode_run *r)
{
    return &r->e->frames[r->depth - 1];
}

/// Whether the next entry of the table that was innermost at `depth` has to wait: another table or
/// a long text has begun, or it is time for a pause.
static inline bool encode_waits(const struct encode_run *r, unsigned depth)
{
    return r->depth != depth || r->steps >= r->pause || r->text.at;
}

/// Counts a value or a key with a text of so many bytes; now and then looks whether the slice that
/// runs is over, and stops it.
void encode_step(struct encode_run *r, size_t bytes);

/// Raises "at PATH: WHAT", the path of the value to be written next.
void encode_fail(struct encode_run *r, const char *what);

/// Raises that the text would be too long.
void encode_fail_size(struct encode_run *r);

/// Raises unless `more` bytes may follow: each part of a value is short but for strings and checked
/// text.
static inline void encode_room(struct encode_run *r, size_t more)
{
    size_t size = r->e->out.size;
    if (size > r->most || more > r->most - size)
        encode_fail_size(r);
}

/// Appends one byte, and raises where that fails.
static inline void encode_put(struct encode_run *r, char c)
{
    if (!json_put(&r->e->out, c))
        encode_fail(r, "not enough memory");
}

/// Appends bytes, and raises where that fails.
void encode_put_bytes(struct encode_run *r, const char *bytes, size_t size);

/// Raises unless it was written.
void encode_check(struct encode_run *r, enum json_written written);

/// Appends a string, or begins to where it is so long that it is written in steps.
void encode_string(struct encode_run *r, const char *text, size_t size);

/// Appends checked text, or begins to.
void encode_json(struct encode_run *r, const char *text, size_t size);

/// Goes on with the long text up to its end or a pause.
void encode_text(struct encode_run *r);

#endif
