// core.json.encode: objects.
#include "bindings/json_encode_object.h"

#include <lauxlib.h>

enum {
    ON_STACK = 8192, // values of larger objects are looked up again instead of held on the stack
    STACK_STEP = 32, // pairs for which room on the stack is asked at once
};

static void encode_key(struct encode_run *r, const char *key, size_t size,
                       const struct encode_place *place)
{
    enum json_written written = json_write_string(&r->e->out, key, size);
    if (written == JSON_NOT_UTF8)
        encode_fail(r, place, "the key is not valid UTF-8");
    encode_check(r, written, place);
    encode_put(r, ':', place);
}

// Writes the members whose keys were gathered from `first` on; the table is at `index`.
static void encode_members(struct encode_run *r, int index, size_t first,
                           const struct encode_place *place)
{
    lua_State *L = r->L;
    struct json_keys *keys = &r->e->keys;
    size_t end = keys->count;
    for (size_t i = first; i < end; i++) {
        struct json_key key = keys->list[i]; // the list may move below
        struct encode_place member = { place, key.text, key.size, 0, place->depth + 1 };
        if (i > first)
            encode_put(r, ',', place);
        encode_step(r);
        encode_key(r, key.text, key.size, &member);
        if (key.slot) {
            r->value(r, key.slot, &member);
            continue;
        }
        lua_pushlstring(L, key.text, key.size);
        lua_rawget(L, index);
        r->value(r, lua_gettop(L), &member);
        lua_pop(L, 1);
    }
}

// Gathers the keys of the table at `index`, values held on the stack; the first pair is on the
// stack. False, and nothing gathered, when a key is no string.
static bool gather(struct encode_run *r, int index, const struct encode_place *place)
{
    lua_State *L = r->L;
    struct json_keys *keys = &r->e->keys;
    size_t first = keys->count;
    int top = lua_gettop(L);
    do {
        if (lua_type(L, -2) != LUA_TSTRING) {
            keys->count = first;
            return false;
        }
        size_t gathered = keys->count - first;
        bool hold = gathered < ON_STACK;
        if (hold && gathered % STACK_STEP == 0)
            luaL_checkstack(L, 2 * STACK_STEP + 8, "JSON");
        size_t size;
        const char *text = lua_tolstring(L, -2, &size);
        if (!json_keys_add(keys, text, size, hold ? top : 0))
            encode_fail(r, place, "out of memory");
        if (hold) {
            lua_pushvalue(L, -2);
            top += 2;
        } else {
            lua_pop(L, 1);
        }
    } while (lua_next(L, index));
    return true;
}

// Pushes a copy of the table with its integer keys as strings.
static void push_string_keyed(struct encode_run *r, int index, const struct encode_place *place)
{
    lua_State *L = r->L;
    lua_newtable(L);
    int copy = lua_gettop(L);
    lua_pushnil(L);
    while (lua_next(L, index)) { // copy key value
        lua_pushvalue(L, -2);    // copy key value key
        if (lua_type(L, -1) == LUA_TNUMBER) {
            if (!lua_isinteger(L, -1))
                encode_fail(r, place, "keys must be strings, not fractions");
            lua_tolstring(L, -1, NULL); // turns the copy of the key into a string
        } else if (lua_type(L, -1) != LUA_TSTRING) {
            encode_fail(r, place,
                        lua_pushfstring(L, "keys must be strings, not %s", luaL_typename(L, -1)));
        }
        lua_pushvalue(L, -1);
        if (lua_rawget(L, copy) != LUA_TNIL) {
            lua_pop(L, 1);
            encode_fail(r, place,
                        lua_pushfstring(L, "key %s exists as a number and as a string",
                                        lua_tostring(L, -1)));
        }
        lua_pop(L, 1);
        lua_insert(L, -2);
        lua_rawset(L, copy); // copy key
    }
}

// Puts the keys from `first` on in the order of the shape, the others behind, sorted.
static void arrange(struct json_keys *keys, size_t first, struct json_shape *shape)
{
    struct json_key *list = keys->list + first;
    size_t count = keys->count - first;
    size_t next = 0;
    for (int i = 0; i < shape->count; i++) {
        size_t at = shape->found[i]; // tables with the same keys mostly give them in the same order
        if (at < next || at >= count || list[at].text != shape->texts[i]) {
            for (at = next; at < count && list[at].text != shape->texts[i]; at++)
                ;
            if (at == count)
                continue;
            shape->found[i] = (unsigned short)at;
        }
        struct json_key key = list[at];
        list[at] = list[next];
        list[next++] = key;
    }
    if (next < count)
        json_keys_sort(keys, first + next);
}

void encode_object(struct encode_run *r, int index, struct json_shape *shape,
                   const struct encode_place *place)
{
    lua_State *L = r->L;
    struct json_keys *keys = &r->e->keys;
    int top = lua_gettop(L) - 2;
    size_t first = keys->count;
    encode_put(r, '{', place);
    if (!gather(r, index, place)) {
        lua_settop(L, top);
        push_string_keyed(r, index, place);
        index = lua_gettop(L);
        lua_pushnil(L);
        lua_next(L, index);
        gather(r, index, place);
    }
    if (shape)
        arrange(keys, first, shape);
    else
        json_keys_sort(keys, first);
    encode_members(r, index, first, place);
    keys->count = first;
    encode_put(r, '}', place);
    lua_settop(L, top);
}

// Gathers the members that the list at `list` names, in its order, values held on the stack;
// returns how many.
static size_t gather_listed(struct encode_run *r, int index, int list,
                            const struct encode_place *place)
{
    lua_State *L = r->L;
    struct json_keys *keys = &r->e->keys;
    size_t first = keys->count;
    int top = lua_gettop(L);
    lua_Integer count = (lua_Integer)lua_rawlen(L, list);
    for (lua_Integer i = 1; i <= count; i++) {
        if (i % STACK_STEP == 1)
            luaL_checkstack(L, 2 * STACK_STEP + 8, "JSON");
        lua_rawgeti(L, list, i);
        lua_pushvalue(L, -1);
        bool present = lua_rawget(L, index) != LUA_TNIL; // key value
        bool hold = present && keys->count - first < ON_STACK;
        size_t size;
        const char *text = lua_tolstring(L, -2, &size);
        if (present && !json_keys_add(keys, text, size, hold ? top + 2 : 0))
            encode_fail(r, place, "out of memory");
        if (hold)
            top += 2;
        else
            lua_pop(L, 2);
    }
    return keys->count - first;
}

// The number of members of the table at `index`; false when a key is no string.
static bool count_members(lua_State *L, int index, size_t *count)
{
    *count = 0;
    lua_pushnil(L);
    while (lua_next(L, index)) {
        if (lua_type(L, -2) != LUA_TSTRING) {
            lua_pop(L, 2);
            return false;
        }
        lua_pop(L, 1);
        ++*count;
    }
    return true;
}

// Gathers the members of the table at `index` that the set at `set` does not have, sorted.
static void gather_rest(struct encode_run *r, int index, int set, const struct encode_place *place)
{
    lua_State *L = r->L;
    struct json_keys *keys = &r->e->keys;
    size_t rest = keys->count;
    lua_pushnil(L);
    while (lua_next(L, index)) {
        lua_pop(L, 1);
        lua_pushvalue(L, -1);
        bool listed = lua_rawget(L, set) != LUA_TNIL;
        lua_pop(L, 1);
        size_t size;
        const char *text = lua_tolstring(L, -1, &size);
        if (!listed && !json_keys_add(keys, text, size, 0))
            encode_fail(r, place, "out of memory");
    }
    json_keys_sort(keys, rest);
}

void encode_ordered(struct encode_run *r, int index, const struct encode_place *place)
{
    lua_State *L = r->L;
    struct json_keys *keys = &r->e->keys;
    int list = lua_gettop(L);
    int members = index;
    size_t first = keys->count;
    size_t count;
    encode_put(r, '{', place);
    if (!count_members(L, index, &count)) {
        push_string_keyed(r, index, place);
        members = lua_gettop(L);
        count_members(L, members, &count);
    }
    if (gather_listed(r, members, list, place) < count) {
        json_push_order_set(L, index);
        gather_rest(r, members, lua_gettop(L), place);
    }
    encode_members(r, members, first, place);
    keys->count = first;
    encode_put(r, '}', place);
    lua_settop(L, list - 1);
}
