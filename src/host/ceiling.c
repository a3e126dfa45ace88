#include "host/ceiling.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/memory.h"
#include "host/state.h"
#include "loop/alarm.h"

#include <lua.h>
#include <stdint.h>
#include <stdlib.h>

enum {
    HYSTERESIS = 10, // percent of the ceiling below a level at which it has ended
    PAUSE_MS = 5,
    SILENT_S = 60,     // a level that comes again within that is not told again
    WORTH_A_LOOK = 16, // a collection pays when this part of the ceiling has come since the last
};

static const unsigned percents[] = { 0, 75, 90 }; // where the levels begin

enum { LEVELS = sizeof percents / sizeof *percents };

struct ceiling {
    struct alarm alarm;
    unsigned level;
    double told[LEVELS]; // when each level was; 0: never
    bool silent;         // the level that is left was not told
    size_t collected;    // what Lua held after the last collection
};

static size_t part(size_t ceiling, unsigned percent)
{
    return ceiling / 100 * percent;
}

static bool collect(void *arg)
{
    struct host *host = arg;
    size_t *collected = &host->ceiling->collected;
    if (host->alloc.used < *collected)
        *collected = host->alloc.used; // Lua has collected by itself
    if (host->alloc.used - *collected < memory_ceiling() / WORTH_A_LOOK)
        return false;
    lua_gc(host->L, LUA_GCCOLLECT);
    *collected = host->alloc.used;
    return true;
}

static unsigned level_of(size_t used, size_t ceiling, unsigned level)
{
    unsigned reached = 0;
    for (unsigned i = 1; i < LEVELS; i++) {
        if (used > part(ceiling, i > level ? percents[i] : percents[i] - HYSTERESIS))
            reached = i;
    }
    return reached;
}

static void write_line(size_t ceiling, const char *rest)
{
    enum { MIB = 1024 * 1024 };
    size_t percent =
        ceiling < 100 ? memory_used() * 100 / ceiling : memory_used() / (ceiling / 100);
    log_line(LOG_WARNING, "memory: %zu of %zu MiB are held, %zu %%%s", memory_used() / MIB,
             ceiling / MIB, percent, rest);
}

static void report(struct ceiling *c, size_t ceiling, unsigned level)
{
    if (level > c->level) {
        double now = clock_monotonic();
        c->silent = c->told[level] > 0 && now - c->told[level] < SILENT_S;
        if (!c->silent)
            c->told[level] = now;
    }
    if (c->silent)
        return;
    write_line(ceiling, level > c->level
                            ? ": soon what needs much of it is refused (setting memory_bytes)"
                        : level == 0 ? ": there is enough again"
                                     : "");
}

// Above the first level a look comes also with each part of the ceiling that is worth it: Lua's
// auxiliary library gives up without a collection where the buffer of a string finds no memory.
static void set_range(size_t ceiling, unsigned level)
{
    size_t low = level > 0 ? part(ceiling, percents[level] - HYSTERESIS) : 0;
    size_t high = level + 1 < LEVELS ? part(ceiling, percents[level + 1]) : SIZE_MAX;
    size_t soon = memory_used() + ceiling / WORTH_A_LOOK;
    memory_watch_range(low, level > 0 && soon < high ? soon : high);
}

static void look(void *arg)
{
    struct host *host = arg;
    struct ceiling *c = host->ceiling;
    size_t ceiling = memory_ceiling();
    if (ceiling == 0) {
        c->level = 0;
        return;
    }
    if (c->level > 0 || level_of(memory_used(), ceiling, c->level) > c->level)
        collect(host);
    unsigned level = level_of(memory_used(), ceiling, c->level);
    if (level != c->level)
        report(c, ceiling, level);
    c->level = level;
    set_range(ceiling, level);
}

static void on_left(void *arg)
{
    struct host *host = arg;
    alarm_set(&host->ceiling->alarm, PAUSE_MS);
}

bool ceiling_open(struct host *host)
{
    host->ceiling = calloc(1, sizeof *host->ceiling);
    if (!host->ceiling)
        return false;
    alarm_init(&host->ceiling->alarm, host->loop, look, host);
    memory_set_hooks(on_left, collect, host);
    return true;
}

void ceiling_set(struct host *host, size_t bytes)
{
    memory_set_ceiling(bytes);
    memory_watch_range(0, SIZE_MAX);
    alarm_set(&host->ceiling->alarm, 0);
}

void ceiling_close(struct host *host)
{
    (void)host;
    memory_set_hooks(NULL, NULL, NULL);
}

void ceiling_free(struct host *host)
{
    free(host->ceiling);
}
