// core.json.clean: a value whose texts are valid UTF-8.
#include "base/utf8.h"

#include "bindings/bindings.h"
#include "bindings/json_array.h"
#include "bindings/json_clean.h"
#include "bindings/json_integer.h"
#include "bindings/json_order.h"
#include "bindings/json_raw.h"
#include "host/stack.h"
#include "sandbox/budget.h"
#include "json/reader.h"

enum { LOOK = 1024 }; // steps between two looks at the clock

struct clean_walk {
    lua_State *L;
    unsigned steps; // values and keys so far
    bool too_deep;  // the walk is given up
};

// A table on the walk.
struct clean_table {
    int index;         // where it stands
    int copy;          // where its copy stands, or nil as long as nothing had to change
    bool keys_changed; // some key of the copy is another
};

// Where the slice of a budget is over, it is stopped, as in encode.
static void step(struct clean_walk *w)
{
    if (++w->steps % LOOK == 0 && budget_is_over(w->L))
        budget_stop(w->L);
}

// Pushes the clean form of the text at `index`; false, and nothing, where it is clean.
static bool push_text(lua_State *L, int index)
{
    size_t size;
    const char *text = lua_tolstring(L, index, &size);
    if (utf8_valid(text, size))
        return false;
    luaL_Buffer b;
    size_t cleaned = utf8_clean(text, size, NULL);
    utf8_clean(text, size, luaL_buffinitsize(L, &b, cleaned));
    luaL_pushresultsize(&b, cleaned);
    return true;
}

static void copy_table(lua_State *L, struct clean_table *t)
{
    lua_createtable(L, (int)lua_rawlen(L, t->index), 0);
    int copy = lua_gettop(L);
    lua_pushnil(L);
    while (lua_next(L, t->index)) {
        lua_pushvalue(L, -2);
        lua_insert(L, -2); // key key value
        lua_rawset(L, copy);
    }
    lua_replace(L, t->copy);
}

// Puts the value on the top into the copy, under the key below it, which stands for the one at
// `old`; pops both.
static void put(lua_State *L, struct clean_table *t, int old)
{
    if (lua_isnil(L, t->copy))
        copy_table(L, t);
    if (!lua_rawequal(L, old, -2)) {
        lua_pushvalue(L, old);
        lua_pushnil(L);
        lua_rawset(L, t->copy);
        t->keys_changed = true;
    }
    lua_rawset(L, t->copy);
}

static bool push_value(struct clean_walk *w, int index, unsigned depth);

// Cleans the pair on the top, and leaves it there.
static void take_pair(struct clean_walk *w, struct clean_table *t, unsigned depth)
{
    lua_State *L = w->L;
    int value = lua_gettop(L);
    int key = value - 1;
    step(w);
    bool other_key = lua_type(L, key) == LUA_TSTRING && push_text(L, key);
    bool other_value = push_value(w, value, depth + 1);
    if (!other_key && !other_value)
        return;
    if (!other_key) {
        lua_pushvalue(L, key);
        lua_insert(L, -2);
    } else if (!other_value) {
        lua_pushvalue(L, value);
    }
    put(L, t, key);
    lua_settop(L, value);
}

// Pushes the clean keys of the order of the table at `index`, each once.
static void push_keys(lua_State *L, int index)
{
    lua_newtable(L);
    lua_newtable(L);
    int keys = lua_gettop(L) - 1;
    int seen = keys + 1;
    lua_pushcfunction(L, json_order);
    lua_pushvalue(L, index);
    lua_call(L, 1, 1); // keys seen order
    lua_Integer count = (lua_Integer)lua_rawlen(L, -1);
    lua_Integer taken = 0;
    for (lua_Integer i = 1; i <= count; i++) {
        lua_rawgeti(L, seen + 1, i);
        if (push_text(L, -1))
            lua_remove(L, -2);
        lua_pushvalue(L, -1);
        if (lua_rawget(L, seen) == LUA_TNIL) { // … key nil
            lua_pushvalue(L, -2);
            lua_rawseti(L, keys, ++taken);
            lua_pushvalue(L, -2);
            lua_pushboolean(L, 1);
            lua_rawset(L, seen);
        }
        lua_pop(L, 2);
    }
    lua_settop(L, keys);
}

// Gives the copy what the table says of itself: that it is an array, or its order.
static void mark_copy(lua_State *L, const struct clean_table *t)
{
    lua_pushcfunction(L, json_has_order);
    lua_pushvalue(L, t->index);
    lua_call(L, 1, 1);
    bool reordered = t->keys_changed && lua_toboolean(L, -1);
    lua_pop(L, 1);
    if (reordered) {
        push_keys(L, t->index);
        json_set_order(L, t->copy);
        return;
    }
    lua_pushcfunction(L, json_like);
    lua_pushvalue(L, t->index);
    lua_pushvalue(L, t->copy);
    lua_call(L, 2, 0);
}

static bool push_table(struct clean_walk *w, int index, unsigned depth)
{
    lua_State *L = w->L;
    w->too_deep = w->too_deep || depth >= JSON_MAX_DEPTH;
    stack_need(L, 16, "JSON");
    lua_pushnil(L);
    struct clean_table t = { .index = index, .copy = lua_gettop(L) };
    lua_pushnil(L);
    while (!w->too_deep && lua_next(L, index)) {
        take_pair(w, &t, depth);
        lua_pop(L, 1);
    }
    lua_settop(L, t.copy);
    if (w->too_deep || lua_isnil(L, t.copy)) {
        lua_pop(L, 1);
        return false;
    }
    mark_copy(L, &t);
    return true;
}

// Pushes the clean form of the value at `index`; false, and nothing, where it is clean.
static bool push_value(struct clean_walk *w, int index, unsigned depth)
{
    step(w);
    int type = lua_type(w->L, index);
    if (type == LUA_TSTRING)
        return push_text(w->L, index);
    return type == LUA_TTABLE && push_table(w, index, depth);
}

/// clean(value) -> value
int json_clean(lua_State *L)
{
    luaL_checkany(L, 1);
    lua_settop(L, 1);
    struct clean_walk walk = { .L = L };
    if (!push_value(&walk, 1, 0))
        lua_settop(L, 1);
    return 1;
}
