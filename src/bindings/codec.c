// core.codec: bytes and text.
#include "base/base64.h"
#include "base/percent.h"
#include "base/sha256.h"
#include "base/utf16.h"
#include "base/utf8.h"

#include "bindings/bindings.h"

/// base64_encode(bytes) -> text
static int to_base64(lua_State *L)
{
    size_t size;
    const char *bytes = luaL_checklstring(L, 1, &size);
    size_t encoded = base64_encoded_size(size);
    luaL_Buffer b;
    base64_encode(bytes, size, luaL_buffinitsize(L, &b, encoded));
    luaL_pushresultsize(&b, encoded);
    return 1;
}

/// base64_decode(text) -> bytes | nil, message
static int from_base64(lua_State *L)
{
    size_t size;
    const char *text = luaL_checklstring(L, 1, &size);
    size_t decoded;
    const char *message;
    size_t at;
    luaL_Buffer b;
    char *out = luaL_buffinitsize(L, &b, base64_decoded_room(size));
    if (!base64_decode(text, size, out, &decoded, &message, &at)) {
        lua_pushnil(L);
        lua_pushfstring(L, "character %I: %s", (LUAI_UACINT)at + 1, message);
        return 2;
    }
    luaL_pushresultsize(&b, decoded);
    return 1;
}

/// is_utf8(text) -> boolean
static int is_utf8(lua_State *L)
{
    size_t size;
    const char *text = luaL_checklstring(L, 1, &size);
    lua_pushboolean(L, utf8_valid(text, size));
    return 1;
}

/// utf8_head(text, count) -> head, cut
static int head(lua_State *L)
{
    size_t size;
    const char *text = luaL_checklstring(L, 1, &size);
    lua_Integer count = luaL_checkinteger(L, 2);
    luaL_argcheck(L, count >= 0, 2, "negative count");
    size_t kept = utf8_head(text, size, (size_t)count);
    if (kept == size)
        lua_pushvalue(L, 1);
    else
        lua_pushlstring(L, text, kept);
    lua_pushboolean(L, kept < size);
    return 2;
}

/// utf16_decode(bytes, big_endian) -> text | nil, text before, offset
static int from_utf16(lua_State *L)
{
    size_t size;
    const char *bytes = luaL_checklstring(L, 1, &size);
    bool big_endian = lua_toboolean(L, 2);
    size_t written;
    size_t bad;
    luaL_Buffer b;
    char *out = luaL_buffinitsize(L, &b, utf16_room(size));
    bool ok = utf16_to_utf8(bytes, size, big_endian, out, &written, &bad);
    luaL_pushresultsize(&b, written);
    if (ok)
        return 1;
    lua_pushnil(L);
    lua_insert(L, -2);
    lua_pushinteger(L, (lua_Integer)bad);
    return 3;
}

/// utf8_clean(text) -> text
static int clean(lua_State *L)
{
    size_t size;
    const char *text = luaL_checklstring(L, 1, &size);
    if (utf8_valid(text, size)) {
        lua_settop(L, 1);
        return 1;
    }
    luaL_Buffer b;
    size_t cleaned = utf8_clean(text, size, NULL);
    utf8_clean(text, size, luaL_buffinitsize(L, &b, cleaned));
    luaL_pushresultsize(&b, cleaned);
    return 1;
}

/// utf8_cut(text, bytes) -> head, cut
static int cut(lua_State *L)
{
    size_t size;
    const char *text = luaL_checklstring(L, 1, &size);
    lua_Integer most = luaL_checkinteger(L, 2);
    luaL_argcheck(L, most >= 0, 2, "negative size");
    bool too_long = size > (size_t)most;
    if (too_long)
        lua_pushlstring(L, text, utf8_whole(text, (size_t)most));
    else
        lua_pushvalue(L, 1);
    lua_pushboolean(L, too_long);
    return 2;
}

/// percent_encode(text) -> text
static int to_percent(lua_State *L)
{
    size_t size;
    const char *bytes = luaL_checklstring(L, 1, &size);
    size_t encoded = percent_encoded_size(bytes, size);
    luaL_Buffer b;
    percent_encode(bytes, size, luaL_buffinitsize(L, &b, encoded));
    luaL_pushresultsize(&b, encoded);
    return 1;
}

/// percent_decode(text) -> text | nil
static int from_percent(lua_State *L)
{
    size_t size;
    const char *text = luaL_checklstring(L, 1, &size);
    size_t decoded;
    luaL_Buffer b;
    if (!percent_decode(text, size, luaL_buffinitsize(L, &b, size), &decoded)) {
        lua_pushnil(L);
        return 1;
    }
    luaL_pushresultsize(&b, decoded);
    return 1;
}

/// sha256(bytes) -> hexadecimal digits
static int to_sha256(lua_State *L)
{
    size_t size;
    const char *bytes = luaL_checklstring(L, 1, &size);
    char text[SHA256_HEX_SIZE];
    sha256_hex(bytes, size, text);
    lua_pushlstring(L, text, sizeof(text));
    return 1;
}

static const luaL_Reg functions[] = {
    { "base64_encode", to_base64 },
    { "base64_decode", from_base64 },
    { "is_utf8", is_utf8 },
    { "utf8_head", head },
    { "utf8_clean", clean },
    { "utf8_cut", cut },
    { "utf16_decode", from_utf16 },
    { "percent_encode", to_percent },
    { "percent_decode", from_percent },
    { "sha256", to_sha256 },
    { NULL, NULL },
};

int open_codec(lua_State *L)
{
    luaL_newlib(L, functions);
    return 1;
}
