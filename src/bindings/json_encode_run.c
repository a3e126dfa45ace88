// core.json.encode: how far it is, where a value stands, and what is wrong with it.
#include "bindings/json_encode_run.h"

#include "host/stack.h"
#include "sandbox/budget.h"

#include <lauxlib.h>

enum {
    LOOK = 1024,   // steps between two looks at the clock
    BYTES = 256,   // of a text that take as long as a step
    PIECE = 65536, // bytes of a long text that are written at once
};

void encode_step(struct encode_run *r, size_t bytes)
{
    size_t before = r->steps;
    r->steps += 1 + bytes / BYTES;
    if (before / LOOK != r->steps / LOOK && budget_is_over(r->L))
        budget_stop(r->L);
}

void encode_release(struct encode_scratch *e)
{
    buf_free(&e->out);
    json_keys_free(&e->keys);
    buf_resize(e->keys.memory, e->frames, e->room * sizeof *e->frames, 0);
    e->frames = NULL;
    e->room = 0;
}

static void add_frames(struct encode_run *r)
{
    struct encode_scratch *e = r->e;
    size_t room = e->room ? 2 * e->room : 16; // at most JSON_MAX_DEPTH are needed
    size_t each = sizeof *e->frames;
    struct encode_frame *frames =
        buf_resize(e->keys.memory, e->frames, e->room * each, room * each);
    if (!frames)
        encode_fail(r, "not enough memory");
    e->frames = frames;
    e->room = room;
}

struct encode_frame *encode_open(struct encode_run *r, enum encode_kind kind, int index, int top)
{
    if (r->depth == r->e->room)
        add_frames(r);
    r->depth++;
    struct encode_frame *frame = encode_innermost(r);
    *frame =
        (struct encode_frame){ .kind = kind, .index = index, .top = top, .base = lua_gettop(r->L) };
    return frame;
}

void encode_close(struct encode_run *r)
{
    lua_settop(r->L, encode_innermost(r)->top);
    r->depth--;
}

static bool is_bare(const char *key, size_t size)
{
    if (size == 0 || size > 64)
        return false;
    for (size_t i = 0; i < size; i++) {
        char c = key[i];
        bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!word && c != '_' && c != '-')
            return false;
    }
    return true;
}

// Pushes one step of a path.
static void push_step(lua_State *L, const struct encode_frame *entry)
{
    enum { SHOWN = 64 };
    if (!entry->key) {
        lua_pushfstring(L, "[%I]", (LUAI_UACINT)entry->at);
    } else if (is_bare(entry->key, entry->size)) {
        lua_pushfstring(L, ".%s", entry->key);
    } else {
        luaL_Buffer b;
        luaL_buffinit(L, &b);
        luaL_addstring(&b, "[\"");
        for (size_t i = 0; i < entry->size && i < SHOWN; i++) {
            char c = entry->key[i];
            luaL_addchar(&b, (char)(c >= 0x20 && c < 0x7F && c != '"' ? c : '?'));
        }
        luaL_addstring(&b, entry->size > SHOWN ? "...\"]" : "\"]");
        luaL_pushresult(&b);
    }
}

// Pushes the path; of a deep one the first and the last steps.
static void push_path(const struct encode_run *r)
{
    enum {
        ENDS = 6,
        MOST = 1 + 2 * ENDS + 1, // pushed before "at ": an empty text, the steps, "..."
        OWN = 8,                 // of what pushes them and joins them
    };
    lua_State *L = r->L;
    const struct encode_frame *frames = r->e->frames;
    unsigned depth = frames ? r->depth : 0;
    if (depth > 0 && !frames[depth - 1].key && frames[depth - 1].at == 0)
        depth--; // no entry of the innermost table is begun
    stack_need(L, MOST + 1 + MOST + OWN, "path");
    if (depth == 0) {
        lua_pushliteral(L, "at the top");
        return;
    }
    lua_pushliteral(L, "");
    int shown = 1;
    for (unsigned level = depth; level > 0; level--) {
        if (level <= ENDS || level > depth - ENDS) {
            push_step(L, &frames[level - 1]);
            shown++;
        } else if (level == ENDS + 1) {
            lua_pushliteral(L, "...");
            shown++;
        }
    }
    lua_pushliteral(L, "at ");
    for (int i = 0, top = lua_gettop(L); i < shown; i++) // the steps lie from the last to the first
        lua_pushvalue(L, top - 1 - i);
    lua_concat(L, shown + 1);
}

void encode_fail(struct encode_run *r, const char *what)
{
    lua_State *L = r->L;
    push_path(r);
    encode_release(r->e);
    luaL_error(L, "%s: %s", lua_tostring(L, -1), what);
}

void encode_fail_size(struct encode_run *r)
{
    lua_pushfstring(r->L, "the text would have more than %I bytes", (LUAI_UACINT)r->most);
    encode_fail(r, lua_tostring(r->L, -1));
}

void encode_put_bytes(struct encode_run *r, const char *bytes, size_t size)
{
    if (!buf_append(&r->e->out, bytes, size))
        encode_fail(r, "not enough memory");
}

void encode_check(struct encode_run *r, enum json_written written)
{
    switch (written) {
    case JSON_WRITTEN:
        return;
    case JSON_NO_MEMORY:
        encode_fail(r, "not enough memory");
        return;
    case JSON_NOT_UTF8:
        encode_fail(r, "the string is not valid UTF-8; send bytes as base64");
        return;
    case JSON_NOT_FINITE:
        encode_fail(r, "JSON has no infinity and no NaN");
        return;
    }
}

// A long text is no step by itself: each piece is one.
static bool begins_long(struct encode_run *r, const char *text, size_t size, bool is_json)
{
    encode_room(r, size);
    if (!r->pauses || size <= PIECE) {
        encode_step(r, size);
        return false;
    }
    if (!buf_reserve(&r->e->out, size + 2)) // which costs nothing yet, and spares copies
        encode_fail(r, "not enough memory");
    r->text = (struct encode_text){ text, size, is_json };
    return true;
}

void encode_string(struct encode_run *r, const char *text, size_t size)
{
    if (begins_long(r, text, size, false))
        encode_put(r, '"');
    else
        encode_check(r, json_write_string(&r->e->out, text, size));
}

void encode_json(struct encode_run *r, const char *text, size_t size)
{
    if (!begins_long(r, text, size, true))
        encode_put_bytes(r, text, size);
}

// Bytes of the next piece, which ends with a whole character where the text is one.
static size_t next_piece(const struct encode_text *text)
{
    if (text->left <= PIECE)
        return text->left;
    size_t size = PIECE;
    for (int back = 0; back < 3 && ((unsigned char)text->at[size] & 0xC0) == 0x80; back++)
        size--;
    return size;
}

void encode_text(struct encode_run *r)
{
    struct encode_text *text = &r->text;
    while (text->left > 0) {
        if (r->steps >= r->pause)
            return;
        size_t size = next_piece(text);
        encode_step(r, size);
        if (text->is_json)
            encode_put_bytes(r, text->at, size);
        else
            encode_check(r, json_write_part(&r->e->out, text->at, size));
        text->at += size;
        text->left -= size;
    }
    text->at = NULL;
    if (!text->is_json)
        encode_put(r, '"');
}
