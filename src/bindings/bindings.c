#include "bindings/bindings.h"

#include "base/envelope.h"
#include "base/utf8.h"
#include "sandbox/strings.h"

#include <string.h>

// One a line, so that two additions do not meet.
// clang-format off
const struct host_module bindings[] = {
    { "core.budget", open_budget },
    { "core.channel", open_channel },
    { "core.clock", open_clock },
    { "core.codec", open_codec },
    { "core.fs", open_fs },
    { "core.host", open_host },
    { "core.http", open_http },
    { "core.httpd", open_httpd },
    { "core.json", open_json },
    { "core.log", open_log },
    { "core.loop", open_loop },
    { "core.png", open_png },
    { "core.process", open_process },
    { "core.redact", open_redact },
    { "core.sandbox", open_sandbox },
    { "core.signal", open_signal },
    { "core.stdio", open_stdio },
    { "core.timer", open_timer },
    { "core.walls", open_walls },
    { "core.watch", open_watch },
    { "string", strings_guard },
    { NULL, NULL },
};
// clang-format on

int bindings_fail(lua_State *L, const char *code, const char *message)
{
    lua_pushnil(L);
    lua_pushlstring(L, message, utf8_whole(message, strlen(message))); // C cuts where its room ends
    lua_pushstring(L, code);
    return 3;
}

void bindings_push_envelope(lua_State *L, const struct envelope *envelope)
{
    static const char *const kinds[] = { "unknown", "request", "notification", "response" };
    enum envelope_kind kind = envelope_kind(envelope);
    lua_pushstring(L, kinds[kind]);
    if (kind == ENVELOPE_REQUEST)
        lua_pushlstring(L, envelope->id, envelope->id_size);
    else
        lua_pushnil(L);
}

void bindings_type(lua_State *L, const char *name, const luaL_Reg *methods)
{
    luaL_newmetatable(L, name); // meta
    luaL_setfuncs(L, methods, 0);
    lua_newtable(L); // meta index
    for (const luaL_Reg *m = methods; m->name; m++) {
        if (m->name[0] != '_') {
            lua_pushcfunction(L, m->func);
            lua_setfield(L, -2, m->name);
        }
    }
    lua_setfield(L, -2, "__index");
    lua_pushboolean(L, 0);
    lua_setfield(L, -2, "__metatable");
    lua_pop(L, 1);
}

void bindings_index(lua_State *L, const char *name, lua_CFunction index)
{
    luaL_getmetatable(L, name);     // meta
    lua_getfield(L, -1, "__index"); // meta methods
    lua_pushcclosure(L, index, 1);  // meta index
    lua_setfield(L, -2, "__index");
    lua_pop(L, 1);
}
