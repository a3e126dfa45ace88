// Repairing text: what is JSON stays as it is, what was repaired needs no second repair, and all
// that can be wrong in strings is mended.
#include "base/buf.h"
#include "json/reader.h"
#include "json/repair.h"

#include "target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = own_text(data, size);
    struct json_facts facts;
    struct json_repair first;
    struct json_repair second;
    struct buf once = { 0 };
    struct buf twice = { 0 };
    must(json_repair(text, size, &once, &first) && buf_append(&once, "", 1));
    once.size--;
    if (json_check(text, size, &facts))
        must(first.count == 0);
    if (first.count == 0)
        must(once.size == size && (size == 0 || memcmp(once.data, text, size) == 0));
    else
        must(first.first && first.at >= text && first.at < text + size);
    bool mark = once.size >= 3 && memcmp(once.data, "\xEF\xBB\xBF", 3) == 0;
    must(json_repair(once.data, once.size, &twice, &second));
    must(second.count == mark);
    buf_free(&twice);
    buf_free(&once);
    free(text);
    return 0;
}
