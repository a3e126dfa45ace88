// core.loop: runs the event loop from Lua.
#include "loop/loop.h"

#include "bindings/bindings.h"
#include "host/call.h"

// The loop, for who wants it to run; raises inside a callback of it.
static struct loop *idle_loop(lua_State *L)
{
    struct loop *loop = host_loop(L);
    if (loop_runs(loop))
        luaL_error(L, "the loop runs already: this is inside a callback");
    return loop;
}

static int run(lua_State *L)
{
    loop_run(idle_loop(L));
    return 0;
}

struct since {
    lua_State *L;
    uint64_t turn;
};

static bool called_since(void *arg)
{
    const struct since *s = arg;
    return host_turn(s->L) != s->turn;
}

static int step(lua_State *L)
{
    struct since since = { .L = L, .turn = host_turn(L) };
    struct loop *loop = idle_loop(L);
    bool alive =
        lua_toboolean(L, 1) ? loop_step_unless(loop, called_since, &since) : loop_poll(loop);
    lua_pushboolean(L, alive);
    return 1;
}

static int stop(lua_State *L)
{
    loop_stop(host_loop(L));
    return 0;
}

static int handles(lua_State *L)
{
    size_t counts[UV_HANDLE_TYPE_MAX];
    loop_count_handles(host_loop(L), counts);
    lua_newtable(L);
    for (int type = 0; type < UV_HANDLE_TYPE_MAX; type++) {
        if (counts[type] == 0)
            continue;
        lua_pushinteger(L, (lua_Integer)counts[type]);
        lua_setfield(L, -2, uv_handle_type_name((uv_handle_type)type));
    }
    return 1;
}

static const luaL_Reg functions[] = {
    { "handles", handles }, { "run", run }, { "step", step }, { "stop", stop }, { NULL, NULL },
};

int open_loop(lua_State *L)
{
    luaL_newlib(L, functions);
    return 1;
}
