// Shortening JSON as it comes in: the pieces in which it comes make no difference, JSON stays JSON,
// and nothing but what is left out is missing.
#include "base/brief.h"
#include "json/reader.h"

#include "target.h"

static struct buf shortened(const char *text, size_t size, size_t piece)
{
    struct brief b = { 0 };
    struct buf out = { 0 };
    for (size_t at = 0; at < size; at += piece)
        must(brief_feed(&b, text + at, piece < size - at ? piece : size - at, &out));
    must(b.in_text || out.size + b.left_out >= size);
    must(buf_append(&out, "", 1));
    return out;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct json_facts facts;
    size_t head = BRIEF_TEXT - (size > 0 ? data[0] % 32 : 0); // so that the cut falls into the data
    struct buf text = { 0 };
    must(buf_append(&text, "[\"", 2) && buf_reserve(&text, head + size + 1));
    memset(text.data + text.size, 'x', head);
    text.size += head;
    must(buf_append(&text, (const char *)data, size) && buf_append(&text, "", 1));
    struct buf whole = shortened(text.data, text.size - 1, text.size);
    struct buf pieces = shortened(text.data, text.size - 1, size > 1 ? 1 + data[1] % 61 : 1);
    must(whole.size == pieces.size && memcmp(whole.data, pieces.data, whole.size) == 0);
    if (json_check(text.data, text.size - 1, &facts))
        must(json_check(whole.data, whole.size - 1, &facts));
    buf_free(&pieces);
    buf_free(&whole);
    buf_free(&text);
    return 0;
}
