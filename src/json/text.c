#include "json/text.h"

#include "json/reader.h"
#include "json/scan.h"
#include "json/skip.h"

#include <string.h>

size_t json_compact(const char *text, size_t size, char *out)
{
    const char *end = text + size;
    char *to = out;
    for (const char *at = text; at < end;) {
        if (json_is_blank(*at)) {
            at = json_skip_blanks(at, end);
        } else if (*at == '"') {
            const char *string = at;
            at = json_skip_string(at + 1, end);
            memcpy(to, string, (size_t)(at - string));
            to += at - string;
        } else {
            *to++ = *at++;
        }
    }
    return (size_t)(to - out);
}

unsigned json_depth(struct json_slice value)
{
    const char *end = value.text + value.size;
    unsigned depth = 0;
    unsigned deepest = 0;
    for (const char *at = value.text; at < end;) {
        char c = *at++;
        if (c == '"') {
            at = json_skip_string(at, end);
        } else if (c == '{' || c == '[') {
            depth++;
            if (depth > deepest)
                deepest = depth;
        } else if (c == '}' || c == ']') {
            depth--;
        }
    }
    return deepest;
}

bool json_entries(struct json_slice value, struct json_cursor *cursor)
{
    if (value.size < 2 || (value.text[0] != '{' && value.text[0] != '['))
        return false;
    cursor->object = value.text[0] == '{';
    cursor->end = value.text + value.size;
    cursor->at = value.size > 2 ? value.text + 1 : NULL;
    return true;
}

bool json_next_entry(struct json_cursor *cursor, struct json_slice *key, struct json_slice *value)
{
    const char *at = cursor->at;
    if (!at)
        return false;
    if (cursor->object) {
        key->text = at + 1;
        at = json_skip_string(key->text, cursor->end);
        key->size = (size_t)(at - key->text) - 1;
        at += at < cursor->end; // the colon
    }
    value->text = at;
    at = json_skip_value(at, cursor->end);
    value->size = (size_t)(at - value->text);
    cursor->at = at < cursor->end && *at == ',' ? at + 1 : NULL;
    return true;
}

// Bytes of the escape at the beginning; a surrogate pair is one.
static size_t escape_length(struct json_slice rest)
{
    const char *text = rest.text;
    if (text[1] != 'u')
        return 2;
    bool is_pair = rest.size >= 12 && text[6] == '\\' && text[7] == 'u' && strchr("dD", text[2]) &&
                   strchr("89abAB", text[3]);
    return is_pair ? 12 : 6;
}

bool json_next_stretch(struct json_slice *inside, struct json_stretch *stretch)
{
    if (inside->size == 0)
        return false;
    const char *escape = memchr(inside->text, '\\', inside->size);
    size_t plain = escape ? (size_t)(escape - inside->text) : inside->size;
    size_t taken = plain > 0 ? plain : escape_length(*inside);
    stretch->text = plain > 0 ? inside->text : stretch->resolved;
    stretch->size = plain > 0 ? plain : json_unescape(inside->text, taken, stretch->resolved);
    inside->text += taken;
    inside->size -= taken;
    return true;
}

// Whether a key with escapes means the bytes wanted.
static bool means(struct json_slice key, const char *wanted, size_t size)
{
    struct json_stretch stretch;
    while (json_next_stretch(&key, &stretch)) {
        if (stretch.size > size || memcmp(stretch.text, wanted, stretch.size) != 0)
            return false;
        wanted += stretch.size;
        size -= stretch.size;
    }
    return size == 0;
}

// An escape is longer than what it means, so equal sizes are only equal without one.
static bool is_key(struct json_slice name, const char *wanted, size_t size)
{
    if (name.size == size)
        return memcmp(name.text, wanted, size) == 0 && !memchr(name.text, '\\', size);
    return name.size > size && memchr(name.text, '\\', name.size) && means(name, wanted, size);
}

bool json_find_key(struct json_slice object, const char *key, size_t size, struct json_slice *value)
{
    struct json_cursor cursor;
    struct json_slice name;
    struct json_slice entry;
    bool found = false;
    if (!json_entries(object, &cursor) || !cursor.object)
        return false;
    while (json_next_entry(&cursor, &name, &entry)) {
        if (is_key(name, key, size)) {
            *value = entry;
            found = true;
        }
    }
    return found;
}

bool json_find_index(struct json_slice array, size_t index, struct json_slice *value)
{
    struct json_cursor cursor;
    struct json_slice key;
    if (!json_entries(array, &cursor) || cursor.object)
        return false;
    while (json_next_entry(&cursor, &key, value)) {
        if (index-- == 0)
            return true;
    }
    return false;
}
