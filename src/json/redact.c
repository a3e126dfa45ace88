#include "json/redact.h"

#include "json/redact_scan.h"

#include <stdlib.h>

enum redact_outcome redact_text(const struct redact *r, const char *text, size_t size,
                                struct buf *out)
{
    if (size >= UINT32_MAX)
        return REDACT_NO_MEMORY;
    struct redact_scan s;
    s.rules = r;
    s.text = text;
    s.size = (uint32_t)size;
    s.map = NULL;
    s.failed = false;
    redact_scan_string(&s, 0, s.size, false);
    enum redact_outcome outcome = s.map ? REDACT_CHANGED : REDACT_SAME;
    if (s.failed || (s.map && !redact_emit(&s, out)))
        outcome = REDACT_NO_MEMORY;
    free(s.map);
    return outcome;
}
