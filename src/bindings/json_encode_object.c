// core.json.encode: objects.
#include "bindings/json_encode_object.h"

#include <lauxlib.h>

enum {
    ON_STACK = 8192, // values of larger objects are looked up again instead of held on the stack
    STACK_STEP = 32, // pairs for which room on the stack is asked at once
};

static void encode_key(struct encode_run *r, const char *key, size_t size)
{
    enum json_written written = json_write_string(&r->e->out, key, size);
    if (written == JSON_NOT_UTF8)
        encode_fail(r, "the key is not valid UTF-8");
    encode_check(r, written);
    encode_put(r, ':');
}

// Writes the next member of the object.
static void encode_member(struct encode_run *r, struct encode_frame *frame)
{
    lua_State *L = r->L;
    struct json_key key = r->e->keys.list[frame->next]; // the list may move below
    bool begun = frame->next++ > frame->first;
    frame->key = key.text;
    frame->size = key.size;
    if (begun)
        encode_put(r, ',');
    encode_step(r);
    encode_key(r, key.text, key.size);
    if (key.slot) {
        r->value(r, key.slot);
        return;
    }
    lua_pushlstring(L, key.text, key.size);
    lua_rawget(L, frame->index);
    r->value(r, lua_gettop(L));
}

void encode_members(struct encode_run *r)
{
    unsigned depth = r->depth;
    do {
        struct encode_frame *frame = encode_innermost(r);
        lua_settop(r->L, frame->base);
        if (frame->next == frame->end) {
            r->e->keys.count = frame->first;
            encode_put(r, '}');
            encode_close(r);
            return;
        }
        encode_member(r, frame);
    } while (!encode_waits(r, depth));
}

// Begins the object whose keys were gathered from `first` on.
static void open_object(struct encode_run *r, int index, int top, size_t first)
{
    struct encode_frame *frame = encode_open(r, ENCODE_OBJECT, index, top);
    frame->first = frame->next = first;
    frame->end = r->e->keys.count;
}

// Where the table may change in a pause, keys that are not held on the stack are held in the list
// at `anchors`: their bytes must stay where they are.  The key is at `key`.
static void anchor(lua_State *L, int anchors, int key)
{
    lua_pushvalue(L, key);
    lua_rawseti(L, anchors, (lua_Integer)lua_rawlen(L, anchors) + 1);
}

// Puts a list for that below the pair on the top; 0 where none is needed.
static int push_anchors(struct encode_run *r)
{
    if (!r->pauses)
        return 0;
    lua_newtable(r->L);
    lua_insert(r->L, -3);
    return lua_gettop(r->L) - 2;
}

// Gathers the keys of the table at `index`, values held on the stack; the first pair is on the
// stack. False, and nothing gathered, when a key is no string.
static bool gather(struct encode_run *r, int index)
{
    lua_State *L = r->L;
    struct json_keys *keys = &r->e->keys;
    size_t first = keys->count;
    int anchors = push_anchors(r);
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
            encode_fail(r, "out of memory");
        if (!hold && anchors)
            anchor(L, anchors, -2);
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
static void push_string_keyed(struct encode_run *r, int index)
{
    lua_State *L = r->L;
    lua_newtable(L);
    int copy = lua_gettop(L);
    lua_pushnil(L);
    while (lua_next(L, index)) { // copy key value
        lua_pushvalue(L, -2);    // copy key value key
        if (lua_type(L, -1) == LUA_TNUMBER) {
            if (!lua_isinteger(L, -1))
                encode_fail(r, "keys must be strings, not fractions");
            lua_tolstring(L, -1, NULL); // turns the copy of the key into a string
        } else if (lua_type(L, -1) != LUA_TSTRING) {
            encode_fail(r,
                        lua_pushfstring(L, "keys must be strings, not %s", luaL_typename(L, -1)));
        }
        lua_pushvalue(L, -1);
        if (lua_rawget(L, copy) != LUA_TNIL) {
            lua_pop(L, 1);
            encode_fail(r, lua_pushfstring(L, "key %s exists as a number and as a string",
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

void encode_object(struct encode_run *r, int index, int top, struct json_shape *shape)
{
    lua_State *L = r->L;
    struct json_keys *keys = &r->e->keys;
    int before = lua_gettop(L) - 2;
    size_t first = keys->count;
    encode_put(r, '{');
    if (!gather(r, index)) {
        lua_settop(L, before);
        push_string_keyed(r, index);
        index = lua_gettop(L);
        lua_pushnil(L);
        lua_next(L, index);
        gather(r, index);
    }
    if (shape)
        arrange(keys, first, shape);
    else
        json_keys_sort(keys, first);
    open_object(r, index, top, first);
}

// Gathers the members that the list at `list` names, in its order, values held on the stack;
// returns how many.
static size_t gather_listed(struct encode_run *r, int index, int list)
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
            encode_fail(r, "out of memory");
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
static void gather_rest(struct encode_run *r, int index, int set)
{
    lua_State *L = r->L;
    struct json_keys *keys = &r->e->keys;
    size_t rest = keys->count;
    lua_newtable(L);
    int anchors = lua_gettop(L);
    lua_pushnil(L);
    while (lua_next(L, index)) {
        lua_pop(L, 1);
        lua_pushvalue(L, -1);
        bool listed = lua_rawget(L, set) != LUA_TNIL;
        lua_pop(L, 1);
        if (listed)
            continue;
        size_t size;
        const char *text = lua_tolstring(L, -1, &size);
        if (!json_keys_add(keys, text, size, 0))
            encode_fail(r, "out of memory");
        if (r->pauses)
            anchor(L, anchors, -1);
    }
    json_keys_sort(keys, rest);
}

void encode_ordered(struct encode_run *r, int index, int top)
{
    lua_State *L = r->L;
    struct json_keys *keys = &r->e->keys;
    int list = lua_gettop(L);
    int members = index;
    size_t first = keys->count;
    size_t count;
    encode_put(r, '{');
    if (!count_members(L, index, &count)) {
        push_string_keyed(r, index);
        members = lua_gettop(L);
        count_members(L, members, &count);
    }
    if (gather_listed(r, members, list) < count) {
        json_push_order_set(L, index);
        gather_rest(r, members, lua_gettop(L));
    }
    open_object(r, members, top, first);
}
