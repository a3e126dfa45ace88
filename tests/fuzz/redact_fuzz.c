// Redaction: whatever text comes, what is JSON stays JSON, a text without a secret stays itself,
// and no secret is left where it stands as it is.  What a quick look lets pass has none to cut.
#include "base/buf.h"
#include "json/reader.h"
#include "json/redact.h"

#include "target.h"

static const char secret[] = "ab/\"c";

static struct redact *rules(void)
{
    struct redact *r = redact_new();
    must(r != NULL);
    must(redact_add(r, secret, sizeof secret - 1));
    must(redact_add(r, "aaaa", 4));
    must(redact_add(r, "\xC3\xA9", 2));
    must(redact_add_whole(r, "k", 1, "v", 1));
    must(redact_add_number(r, "12", 2));
    must(redact_add_name(r, "cut", 3, REDACT_CUT));
    must(redact_add_name(r, "inputs", 6, REDACT_INPUTS));
    must(redact_add_name(r, "outputs", 7, REDACT_OUTPUTS));
    must(redact_add_name(r, "url", 3, REDACT_OUTPUT));
    must(redact_add_name(r, "id", 2, REDACT_KEPT));
    must(redact_add_name(r, "status", 6, REDACT_WORD));
    must(redact_ready(r));
    return r;
}

static bool is_json(const char *text, size_t size)
{
    struct json_facts facts;
    return json_check(text, size, &facts);
}

// In steps, however long each, the same comes of it.
static void check_steps(const struct redact *r, const char *text, size_t size, enum redact_as as,
                        enum redact_outcome outcome, const struct buf *cut)
{
    for (size_t bytes = 1; bytes < 1000; bytes = bytes * 9 + 2) {
        struct buf out = { 0 };
        struct redaction *steps = redaction_begin(r, text, size, as);
        must(steps != NULL);
        while (!redaction_go_on(steps, bytes, &out))
            ;
        must(redaction_outcome(steps) == outcome && out.size == cut->size);
        must(out.size == 0 || memcmp(out.data, cut->data, out.size) == 0);
        redaction_free(steps);
        buf_free(&out);
    }
}

static void check_json(const struct redact *r, const char *text, size_t size)
{
    struct buf out = { 0 };
    bool valid = is_json(text, size);
    enum redact_outcome outcome = redact_json(r, text, size, size % 2 == 1, &out);
    must(outcome != REDACT_NO_MEMORY);
    must(outcome == REDACT_CHANGED || out.size == 0);
    must(outcome != REDACT_CHANGED || !redact_passes(r, text, size));
    if (outcome != REDACT_NO_JSON)
        check_steps(r, text, size, size % 2 == 1 ? REDACT_AS_OUTPUTS : REDACT_AS_JSON, outcome,
                    &out);
    if (valid && outcome == REDACT_CHANGED) {
        char *cut = own_text(out.data, out.size);
        must(is_json(cut, out.size));
        free(cut);
    }
    buf_free(&out);
}

static void check_text(const struct redact *r, const char *text, size_t size)
{
    struct buf out = { 0 };
    enum redact_outcome outcome = redact_text(r, text, size, &out);
    must(outcome == REDACT_SAME || outcome == REDACT_CHANGED);
    must(outcome == REDACT_SAME || !redact_passes(r, text, size));
    check_steps(r, text, size, REDACT_AS_TEXT, outcome, &out);
    const char *left = outcome == REDACT_SAME ? text : out.data;
    size_t left_size = outcome == REDACT_SAME ? size : out.size;
    must(memmem(left, left_size, secret, sizeof secret - 1) == NULL);
    must(memmem(left, left_size, "aaaa", 4) == NULL);
    buf_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct redact *r;
    if (!r)
        r = rules();
    char *text = own_text(data, size);
    check_json(r, text, size);
    char *exact = own_block(data, size);
    check_text(r, exact, size);
    check_json(r, text, size);
    free(exact);
    free(text);
    return 0;
}
