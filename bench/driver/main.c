/// `driver [--cold PATH]... STEP... -- COMMAND...`: starts one server, walks through the steps,
/// prints "LABEL.FIGURE value" lines.  Times in milliseconds, memory in KiB.  Exit status 0 means
/// that every answer was right.
///
/// Without a step: start.first_ms (from spawn to the answer to `initialize`), start.list_ms (to
/// that to `tools/list`), start.cpu_ms (processor time until then).  Steps:
///   place:same | place:apart | place:free   driver, server and stub on one processor; the server
///   alone
///                                           on its own; as the system likes
///   call:LABEL:WHAT:CALLS:IN_FLIGHT         WHAT: list, status, a graph's id, or wait-LEAST-MOST
///   beside:LABEL:RECIPE:SECONDS             how long others wait while a recipe runs, or none
///   memory:LABEL                            resident, unique, peak since the last memory step
///   stub:LABEL                              what the stub counted since the last control:/_reset
///   control:PATH                            a request of the stub's own
///   pause:MILLISECONDS
///   open:WHAT:CALLS                         calls that nobody waits for, before finish
///   finish:LABEL                            closes standard input, waits for the end
/// A label that begins with "_" is walked through, not printed.
#include "base/clock.h"
#include "driver/beside.h"
#include "driver/control.h"
#include "driver/load.h"

#include <err.h>
#include <fcntl.h>
#include <ftw.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FIELDS = 5, STEP_SECONDS = 240 };

static int stub_port;

static void print(const char *label, const char *figure, double value)
{
    if (label[0] != '_')
        printf("%s.%s %.6g\n", label, figure, value);
}

static int forget_file(const char *path, const struct stat *info, int type, struct FTW *where)
{
    (void)info, (void)where;
    if (type != FTW_F)
        return 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
        close(fd);
    }
    return 0;
}

static void place_here(int cpu)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    for (int i = 0; i < CPU_SETSIZE; i++) {
        if (cpu < 0 || cpu == i)
            CPU_SET((size_t)i, &set);
    }
    sched_setaffinity(0, sizeof set, &set);
    char path[32];
    if (cpu < 0)
        (void)snprintf(path, sizeof path, "/_place/any");
    else
        (void)snprintf(path, sizeof path, "/_place/%d", cpu);
    control(stub_port, path);
}

static void place(const struct server *s, const char *how)
{
    int last = (int)sysconf(_SC_NPROCESSORS_ONLN) - 1;
    bool together = strcmp(how, "same") == 0, free = strcmp(how, "free") == 0;
    place_here(free ? -1 : together ? last : 0);
    server_place(s, free ? -1 : last);
}

static void start(struct server *s, char *const argv[])
{
    static const char first[] =
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\",\"params\":"
        "{\"protocolVersion\":\"2025-11-25\",\"capabilities\":{},"
        "\"clientInfo\":{\"name\":\"bench\",\"version\":\"1\"}}}\n";
    static const char then[] = "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}\n"
                               "{\"jsonrpc\":\"2.0\",\"id\":2,\"method\":\"tools/list\"}\n";
    static const struct question list = { .tool = TOOL_LIST };
    size_t size;
    server_expect(STEP_SECONDS);
    server_start(s, argv);
    server_write(s, first, sizeof first - 1);
    const char *line = server_line(s, true, &size);
    print("start", "first_ms", (clock_monotonic() - s->spawned) * 1000);
    if (answer_id(line, size) != 1 || !strstr(line, "\"serverInfo\""))
        errx(1, "wrong answer to initialize: %.300s", line);
    server_write(s, then, sizeof then - 1);
    line = server_line(s, true, &size);
    print("start", "list_ms", (clock_monotonic() - s->spawned) * 1000);
    print("start", "cpu_ms", server_cpu(s) * 1000);
    if (answer_id(line, size) != 2)
        errx(1, "wrong answer to tools/list: %.300s", line);
    answer_check(&list, 2, line, size);
}

static struct question question_of(const char *what)
{
    static struct graph graph;
    struct question q = { .tool = TOOL_STATUS, .deployment = "bench" };
    if (strcmp(what, "list") == 0) {
        q.tool = TOOL_LIST;
    } else if (strncmp(what, "wait-", 5) == 0) {
        q.tool = TOOL_WAIT;
        q.deployment = what;
    } else if (strncmp(what, "graph-", 6) == 0) {
        graph_free(&graph);
        if (!graph_make(&graph, what))
            errx(1, "out of memory");
        q = (struct question){ TOOL_DEPLOYMENT, what, &graph };
    } else if (strcmp(what, "status") != 0) {
        errx(64, "unknown call '%s'", what);
    }
    return q;
}

static void call(struct server *s, const char *label, const char *what, long calls, long in_flight)
{
    struct figures f;
    struct question q = question_of(what);
    load_run(s, &q, calls, in_flight, &f);
    print(label, "p50_ms", f.p50 * 1000);
    print(label, "p99_ms", f.p99 * 1000);
    print(label, "max_ms", f.most * 1000);
    print(label, "per_second", (double)calls / f.wall);
    print(label, "wall_ms", f.wall * 1000);
    print(label, "cpu_ms", f.cpu * 1000);
    print(label, "cpu_per_call_ms", f.cpu * 1000 / (double)calls);
}

static void print_delays(const char *label, const char *what, const struct delays *d)
{
    const double values[] = { d->p50, d->p99, d->most };
    const char *const names[] = { "p50", "p99", "max" };
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        char figure[32];
        (void)snprintf(figure, sizeof figure, "%s_%s_ms", what, names[i]);
        print(label, figure, values[i] * 1000);
    }
}

// The workers run where the driver does, with the server on another processor.
static void beside(struct server *s, const char *label, const char *recipe, double seconds)
{
    struct beside b;
    beside_run(s, recipe, seconds, 0, &b);
    print_delays(label, "ping", &b.ping);
    print_delays(label, "status", &b.status);
    print_delays(label, "ping_cpu", &b.ping_work);
    print_delays(label, "status_cpu", &b.status_work);
    print(label, "innocent_ms", b.innocent * 1000);
    print(label, "innocents", (double)b.innocents);
    print(label, "ends", (double)b.ends);
    print(label, "worker_kib", (double)b.worker_kib);
}

static void memory(const struct server *s, const char *label)
{
    struct memory m;
    server_memory(s, &m);
    server_forget_peak(s);
    print(label, "resident_kib", (double)m.resident_kib);
    print(label, "unique_kib", (double)m.unique_kib);
    print(label, "peak_kib", (double)m.peak_kib);
}

static void stub_counts(const char *label)
{
    char name[64];
    double value;
    int used;
    for (const char *at = control(stub_port, "/_stats");
         sscanf(at, "%63s %lf\n%n", name, &value, &used) == 2; at += used)
        print(label, name, value);
}

static void step(struct server *s, char *text)
{
    char *field[FIELDS] = { 0 }, *save = NULL;
    int count = 0;
    server_expect(STEP_SECONDS);
    for (char *part = strtok_r(text, ":", &save); part && count < FIELDS;
         part = strtok_r(NULL, ":", &save))
        field[count++] = part;
    if (count == 5 && strcmp(field[0], "call") == 0) {
        call(s, field[1], field[2], strtol(field[3], NULL, 10), strtol(field[4], NULL, 10));
    } else if (count == 3 && strcmp(field[0], "open") == 0) {
        struct question q = question_of(field[1]);
        load_leave_open(s, &q, strtol(field[2], NULL, 10));
    } else if (count == 4 && strcmp(field[0], "beside") == 0) {
        beside(s, field[1], field[2], strtod(field[3], NULL));
    } else if (count != 2) {
        errx(64, "bad step '%s'", text);
    } else if (strcmp(field[0], "place") == 0) {
        place(s, field[1]);
    } else if (strcmp(field[0], "memory") == 0) {
        memory(s, field[1]);
    } else if (strcmp(field[0], "stub") == 0) {
        stub_counts(field[1]);
    } else if (strcmp(field[0], "control") == 0) {
        control(stub_port, field[1]);
    } else if (strcmp(field[0], "pause") == 0) {
        usleep((useconds_t)strtoul(field[1], NULL, 10) * 1000);
    } else if (strcmp(field[0], "finish") == 0) {
        print(field[1], "exit_ms", server_finish(s) * 1000);
    } else {
        errx(64, "unknown step '%s'", text);
    }
}

int main(int argc, char **argv)
{
    const char *port = getenv("BENCH_PORT");
    int at = 1, end = 1;
    while (end < argc && strcmp(argv[end], "--") != 0)
        end++;
    if (!port || end + 1 >= argc)
        errx(64, "usage: BENCH_PORT=... driver [--cold PATH]... STEP... -- COMMAND...");
    stub_port = (int)strtol(port, NULL, 10);
    for (; at + 1 < end && strcmp(argv[at], "--cold") == 0; at += 2)
        nftw(argv[at + 1], forget_file, 16, FTW_PHYS);
    struct server server;
    start(&server, argv + end + 1);
    for (; at < end; at++)
        step(&server, argv[at]);
    place_here(-1);
    control(stub_port, "/_delay/0");
    return 0;
}
