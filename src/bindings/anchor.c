#include "bindings/anchor.h"

#include <lauxlib.h>
#include <string.h>

void anchor_push_callback(lua_State *L, int index, const char *field)
{
    int type = lua_getfield(L, index, field);
    luaL_argcheck(L, type == LUA_TNIL || type == LUA_TFUNCTION, index, "callbacks are functions");
}

void *anchor_new(lua_State *L, const struct anchor_kind *kind)
{
    struct anchor *a = lua_newuserdatauv(L, kind->size, kind->values); // values… handle
    memset(a, 0, kind->size);
    *a = (struct anchor){ .kind = kind, .L = host_main(L), .reference = LUA_NOREF };
    luaL_setmetatable(L, kind->type);
    lua_insert(L, -1 - kind->values); // handle values…
    for (int value = kind->values; value > 0; value--)
        lua_setiuservalue(L, -1 - value, value);   // … handle
    lua_pushvalue(L, -1);                          // handle handle
    a->reference = luaL_ref(L, LUA_REGISTRYINDEX); // handle
    return a;
}

struct telling {
    const struct anchor *anchor;
    int callback;
    anchor_push *push;
    void *arg;
};

// (telling) -> runs the callback; the handle stays on the stack, and alive, while it does
static int call_back(lua_State *L)
{
    const struct telling *t = lua_touserdata(L, 1);
    lua_rawgeti(L, LUA_REGISTRYINDEX, t->anchor->reference);   // telling handle
    if (lua_getiuservalue(L, 2, t->callback) != LUA_TFUNCTION) // telling handle callback
        return 0;
    lua_call(L, t->push ? t->push(L, t->arg) : 0, 0);
    return 0;
}

static void on_again(struct again *again)
{
    struct anchor *a = (struct anchor *)again; // its first member
    a->kind->retell(a);
}

enum host_outcome anchor_call(struct anchor *a, int callback, anchor_push *push, void *arg)
{
    struct telling telling = { .anchor = a, .callback = callback, .push = push, .arg = arg };
    return a->muted ? HOST_OK : host_call(a->L, call_back, &telling);
}

bool anchor_tell(struct anchor *a, int callback, anchor_push *push, void *arg)
{
    bool unheard = anchor_call(a, callback, push, arg) == HOST_NOMEM;
    if (a->muted)
        return true;
    if (unheard && again_later(a->L, &a->again, on_again))
        return false;
    a->lost = a->lost || unheard;
    a->again.tries = 0;
    return true;
}

bool anchor_is_waiting(const struct anchor *a)
{
    return a->again.queued;
}

bool anchor_mute(struct anchor *a)
{
    if (a->muted)
        return false;
    a->muted = true;
    again_cancel(a->L, &a->again);
    return true;
}

void anchor_release(struct anchor *a)
{
    anchor_mute(a);
    int reference = a->reference;
    a->reference = LUA_NOREF;
    luaL_unref(a->L, LUA_REGISTRYINDEX, reference);
}
