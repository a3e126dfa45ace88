// core.json.encode: how far it is, where a value stands, and what is wrong with it.
#include "bindings/json_encode_run.h"

#include "host/budget.h"

#include <lauxlib.h>

enum { LOOK = 1024 }; // steps between two looks at the clock

void encode_step(struct encode_run *r)
{
    if (++r->steps % LOOK == 0 && budget_is_over(r->L, 0))
        budget_stop(r->L);
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
static void push_step(lua_State *L, const struct encode_place *place)
{
    enum { SHOWN = 64 };
    if (!place->key) {
        lua_pushfstring(L, "[%I]", (LUAI_UACINT)place->index);
    } else if (is_bare(place->key, place->size)) {
        lua_pushfstring(L, ".%s", place->key);
    } else {
        luaL_Buffer b;
        luaL_buffinit(L, &b);
        luaL_addstring(&b, "[\"");
        for (size_t i = 0; i < place->size && i < SHOWN; i++) {
            char c = place->key[i];
            luaL_addchar(&b, (char)(c >= 0x20 && c < 0x7F && c != '"' ? c : '?'));
        }
        luaL_addstring(&b, place->size > SHOWN ? "...\"]" : "\"]");
        luaL_pushresult(&b);
    }
}

// Pushes the path; of a deep one the first and the last steps.
static void push_path(lua_State *L, const struct encode_place *place)
{
    enum {
        ENDS = 6,
        MOST = 1 + 2 * ENDS + 1, // pushed before "at ": an empty text, the steps, "..."
        OWN = 8,                 // of what pushes them and joins them
    };
    unsigned depth = place->depth;
    if (depth == 0) {
        lua_pushliteral(L, "at the top");
        return;
    }
    luaL_checkstack(L, MOST + 1 + MOST + OWN, "path");
    lua_pushliteral(L, "");
    int shown = 1;
    for (; place->up; place = place->up) {
        if (place->depth > ENDS && place->depth <= depth - ENDS) {
            if (place->depth == ENDS + 1) {
                lua_pushliteral(L, "...");
                shown++;
            }
            continue;
        }
        push_step(L, place);
        shown++;
    }
    lua_pushliteral(L, "at ");
    for (int i = 0, top = lua_gettop(L); i < shown; i++) // the steps lie from the last to the first
        lua_pushvalue(L, top - 1 - i);
    lua_concat(L, shown + 1);
}

void encode_fail(struct encode_run *r, const struct encode_place *place, const char *what)
{
    lua_State *L = r->L;
    buf_free(&r->e->out);
    json_keys_free(&r->e->keys);
    push_path(L, place);
    luaL_error(L, "%s: %s", lua_tostring(L, -1), what);
}

void encode_put_bytes(struct encode_run *r, const char *bytes, size_t size,
                      const struct encode_place *place)
{
    if (!buf_append(&r->e->out, bytes, size))
        encode_fail(r, place, "out of memory");
}

void encode_check(struct encode_run *r, enum json_written written, const struct encode_place *place)
{
    switch (written) {
    case JSON_WRITTEN:
        return;
    case JSON_NO_MEMORY:
        encode_fail(r, place, "out of memory");
        return;
    case JSON_NOT_UTF8:
        encode_fail(r, place, "the string is not valid UTF-8; send bytes as base64");
        return;
    case JSON_NOT_FINITE:
        encode_fail(r, place, "JSON has no infinity and no NaN");
        return;
    }
}
