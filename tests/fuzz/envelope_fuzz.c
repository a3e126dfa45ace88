// What a message is about: the same however it is cut into pieces, and the same as the JSON reader
// finds where the text is JSON.
#include "base/envelope.h"
#include "json/reader.h"

#include "target.h"

static struct envelope look(const char *bytes, size_t size, size_t step)
{
    struct envelope e = { 0 };
    for (size_t at = 0; at < size; at += step) {
        size_t n = size - at < step ? size - at : step;
        char *chunk = own_block(bytes + at, n);
        envelope_feed(&e, chunk, n);
        free(chunk);
    }
    must(e.id_size <= sizeof e.id);
    return e;
}

struct found {
    bool method, answer, id, odd;
    const char *id_text;
    size_t id_size;
};

static bool is_key(const struct json_reader *r, const char *name)
{
    return r->size == strlen(name) && memcmp(r->slice, name, r->size) == 0;
}

// What the reader says of the members of the outermost object.
static bool read_members(const char *text, size_t size, struct found *found)
{
    struct json_reader r;
    json_reader_init(&r, text, size);
    r.lone_surrogates = true;
    enum json_event event = json_read(&r);
    bool object = event == JSON_OBJECT;
    size_t depth = object;
    bool id = false;
    bool method = false;
    if (event == JSON_ARRAY)
        depth = 1;
    while (event > JSON_END && (event = json_read(&r)) > JSON_END) {
        if (event == JSON_KEY && depth == 1) {
            id = is_key(&r, "id");
            method = is_key(&r, "method");
            found->answer = found->answer || is_key(&r, "result") || is_key(&r, "error");
            continue;
        }
        bool scalar = event == JSON_STRING || event == JSON_NUMBER;
        if (depth == 1 && id && scalar && !found->id) {
            bool string = event == JSON_STRING;
            found->id = r.size + 2 * string <= ENVELOPE_ID;
            found->id_text = r.slice - string;
            found->id_size = r.size + 2 * string;
            found->odd = !found->id; // too long to be taken
        }
        if (depth == 1 && method && event == JSON_STRING)
            found->method = true;
        if (depth == 1)
            id = method = false;
        depth += event == JSON_OBJECT || event == JSON_ARRAY;
        depth -= event == JSON_OBJECT_END || event == JSON_ARRAY_END;
    }
    return event == JSON_END && object;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1)
        return 0;
    size_t step = 1 + data[0] % 64;
    size--;
    char *text = own_text(data + 1, size);
    struct envelope whole = look(text, size, size + 1);
    struct envelope cut = look(text, size, step);
    must(envelope_kind(&whole) == envelope_kind(&cut) && whole.has_id == cut.has_id);
    if (whole.has_id)
        must(whole.id_size == cut.id_size && memcmp(whole.id, cut.id, cut.id_size) == 0);
    struct found found = { 0 };
    if (read_members(text, size, &found) && !found.odd) {
        must(whole.closed && whole.has_method == found.method && whole.has_id == found.id);
        must(whole.has_answer == found.answer);
        if (found.id)
            must(whole.id_size == found.id_size &&
                 memcmp(whole.id, found.id_text, found.id_size) == 0);
    }
    free(text);
    return 0;
}
