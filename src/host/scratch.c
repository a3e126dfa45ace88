#include "host/scratch.h"

#include "base/memory.h"

typedef void *resize_once(lua_State *L, void *block, size_t size, size_t new_size);

static void *resize_counted(lua_State *L, void *block, size_t size, size_t new_size)
{
    (void)L;
    return memory_resize(MEMORY_LUA, block, size, new_size);
}

static void *resize_by_lua(lua_State *L, void *block, size_t size, size_t new_size)
{
    void *ud;
    lua_Alloc alloc = lua_getallocf(L, &ud);
    return alloc(ud, block, size, new_size);
}

static void *resize(const struct scratch *s, resize_once *once, void *block, size_t size,
                    size_t new_size)
{
    void *moved = once(s->L, block, size, new_size);
    if (moved || new_size <= size)
        return moved;
    lua_gc(s->L, LUA_GCCOLLECT);
    return once(s->L, block, size, new_size);
}

static void *resize_of_host(void *arg, void *block, size_t size, size_t new_size)
{
    return resize(arg, resize_counted, block, size, new_size);
}

static void *resize_of_slice(void *arg, void *block, size_t size, size_t new_size)
{
    return resize(arg, resize_by_lua, block, size, new_size);
}

void scratch_init(struct scratch *s, lua_State *L)
{
    *s = (struct scratch){ { resize_of_host, s }, L };
}

void scratch_init_of_slice(struct scratch *s, lua_State *L)
{
    *s = (struct scratch){ { resize_of_slice, s }, L };
}
