#include "driver/beside.h"

#include "base/clock.h"
#include "driver/answer.h"
#include "driver/workers.h"

#include <err.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum kind { PING, STATUS, JOB, INNOCENT, HOSTILE, LOOK, KINDS };

enum { FIRST_ID = 100, LOOK_LONG_MS = 3400 }; // a job's second look comes after 2.6 to 3 s

// Seconds between two of a kind.  A recipe's calls are sent one at a time.
static const double every[KINDS] = {
    [PING] = 0.004, [STATUS] = 0.004, [JOB] = 0.01, [INNOCENT] = 0.05, [HOSTILE] = 0, [LOOK] = 0.005
};

struct sent {
    enum kind kind;
    double at, work; // when, and the server's processor time then; from its answer on how long
    bool open;
};

struct run {
    struct server *server;
    const char *recipe;
    int cpu;
    struct sent *sent;
    long count, room, open[KINDS], ends[KINDS];
    double due[KINDS];
    double end;
    long worker_kib;
};

// What is asked.  `%ld` is the call's id.
static int question(const struct run *r, enum kind kind, long id, char *text, size_t size)
{
    static const char call[] = "{\"jsonrpc\":\"2.0\",\"id\":%ld,\"method\":\"tools/call\","
                               "\"params\":{\"name\":\"%s\",\"arguments\":{%s}}}\n";
    char arguments[160] = "";
    switch (kind) {
    case PING:
        return snprintf(text, size, "{\"jsonrpc\":\"2.0\",\"id\":%ld,\"method\":\"ping\"}\n", id);
    case STATUS:
        (void)snprintf(arguments, sizeof arguments,
                       "\"deployment_id\":\"bench\",\"request_id\":\"req-%ld\"", id);
        return snprintf(text, size, call, id, "get_request_status", arguments);
    case JOB:
        (void)snprintf(arguments, sizeof arguments,
                       "\"deployment_id\":\"wait-1000-2400\",\"wait_for_completion\":true,"
                       "\"overrides\":{\"6\":{\"inputs\":{\"seed\":%ld}}}",
                       id);
        return snprintf(text, size, call, id, "submit_request", arguments);
    case INNOCENT:
        (void)snprintf(arguments, sizeof arguments, "\"number\":%ld", id);
        return snprintf(text, size, call, id, "innocent", arguments);
    default:
        return snprintf(text, size, call, id, r->recipe, "");
    }
}

static void ask(struct run *r, enum kind kind)
{
    char text[512];
    if (r->count == r->room) {
        r->room = r->room ? 2 * r->room : 1024;
        r->sent = realloc(r->sent, (size_t)r->room * sizeof *r->sent);
        if (!r->sent)
            errx(1, "out of memory");
    }
    int size = question(r, kind, FIRST_ID + r->count, text, sizeof text);
    if (size < 0 || (size_t)size >= sizeof text)
        errx(1, "a question is too long");
    r->sent[r->count++] = (struct sent){ kind, clock_monotonic(), server_cpu(r->server), true };
    r->open[kind]++;
    server_write(r->server, text, (size_t)size);
}

// What a recipe's call is to give: its number, twice.
static void check_innocent(long id, const char *line)
{
    char wanted[64];
    (void)snprintf(wanted, sizeof wanted, "\"structuredContent\":{\"twice\":%ld}", 2 * id);
    if (!strstr(line, wanted))
        errx(1, "wrong answer to call %ld of the innocent recipe: %.600s", id, line);
}

static void check(enum kind kind, long id, const char *line, size_t size)
{
    static const struct question status = { .tool = TOOL_STATUS }, job = { .tool = TOOL_WAIT };
    if (kind == PING && !strstr(line, "\"result\":{}"))
        errx(1, "wrong answer to a ping: %.300s", line);
    else if (kind == STATUS || kind == JOB)
        answer_check(kind == STATUS ? &status : &job, id, line, size);
    else if (kind == INNOCENT)
        check_innocent(id, line);
}

static void take(struct run *r, const char *line, size_t size)
{
    static const char told[] = "{\"jsonrpc\":\"2.0\",\"method\":";
    double now = clock_monotonic(), work = server_cpu(r->server);
    if (strncmp(line, told, sizeof told - 1) == 0)
        return; // a list that has changed, a recipe's line
    long id = answer_id(line, size), number = id - FIRST_ID;
    if (number < 0 || number >= r->count || !r->sent[number].open)
        errx(1, "an answer nobody waits for: %.300s", line);
    struct sent *sent = &r->sent[number];
    sent->at = now - sent->at;
    sent->work = work - sent->work;
    sent->open = false;
    r->open[sent->kind]--;
    r->ends[sent->kind]++;
    check(sent->kind, id, line, size);
}

static bool is_due(const struct run *r, enum kind kind, double now)
{
    bool alone = kind == INNOCENT || kind == HOSTILE;
    if (now < r->due[kind] || (alone && r->open[kind] > 0))
        return false;
    if (kind == HOSTILE && strcmp(r->recipe, "none") == 0)
        return false;
    return kind != JOB || now < r->end - LOOK_LONG_MS / 1000.0;
}

// Those that are late are not made up for: what is measured begins when a question is sent.
static void send_due(struct run *r)
{
    for (enum kind kind = PING; kind < KINDS; kind++) {
        double now = clock_monotonic();
        if (!is_due(r, kind, now))
            continue;
        r->due[kind] =
            now - r->due[kind] > every[kind] ? now + every[kind] : r->due[kind] + every[kind];
        if (kind != LOOK) {
            ask(r, kind);
            continue;
        }
        long kib = workers_look(r->server->pid, r->cpu);
        r->worker_kib = kib > r->worker_kib ? kib : r->worker_kib;
    }
}

static void take_all(struct run *r)
{
    size_t size;
    const char *line;
    while ((line = server_line(r->server, false, &size)))
        take(r, line, size);
}

// Until something has come, or a millisecond has passed.
static void await(struct run *r)
{
    struct pollfd fd = { r->server->out, POLLIN, 0 };
    if (ppoll(&fd, 1, &(struct timespec){ .tv_nsec = 1000000 }, NULL) > 0) {
        size_t size;
        const char *line = server_line(r->server, true, &size);
        take(r, line, size);
    }
    take_all(r);
}

static int ascending(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

// `work`: processor time instead of time.
static struct delays delays_of(const struct run *r, enum kind kind, bool work)
{
    double *values = calloc((size_t)r->count + 1, sizeof *values);
    if (!values)
        errx(1, "out of memory");
    size_t count = 0;
    for (long i = 0; i < r->count; i++) {
        if (r->sent[i].kind == kind && !r->sent[i].open)
            values[count++] = work ? r->sent[i].work : r->sent[i].at;
    }
    qsort(values, count, sizeof *values, ascending);
    struct delays d = { values[count / 2], values[count * 99 / 100],
                        count ? values[count - 1] : 0 };
    free(values);
    return d;
}

void beside_run(struct server *s, const char *recipe, double seconds, int cpu,
                struct beside *figures)
{
    struct run r = { .server = s, .recipe = recipe, .cpu = cpu };
    double now = clock_monotonic();
    r.end = now + seconds;
    for (enum kind kind = PING; kind < KINDS; kind++)
        r.due[kind] = now + every[kind] * kind / KINDS;
    while (clock_monotonic() < r.end) {
        send_due(&r);
        await(&r);
    }
    while (r.open[PING] + r.open[STATUS] + r.open[JOB] + r.open[INNOCENT] > 0)
        await(&r);
    *figures = (struct beside){
        .ping = delays_of(&r, PING, false),
        .status = delays_of(&r, STATUS, false),
        .ping_work = delays_of(&r, PING, true),
        .status_work = delays_of(&r, STATUS, true),
        .innocent = delays_of(&r, INNOCENT, false).p50,
        .innocents = r.ends[INNOCENT],
        .ends = r.ends[HOSTILE],
        .worker_kib = r.worker_kib,
    };
    free(r.sent);
}
