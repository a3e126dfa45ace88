#include "host/collector.h"

#include "host/state.h"

enum { MIB = 1 << 20 };

// Bytes that Lua holds from which it is collected in steps, and below which no more.
enum { LARGE = 16 * MIB, SMALL = 8 * MIB };

// Percent by which the heap grows until its young garbage is collected, and until all of it is.
// With Lua's own 20 and a smaller MAJOR the long texts of a single answer brought a collection of
// all. Lua's own PAUSE, 200 after a collection that found little, would let a thousand waits, whose
// garbage is old when it dies, double the heap.
enum { MINOR = 30, MAJOR = 100, PAUSE = 150 };

// In steps: how much is looked at for what is allocated.  Lua's own 100 ends a round within some
// hundred kilobytes of those, all at once as good as; with this it takes megabytes.
enum { SPEED = 16 };

void collector_open(struct host *host)
{
    host->in_steps = false;
    lua_gc(host->L, LUA_GCINC, PAUSE, SPEED, 0);
    lua_gc(host->L, LUA_GCGEN, MINOR, MAJOR);
}

void collector_look(struct host *host)
{
    size_t used = host->alloc.used;
    if (host->in_steps ? used >= SMALL : used <= LARGE)
        return;
    host->in_steps = !host->in_steps;
    if (host->in_steps)
        lua_gc(host->L, LUA_GCINC, 0, 0, 0);
    else
        lua_gc(host->L, LUA_GCGEN, 0, 0);
}
