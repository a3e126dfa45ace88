/// core.json.encode: objects.
#ifndef RCMCP_BINDINGS_JSON_ENCODE_OBJECT_H
#define RCMCP_BINDINGS_JSON_ENCODE_OBJECT_H

#include "bindings/json_encode_run.h"
#include "bindings/json_order.h"

/// Writes an object whose first pair is on the stack; leaves the stack as it was before the pair.
/// `shape`: the order of its members; NULL: sorted.
void encode_object(struct encode_run *r, int index, struct json_shape *shape,
                   const struct encode_place *place);

/// Writes an object in the order of the list of keys on the stack, members that it does not name
/// behind, sorted; leaves the stack as it was before the list.
void encode_ordered(struct encode_run *r, int index, const struct encode_place *place);

#endif
