#include "bindings/http_request.h"

#include <lauxlib.h>
#include <limits.h>
#include <string.h>

enum {
    CONNECT_MS = 10000,
    TOTAL_MS = 120000,
    MAX_BYTES = 64 << 20,
};

static int refuse_field(lua_State *L, const char *field, const char *what)
{
    return luaL_error(L, "http.start: field '%s' must be %s", field, what);
}

// What a field holds lives as long as the table does: strings only, nothing converted.
static const char *text_field(lua_State *L, const char *field, size_t *size)
{
    const char *text = NULL;
    *size = 0;
    lua_getfield(L, 1, field);
    if (lua_type(L, -1) == LUA_TSTRING)
        text = lua_tolstring(L, -1, size);
    else if (!lua_isnil(L, -1))
        refuse_field(L, field, "a string");
    lua_pop(L, 1);
    return text;
}

static bool has_control(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)text[i];
        if ((c < 0x20 && c != '\t') || c == 0x7f)
            return true;
    }
    return false;
}

static const char *line_field(lua_State *L, const char *field)
{
    size_t size;
    const char *text = text_field(L, field, &size);
    if (text && has_control(text, size))
        refuse_field(L, field, "free of control characters");
    return text;
}

static const char *path_field(lua_State *L, const char *field)
{
    size_t size;
    const char *text = text_field(L, field, &size);
    if (text && (size == 0 || memchr(text, '\0', size)))
        refuse_field(L, field, "a path");
    return text;
}

static lua_Integer integer_field(lua_State *L, const char *field, lua_Integer low,
                                 lua_Integer standard)
{
    int ok = 1;
    lua_Integer value = standard;
    lua_getfield(L, 1, field);
    if (!lua_isnil(L, -1))
        value = lua_tointegerx(L, -1, &ok);
    lua_pop(L, 1);
    if (!ok || value < low || value > INT_MAX)
        refuse_field(L, field,
                     low > 0 ? "a positive integer below 2^31" : "an integer, 0 to 2^31-1");
    return value;
}

static void check_method(lua_State *L, const char *method)
{
    if (!method || !*method || method[strspn(method, "ABCDEFGHIJKLMNOPQRSTUVWXYZ-")])
        refuse_field(L, "method", "an upper-case word");
}

static void check_url(lua_State *L, const char *url)
{
    if (!url || (strncmp(url, "http://", 7) != 0 && strncmp(url, "https://", 8) != 0))
        refuse_field(L, "url", "an http: or https: URL");
    if (strchr(url, ' ') || strchr(url, '\t'))
        refuse_field(L, "url", "free of spaces");
}

static size_t header_fields(lua_State *L, const char **lines)
{
    lua_getfield(L, 1, "headers"); // list
    if (lua_isnil(L, -1)) {
        lua_pop(L, 1);
        return 0;
    }
    if (!lua_istable(L, -1))
        refuse_field(L, "headers", "a list of lines");
    size_t count = (size_t)lua_rawlen(L, -1);
    if (count > HTTP_MOST_HEADERS)
        refuse_field(L, "headers", "at most 64 lines");
    for (size_t i = 0; i < count; i++) {
        size_t size = 0;
        lua_rawgeti(L, -1, (lua_Integer)i + 1); // list line
        lines[i] = lua_type(L, -1) == LUA_TSTRING ? lua_tolstring(L, -1, &size) : NULL;
        if (!lines[i] || *lines[i] == ':' || !strchr(lines[i], ':') || has_control(lines[i], size))
            refuse_field(L, "headers", "a list of 'Name: value' without control characters");
        lua_pop(L, 1);
    }
    lua_pop(L, 1);
    return count;
}

static bool may_have_body(const char *method)
{
    return strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0;
}

static bool flag_field(lua_State *L, const char *field)
{
    lua_getfield(L, 1, field);
    if (!lua_isnil(L, -1) && !lua_isboolean(L, -1))
        refuse_field(L, field, "true or false");
    bool value = lua_toboolean(L, -1);
    lua_pop(L, 1);
    return value;
}

void http_read_request(lua_State *L, struct client_request *r, const char **lines)
{
    luaL_checktype(L, 1, LUA_TTABLE);
    r->method = line_field(L, "method");
    check_method(L, r->method);
    r->url = line_field(L, "url");
    check_url(L, r->url);
    r->headers = lines;
    r->header_count = header_fields(L, lines);
    r->bearer = line_field(L, "bearer");
    r->body = text_field(L, "body", &r->body_size);
    r->body_file = path_field(L, "body_file");
    r->save_as = path_field(L, "save_as");
    r->save_named = flag_field(L, "save_named");
    if (r->body && r->body_file)
        refuse_field(L, "body", "absent where body_file is given");
    if ((r->body || r->body_file) && !may_have_body(r->method))
        refuse_field(L, r->body ? "body" : "body_file", "absent with GET and HEAD");
    r->connect_ms = (long)integer_field(L, "connect_ms", 1, CONNECT_MS);
    r->total_ms = (long)integer_field(L, "total_ms", 0, TOTAL_MS);
    r->idle_ms = (uint64_t)integer_field(L, "idle_ms", 0, 0);
    r->max_bytes = (size_t)integer_field(L, "max_bytes", 0, MAX_BYTES);
    r->keep_head = flag_field(L, "keep_head");
    r->no_redirects = flag_field(L, "no_redirects");
    r->public_only = flag_field(L, "public_only");
    r->identity = flag_field(L, "identity");
}
