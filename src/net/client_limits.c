#include "net/client_limits.h"

#include <stdlib.h>

enum {
    IDLE_SAMPLES = 4, // an idle time is measured in this many parts
    LOOKS =
        256, // that a transfer gets beyond its time while bytes still come: a full socket buffer
    HURRIED_LOOKS = 8, // where it is hurried: a short answer
};

struct client_turns {
    uv_check_t check; // first: a uv_handle_t * is a struct client_turns *
    uint64_t count;
};

// Lives on after its transfer, until its timers are closed.
struct client_limits {
    uv_timer_t total, idle;
    int open;
    const struct client_turns *turns;
    struct client_slot *slot;
    client_limits_fn *over;
    void *arg;
    curl_off_t moved;      // at the last sample of the idle time
    unsigned quiet;        // samples without a byte
    uint64_t turn;         // of the last look beyond the total time
    curl_off_t moved_then; // at that look
    unsigned looks;
    bool hurried;
};

static void free_turns(uv_handle_t *handle)
{
    free(handle);
}

static void on_turn(uv_check_t *check)
{
    ((struct client_turns *)check)->count++;
}

struct client_turns *client_turns_new(struct loop *loop)
{
    struct client_turns *turns = calloc(1, sizeof *turns);
    if (!turns)
        return NULL;
    uv_check_init(loop_uv(loop), &turns->check);
    uv_check_start(&turns->check, on_turn);
    uv_unref((uv_handle_t *)&turns->check);
    return turns;
}

void client_turns_free(struct client_turns *turns)
{
    uv_close((uv_handle_t *)&turns->check, free_turns);
}

static curl_off_t bytes_moved(CURL *easy)
{
    curl_off_t down = 0, up = 0;
    long head = 0;
    curl.easy_getinfo(easy, CURLINFO_SIZE_DOWNLOAD_T, &down);
    curl.easy_getinfo(easy, CURLINFO_SIZE_UPLOAD_T, &up);
    curl.easy_getinfo(easy, CURLINFO_HEADER_SIZE, &head);
    return down + up + head;
}

static void end_transfer(struct client_limits *w, enum slot_stop stop)
{
    client_limits_fn *over = w->over;
    void *arg = w->arg;
    w->slot->stop = stop;
    client_limits_end(w);
    over(arg);
}

static void on_idle_sample(uv_timer_t *timer)
{
    struct client_limits *w = timer->data;
    curl_off_t moved = bytes_moved(w->slot->easy);
    bool quiet = moved == w->moved && w->slot->on_wire;
    w->quiet = quiet ? w->quiet + 1 : 0;
    w->moved = moved;
    if (w->quiet >= IDLE_SAMPLES)
        end_transfer(w, SLOT_IDLE);
}

// The time is up.  The transfer still gets what lies in its socket: the loop looks at the sockets
// behind this, and only when a whole turn brought no byte is it over.
static void on_look(uv_timer_t *timer)
{
    struct client_limits *w = timer->data;
    curl_off_t moved = bytes_moved(w->slot->easy);
    bool looked =
        w->looks > 0 && w->turns->count > w->turn + 1; // one whole turn behind the last look
    if (looked && (moved == w->moved_then || w->looks >= (w->hurried ? HURRIED_LOOKS : LOOKS))) {
        end_transfer(w, w->hurried ? SLOT_HURRIED : SLOT_RUNS);
        return;
    }
    if (looked || w->looks == 0) {
        w->looks++;
        w->turn = w->turns->count;
        w->moved_then = moved;
    }
    uv_timer_start(timer, on_look, 1, 0);
}

struct client_limits *client_limits_start(struct loop *loop, const struct client_turns *turns,
                                          struct client_slot *slot, client_limits_fn *over,
                                          void *arg)
{
    const struct client_message *m = slot->message;
    struct client_limits *w = calloc(1, sizeof *w);
    if (!w)
        return NULL;
    w->turns = turns;
    w->slot = slot;
    w->over = over;
    w->arg = arg;
    w->open = 2;
    uv_timer_init(loop_uv(loop), &w->total);
    uv_timer_init(loop_uv(loop), &w->idle);
    w->total.data = w->idle.data = w;
    uint64_t late = loop_elapsed(loop);
    if (m->total_ms > 0)
        uv_timer_start(&w->total, on_look, late + (uint64_t)m->total_ms, 0);
    uint64_t part = (m->idle_ms + IDLE_SAMPLES - 1) / IDLE_SAMPLES;
    if (part > 0)
        uv_timer_start(&w->idle, on_idle_sample, late + part, part);
    return w;
}

void client_limits_hurry(struct client_limits *w)
{
    if (w->hurried)
        return;
    w->hurried = true;
    uv_timer_start(&w->total, on_look, 0, 0);
}

static void on_closed(uv_handle_t *handle)
{
    struct client_limits *w = handle->data;
    if (--w->open == 0)
        free(w);
}

void client_limits_end(struct client_limits *w)
{
    if (!w)
        return;
    uv_close((uv_handle_t *)&w->total, on_closed);
    uv_close((uv_handle_t *)&w->idle, on_closed);
}
