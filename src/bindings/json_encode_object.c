// core.json.encode: objects.
#include "bindings/json_encode_object.h"

#include "host/stack.h"

#include <lauxlib.h>

enum {
    ON_STACK = 8192, // values of larger objects are looked up again instead of held on the stack
    STACK_STEP = 32, // pairs for which room on the stack is asked at once
    LEAST = 4,       // bytes that a member takes: "":1
    SORTED = 1024,   // keys that are sorted at once
    MOVES = 8,       // of keys, that take as long as a step
};

static void encode_key(struct encode_run *r, const char *key, size_t size)
{
    enum json_written written = json_write_string(&r->e->out, key, size);
    if (written == JSON_NOT_UTF8)
        encode_fail(r, "the key is not valid UTF-8");
    encode_check(r, written);
    encode_put(r, ':');
}

// Writes the key of a member, and what stands before it.
static void begin_member(struct encode_run *r, struct encode_frame *frame, const char *key,
                         size_t size)
{
    frame->key = key;
    frame->size = size;
    if (frame->begun)
        encode_put(r, ',');
    frame->begun = true;
    encode_step(r, size);
    encode_key(r, key, size);
}

// Writes the next member of the object.
static void encode_member(struct encode_run *r, struct encode_frame *frame)
{
    lua_State *L = r->L;
    struct json_key key = r->e->keys.list[frame->next++]; // the list may move below
    begin_member(r, frame, key.text, key.size);
    if (key.slot) {
        r->value(r, key.slot);
        return;
    }
    lua_pushlstring(L, key.text, key.size);
    lua_rawget(L, frame->index);
    r->value(r, lua_gettop(L));
}

static void end_object(struct encode_run *r)
{
    r->e->keys.count = encode_innermost(r)->first;
    encode_put(r, '}');
    encode_close(r);
}

void encode_members(struct encode_run *r)
{
    unsigned depth = r->depth;
    do {
        struct encode_frame *frame = encode_innermost(r);
        lua_settop(r->L, frame->base);
        if (frame->next == frame->end) {
            end_object(r);
            return;
        }
        encode_member(r, frame);
    } while (!encode_waits(r, depth));
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

// Gathers the key and the value on the top, which stay as long as they are held there; leaves the
// key for lua_next().
static void take_pair(struct encode_run *r, const struct encode_frame *frame)
{
    lua_State *L = r->L;
    struct json_keys *keys = &r->e->keys;
    size_t gathered = keys->count - frame->first;
    bool hold = gathered < ON_STACK;
    if (gathered % STACK_STEP == 0) {
        stack_need(L, 2 * STACK_STEP + 8, "JSON");
        encode_room(r, gathered * LEAST);
    }
    size_t size;
    const char *text = lua_tolstring(L, -2, &size);
    if (!json_keys_add(keys, text, size, hold ? lua_gettop(L) : 0))
        encode_fail(r, "not enough memory");
    if (!hold && frame->anchors)
        anchor(L, frame->anchors, -2);
    if (hold)
        lua_pushvalue(L, -2);
    else
        lua_pop(L, 1);
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

// Puts the keys from `first` on in the order of the shape, the others behind; how many it has.
static size_t arrange(struct json_keys *keys, size_t first, struct json_shape *shape)
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
    return next;
}

// Begins to gather the keys of the table at `index`; its first pair is on the stack.
static void open_object(struct encode_run *r, int index, int top, struct json_shape *shape)
{
    int anchors = push_anchors(r);
    struct encode_frame *frame = encode_open(r, ENCODE_GATHER, index, top);
    frame->base = lua_gettop(r->L) - 2;
    frame->first = r->e->keys.count;
    frame->anchors = anchors;
    frame->shape = shape;
}

// Begins the innermost table again, as a copy whose keys are all strings.
static void gather_texts(struct encode_run *r)
{
    lua_State *L = r->L;
    struct encode_frame old = *encode_innermost(r);
    r->e->keys.count = old.first;
    lua_settop(L, old.base);
    r->depth--; // what is wrong with the keys is wrong with the table
    push_string_keyed(r, old.index);
    int copy = lua_gettop(L);
    lua_pushnil(L);
    lua_next(L, copy);
    open_object(r, copy, old.top, old.shape);
}

// All keys are gathered; those from `from` on are to be sorted.
static void sort_from(struct encode_run *r, struct encode_frame *frame, size_t from)
{
    struct json_keys *keys = &r->e->keys;
    bool at_once = !r->pauses || keys->count - from <= SORTED;
    frame->kind = at_once ? ENCODE_OBJECT : ENCODE_SORT;
    frame->base = lua_gettop(r->L);
    frame->next = frame->first;
    frame->end = keys->count;
    if (at_once)
        json_keys_sort(keys, from);
    else if (!json_keys_begin_sorting(keys, from))
        encode_fail(r, "not enough memory");
}

void encode_gather(struct encode_run *r)
{
    lua_State *L = r->L;
    struct json_keys *keys = &r->e->keys;
    struct encode_frame *frame = encode_innermost(r);
    do { // the pair is on the stack
        if (r->steps >= r->pause)
            return;
        if (lua_type(L, -2) != LUA_TSTRING) {
            gather_texts(r);
            return;
        }
        encode_step(r, 0);
        take_pair(r, frame);
    } while (lua_next(L, frame->index));
    sort_from(r, frame,
              frame->first + (frame->shape ? arrange(keys, frame->first, frame->shape) : 0));
}

void encode_sort(struct encode_run *r)
{
    struct encode_frame *frame = encode_innermost(r);
    bool done;
    do {
        if (r->steps >= r->pause)
            return;
        encode_step(r, 0);
        r->steps += SORTED / MOVES;
        done = json_keys_sort_some(&r->e->keys, SORTED);
    } while (!done);
    frame->kind = ENCODE_OBJECT;
}

void encode_object(struct encode_run *r, int index, int top, struct json_shape *shape)
{
    encode_put(r, '{');
    open_object(r, index, top, shape);
}

// Gathers the next keys that the list does not name; the one before is on the stack.
void encode_rest(struct encode_run *r)
{
    lua_State *L = r->L;
    struct json_keys *keys = &r->e->keys;
    struct encode_frame *frame = encode_innermost(r);
    while (r->steps < r->pause) {
        if (!lua_next(L, frame->index)) {
            sort_from(r, frame, frame->first);
            return;
        }
        encode_step(r, 0);
        lua_pop(L, 1);
        lua_pushvalue(L, -1);
        bool listed = lua_rawget(L, frame->set) != LUA_TNIL;
        lua_pop(L, 1);
        if (listed)
            continue;
        size_t size;
        const char *text = lua_tolstring(L, -1, &size);
        if (!json_keys_add(keys, text, size, 0))
            encode_fail(r, "not enough memory");
        if (r->pauses)
            anchor(L, frame->anchors, -1);
    }
}

// Begins to count the members of the table at `index`.
static void open_ordered(struct encode_run *r, int index, int top, int ordered, int list)
{
    struct encode_frame *frame = encode_open(r, ENCODE_COUNT, index, top);
    frame->first = r->e->keys.count;
    frame->ordered = ordered;
    frame->list = list;
    lua_pushnil(r->L);
}

void encode_ordered(struct encode_run *r, int index, int top)
{
    encode_put(r, '{');
    open_ordered(r, index, top, index, lua_gettop(r->L));
}

// Begins the innermost table again, as a copy whose keys are all strings.
static void count_texts(struct encode_run *r)
{
    struct encode_frame old = *encode_innermost(r);
    lua_settop(r->L, old.base);
    r->depth--;
    push_string_keyed(r, old.index);
    open_ordered(r, lua_gettop(r->L), old.top, old.ordered, old.list);
}

void encode_count(struct encode_run *r)
{
    lua_State *L = r->L;
    struct encode_frame *frame = encode_innermost(r);
    while (r->steps < r->pause) { // the key before is on the stack
        if (!lua_next(L, frame->index)) {
            frame->kind = ENCODE_LISTED;
            return;
        }
        lua_pop(L, 1);
        if (lua_type(L, -1) != LUA_TSTRING) {
            count_texts(r);
            return;
        }
        encode_step(r, 0);
        if (++frame->count % STACK_STEP == 0)
            encode_room(r, (size_t)frame->count * LEAST);
    }
}

// What the list of keys does not name comes next.
static void go_on_with_rest(struct encode_run *r)
{
    lua_State *L = r->L;
    struct encode_frame *frame = encode_innermost(r);
    if (frame->count == 0) {
        sort_from(r, frame, frame->first);
        return;
    }
    frame->kind = ENCODE_REST;
    json_push_order_set(L, frame->ordered);
    frame->set = lua_gettop(L);
    lua_newtable(L);
    frame->anchors = lua_gettop(L);
    lua_pushnil(L);
}

void encode_listed(struct encode_run *r)
{
    lua_State *L = r->L;
    unsigned depth = r->depth;
    struct encode_frame *frame = encode_innermost(r);
    lua_Integer listed = (lua_Integer)lua_rawlen(L, frame->list);
    do {
        frame = encode_innermost(r);
        lua_settop(L, frame->base);
        if (frame->at == listed) {
            go_on_with_rest(r);
            return;
        }
        lua_rawgeti(L, frame->list, ++frame->at);
        lua_pushvalue(L, -1);
        if (lua_rawget(L, frame->index) == LUA_TNIL) { // key value
            encode_step(r, 0);
            continue;
        }
        size_t size;
        const char *key = lua_tolstring(L, -2, &size);
        frame->count--;
        begin_member(r, frame, key, size);
        r->value(r, lua_gettop(L));
    } while (!encode_waits(r, depth));
}
