/// Makes JSON of a text that is JSON up to some place (cut off, or spoilt there), or that is nested
/// too deep: what it said before is worth more than nothing.
#ifndef RCMCP_JSON_SALVAGE_H
#define RCMCP_JSON_SALVAGE_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>

struct json_salvage {
    size_t deep;         ///< values that were too deep and became null
    size_t kept;         ///< bytes of the text that count (of what was left without those values)
    const char *message; ///< what is wrong behind them: static text; NULL: nothing
};

/// Appends to the empty buffer `out` what stands before the first place that is no JSON, without an
/// entry that is not whole, its arrays and objects closed, in linear time.  What is nested deeper
/// than `depth` (1 to JSON_MAX_DEPTH) becomes null.  Where not one value in an array or object is
/// whole, `out` stays empty.  False when memory is out.
bool json_salvage(const char *text, size_t size, unsigned depth, struct buf *out,
                  struct json_salvage *salvage);

#endif
