// core.png: images of the simulator.
#include "media/png.h"

#include "bindings/bindings.h"

#include <limits.h>
#include <string.h>

#define BUFFER "core.png.Buffer"

static int buffer_gc(lua_State *L)
{
    buf_free(luaL_checkudata(L, 1, BUFFER));
    return 0;
}

// A buffer that the collector frees: what is done with it may raise.
static struct buf *push_buffer(lua_State *L)
{
    struct buf *b = lua_newuserdatauv(L, sizeof *b, 0);
    *b = (struct buf){ 0 };
    luaL_setmetatable(L, BUFFER);
    return b;
}

static uint32_t check_side(lua_State *L, int index)
{
    lua_Integer side = luaL_checkinteger(L, index);
    luaL_argcheck(L, side >= 1 && side <= PNG_ENCODE_MAX_SIDE, index,
                  "a size from 1 to 16384 is expected");
    return (uint32_t)side;
}

// The string at list[index][field]; it stays alive in its table (raw access: no metamethod made
// it).
static const char *check_part(lua_State *L, lua_Integer index, lua_Integer field, size_t *size)
{
    if (lua_rawgeti(L, -1, field) != LUA_TSTRING) // … pair part
        luaL_error(L, "text %I: a pair of strings is expected", index);
    const char *part = lua_tolstring(L, -1, size);
    lua_pop(L, 1);
    return part;
}

// Fills *text from list[index], where the list is argument 4.
static void check_text(lua_State *L, lua_Integer index, struct png_text *text)
{
    if (lua_rawgeti(L, 4, index) != LUA_TTABLE) // … pair
        luaL_error(L, "text %I: a pair of strings is expected", index);
    text->key = check_part(L, index, 1, &text->key_size);
    text->value = check_part(L, index, 2, &text->value_size);
    lua_pop(L, 1);
    if (text->key_size < 1 || text->key_size > PNG_ENCODE_MAX_KEY ||
        strlen(text->key) != text->key_size)
        luaL_error(L, "text %I: a keyword of 1 to 79 bytes is expected", index);
    if (memchr(text->value, '\0', text->value_size))
        luaL_error(L, "text %I: a value without zero bytes is expected", index);
    if (text->value_size > INT_MAX - 128)
        luaL_error(L, "text %I: the value is too long for a chunk", index);
}

// Pushes the texts as a userdata, so that their memory is the collector's.
static struct png_text *push_texts(lua_State *L, size_t *count)
{
    *count = 0;
    if (lua_isnoneornil(L, 4))
        return NULL;
    luaL_checktype(L, 4, LUA_TTABLE);
    *count = (size_t)lua_rawlen(L, 4);
    struct png_text *texts = lua_newuserdatauv(L, (*count + 1) * sizeof *texts, 0);
    for (size_t i = 0; i < *count; i++)
        check_text(L, (lua_Integer)i + 1, &texts[i]);
    return texts;
}

// encode(width, height, pixels, texts) -> png | nil, message, code
static int encode(lua_State *L)
{
    size_t size = 0;
    struct png_image image = { .width = check_side(L, 1), .height = check_side(L, 2) };
    image.pixels = (const unsigned char *)luaL_checklstring(L, 3, &size);
    if (size != (size_t)image.width * image.height * 3)
        return luaL_argerror(L, 3, "width * height * 3 bytes are expected");
    lua_settop(L, 4);
    image.texts = push_texts(L, &image.text_count);
    struct buf *out = push_buffer(L);
    struct png_error error;
    if (!png_encode(&image, out, &error))
        return bindings_fail(L, error.code, error.message);
    lua_pushlstring(L, out->data, out->size);
    buf_free(out); // now, not when the collector comes by: images are large
    return 1;
}

static const luaL_Reg buffer_methods[] = {
    { "__gc", buffer_gc },
    { NULL, NULL },
};

static const luaL_Reg functions[] = {
    { "encode", encode },
    { NULL, NULL },
};

int open_png(lua_State *L)
{
    bindings_type(L, BUFFER, buffer_methods);
    luaL_newlib(L, functions);
    return 1;
}
