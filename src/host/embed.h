/// Lua modules inside the binary.
#ifndef RCMCP_HOST_EMBED_H
#define RCMCP_HOST_EMBED_H

#include <lua.h>
#include <stddef.h>

struct embed_module {
    const char *name;      ///< "lib.async.fiber"
    const char *chunkname; ///< "@lua/lib/async/fiber.lua", as tracebacks show it
    const unsigned char *bytes;
    size_t size;
};

/// Generated at build time; ends with a NULL name.
extern const struct embed_module embed_modules[];

/// Puts the embedded modules before the search in package.path.  When the environment variable
/// RCMCP_LUA_DIR names a directory, a file there wins over the embedded module of the same name.
void embed_install(lua_State *L);

/// Pushes a sorted list of the names of all embedded modules that begin with `prefix`.
void embed_push_names(lua_State *L, const char *prefix);

#endif
