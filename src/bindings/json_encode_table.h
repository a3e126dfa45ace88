/// core.json.encode: whether a table is an array or an object, and arrays.
#ifndef RCMCP_BINDINGS_JSON_ENCODE_TABLE_H
#define RCMCP_BINDINGS_JSON_ENCODE_TABLE_H

#include "bindings/json_encode_run.h"

/// Writes the table at `index`.
void encode_table(struct encode_run *r, int index, const struct encode_place *place);

#endif
