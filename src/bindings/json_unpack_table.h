/// What the parts of core.json.unpack share: the tables that are being read.
#ifndef RCMCP_BINDINGS_JSON_UNPACK_TABLE_H
#define RCMCP_BINDINGS_JSON_UNPACK_TABLE_H

#include "base/buf.h"
#include "json/packed.h"

#include <lua.h>
#include <stdbool.h>
#include <stddef.h>

/// Where things stand on the stack.
enum { UNPACK_BYTES = 1, UNPACK_RUN, UNPACK_ARRAY_META, UNPACK_ANCHORS };

struct shapes;

/// One call of unpack; a userdata, so that no error can leak what it holds.
struct unpacker {
    lua_State *L;
    struct packed_reader r;
    size_t pause; ///< steps from which on nothing more is read for now
    struct shapes *shapes;
    struct buf frames; ///< the tables that were begun
    unsigned depth;    ///< how many they are
};

/// Begins a table of this tag: what comes next are its entries.
bool unpack_open(struct unpacker *u, enum packed_tag tag);

enum unpack_next {
    UNPACK_VALUE, ///< a value comes next; its key, where it has one, is on the stack
    UNPACK_DONE,  ///< something without a value was read; or a table has ended, and is attached
    UNPACK_FAULT, ///< there is a message
};

/// Goes on with the innermost table, up to its next value.
enum unpack_next unpack_next(struct unpacker *u);

/// The value on the top of the stack becomes part of the innermost table, if there is one.
void unpack_attach(struct unpacker *u);

#endif
