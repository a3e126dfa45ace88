#include "bindings/sandbox_keys.h"

#include "host/alloc.h"
#include "host/stack.h"
#include "sandbox/budget.h"
#include "sandbox/names.h"

#include <lauxlib.h>

struct meter *sandbox_meter(lua_State *L)
{
    return meter_or_endless(budget_meter(L));
}

// Keys
// ------------------------------------------------------------------------------------------

// The serial of the block in which an object lies; 0: it is not one that has a serial.
static uint64_t serial_of(lua_State *L, int index)
{
    const char *object = lua_topointer(L, index);
    switch (lua_type(L, index)) {
    case LUA_TTABLE:
        return alloc_serial(object);
    case LUA_TTHREAD: // Lua keeps the extra space before it in the same block
        return alloc_serial(object - LUA_EXTRASPACE);
    case LUA_TFUNCTION: {
        lua_CFunction fn = lua_tocfunction(L, index);
        bool has_block = !fn || (const char *)(uintptr_t)fn != object;
        return has_block ? alloc_serial(object) : 0;
    }
    default:
        return 0;
    }
}

static void read_object(lua_State *L, int index, struct order_key *key)
{
    uint64_t serial = serial_of(L, index);
    if (serial > 0)
        order_of_number(key, ORDER_OBJECT, serial);
    else
        order_of_number(key, ORDER_NAMED, (uint64_t)names_number(L, index));
}

void sandbox_read_key(lua_State *L, int index, struct order_key *key)
{
    size_t size;
    const char *text;
    switch (lua_type(L, index)) {
    case LUA_TNUMBER:
        if (lua_isinteger(L, index))
            order_of_integer(key, lua_tointeger(L, index));
        else
            order_of_float(key, lua_tonumber(L, index));
        break;
    case LUA_TSTRING:
        text = lua_tolstring(L, index, &size);
        order_of_string(key, text, size);
        break;
    case LUA_TBOOLEAN:
        order_of_number(key, ORDER_BOOLEAN, (uint64_t)lua_toboolean(L, index));
        break;
    default:
        read_object(L, index, key);
    }
}

// Snapshots
// ------------------------------------------------------------------------------------------

enum { FEW = 64 }; // keys that need no list

// The keys are user values, few of them each, and more in a list that is the only one.
struct snapshot {
    lua_Integer after; // the keys 1 to this one are not in it
    size_t count, at;
    size_t ahead; // of a key that came before all others; count: none did
    bool has_list;
    bool serves;             // its first key that is left is the table's
    struct order_key keys[]; // `index` is where the key stands there
};

// Whether the key at `index` is an integer from 1 to `last`.
static bool is_up_to(lua_State *L, int index, lua_Integer last)
{
    if (!lua_isinteger(L, index))
        return false;
    lua_Integer key = lua_tointeger(L, index);
    return key >= 1 && key <= last;
}

// Pushes the keys but for 1 to `after`, in no order; false, and none: they are not few.
static bool push_few(lua_State *L, int index, struct meter *meter, lua_Integer after)
{
    int base = lua_gettop(L);
    lua_pushnil(L);
    while (lua_next(L, index)) {
        lua_pop(L, 1);
        sandbox_spend(L, meter, 2);
        if (lua_gettop(L) - base > FEW) {
            lua_settop(L, base);
            return false;
        }
        if (!is_up_to(L, -1, after))
            lua_pushvalue(L, -1); // the lower one is kept
    }
    return true;
}

// Pushes a list of them.
static void push_list(lua_State *L, int index, struct meter *meter, lua_Integer after)
{
    lua_Integer count = 0;
    lua_newtable(L);
    lua_pushnil(L); // list key
    while (lua_next(L, index)) {
        lua_pop(L, 1);
        sandbox_spend(L, meter, 2);
        if (!is_up_to(L, -1, after)) {
            lua_pushvalue(L, -1);
            lua_rawseti(L, -3, ++count);
        }
    }
}

static struct snapshot *new_snapshot(lua_State *L, size_t count, int values, lua_Integer after)
{
    struct snapshot *s;
    s = lua_newuserdatauv(L, sizeof *s + count * sizeof s->keys[0], values);
    s->after = after;
    s->count = count;
    s->at = 0;
    s->ahead = count;
    s->has_list = false;
    s->serves = false;
    return s;
}

// Takes the keys from the stack, those above `base`, and pushes a snapshot of them.
static struct snapshot *take_few(lua_State *L, int base, lua_Integer after)
{
    int count = lua_gettop(L) - base;
    struct snapshot *s = new_snapshot(L, (size_t)count, count, after);
    for (int i = 0; i < count; i++) {
        sandbox_read_key(L, base + 1 + i, &s->keys[i]);
        s->keys[i].index = (uint32_t)i + 1;
        lua_pushvalue(L, base + 1 + i);
        lua_setiuservalue(L, -2, i + 1);
    }
    if (count > 0)
        lua_replace(L, base + 1);
    lua_settop(L, base + 1);
    return s;
}

// Puts a snapshot in the place of a list of keys.
static struct snapshot *take_list(lua_State *L, struct meter *meter, lua_Integer after)
{
    size_t count = (size_t)lua_rawlen(L, -1);
    struct snapshot *s = new_snapshot(L, count, 1, after);
    s->has_list = true;
    for (size_t i = 0; i < count; i++) { // list snapshot
        lua_rawgeti(L, -2, (lua_Integer)i + 1);
        sandbox_read_key(L, -1, &s->keys[i]);
        s->keys[i].index = (uint32_t)i + 1;
        lua_pop(L, 1);
        sandbox_spend(L, meter, 1);
    }
    lua_insert(L, -2);
    lua_setiuservalue(L, -2, 1);
    return s;
}

enum { MANY = 200, TOO_MANY = 1 << 16 }; // keys that are worth the room in which they are sorted

static bool sort(lua_State *L, struct meter *meter, struct snapshot *s)
{
    if (s->count < MANY || s->count > TOO_MANY)
        return order_sort(meter, s->keys, s->count);
    struct order_place *room = lua_newuserdatauv(L, 2 * s->count * sizeof *room, 0);
    bool sorted = order_sort_many(meter, s->keys, s->count, room);
    lua_pop(L, 1);
    return sorted;
}

void sandbox_push_snapshot(lua_State *L, int index, lua_Integer after)
{
    struct meter *meter = sandbox_meter(L);
    struct snapshot *s;
    index = lua_absindex(L, index);
    int base = lua_gettop(L);
    stack_need(L, FEW + 8, "keys");
    if (push_few(L, index, meter, after)) {
        s = take_few(L, base, after);
    } else {
        push_list(L, index, meter, after);
        s = take_list(L, meter, after);
    }
    if (!sort(L, meter, s))
        budget_stop(L);
}

// Pushes the first key from `at` on that the table still has, and its value; `at` is where it is.
static int find_left(lua_State *L, int table, int snapshot)
{
    struct meter *meter = sandbox_meter(L);
    struct snapshot *s = lua_touserdata(L, snapshot);
    if (s->at == s->count)
        return 0;
    if (s->has_list)
        lua_getiuservalue(L, snapshot, 1);
    for (; s->at < s->count; s->at++) {
        uint32_t index = s->keys[s->at].index;
        if (s->at == s->ahead)
            continue;
        if (s->has_list)
            lua_rawgeti(L, -1, index);
        else
            lua_getiuservalue(L, snapshot, (int)index);
        lua_pushvalue(L, -1);
        if (lua_rawget(L, table) != LUA_TNIL) // key value
            return 2;
        lua_pop(L, 2);
        sandbox_spend(L, meter, 1);
    }
    return 0;
}

int sandbox_advance(lua_State *L, int table, int snapshot)
{
    int found = find_left(L, table, snapshot);
    if (found > 0)
        ((struct snapshot *)lua_touserdata(L, snapshot))->at++;
    return found;
}

bool sandbox_seek(lua_State *L, int snapshot, const struct order_key *key)
{
    struct meter *meter = sandbox_meter(L);
    struct snapshot *s = lua_touserdata(L, snapshot);
    bool in_time = true;
    if (key->class == ORDER_POSITION && key->integer < s->after)
        return false;
    int same = 1; // mostly it is the key that was given last
    if (s->at > 0)
        in_time = order_compare(meter, key, &s->keys[s->at - 1], &same);
    if (in_time && same != 0)
        in_time = order_search(meter, s->keys, s->count, key, &s->at);
    if (!in_time)
        budget_stop(L);
    return true;
}

// Of a table whose first key is asked for again and again
// ------------------------------------------------------------------------------------------

static bool is_same(lua_State *L, const struct order_key *a, const struct order_key *b)
{
    int order = 1;
    if (!order_compare(sandbox_meter(L), a, b, &order))
        budget_stop(L);
    return order == 0;
}

void sandbox_push_server(lua_State *L, int index)
{
    sandbox_push_snapshot(L, index, 0);
    ((struct snapshot *)lua_touserdata(L, -1))->serves = true;
}

void sandbox_push_behind(lua_State *L, int index, const struct order_key *key)
{
    sandbox_push_snapshot(L, index, 0);
    struct snapshot *s = lua_touserdata(L, -1);
    size_t behind;
    if (!order_search(sandbox_meter(L), s->keys, s->count, key, &behind))
        budget_stop(L);
    if (behind > 0 && is_same(L, key, &s->keys[behind - 1]))
        s->ahead = behind - 1;
}

// Pushes the key that came before all others and its value; 0: the table has it no more.
static int push_ahead(lua_State *L, int table, int snapshot)
{
    const struct snapshot *s = lua_touserdata(L, snapshot);
    uint32_t index = s->keys[s->ahead].index;
    if (s->has_list) {
        lua_getiuservalue(L, snapshot, 1);
        lua_rawgeti(L, -1, index);
    } else {
        lua_getiuservalue(L, snapshot, (int)index);
    }
    lua_pushvalue(L, -1);
    return lua_rawget(L, table) == LUA_TNIL ? 0 : 2;
}

bool sandbox_serves(lua_State *L, int snapshot)
{
    const struct snapshot *s = lua_touserdata(L, snapshot);
    return s && (s->serves || s->ahead < s->count);
}

int sandbox_serve(lua_State *L, int table, int snapshot)
{
    const struct snapshot *s = lua_touserdata(L, snapshot);
    if (!sandbox_serves(L, snapshot))
        return 0;
    return s->serves ? find_left(L, table, snapshot) : push_ahead(L, table, snapshot);
}

bool sandbox_begins_with(lua_State *L, int snapshot, const struct order_key *key)
{
    const struct snapshot *s = lua_touserdata(L, snapshot);
    if (!sandbox_serves(L, snapshot))
        return false;
    size_t first = s->serves ? s->at : s->ahead;
    return first < s->count && is_same(L, key, &s->keys[first]);
}

bool sandbox_is_place(lua_State *L, int snapshot)
{
    const struct snapshot *s = lua_touserdata(L, snapshot);
    return s && !s->serves;
}
