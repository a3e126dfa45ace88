/// core.json.encode: objects.
#ifndef RCMCP_BINDINGS_JSON_ENCODE_OBJECT_H
#define RCMCP_BINDINGS_JSON_ENCODE_OBJECT_H

#include "bindings/json_encode_run.h"
#include "bindings/json_order.h"

/// Begins an object whose first pair is on the stack; at its end the stack is cut to `top`.
/// `shape`: the order of its members; NULL: sorted.
void encode_object(struct encode_run *r, int index, int top, struct json_shape *shape);

/// Begins an object in the order of the list of keys on the stack, members that it does not name
/// behind, sorted; at its end the stack is cut to `top`.
void encode_ordered(struct encode_run *r, int index, int top);

// Each of these goes on with the innermost table, up to an entry that is a table, a pause or what
// comes next.

/// ENCODE_GATHER
void encode_gather(struct encode_run *r);

/// ENCODE_REST
void encode_rest(struct encode_run *r);

/// ENCODE_SORT
void encode_sort(struct encode_run *r);

/// ENCODE_OBJECT
void encode_members(struct encode_run *r);

/// ENCODE_COUNT
void encode_count(struct encode_run *r);

/// ENCODE_LISTED
void encode_listed(struct encode_run *r);

#endif
