/// Makes JSON of text that is nearly JSON, where the meaning is clear: NaN, Infinity and -Infinity
/// become null; halves of surrogate pairs and bytes that are no UTF-8 become U+FFFD; control
/// characters in strings become escapes; a byte order mark goes.  All else is copied; whether the
/// outcome is JSON, json_check() tells.
#ifndef RCMCP_JSON_REPAIR_H
#define RCMCP_JSON_REPAIR_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>

struct json_repair {
    size_t count;      ///< repairs made
    const char *first; ///< what the first was: static text
    const char *at;    ///< ... and where, in the text
};

/// Appends the repaired text to `out`, in linear time; false when memory is out.  text[size] must
/// be 0.
bool json_repair(const char *text, size_t size, struct buf *out, struct json_repair *repair);

#endif
