#include "host/again.h"

#include "base/log.h"
#include "host/call.h"
#include "loop/alarm.h"

#include <stdlib.h>

enum { PAUSE_MS = 5, MOST_TRIES = 200 };

struct again_queue {
    struct alarm alarm;
    struct again *waiting;
    struct again *due; // those that are called now
};

static char hook; // its address is the key of Lua's function in the registry

// () -> calls Lua's function, if there is one
static int call_hook(lua_State *L)
{
    if (lua_rawgetp(L, LUA_REGISTRYINDEX, &hook) == LUA_TFUNCTION)
        lua_call(L, 0, 0);
    return 0;
}

static void on_ring(void *arg)
{
    struct host *host = arg;
    struct again_queue *queue = host->again;
    queue->due = queue->waiting; // what asks for it once more comes behind a pause
    queue->waiting = NULL;
    while (queue->due) {
        struct again *a = queue->due;
        queue->due = a->next;
        a->queued = false;
        a->call(a);
    }
    if (host_call(host->L, call_hook, NULL) == HOST_NOMEM)
        alarm_set(&queue->alarm, PAUSE_MS);
}

static void on_refused(void *arg)
{
    struct host *host = arg;
    alarm_set(&host->again->alarm, PAUSE_MS);
}

bool again_open(struct host *host)
{
    host->again = calloc(1, sizeof *host->again);
    if (!host->again)
        return false;
    alarm_init(&host->again->alarm, host->loop, on_ring, host);
    host->alloc.refused = on_refused;
    host->alloc.arg = host;
    return true;
}

void again_close(struct host *host)
{
    host->alloc.refused = NULL;
    host->again->waiting = NULL;
    host->again->due = NULL;
}

void again_free(struct host *host)
{
    free(host->again);
}

bool again_later(lua_State *L, struct again *a, void (*call)(struct again *a))
{
    struct again_queue *queue = host_of(L)->again;
    if (a->queued)
        return true;
    if (a->tries >= MOST_TRIES) {
        log_line(LOG_ERROR, "out of memory: a callback is given up");
        return false;
    }
    a->call = call;
    alarm_set(&queue->alarm, PAUSE_MS);
    a->tries++;
    a->queued = true;
    a->next = queue->waiting;
    queue->waiting = a;
    return true;
}

static void drop(struct again **list, const struct again *a)
{
    for (; *list; list = &(*list)->next) {
        if (*list == a) {
            *list = a->next;
            return;
        }
    }
}

void again_cancel(lua_State *L, struct again *a)
{
    a->tries = 0;
    if (!a->queued)
        return;
    a->queued = false;
    drop(&host_of(L)->again->waiting, a);
    drop(&host_of(L)->again->due, a);
}

void again_set_hook(lua_State *L)
{
    lua_rawsetp(L, LUA_REGISTRYINDEX, &hook);
}
