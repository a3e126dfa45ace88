/// MCP messages, as far as a floor has to understand them: found by searching, never parsed.
#ifndef BENCH_FLOOR_MESSAGE_H
#define BENCH_FLOOR_MESSAGE_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>

struct slice {
    const char *at;
    size_t size; ///< 0: absent
};

enum message_kind { MESSAGE_OTHER, MESSAGE_INITIALIZE, MESSAGE_LIST, MESSAGE_CALL };

struct message {
    enum message_kind kind;
    struct slice id, tool, deployment, request;
};

/// The string behind `key` (with quotes and colon: "\"id\":\"") up to the next quote.
struct slice slice_behind(const char *text, size_t size, const char *key);

/// Reads one line.  The slices point into it.
void message_read(struct message *m, const char *line, size_t size);

/// Appends text; ends the program when memory is out.
void put(struct buf *b, const char *text);
void put_slice(struct buf *b, struct slice s);

/// Appends the answer to initialize or tools/list.  The list is the content of the file that
/// BENCH_TOOLS names, so that all programs send lists of one size.
void message_answer(const struct message *m, struct buf *out);

/// Appends `{"jsonrpc":"2.0","id":ID,"result":`.
void message_head(struct slice id, struct buf *out);

/// Reads standard input into `in` (waiting at most once); false at its end.
bool message_receive(struct buf *in);

/// Writes all of `out` to standard output and empties it.  Ends the program when that fails.
void message_send(struct buf *out);

#endif
