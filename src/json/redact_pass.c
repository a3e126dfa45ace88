#include "json/redact_pass.h"

#include "base/unescape.h"

// Whether an escape may hide something.  A backslash before a sign that nothing looked for has
// hides nothing: without it the same bytes stand around that sign.  What such escapes leave begins
// no escape that does not stand in the text as it is: each backslash is looked at by itself.
static bool may_hide(const struct redact *r, const char *text, size_t size)
{
    struct unescaped escape;
    if (!unescape_any(text, size, &escape))
        return false;
    bool is_simple = text[0] == '\\' && escape.length == 2;
    return !is_simple || r->in_words[(unsigned char)escape.bytes[0]];
}

enum redact_passed redact_pass_some(const struct redact *r, const char *text, size_t size,
                                    struct redact_pass *pass, size_t bytes)
{
    uint32_t state = pass->state;
    size_t at = pass->at, stop = size - at > bytes ? at + bytes : size;
    for (; at < stop; at++) {
        unsigned char byte = (unsigned char)text[at];
        if (state == 0 && !r->begins[byte])
            continue;
        if (unescape_begins(text[at]) && may_hide(r, text + at, size - at))
            return REDACT_NOT_PASSED;
        const struct needle_hit *hit = needles_step(r->needles, &state, byte);
        if (hit->size > 0 || hit->hints)
            return REDACT_NOT_PASSED;
    }
    *pass = (struct redact_pass){ at, state };
    return at == size ? REDACT_PASSED : REDACT_MAY_PASS;
}
