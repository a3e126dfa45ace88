#include "driver/load.h"

#include "base/clock.h"

#include <err.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static long next_id = 100; // never used twice in a process: a late answer is noticed

static void put(struct buf *b, const char *format, ...)
{
    char text[768];
    va_list args;
    va_start(args, format);
    int size = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (size < 0 || (size_t)size >= sizeof text || !buf_append(b, text, (size_t)size))
        errx(1, "out of memory");
}

static void put_call(struct buf *b, const struct question *q, long id)
{
    static const char head[] =
        "{\"jsonrpc\":\"2.0\",\"id\":%ld,\"method\":\"tools/call\",\"params\":"
        "{\"name\":\"%s\",\"arguments\":{\"deployment_id\":\"%s\"";
    switch (q->tool) {
    case TOOL_LIST:
        put(b, "{\"jsonrpc\":\"2.0\",\"id\":%ld,\"method\":\"tools/list\"}\n", id);
        break;
    case TOOL_STATUS:
        put(b, head, id, "get_request_status", q->deployment);
        put(b, ",\"request_id\":\"req-%ld\"}}}\n", id);
        break;
    case TOOL_DEPLOYMENT:
        put(b, head, id, "get_deployment", q->deployment);
        put(b, ",\"include_payload\":true}}}\n");
        break;
    case TOOL_WAIT:
        put(b, head, id, "submit_request", q->deployment);
        put(b,
            ",\"overrides\":{\"6\":{\"inputs\":{\"seed\":%ld}}},\"wait_for_completion\":true,"
            "\"timeout_seconds\":300}}}\n",
            id);
        break;
    }
}

static int ascending(const void *a, const void *b)
{
    double left = *(const double *)a, right = *(const double *)b;
    return (left > right) - (left < right);
}

// Sends what may be sent, in one write, as a client that pipelines does.
static void send_more(struct server *s, const struct question *q, double *times, long *sent,
                      long most, long base)
{
    static struct buf out;
    buf_clear(&out);
    while (*sent < most) {
        put_call(&out, q, base + *sent);
        times[(*sent)++] = clock_monotonic();
    }
    server_write(s, out.data, out.size);
}

// Takes one answer; false when there is none and `wait` is not set.
static bool take(struct server *s, const struct question *q, double *times, long sent, long base,
                 bool wait)
{
    size_t size;
    const char *line = server_line(s, wait, &size);
    if (!line)
        return false;
    double now = clock_monotonic();
    long number = answer_id(line, size) - base;
    if (number < 0 || number >= sent || times[number] < 0)
        errx(1, "an answer nobody waits for: %.300s", line);
    times[number] -= now; // from here on negative: the latency
    answer_check(q, base + number, line, size);
    return true;
}

void load_run(struct server *s, const struct question *question, long calls, long in_flight,
              struct figures *figures)
{
    double *times = calloc((size_t)calls, sizeof *times);
    if (!times)
        errx(1, "out of memory");
    long sent = 0, base = next_id;
    next_id += calls;
    double begin = clock_monotonic(), cpu = server_cpu(s);
    for (long done = 0; done < calls;) {
        long most = done + in_flight < calls ? done + in_flight : calls;
        send_more(s, question, times, &sent, most, base);
        bool more = take(s, question, times, sent, base, true);
        for (; more; more = take(s, question, times, sent, base, false))
            done++;
    }
    figures->wall = clock_monotonic() - begin;
    figures->cpu = server_cpu(s) - cpu;
    for (long i = 0; i < calls; i++)
        times[i] = -times[i];
    qsort(times, (size_t)calls, sizeof *times, ascending);
    figures->p50 = times[calls / 2];
    figures->p99 = times[calls * 99 / 100];
    figures->most = times[calls - 1];
    free(times);
}

void load_leave_open(struct server *s, const struct question *question, long calls)
{
    double *times = calloc((size_t)calls, sizeof *times);
    if (!times)
        errx(1, "out of memory");
    long sent = 0;
    send_more(s, question, times, &sent, calls, next_id);
    next_id += calls;
    free(times);
}
