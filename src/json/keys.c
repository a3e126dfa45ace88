#include "json/keys.h"

#include <stdlib.h>
#include <string.h>

enum { FEW = 24 }; // up to so many keys insertion is the fastest way to sort

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

void json_keys_sort(struct json_keys *keys, size_t first)
{
    size_t count = keys->count - first;
    if (count < 2)
        return;
    struct json_key *list = keys->list + first;
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

void json_keys_free(struct json_keys *keys)
{
    buf_resize(keys->memory, keys->list, keys->room * sizeof *keys->list, 0);
    *keys = (struct json_keys){ .memory = keys->memory };
}
