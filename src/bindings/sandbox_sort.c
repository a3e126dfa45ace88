// table.sort for recipes: Lua's own chooses pivots by the clock, so that what compares equal ends
// in another order each time.  This one merges, which keeps such items in their order.
#include "bindings/sandbox_sort.h"

#include "bindings/sandbox_keys.h"
#include "host/stack.h"

#include <lauxlib.h>
#include <limits.h>

enum { LIST = 1, BEFORE, FROM, TO }; // on the stack: the arguments, two lists for the passes
enum { RUN = 32 };                   // items that are sorted on the stack

// Whether the item at `a` comes before that at `b`: absolute indices.
static bool is_before(lua_State *L, struct meter *meter, int a, int b)
{
    sandbox_spend(L, meter, 2);
    if (!lua_isnil(L, BEFORE)) {
        lua_pushvalue(L, BEFORE);
        lua_pushvalue(L, a);
        lua_pushvalue(L, b);
        lua_call(L, 2, 1);
        bool before = lua_toboolean(L, -1);
        lua_pop(L, 1);
        return before;
    }
    struct order_key x, y;
    int order;
    if (lua_type(L, a) != LUA_TSTRING || lua_type(L, b) != LUA_TSTRING)
        return lua_compare(L, a, b, LUA_OPLT);
    sandbox_read_key(L, a, &x);
    sandbox_read_key(L, b, &y);
    if (!order_compare(meter, &x, &y, &order))
        budget_stop(L);
    return order < 0;
}

// Puts the item on top where it belongs among the sorted ones from `first` on, behind its equals.
static void insert(lua_State *L, struct meter *meter, int first)
{
    int item = lua_gettop(L), low = first, high = item;
    while (low < high) {
        int middle = low + (high - low) / 2;
        if (is_before(L, meter, item, middle))
            high = middle;
        else
            low = middle + 1;
    }
    lua_insert(L, low);
}

// Sorts the items from `from` to `end` of the list, into the first list of the passes.
static void sort_run(lua_State *L, struct meter *meter, lua_Integer from, lua_Integer end)
{
    int first = lua_gettop(L) + 1;
    for (lua_Integer i = from; i <= end; i++) {
        lua_geti(L, LIST, i);
        insert(L, meter, first);
    }
    for (lua_Integer i = end; i >= from; i--)
        lua_rawseti(L, FROM, i);
}

struct run {
    lua_Integer at, end;
};

// Takes the item at stack index `item`, which is the next of a run, and gets the one after it.
static void take(lua_State *L, struct run *run, int item, lua_Integer to)
{
    lua_pushvalue(L, item);
    lua_rawseti(L, TO, to);
    if (++run->at <= run->end) {
        lua_rawgeti(L, FROM, run->at);
        lua_replace(L, item);
    }
}

// Merges two runs that follow each other.
static void merge(lua_State *L, struct meter *meter, lua_Integer first, lua_Integer second,
                  lua_Integer end)
{
    struct run left = { first, second - 1 }, right = { second, end };
    lua_Integer to = first;
    lua_rawgeti(L, FROM, left.at); // the items that are next: of the left, of the right
    lua_rawgeti(L, FROM, right.at);
    int item = lua_gettop(L);
    while (left.at <= left.end && right.at <= right.end) {
        if (is_before(L, meter, item, item - 1))
            take(L, &right, item, to++);
        else
            take(L, &left, item - 1, to++);
    }
    while (left.at <= left.end)
        take(L, &left, item - 1, to++);
    while (right.at <= right.end)
        take(L, &right, item, to++);
    lua_pop(L, 2);
}

static void copy(lua_State *L, lua_Integer from, lua_Integer end)
{
    for (lua_Integer i = from; i <= end; i++) {
        lua_rawgeti(L, FROM, i);
        lua_rawseti(L, TO, i);
    }
}

static void merge_all(lua_State *L, struct meter *meter, lua_Integer count)
{
    for (lua_Integer width = RUN; width < count; width *= 2) {
        for (lua_Integer first = 1; first <= count; first += 2 * width) {
            lua_Integer second = first + width, end = second + width - 1;
            sandbox_spend(L, meter, 2);
            if (second > count)
                copy(L, first, count);
            else
                merge(L, meter, first, second, end < count ? end : count);
        }
        lua_pushvalue(L, FROM);
        lua_copy(L, TO, FROM);
        lua_replace(L, TO);
    }
}

int sandbox_sort(lua_State *L)
{
    struct meter *meter = sandbox_meter(L);
    luaL_checktype(L, LIST, LUA_TTABLE);
    lua_Integer count = luaL_len(L, LIST);
    if (count < 2)
        return 0;
    luaL_argcheck(L, count < INT_MAX, LIST, "array too big");
    if (!lua_isnoneornil(L, BEFORE))
        luaL_checktype(L, BEFORE, LUA_TFUNCTION);
    lua_settop(L, BEFORE);
    stack_need(L, RUN + 8, "a sort");
    lua_createtable(L, (int)count, 0);
    lua_createtable(L, count > RUN ? (int)count : 0, 0);
    for (lua_Integer from = 1; from <= count; from += RUN)
        sort_run(L, meter, from, from + RUN <= count ? from + RUN - 1 : count);
    merge_all(L, meter, count);
    for (lua_Integer i = 1; i <= count; i++) {
        lua_rawgeti(L, FROM, i);
        lua_seti(L, LIST, i);
    }
    return 0;
}
