// core.json.repair: JSON of text that is nearly JSON.
#include "json/repair.h"

#include "json/reader.h"

#include "bindings/bindings.h"
#include "bindings/json.h"

#define SCRATCH "core.json.repair"

static int scratch_free(lua_State *L)
{
    buf_free(luaL_checkudata(L, 1, SCRATCH));
    return 0;
}

/// repair(text) -> text, count, what, place | nil
int json_repair_text(lua_State *L)
{
    size_t size;
    const char *text = luaL_checklstring(L, 1, &size);
    struct buf *out = lua_newuserdatauv(L, sizeof *out, 0); // text scratch
    *out = (struct buf){ 0 };
    luaL_setmetatable(L, SCRATCH); // an error frees it
    struct json_repair repair;
    if (!json_repair(text, size, out, &repair))
        return luaL_error(L, "not enough memory");
    if (repair.count == 0) {
        buf_free(out);
        return 0;
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

void json_open_repair(lua_State *L)
{
    static const luaL_Reg methods[] = { { "__gc", scratch_free }, { NULL, NULL } };
    bindings_type(L, SCRATCH, methods);
}
