// pairs and next in the order of sandbox/order.h.
//
// A list is gone through as it is; the keys behind it are sorted when it ends.  What is removed
// before its turn does not come; what is added may.
#include "bindings/sandbox_traverse.h"

#include "bindings/sandbox_keys.h"

#include <lauxlib.h>

// pairs
// ------------------------------------------------------------------------------------------

enum { SNAPSHOT = lua_upvalueindex(1) }; // of the iterator; nil: it is still in the list

// Pushes the position after `at` in the list, and its value; false: the list has ended.
static bool push_position(lua_State *L, lua_Integer at)
{
    lua_pushinteger(L, at);
    if (lua_rawgeti(L, 1, at) != LUA_TNIL)
        return true;
    lua_settop(L, 2);
    return false;
}

// (table, key or nil) -> key, value: behind the list the key tells the beginning alone
static int iterate(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    bool begins = lua_isnoneornil(L, 2);
    bool in_list = lua_isnil(L, SNAPSHOT);
    if (begins && !in_list) {
        lua_pushnil(L);
        lua_replace(L, SNAPSHOT);
        in_list = true;
    }
    if (in_list) {
        lua_Integer at = begins ? 0 : lua_tointeger(L, 2);
        if (at < LUA_MAXINTEGER && push_position(L, at + 1))
            return 2;
        sandbox_push_snapshot(L, 1, at);
        lua_replace(L, SNAPSHOT);
    }
    if (sandbox_advance(L, 1, SNAPSHOT) > 0)
        return 2;
    lua_pushnil(L);
    return 1;
}

static int after_metamethod(lua_State *L, int status, lua_KContext context)
{
    (void)L;
    (void)status;
    (void)context;
    return 3;
}

int sandbox_pairs(lua_State *L)
{
    luaL_checkany(L, 1);
    lua_settop(L, 1);
    if (luaL_getmetafield(L, 1, "__pairs") != LUA_TNIL) {
        lua_insert(L, 1);
        lua_callk(L, 1, 3, 0, after_metamethod);
        return 3;
    }
    lua_pushnil(L);
    lua_pushcclosure(L, iterate, 1);
    lua_insert(L, 1);
    lua_pushnil(L);
    return 3;
}

// next
// ------------------------------------------------------------------------------------------

// A table's first key is the least one.  To find it all are looked at, so that emptying a table
// from the front would take the square of its size: whoever asks again and again is served from a
// snapshot, until none of its keys is left.  What was added meanwhile may be less than the key that
// it gives: whoever begins with that, as long as it is there, meets all others behind it.
enum {
    MANY_KEYS = 64,  // from which on looks at all of them are counted,
    MANY_LOOKS = 16, // and a snapshot is worth it
};

enum { SNAPSHOTS = lua_upvalueindex(1) }; // by table: of those that are gone through; or the looks
enum { SERVES = lua_upvalueindex(2) };    // whether there ever was one that serves

// Pushes what is kept for the table, nil if nothing; returns its type.
static int push_kept(lua_State *L)
{
    lua_pushvalue(L, 1);
    return lua_rawget(L, SNAPSHOTS);
}

// Pops a value, and keeps it for the table.
static void keep(lua_State *L)
{
    lua_pushvalue(L, 1);
    lua_insert(L, -2);
    lua_rawset(L, SNAPSHOTS);
}

static void forget(lua_State *L)
{
    if (push_kept(L) != LUA_TNIL) {
        lua_pushnil(L);
        keep(L);
    }
    lua_pop(L, 1);
}

// Notes that all keys were looked at; returns how often they were.
static lua_Integer count_look(lua_State *L)
{
    push_kept(L);
    lua_Integer looks = lua_isinteger(L, -1) ? lua_tointeger(L, -1) + 1 : 1;
    lua_pop(L, 1);
    lua_pushinteger(L, looks);
    keep(L);
    return looks;
}

static void keep_server(lua_State *L)
{
    sandbox_push_server(L, 1);
    keep(L);
    lua_pushboolean(L, 1);
    lua_replace(L, SERVES);
}

// Puts the least key at index 2, nil where there is none; returns how many there are.
static size_t find_least(lua_State *L)
{
    struct meter *meter = sandbox_meter(L);
    struct order_key least, key;
    size_t count = 0;
    lua_settop(L, 1);
    lua_pushnil(L); // least key, nil at first
    lua_pushnil(L);
    for (; lua_next(L, 1); count++) { // table least key value
        int order = -1;
        lua_pop(L, 1);
        sandbox_spend(L, meter, 2);
        sandbox_read_key(L, -1, &key);
        if (!lua_isnil(L, 2) && !order_compare(meter, &key, &least, &order))
            budget_stop(L);
        if (order < 0) {
            least = key;
            lua_pushvalue(L, -1);
            lua_replace(L, 2);
        }
    }
    return count;
}

// Pushes the first key of the table.
static int push_first(lua_State *L)
{
    lua_settop(L, 1);
    push_kept(L); // table kept
    lua_pushinteger(L, 1);
    bool has_list = lua_rawgeti(L, 1, 1) != LUA_TNIL;
    if (!has_list && sandbox_serve(L, 1, 2) > 0)
        return 2;
    if (lua_isuserdata(L, 2))
        forget(L);
    if (has_list)
        return 2;
    if (find_least(L) > MANY_KEYS && count_look(L) >= MANY_LOOKS)
        keep_server(L);
    if (lua_isnil(L, 2))
        return 1;
    lua_pushvalue(L, 2);
    lua_rawget(L, 1);
    return 2;
}

// Pushes a snapshot that is at the place behind the key, and keeps it: table key kept -> snapshot.
static void push_place(lua_State *L, const struct order_key *key)
{
    bool began_here = sandbox_begins_with(L, 3, key);
    lua_settop(L, 2);
    if (began_here) {
        sandbox_push_behind(L, 1, key);
    } else {
        sandbox_push_snapshot(L, 1, key->class == ORDER_POSITION ? key->integer : 0);
        sandbox_seek(L, 3, key);
    }
    lua_pushvalue(L, 3);
    keep(L);
}

static int push_after(lua_State *L, const struct order_key *key)
{
    lua_settop(L, 2);
    push_kept(L);
    bool has_place =
        sandbox_is_place(L, 3) && !sandbox_begins_with(L, 3, key) && sandbox_seek(L, 3, key);
    if (!has_place)
        push_place(L, key); // table key snapshot
    if (sandbox_advance(L, 1, 3) > 0)
        return 2;
    if (!sandbox_serves(L, 3)) // others may still go through the table by it
        forget(L);
    lua_pushnil(L);
    return 1;
}

// Whether the table is gone through in its own order, where the next position is the next key.
static bool is_in_order(lua_State *L)
{
    if (!lua_toboolean(L, SERVES))
        return true;
    push_kept(L);
    bool in_order = !sandbox_serves(L, -1);
    lua_pop(L, 1);
    return in_order;
}

// (table, key or nil) -> key, value | nil
static int next(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    lua_settop(L, 2);
    if (lua_isnil(L, 2))
        return push_first(L);
    struct order_key key;
    sandbox_read_key(L, 2, &key);
    if (key.class == ORDER_POSITION && key.integer < LUA_MAXINTEGER && is_in_order(L)) {
        lua_pushinteger(L, key.integer + 1);
        if (lua_rawgeti(L, 1, key.integer + 1) != LUA_TNIL)
            return 2;
        lua_settop(L, 2);
    }
    return push_after(L, &key);
}

int sandbox_new_next(lua_State *L)
{
    lua_newtable(L);
    lua_createtable(L, 0, 1);
    lua_pushliteral(L, "k");
    lua_setfield(L, -2, "__mode");
    lua_setmetatable(L, -2);
    lua_pushboolean(L, 0);
    lua_pushcclosure(L, next, 2);
    return 1;
}
