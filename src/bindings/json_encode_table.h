/// core.json.encode: whether a table is an array or an object, and arrays.
#ifndef RCMCP_BINDINGS_JSON_ENCODE_TABLE_H
#define RCMCP_BINDINGS_JSON_ENCODE_TABLE_H

#include "bindings/json_encode_run.h"

/// Begins the table at `index`.
void encode_table(struct encode_run *r, int index);

/// Writes the entries of the tables that were begun, up to a pause or to the end of all.
void encode_entries(struct encode_run *r);

#endif
