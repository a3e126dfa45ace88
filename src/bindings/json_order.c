// The order in which the members of an object are written: a list of keys in its metatable.
//
// Decoded objects get the list of the keys that the text had; json.ordered() gives one by hand. The
// metatable has no field that Lua or a script can see, and goes with the last table that has it.
#include "bindings/json_order.h"

#include "bindings/bindings.h"
#include "bindings/json_array.h"

#include <string.h>

static char order_list; // its address is the key, in a metatable, of the list of keys
static char order_set;  // ... and of the set of them, made when it is first needed
static char orders;     // its address is the registry key of the metatables by list
static char shapes_key; // ... and of the shapes

enum { SHAPE_BITS = 6, SHAPES = 1 << SHAPE_BITS };

// Lists in metatables
// ------------------------------------------------------------------------------

int json_order_of_meta(lua_State *L)
{
    int type = lua_rawgetp(L, -1, &order_list); // meta order
    lua_replace(L, -2);
    if (type == LUA_TNIL)
        lua_pop(L, 1);
    return type;
}

bool json_list_of_meta(lua_State *L)
{
    int type = json_order_of_meta(L);
    if (type == LUA_TUSERDATA) {
        lua_getiuservalue(L, -1, 1);
        lua_replace(L, -2);
    }
    return type != LUA_TNIL;
}

// Pushes the list of keys of the table at `index`; false where there is none.
static bool push_list(lua_State *L, int index)
{
    return lua_getmetatable(L, index) && json_list_of_meta(L);
}

void json_push_order_set(lua_State *L, int index)
{
    lua_getmetatable(L, index);
    if (lua_rawgetp(L, -1, &order_set) == LUA_TTABLE) { // meta set
        lua_remove(L, -2);
        return;
    }
    lua_pop(L, 1);
    push_list(L, index); // meta list
    lua_Integer count = (lua_Integer)lua_rawlen(L, -1);
    lua_newtable(L); // meta list set
    for (lua_Integer i = 1; i <= count; i++) {
        lua_rawgeti(L, -2, i);
        lua_pushboolean(L, 1);
        lua_rawset(L, -3);
    }
    lua_pushvalue(L, -1);
    lua_rawsetp(L, -4, &order_set);
    lua_replace(L, -3); // set list
    lua_pop(L, 1);
}

void json_set_order(lua_State *L, int index)
{
    lua_createtable(L, 0, 1); // list meta
    lua_insert(L, -2);
    lua_rawsetp(L, -2, &order_list);
    lua_setmetatable(L, index);
}

// Whether the table at `index` has a metatable that says something else than an order.
static bool has_other_meta(lua_State *L, int index)
{
    if (!lua_getmetatable(L, index))
        return false;
    bool other = lua_rawgetp(L, -1, &order_list) == LUA_TNIL;
    lua_pop(L, 2);
    return other;
}

// Raises unless the list at index 1 names each key once, in strings.
static void check_list(lua_State *L)
{
    lua_newtable(L); // set
    lua_Integer count = (lua_Integer)lua_rawlen(L, 1);
    for (lua_Integer i = 1; i <= count; i++) {
        luaL_argcheck(L, lua_rawgeti(L, 1, i) == LUA_TSTRING, 1, "keys must be strings");
        lua_pushvalue(L, -1);
        luaL_argcheck(L, lua_rawget(L, -3) == LUA_TNIL, 1, "a key is named twice");
        lua_pop(L, 1);
        lua_pushboolean(L, 1);
        lua_rawset(L, -3);
    }
    lua_pop(L, 1);
}

// Pushes the metatable that stands for the list of keys at index 1; made once a list.
static void push_order_meta(lua_State *L)
{
    lua_rawgetp(L, LUA_REGISTRYINDEX, &orders); // orders
    lua_pushvalue(L, 1);
    if (lua_rawget(L, -2) == LUA_TTABLE) { // orders meta
        lua_remove(L, -2);
        return;
    }
    lua_pop(L, 1);
    check_list(L);
    lua_Integer count = (lua_Integer)lua_rawlen(L, 1);
    lua_createtable(L, 0, 2);
    lua_createtable(L, (int)count, 0); // orders meta list
    for (lua_Integer i = 1; i <= count; i++) {
        lua_rawgeti(L, 1, i);
        lua_rawseti(L, -2, i);
    }
    lua_rawsetp(L, -2, &order_list); // orders meta
    lua_pushvalue(L, 1);
    lua_pushvalue(L, -2);
    lua_rawset(L, -4);
    lua_remove(L, -2);
}

/// ordered(keys, object) -> object
int json_ordered(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    luaL_checktype(L, 2, LUA_TTABLE);
    lua_settop(L, 2);
    luaL_argcheck(L, !has_other_meta(L, 2), 2, "the table has another metatable");
    push_order_meta(L);
    lua_setmetatable(L, 2);
    return 1;
}

/// order(object) -> keys | nil
int json_order(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    if (!push_list(L, 1)) { // keys
        lua_pushnil(L);
        return 1;
    }
    lua_Integer count = (lua_Integer)lua_rawlen(L, -1);
    lua_createtable(L, (int)count, 0); // keys copy
    for (lua_Integer i = 1; i <= count; i++) {
        lua_rawgeti(L, -2, i);
        lua_rawseti(L, -2, i);
    }
    return 1;
}

// Pushes the order of the table at `index` as json_set_order() takes it: for one without, no keys.
static void push_order(lua_State *L, int index)
{
    int type = lua_getmetatable(L, index) ? json_order_of_meta(L) : LUA_TNIL;
    if (type == LUA_TNIL)
        lua_newtable(L);
}

/// guard(object, index) -> object
int json_guard(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    luaL_checktype(L, 2, LUA_TFUNCTION);
    lua_settop(L, 2);
    luaL_argcheck(L, !has_other_meta(L, 1), 1, "the table has another metatable");
    push_order(L, 1); // object index order
    json_set_order(L, 1);
    lua_getmetatable(L, 1); // object index meta
    lua_insert(L, 2);
    lua_setfield(L, 2, "__index");
    lua_settop(L, 1);
    return 1;
}

// Whether the metatable on the top is that of an order and has a guard beside it.
static bool is_guarded(lua_State *L)
{
    lua_pushliteral(L, "__index");
    bool guarded = lua_rawget(L, -2) != LUA_TNIL;
    bool ordered = lua_rawgetp(L, -2, &order_list) != LUA_TNIL; // meta index order
    lua_pop(L, 2);
    return guarded && ordered;
}

// Whether the metatable on the top says what JSON a table is.
static bool is_known(lua_State *L)
{
    json_push_array_meta(L);
    bool array = lua_rawequal(L, -1, -2);
    bool ordered = lua_rawgetp(L, -2, &order_list) != LUA_TNIL; // meta array order
    lua_pop(L, 2);
    return array || ordered;
}

/// like(model, table) -> table
int json_like(lua_State *L)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    luaL_checktype(L, 2, LUA_TTABLE);
    lua_settop(L, 2);
    if (!lua_getmetatable(L, 1)) // model table meta
        return 1;
    if (is_guarded(L)) {
        push_order(L, 1);
        json_set_order(L, 2);
    } else if (is_known(L)) {
        lua_setmetatable(L, 2);
    }
    lua_settop(L, 2);
    return 1;
}

bool json_may_mark(lua_State *L, int index)
{
    return !has_other_meta(L, index);
}

/// has_order(table) -> boolean
int json_has_order(lua_State *L)
{
    lua_pushboolean(L, lua_istable(L, 1) && push_list(L, 1));
    return 1;
}

// Shapes
// -------------------------------------------------------------------------------------------

struct head {
    uint64_t hash;
    int count; // 0: the place is empty
};

// The orders that decoded objects had of late, so that objects with the same keys share one and
// messages of a kind cost no more than before.  What the texts point to is held by the anchors.
struct shapes {
    struct head heads[SHAPES];
    const char *texts[SHAPES][JSON_SHAPE_KEYS];
};

struct shapes *json_push_shapes(lua_State *L)
{
    lua_rawgetp(L, LUA_REGISTRYINDEX, &shapes_key); // shapes
    struct shapes *shapes = lua_touserdata(L, -1);
    lua_getiuservalue(L, -1, 1); // shapes anchors
    lua_remove(L, -2);
    return shapes;
}

// Strings of Lua are compared by place: equal short ones are one, and long ones are only missed.
static unsigned place_of(const struct json_shape_key *key, uint64_t *hash)
{
    *hash = (uint64_t)key->count;
    for (int i = 0; i < key->count; i++)
        *hash = (*hash ^ (uint64_t)(uintptr_t)key->texts[i]) * 0x9E3779B97F4A7C15U;
    return (unsigned)(*hash >> (64 - SHAPE_BITS));
}

unsigned json_shapes_find(const struct shapes *shapes, struct json_shape_key *key)
{
    unsigned place = place_of(key, &key->hash);
    const struct head *head = &shapes->heads[place];
    size_t bytes = (size_t)key->count * sizeof *key->texts;
    if (head->hash != key->hash || head->count != key->count ||
        memcmp(shapes->texts[place], key->texts, bytes) != 0)
        return 0;
    return place + 1;
}

void json_shapes_add(lua_State *L, struct shapes *shapes, int anchors,
                     const struct json_shape_key *key)
{
    int list = lua_gettop(L);
    size_t bytes = (size_t)key->count * sizeof *key->texts;
    struct json_shape *shape = lua_newuserdatauv(L, sizeof *shape, 1); // object list shape
    *shape = (struct json_shape){ .count = key->count };
    memcpy(shape->texts, key->texts, bytes);
    lua_pushvalue(L, list);
    lua_setiuservalue(L, -2, 1);
    lua_replace(L, list);
    json_set_order(L, list - 1); // object
    lua_getmetatable(L, -1);
    uint64_t hash;
    unsigned place = place_of(key, &hash);
    lua_rawseti(L, anchors, (lua_Integer)place + 1); // there is room: it cannot raise
    memcpy(shapes->texts[place], key->texts, bytes);
    shapes->heads[place] = (struct head){ hash, key->count };
}

static void open_shapes(lua_State *L)
{
    struct shapes *shapes = lua_newuserdatauv(L, sizeof *shapes, 1);
    memset(shapes, 0, sizeof *shapes);
    lua_createtable(L, SHAPES, 0); // shapes anchors
    for (int i = 1; i <= SHAPES; i++) {
        lua_pushboolean(L, 0);
        lua_rawseti(L, -2, i);
    }
    lua_setiuservalue(L, -2, 1);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &shapes_key);
}

void json_open_order(lua_State *L)
{
    lua_newtable(L);
    lua_createtable(L, 0, 1);
    lua_pushliteral(L, "k"); // a list that is no longer used takes its metatable along
    lua_setfield(L, -2, "__mode");
    lua_setmetatable(L, -2);
    lua_rawsetp(L, LUA_REGISTRYINDEX, &orders);
    open_shapes(L);
}
