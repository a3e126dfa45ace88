// Whether a text is worth a closer look: most texts have nothing of what is looked for.
#include "base/unescape.h"
#include "json/redact.h"

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

bool redact_passes(const struct redact *r, const char *text, size_t size)
{
    uint32_t state = 0;
    for (size_t at = 0; at < size; at++) {
        unsigned char byte = (unsigned char)text[at];
        if (state == 0 && !r->begins[byte])
            continue;
        if (unescape_begins(text[at]) && may_hide(r, text + at, size - at))
            return false;
        const struct needle_hit *hit = needles_step(r->needles, &state, byte);
        if (hit->size > 0 || hit->hints)
            return false;
    }
    return true;
}
