#include "json/redact_rules.h"

#include "base/unescape.h"
#include "base/utf8.h"

#include <stdlib.h>

// Sets of hashes
// ------------------------------------------------------------------------------------

static size_t slot_of(const uint64_t *keys, size_t room, uint64_t key)
{
    size_t at = (size_t)(key >> 20) & (room - 1);
    while (keys[at] != 0 && keys[at] != key)
        at = (at + 1) & (room - 1);
    return at;
}

static bool grow(struct redact_set *s)
{
    size_t room = s->room ? s->room * 2 : 64;
    uint64_t *keys = calloc(room, sizeof *keys);
    unsigned char *meanings = calloc(room, 1);
    if (!keys || !meanings) {
        free(keys);
        free(meanings);
        return false;
    }
    for (size_t i = 0; i < s->room; i++) {
        if (s->keys[i] == 0)
            continue;
        size_t at = slot_of(keys, room, s->keys[i]);
        keys[at] = s->keys[i];
        meanings[at] = s->meanings[i];
    }
    free(s->keys);
    free(s->meanings);
    s->keys = keys;
    s->meanings = meanings;
    s->room = room;
    return true;
}

static bool set_add(struct redact_set *s, uint64_t key, unsigned char meaning)
{
    key |= 1; // 0 is a free slot
    if (s->count * 2 >= s->room && !grow(s))
        return false;
    size_t at = slot_of(s->keys, s->room, key);
    if (s->keys[at] == 0)
        s->count++;
    s->keys[at] = key;
    s->meanings[at] = meaning;
    return true;
}

unsigned char redact_set_get(const struct redact_set *s, uint64_t key)
{
    return s->room ? s->meanings[slot_of(s->keys, s->room, key | 1)] : 0;
}

// Rules
// ---------------------------------------------------------------------------------------------

struct redact *redact_new(void)
{
    struct redact *r = calloc(1, sizeof *r);
    if (!r)
        return NULL;
    r->needles = needles_new();
    if (r->needles)
        return r;
    free(r);
    return NULL;
}

void redact_free(struct redact *r)
{
    if (!r)
        return;
    needles_free(r->needles);
    free(r->set.keys);
    free(r->set.meanings);
    free(r);
}

static bool add_word(struct redact *r, const char *bytes, size_t size, struct needle_hit what)
{
    for (size_t i = 0; i < size; i++)
        r->in_words[(unsigned char)bytes[i]] = true;
    return size == 0 || needles_add(r->needles, bytes, size, what);
}

bool redact_add(struct redact *r, const char *bytes, size_t size)
{
    // Of a long one the beginning is looked for, and as much is cut as it has.
    size_t head = size <= NEEDLE_MOST ? size : utf8_whole(bytes, NEEDLE_MOST);
    size_t more = size - head < UINT32_MAX ? size - head : UINT32_MAX;
    return add_word(r, bytes, head,
                    (struct needle_hit){ .size = (uint32_t)head, .more = (uint32_t)more });
}

// What is found by its hash, and makes a text worth a closer look.
static bool add_hint(struct redact *r, const char *bytes, size_t size, bool opens)
{
    struct needle_hit what = { .opens = opens, .hints = true };
    return add_word(r, bytes, size < NEEDLE_MOST ? size : NEEDLE_MOST, what);
}

static uint64_t hash_on(uint64_t hash, const char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        hash = redact_hash(hash, (unsigned char)bytes[i]);
    return hash;
}

static uint64_t hash_of(uint64_t salt, const char *bytes, size_t size)
{
    return hash_on(redact_hash_start(salt), bytes, size);
}

bool redact_add_whole(struct redact *r, const char *name, size_t name_size, const char *bytes,
                      size_t size)
{
    r->has_wholes = true;
    if (!add_hint(r, bytes, size, false))
        return false;
    uint64_t named = hash_of(REDACT_NAME_SALT, name, name_size);
    return set_add(&r->set, hash_on(redact_hash_start(named), bytes, size), 1);
}

bool redact_add_number(struct redact *r, const char *digits, size_t size)
{
    r->has_numbers = true;
    return add_hint(r, digits, size, false) &&
           set_add(&r->set, hash_of(REDACT_NUMBER_SALT, digits, size), 1);
}

bool redact_add_name(struct redact *r, const char *name, size_t size, enum redact_name meaning)
{
    if (meaning == REDACT_CUT && !add_hint(r, name, size, size <= NEEDLE_MOST))
        return false;
    return set_add(&r->set, hash_of(REDACT_NAME_SALT, name, size), (unsigned char)meaning);
}

bool redact_ready(struct redact *r)
{
    for (int byte = 0; byte < 256; byte++)
        r->begins[byte] = r->needles->root[byte] != 0 || unescape_begins((char)byte);
    return needles_ready(r->needles);
}
