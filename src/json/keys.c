#include "json/keys.h"

#include <stdlib.h>
#include <string.h>

enum {
    FEW = 24, // up to so many keys insertion is the fastest way to sort
    RUN = 256 // keys that are sorted at once where all are sorted in steps
};

static uint64_t prefix_of(const char *text, size_t size)
{
    const unsigned char *s = (const unsigned char *)text;
    if (size >= 8) // compilers make this one load and a byte swap
        return (uint64_t)s[0] << 56 | (uint64_t)s[1] << 48 | (uint64_t)s[2] << 40 |
               (uint64_t)s[3] << 32 | (uint64_t)s[4] << 24 | (uint64_t)s[5] << 16 |
               (uint64_t)s[6] << 8 | s[7];
    uint64_t prefix = 0;
    for (size_t i = 0; i < size; i++)
        prefix |= (uint64_t)s[i] << (56 - 8 * i);
    return prefix;
}

bool json_keys_add(struct json_keys *keys, const char *text, size_t size, int slot)
{
    if (keys->count == keys->room) {
        size_t room = keys->room ? 2 * keys->room : 64;
        if (room > SIZE_MAX / sizeof *keys->list)
            return false;
        size_t each = sizeof *keys->list;
        struct json_key *list =
            buf_resize(keys->memory, keys->list, keys->room * each, room * each);
        if (!list)
            return false;
        keys->list = list;
        keys->room = room;
    }
    keys->list[keys->count++] = (struct json_key){ prefix_of(text, size), text, size, slot };
    return true;
}

static int compare(const struct json_key *a, const struct json_key *b)
{
    if (a->prefix != b->prefix)
        return a->prefix < b->prefix ? -1 : 1;
    size_t common = a->size < b->size ? a->size : b->size;
    int order = memcmp(a->text, b->text, common);
    return order ? order : (a->size > b->size) - (a->size < b->size);
}

static int compare_any(const void *a, const void *b)
{
    return compare(a, b);
}

static void sort(struct json_key *list, size_t count)
{
    if (count > FEW) {
        qsort(list, count, sizeof *list, compare_any);
        return;
    }
    for (size_t i = 1; i < count; i++) {
        struct json_key key = list[i];
        size_t to = i;
        for (; to > 0 && compare(&key, &list[to - 1]) < 0; to--)
            list[to] = list[to - 1];
        list[to] = key;
    }
}

void json_keys_sort(struct json_keys *keys, size_t first)
{
    if (keys->count > first)
        sort(keys->list + first, keys->count - first);
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

bool json_keys_begin_sorting(struct json_keys *keys, size_t first)
{
    size_t count = keys->count - first;
    if (count > keys->spare_room) {
        size_t each = sizeof *keys->spare;
        struct json_key *spare =
            buf_resize(keys->memory, keys->spare, keys->spare_room * each, count * each);
        if (!spare)
            return false;
        keys->spare = spare;
        keys->spare_room = count;
    }
    keys->sorting = (struct json_sorting){ .first = first };
    return true;
}

// Whatever is sorted in runs is to be merged next.
static void begin_pass(struct json_sorting *s, size_t width, size_t count)
{
    s->width = width;
    s->to = s->left = 0;
    s->right = least(width, count);
}

static void sort_runs(struct json_key *list, struct json_sorting *s, size_t count, size_t most)
{
    for (size_t end = least(s->to + most, count); s->to < end;) {
        size_t size = least(RUN, count - s->to);
        sort(list + s->to, size);
        s->to += size;
    }
    if (s->to == count)
        begin_pass(s, RUN, count);
}

// Merges up to the end of a pair of runs.
static void merge(const struct json_key *from, struct json_key *to, struct json_sorting *s,
                  size_t count, size_t most)
{
    size_t start = s->to - s->to % (2 * s->width);
    size_t middle = least(start + s->width, count), end = least(middle + s->width, count);
    for (size_t stop = least(s->to + most, end); s->to < stop; s->to++) {
        bool right =
            s->left == middle || (s->right < end && compare(&from[s->right], &from[s->left]) < 0);
        to[s->to] = from[right ? s->right++ : s->left++];
    }
    if (s->to < end)
        return;
    s->left = end;
    s->right = least(end + s->width, count);
}

static void merge_some(struct json_key *list, struct json_key *spare, struct json_sorting *s,
                       size_t count, size_t most)
{
    const struct json_key *from = s->in_spare ? spare : list;
    struct json_key *to = s->in_spare ? list : spare;
    size_t stop = least(s->to + most, count);
    while (s->to < stop)
        merge(from, to, s, count, stop - s->to);
    if (s->to < count)
        return;
    s->in_spare = !s->in_spare;
    begin_pass(s, 2 * s->width, count);
}

bool json_keys_sort_some(struct json_keys *keys, size_t most)
{
    struct json_sorting *s = &keys->sorting;
    size_t count = keys->count - s->first;
    if (count == 0)
        return true;
    struct json_key *list = keys->list + s->first;
    if (s->width == 0) {
        sort_runs(list, s, count, most);
        return count <= RUN && s->width > 0;
    }
    if (s->width < count) {
        merge_some(list, keys->spare, s, count, most);
        return s->width >= count && !s->in_spare;
    }
    size_t size = least(most, count - s->to);
    memcpy(list + s->to, keys->spare + s->to, size * sizeof *list);
    s->to += size;
    return s->to == count;
}

void json_keys_free(struct json_keys *keys)
{
    buf_resize(keys->memory, keys->spare, keys->spare_room * sizeof *keys->spare, 0);
    buf_resize(keys->memory, keys->list, keys->room * sizeof *keys->list, 0);
    *keys = (struct json_keys){ .memory = keys->memory };
}
