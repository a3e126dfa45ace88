// The JSON reader, the compacting copy, navigation and the writer, each against the others.
#include "base/buf.h"
#include "json/keys.h"
#include "json/number.h"
#include "json/reader.h"
#include "json/text.h"
#include "json/writer.h"

#include "target.h"

#include <errno.h>

static bool is_text(enum json_event event)
{
    return event == JSON_KEY || event == JSON_STRING || event == JSON_NUMBER;
}

// Two texts give the same events.
static void same_events(const char *a, size_t a_size, const char *b, size_t b_size)
{
    struct json_reader left;
    struct json_reader right;
    enum json_event event;
    json_reader_init(&left, a, a_size);
    json_reader_init(&right, b, b_size);
    do {
        event = json_read(&left);
        must(json_read(&right) == event);
        if (is_text(event))
            must(left.size == right.size && memcmp(left.slice, right.slice, left.size) == 0);
    } while (event > JSON_END);
}

static int sign_of(long double a, long double b)
{
    return (a > b) - (a < b);
}

// Numbers that the C library can tell apart are in its order, in both directions.
static void compare_numbers(const struct json_reader *r, const struct json_slice *before)
{
    int order = json_compare_numbers(before->text, before->size, r->slice, r->size);
    int back = json_compare_numbers(r->slice, r->size, before->text, before->size);
    int known = sign_of(strtold(before->text, NULL), strtold(r->slice, NULL));
    must(sign_of(order, 0) == -sign_of(back, 0));
    must(known == 0 || sign_of(order, 0) == known);
    must(json_compare_numbers(r->slice, r->size, r->slice, r->size) == 0);
}

static void check_integer(const struct json_reader *r)
{
    int64_t integer;
    errno = 0;
    long long known = strtoll(r->slice, NULL, 10);
    bool is = errno == 0;
    must(json_parse_integer(r->slice, r->size, &integer) == is);
    must(!is || integer == known);
}

// `before`: the number before this one, which is replaced.
static void write_number(struct buf *out, const struct json_reader *r, struct json_slice *before)
{
    int64_t integer;
    double number;
    double again;
    char text[JSON_NUMBER_ROOM + 1];
    compare_numbers(r, before);
    *before = (struct json_slice){ r->slice, r->size };
    if (r->integral)
        check_integer(r);
    if (r->integral && json_parse_integer(r->slice, r->size, &integer)) {
        must(json_write_integer(out, integer) == JSON_WRITTEN);
    } else if (json_parse_double(r->slice, r->size, &number)) {
        size_t size = json_format_double(text, number);
        must(size < sizeof text);
        text[size] = 0;
        must(json_parse_double(text, size, &again) && memcmp(&again, &number, sizeof again) == 0);
        must(strtod(r->slice, NULL) == number);
        must(json_write_double(out, number) == JSON_WRITTEN);
    } else {
        must(buf_append(out, r->slice, r->size));
    }
}

static void write_string(struct buf *out, const struct json_reader *r)
{
    char *bytes = malloc(r->size + 1);
    must(bytes != NULL);
    size_t size = json_unescape(r->slice, r->size, bytes);
    must(size <= r->size && (r->escaped || size == r->size));
    must(json_write_string(out, bytes, size) == JSON_WRITTEN);
    free(bytes);
}

// Reads a text and writes what was read.
static void rewrite(const char *text, size_t size, struct buf *out)
{
    struct json_reader r;
    enum json_event event;
    struct json_slice number = { "0", 1 };
    bool comma = false;
    json_reader_init(&r, text, size);
    while ((event = json_read(&r)) > JSON_END) {
        if (comma && event != JSON_OBJECT_END && event != JSON_ARRAY_END)
            must(json_put(out, ','));
        comma = event != JSON_OBJECT && event != JSON_ARRAY && event != JSON_KEY;
        if (event == JSON_OBJECT || event == JSON_OBJECT_END)
            must(json_put(out, event == JSON_OBJECT ? '{' : '}'));
        else if (event == JSON_ARRAY || event == JSON_ARRAY_END)
            must(json_put(out, event == JSON_ARRAY ? '[' : ']'));
        else if (event == JSON_NUMBER)
            write_number(out, &r, &number);
        else if (is_text(event))
            write_string(out, &r);
        else
            must(buf_append(out,
                            event == JSON_TRUE    ? "true"
                            : event == JSON_FALSE ? "fals"
                                                  : "null",
                            4) &&
                 (event != JSON_FALSE || json_put(out, 'e')));
        if (event == JSON_KEY)
            must(json_put(out, ':'));
    }
    must(event == JSON_END);
    must(json_put(out, 0));
    out->size--;
}

// Writing what was read, twice, gives the same text.
static void round_trip(const char *text, size_t size)
{
    struct buf once = { 0 };
    struct buf twice = { 0 };
    struct json_facts facts;
    rewrite(text, size, &once);
    must(json_check(once.data, once.size, &facts) && facts.blanks == 0);
    rewrite(once.data, once.size, &twice);
    must(once.size == twice.size && memcmp(once.data, twice.data, once.size) == 0);
    buf_free(&twice);
    buf_free(&once);
}

// Entries of a compact container: each is JSON, is found again, and nothing is left over.
static void navigate(struct json_slice whole)
{
    struct json_cursor cursor;
    struct json_slice key = { 0 };
    struct json_slice value;
    struct json_slice found;
    struct json_facts facts;
    size_t used = 2;
    if (!json_entries(whole, &cursor))
        return;
    bool object = cursor.object;
    for (size_t i = 0; json_next_entry(&cursor, &key, &value); i++) {
        must(json_check(value.text, value.size, &facts) && facts.depth == json_depth(value));
        used += value.size + (i > 0) + (object ? key.size + 3 : 0);
        if (i >= 50)
            continue; // finding is linear
        if (!object) {
            must(json_find_index(whole, i, &found) && found.text == value.text &&
                 found.size == value.size);
            continue;
        }
        char *name = malloc(key.size + 1);
        must(name != NULL);
        size_t size = json_unescape(key.text, key.size, name);
        must(json_find_key(whole, name, size, &found) && found.text >= value.text);
        free(name);
    }
    must(used == whole.size);
}

// In steps, however many at once, keys get the same order.
static void sort_keys_in_steps(const struct json_keys *sorted)
{
    for (size_t most = 1; most <= 1000; most = most * 7 + 1) {
        struct json_keys keys = { 0 };
        for (size_t i = sorted->count; i-- > 0;)
            must(json_keys_add(&keys, sorted->list[i].text, sorted->list[i].size, 0));
        must(json_keys_begin_sorting(&keys, 0));
        while (!json_keys_sort_some(&keys, most))
            ;
        for (size_t i = 0; i < keys.count; i++)
            must(keys.list[i].size == sorted->list[i].size &&
                 memcmp(keys.list[i].text, sorted->list[i].text, keys.list[i].size) == 0);
        json_keys_free(&keys);
    }
}

// Sorted, each key is there once, in the order of bytes.
static void sort_keys(struct json_slice whole)
{
    struct json_cursor cursor;
    struct json_keys keys = { 0 };
    struct json_slice key;
    struct json_slice value;
    if (!json_entries(whole, &cursor) || !cursor.object)
        return;
    while (json_next_entry(&cursor, &key, &value))
        must(json_keys_add(&keys, key.text, key.size, (int)keys.count));
    bool *seen = calloc(keys.count + 1, sizeof *seen);
    must(seen != NULL);
    json_keys_sort(&keys, 0);
    for (size_t i = 0; i < keys.count; i++) {
        const struct json_key *k = &keys.list[i];
        must((size_t)k->slot < keys.count && !seen[k->slot]);
        seen[k->slot] = true;
        if (i == 0)
            continue;
        size_t common = k[-1].size < k->size ? k[-1].size : k->size;
        int order = memcmp(k[-1].text, k->text, common);
        must(order < 0 || (order == 0 && k[-1].size <= k->size));
    }
    free(seen);
    sort_keys_in_steps(&keys);
    json_keys_free(&keys);
}

static void check_valid(const char *text, size_t size, const struct json_facts *facts)
{
    size_t left = size - facts->blanks;
    struct json_facts again;
    char *compact = malloc(left + 1);
    must(compact != NULL);
    must(json_compact(text, size, compact) == left);
    compact[left] = 0;
    must(json_check(compact, left, &again) && again.blanks == 0 && again.depth == facts->depth);
    must(json_depth((struct json_slice){ compact, left }) == facts->depth);
    same_events(text, size, compact, left);
    navigate((struct json_slice){ compact, left });
    sort_keys((struct json_slice){ compact, left });
    round_trip(compact, left);
    free(compact);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = own_text(data, size);
    struct json_facts facts;
    struct json_reader r;
    enum json_event event;
    bool valid = json_check(text, size, &facts);
    json_reader_init(&r, text, size);
    do
        event = json_read(&r);
    while (event > JSON_END);
    must(valid == (event == JSON_END));
    must(r.at == facts.at && r.at >= text && r.at <= text + size);
    if (valid) {
        check_valid(text, size, &facts);
    } else {
        size_t line;
        size_t column;
        must(facts.message && json_read(&r) == JSON_ERROR);
        json_place(text, facts.at, &line, &column);
        must(line + column <= size + 2);
    }
    free(text);
    return 0;
}
