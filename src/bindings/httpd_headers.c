#include "bindings/httpd_headers.h"

#include <lauxlib.h>
#include <string.h>
#include <strings.h>

static bool is_token(const char *text, size_t size)
{
    static const char allowed[] = "!#$%&'*+-.^_`|~0123456789"
                                  "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    return size > 0 && strspn(text, allowed) == size;
}

static bool is_field_value(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)text[i];
        if ((c < ' ' && c != '\t') || c == 0x7f)
            return false;
    }
    return true;
}

static bool is_framing(const char *name)
{
    return strcasecmp(name, "Content-Length") == 0 || strcasecmp(name, "Transfer-Encoding") == 0;
}

void httpd_check_headers(lua_State *L, int index)
{
    if (lua_isnoneornil(L, index))
        return;
    luaL_checktype(L, index, LUA_TTABLE);
    for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1)) { // … name value
        if (lua_type(L, -2) != LUA_TSTRING || lua_type(L, -1) != LUA_TSTRING)
            luaL_argerror(L, index, "header names and values must be strings");
        size_t name_size = 0;
        size_t value_size = 0;
        const char *name = lua_tolstring(L, -2, &name_size);
        const char *value = lua_tolstring(L, -1, &value_size);
        if (!is_token(name, name_size))
            luaL_error(L, "'%s' is no header name", name);
        if (is_framing(name))
            luaL_error(L, "the server sets %s itself", name);
        if (!is_field_value(value, value_size))
            luaL_error(L, "the value of header %s contains control characters", name);
    }
}

// Raises nothing: strings are strings, lua_next() has a key of the table.
bool httpd_add_headers(lua_State *L, int index, struct server_answer *a)
{
    if (lua_isnoneornil(L, index))
        return true;
    for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1)) { // … name value
        const char *value = lua_tostring(L, -1);
        // libmicrohttpd takes no empty value
        if (*value && !server_answer_header(a, lua_tostring(L, -2), value)) {
            lua_pop(L, 2);
            return false;
        }
    }
    return true;
}

void httpd_join_header(lua_State *L, const struct server_header *header)
{
    luaL_Buffer name;
    luaL_buffinit(L, &name);
    for (const char *c = header->name; *c; c++)
        luaL_addchar(&name, (char)(*c >= 'A' && *c <= 'Z' ? *c + ('a' - 'A') : *c));
    luaL_pushresult(&name);              // t name
    lua_pushvalue(L, -1);                // t name name
    if (lua_rawget(L, -3) == LUA_TNIL) { // t name old
        lua_pop(L, 1);
        lua_pushstring(L, header->value); // t name value
    } else {
        lua_pushfstring(L, "%s, %s", lua_tostring(L, -1), header->value);
        lua_remove(L, -2); // t name joined
    }
    lua_rawset(L, -3);
}
