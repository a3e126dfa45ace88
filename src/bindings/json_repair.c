// core.json.repair and salvage: JSON of text that is nearly JSON, or JSON up to some place.
#include "json/repair.h"

#include "json/reader.h"
#include "json/salvage.h"

#include "bindings/bindings.h"
#include "bindings/json_decode.h"
#include "bindings/json_repair.h"
#include "host/scratch.h"

#define SCRATCH "core.json.repair"

struct repaired {
    struct buf out;
    struct scratch memory;
};

static int scratch_free(lua_State *L)
{
    struct repaired *repaired = luaL_checkudata(L, 1, SCRATCH);
    buf_free(&repaired->out);
    return 0;
}

// Pushes a buffer that an error frees.
static struct buf *push_scratch(lua_State *L)
{
    struct repaired *repaired = lua_newuserdatauv(L, sizeof *repaired, 0);
    scratch_init(&repaired->memory, L);
    repaired->out = (struct buf){ .memory = &repaired->memory.memory };
    luaL_setmetatable(L, SCRATCH);
    return &repaired->out;
}

/// repair(text) -> text, count, what, place | nil
int json_repair_text(lua_State *L)
{
    size_t size;
    const char *text = luaL_checklstring(L, 1, &size);
    struct buf *out = push_scratch(L); // text scratch
    struct json_repair repair;
    if (!json_repair(text, size, out, &repair))
        return luaL_error(L, "not enough memory");
    if (repair.count == 0) {
        buf_free(out);
        lua_pushnil(L);
        return 1;
    }
    lua_pushlstring(L, out->data, out->size);
    buf_free(out);
    lua_pushinteger(L, (lua_Integer)repair.count);
    lua_pushstring(L, repair.first);
    size_t line;
    size_t column;
    json_place(text, repair.at, &line, &column);
    lua_pushfstring(L, "line %I, column %I", (LUAI_UACINT)line, (LUAI_UACINT)column);
    return 4;
}

/// salvage(text, depth) -> text, problem | nil, deep | nil
int json_salvage_text(lua_State *L)
{
    size_t size;
    const char *text = luaL_checklstring(L, 1, &size);
    lua_Integer depth = luaL_checkinteger(L, 2);
    luaL_argcheck(L, depth >= 1 && depth <= JSON_MAX_DEPTH, 2, "out of range");
    struct buf *out = push_scratch(L); // text depth scratch
    struct json_salvage salvage;
    if (!json_salvage(text, size, (unsigned)depth, out, &salvage))
        return luaL_error(L, "not enough memory");
    if (out->size == 0) {
        buf_free(out);
        lua_pushnil(L);
        return 1;
    }
    lua_pushlstring(L, out->data, out->size);
    buf_free(out);
    if (!salvage.message)
        lua_pushnil(L);
    else if (salvage.deep > 0) // the places are not those of the text
        lua_pushstring(L, salvage.message);
    else
        json_push_place(L, text, text + salvage.kept, salvage.message);
    lua_pushinteger(L, (lua_Integer)salvage.deep);
    return 3;
}

void json_open_repair(lua_State *L)
{
    static const luaL_Reg methods[] = { { "__gc", scratch_free }, { NULL, NULL } };
    bindings_type(L, SCRATCH, methods);
}
