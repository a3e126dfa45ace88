// Salvaging text: JSON that is not too deep stays as it is, and whatever comes out is JSON that is
// no deeper than it may be.
#include "base/buf.h"
#include "json/reader.h"
#include "json/salvage.h"

#include "target.h"

static void check(const char *text, size_t size, unsigned depth)
{
    struct json_facts facts;
    struct json_facts outcome;
    struct json_salvage salvage;
    struct buf out = { 0 };
    bool whole = json_check(text, size, &facts) && facts.depth <= depth;
    must(json_salvage(text, size, depth, &out, &salvage));
    if (whole)
        must(out.size == size && memcmp(out.data, text, size) == 0 && !salvage.message);
    if (out.size > 0) {
        size_t kept = out.size;
        must(buf_append(&out, "", 1) && json_check(out.data, kept, &outcome));
        must(outcome.depth <= depth);
    }
    buf_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = own_text(data, size);
    check(text, size, JSON_MAX_DEPTH);
    check(text, size, 3);
    free(text);
    return 0;
}
