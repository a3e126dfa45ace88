#include "sandbox/budget.h"

#include "base/clock.h"
#include "host/state.h"
#include "sandbox/meter.h"

#include <lauxlib.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { INTERVAL = 1000 }; // most instructions between two looks at the clock

// Seconds between two looks at the processor time in the hook: that is a call of the kernel.
static const double LOOK_PAUSE = 0.0005;

// Bytes that all instructions between two looks may go through: a second, where it takes longest.
// Lua 5.4 compares strings of zeros byte by byte, with a strcoll() each (l_strcmp in lvm.c): 8 ns a
// byte, and every third instruction can do it.
static const size_t LOOK_BYTES = 370000000;

enum { PLACE_BYTES = 512, PLACE_FRAMES = 16 };

struct budget {
    struct host *host;
    struct alloc_owner *owner;
    int64_t cpu_limit; // nanoseconds a slice
    int64_t cpu_used;  // of the slices that ended
    int64_t began;     // thread's CPU time when its first slice of `turn` began
    uint64_t turn;
    size_t collect_at;       // bytes held at which to collect garbage
    double looked;           // monotonic clock at the last look in the hook
    bool late;               // it took longer than cpu_limit
    struct meter meter;      // of its C code
    char place[PLACE_BYTES]; // see budget_place()
};

struct slice {
    struct budget *budget; // NULL: the host's own code inside a slice
    lua_State *running;    // the coroutine that runs
    struct slice *outer;
};

static int64_t cpu_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

enum budget_limit budget_expired(const struct budget *b)
{
    if (b->owner->exhausted)
        return BUDGET_MEMORY;
    return b->late ? BUDGET_CPU : BUDGET_FINE;
}

// Notes where the code stands, as a traceback does.  Allocates nothing.
static void note_place(struct budget *b, lua_State *L)
{
    size_t length = 0;
    lua_Debug ar;
    b->place[0] = '\0';
    for (int level = 0; level < PLACE_FRAMES && lua_getstack(L, level, &ar); level++) {
        lua_getinfo(L, "Sl", &ar);
        if (ar.currentline <= 0)
            continue;
        char *at = b->place + length;
        size_t room = sizeof b->place - length;
        int written =
            snprintf(at, room, "\n\t%s:%d: where it was then", ar.short_src, ar.currentline);
        if (written < 0 || (size_t)written >= room) {
            *at = '\0';
            return;
        }
        length += (size_t)written;
    }
}

const char *budget_place(const struct budget *b)
{
    return b->place;
}

bool budget_is_crowded(const struct budget *b)
{
    return b->owner->exhausted && b->owner->crowded;
}

bool budget_is_starved(const struct budget *b)
{
    return b->owner->starved;
}

// The slice that runs now; NULL outside of slices and in the host's code inside one.
static struct slice *current(lua_State *L)
{
    struct slice *s = host_of(L)->slice;
    return s && s->budget ? s : NULL;
}

static bool is_over(const struct slice *s)
{
    struct budget *b = s->budget;
    if (cpu_now() - b->began > b->cpu_limit)
        b->late = true;
    return budget_expired(b) != BUDGET_FINE;
}

const struct budget *budget_current(lua_State *L)
{
    const struct slice *s = current(L);
    return s ? s->budget : NULL;
}

bool budget_is_over(lua_State *L)
{
    const struct slice *s = current(L);
    return s && is_over(s);
}

static bool meter_is_over(void *arg)
{
    const struct budget *b = arg;
    const struct slice *s = b->host->slice;
    return s && s->budget == b && is_over(s);
}

struct meter *budget_meter(lua_State *L)
{
    const struct slice *s = current(L);
    return s ? &s->budget->meter : NULL;
}

// The collector's pace follows the whole state; this much garbage of one call is reason enough.  C
// functions that build long strings do not collect by themselves when they are refused.
static void collect(lua_State *L, struct budget *b)
{
    const struct alloc_owner *owner = b->owner;
    if (owner->used < b->collect_at)
        return;
    lua_gc(L, LUA_GCCOLLECT);
    b->collect_at = owner->used + (owner->ceiling - owner->used) / 2;
    if (b->collect_at < owner->ceiling / 2)
        b->collect_at = owner->ceiling / 2;
}

static void on_count(lua_State *L, lua_Debug *ar);

static void set_hook(lua_State *co, int count)
{
    lua_sethook(co, on_count, LUA_MASKCOUNT, count);
}

// Instructions until the next look: one may go through all that is long, so the more of that there
// is, the fewer.
static int interval_of(const struct budget *b)
{
    const struct alloc_owner *owner = b->owner;
    while (owner->parent)
        owner = owner->parent;
    size_t count = owner->large > 0 ? LOOK_BYTES / owner->large : INTERVAL;
    if (count >= INTERVAL)
        return INTERVAL;
    return count > 0 ? (int)count : 1;
}

// Gives a coroutine that has the hook the interval of now.
static void pace(lua_State *co, const struct budget *b)
{
    int interval = interval_of(b);
    if (lua_gethook(co) == on_count && lua_gethookcount(co) != interval)
        set_hook(co, interval);
}

// Whether enough time has passed for a look at the processor time: it never goes faster.
static bool is_due(struct budget *b)
{
    double now = clock_monotonic();
    if (now - b->looked < LOOK_PAUSE)
        return false;
    b->looked = now;
    return true;
}

static void on_count(lua_State *L, lua_Debug *ar)
{
    (void)ar;
    const struct slice *s = current(L);
    if (!s)
        return;
    struct budget *b = s->budget;
    bool before = budget_expired(b) != BUDGET_FINE;
    if (before || (is_due(b) && is_over(s))) {
        if (!before)
            note_place(b, L);
        budget_stop(L);
        return;
    }
    pace(L, b);
    collect(L, b);
}

void budget_unwatch(lua_State *co)
{
    lua_sethook(co, NULL, 0, 0);
}

static int new_thread(lua_State *L)
{
    set_hook(lua_newthread(L), INTERVAL);
    return 1;
}

// Calls the function on the stack, with its arguments, where what is allocated is the budget's.
static void call_within(lua_State *L, const struct budget *b, int nargs)
{
    struct alloc *alloc = &b->host->alloc;
    struct alloc_owner *before = alloc->owner;
    alloc->owner = b->owner;
    int status = lua_pcall(L, nargs, 1, 0);
    alloc->owner = before;
    if (status != LUA_OK)
        lua_error(L);
}

lua_State *budget_new_thread(lua_State *L, const struct budget *b)
{
    lua_pushcfunction(L, new_thread);
    call_within(L, b, 0);
    return lua_tothread(L, -1);
}

static int copy_string(lua_State *L)
{
    size_t size;
    const char *text = lua_tolstring(L, 1, &size);
    lua_pushlstring(L, text, size);
    return 1;
}

void budget_own(lua_State *L, const struct budget *b)
{
    lua_pushcfunction(L, copy_string);
    lua_insert(L, -2);
    call_within(L, b, 1);
    const struct slice *s = current(L);
    if (s)
        pace(s->running, s->budget);
}

bool budget_is_spent(struct budget *b)
{
    if (b->turn == b->host->turn && b->began != 0 && cpu_now() - b->began > b->cpu_limit)
        b->late = true;
    return budget_expired(b) != BUDGET_FINE;
}

int budget_stop(lua_State *L)
{
    set_hook(L, 1); // what catches an error raised here ends at its next instruction
    if (lua_isyieldable(L))
        return lua_yield(L, 0);
    return luaL_error(L, "the budget is used up");
}

// An allocation waits: is there time left?  An error of memory may be caught, hence the hook.
static void on_pressed(struct alloc_owner *owner)
{
    struct budget *b = owner->arg;
    const struct slice *s = b->host->slice;
    if (!s || s->budget != b)
        return;
    bool before = b->late;
    bool over = is_over(s);
    if (owner->refused || (over && !before))
        note_place(b, s->running);
    if (over)
        set_hook(s->running, 1);
    else
        pace(s->running, b);
}

struct budget *budget_new(lua_State *L, int64_t cpu, size_t memory, const struct budget *within)
{
    struct budget *b = calloc(1, sizeof *b);
    if (!b)
        goto err0;
    b->owner = alloc_owner_new(memory, within ? within->owner : NULL);
    if (!b->owner)
        goto err1;
    b->owner->pressed = on_pressed;
    b->owner->arg = b;
    b->host = host_of(L);
    b->cpu_limit = cpu;
    b->collect_at = memory / 2;
    b->meter = (struct meter){ .left = METER_STEPS, .is_over = meter_is_over, .arg = b };
    return b;

err1:
    free(b);
err0:
    return NULL;
}

void budget_free(struct budget *b)
{
    if (!b)
        return;
    alloc_owner_release(b->owner);
    free(b);
}

void budget_use(const struct budget *b, struct budget_use *use)
{
    use->cpu = b->cpu_used;
    use->memory = b->owner->used;
    use->memory_peak = b->owner->peak;
}

// All slices of one turn share its time: starting many coroutines at once gains nothing.
static void enter(struct host *host, struct slice *s, int64_t now)
{
    s->outer = host->slice;
    host->slice = s;
    host->alloc.owner = NULL;
    struct budget *b = s->budget;
    if (!b)
        return;
    host->alloc.owner = b->owner;
    if (b->turn != host->turn || b->began == 0)
        b->began = now;
    b->turn = host->turn;
}

static void leave(struct host *host, const struct slice *s, int64_t entered)
{
    const struct slice *outer = s->outer;
    host->slice = s->outer;
    host->alloc.owner = outer && outer->budget ? outer->budget->owner : NULL;
    int64_t spent = cpu_now() - entered;
    if (s->budget)
        s->budget->cpu_used += spent;
    else if (outer && outer->budget)
        outer->budget->began += spent;
}

void budget_new_turn(lua_State *L)
{
    host_of(L)->turn++;
}

int budget_resume(lua_State *co, lua_State *from, struct budget *b, int nargs, int *nresults)
{
    struct host *host = host_of(from);
    if (!b && !current(from)) // nothing to pause
        return lua_resume(co, from, nargs, nresults);
    int64_t now = cpu_now();
    struct slice s = { .budget = b, .running = co };
    enter(host, &s, now);
    if (b)
        pace(co, b);
    int status = lua_resume(co, from, nargs, nresults);
    leave(host, &s, now);
    return status;
}

// Marks a coroutine, without a need for memory.
static void on_spoilt(lua_State *L, lua_Debug *ar)
{
    (void)ar;
    luaL_error(L, "the coroutine was stopped");
}

int budget_resume_nested(lua_State *co, lua_State *from, int nargs, int *nresults)
{
    struct slice *s = current(from);
    if (s) {
        s->running = co;
        pace(co, s->budget);
    }
    int status = lua_resume(co, from, nargs, nresults);
    if (!s)
        return status;
    s->running = from;
    pace(from, s->budget); // it may have become longer inside
    if (status != LUA_OK && status != LUA_YIELD && budget_expired(s->budget) != BUDGET_FINE)
        lua_sethook(co, on_spoilt, LUA_MASKCOUNT, 1);
    return status;
}

bool budget_is_spoilt(lua_State *co)
{
    return lua_gethook(co) == on_spoilt;
}

int budget_close(lua_State *co, struct budget *b)
{
    struct host *host = host_of(co);
    int64_t now = cpu_now();
    struct slice s = { .budget = b, .running = co };
    set_hook(co, INTERVAL);
    enter(host, &s, now);
    int status = lua_resetthread(co);
    leave(host, &s, now);
    return status;
}
