#include "stub/jobs.h"

#include <stdio.h>
#include <stdlib.h>

enum { SLOT_MS = 10, WINDOW = 10, SLOTS = 12000 }; // two minutes of traffic

struct job {
    double done;
    double lag;   // negative: result not fetched yet
    double found; // when a poll first said that it is done; 0: none has
    double after; // from then to the request for its result; negative: there was none
};

static struct job *jobs;
static long count, room, polls, results;
static double first; // when the first job started: the histogram's zero
static unsigned slots[SLOTS];

long jobs_start(double now, double least, double most)
{
    if (count == room) {
        long more = room ? room * 2 : 1024;
        struct job *grown = realloc(jobs, (size_t)more * sizeof *jobs);
        if (!grown)
            return -1;
        jobs = grown;
        room = more;
    }
    if (count == 0)
        first = now;
    // The golden ratio spreads any number of jobs evenly, the same way in every run.
    double part = (double)count * 0.6180339887498949;
    part -= (double)(long)part;
    jobs[count] = (struct job){ .done = now + (least + (most - least) * part) / 1000,
                                .lag = -1,
                                .after = -1 };
    return count++;
}

static void note(double now)
{
    long slot = (long)((now - first) * 1000) / SLOT_MS;
    if (slot >= 0 && slot < SLOTS)
        slots[slot]++;
}

bool jobs_poll(long job, double now)
{
    polls++;
    note(now);
    if (job < 0 || job >= count || now < jobs[job].done)
        return false;
    if (jobs[job].found <= 0)
        jobs[job].found = now;
    return true;
}

void jobs_result(long job, double now)
{
    results++;
    note(now);
    if (job < 0 || job >= count || jobs[job].lag >= 0)
        return;
    jobs[job].lag = now - jobs[job].done;
    if (jobs[job].found > 0)
        jobs[job].after = now - jobs[job].found;
}

void jobs_reset(void)
{
    count = polls = results = 0;
    for (int i = 0; i < SLOTS; i++)
        slots[i] = 0;
}

static unsigned burst(void)
{
    unsigned sum = 0, most = 0;
    for (int i = 0; i < SLOTS; i++) {
        sum += slots[i];
        if (i >= WINDOW)
            sum -= slots[i - WINDOW];
        most = sum > most ? sum : most;
    }
    return most;
}

static int by_lag(const void *a, const void *b)
{
    const struct job *left = a, *right = b;
    return (left->lag > right->lag) - (left->lag < right->lag);
}

static int by_after(const void *a, const void *b)
{
    const struct job *left = a, *right = b;
    return (left->after > right->after) - (left->after < right->after);
}

// Of those whose result was asked for behind a poll.
static bool report_after(struct buf *out)
{
    long none = 0;
    qsort(jobs, (size_t)count, sizeof *jobs, by_after);
    while (none < count && jobs[none].after < 0)
        none++;
    long some = count - none;
    const struct job *from = jobs + none;
    if (some == 0)
        return true;
    char text[128];
    int size = snprintf(text, sizeof text, "poll_p50_ms %.3f\npoll_p99_ms %.3f\npoll_max_ms %.3f\n",
                        from[some / 2].after * 1000, from[some * 99 / 100].after * 1000,
                        from[some - 1].after * 1000);
    return size > 0 && buf_append(out, text, (size_t)size);
}

bool jobs_report(struct buf *out)
{
    if (!report_after(out))
        return false;
    qsort(jobs, (size_t)count, sizeof *jobs, by_lag);
    double sum = 0;
    long fetched = 0;
    for (long i = 0; i < count; i++) {
        if (jobs[i].lag >= 0) {
            sum += jobs[i].lag;
            fetched++;
        }
    }
    double mean = fetched ? sum / (double)fetched : 0;
    double p99 = fetched ? jobs[(long)((double)count * 0.99)].lag : 0;
    char text[256];
    int size = snprintf(text, sizeof text,
                        "jobs %ld\npolls %ld\nresults %ld\nlag_mean_ms %.1f\nlag_p99_ms %.1f\n"
                        "burst %u\n",
                        count, polls, results, mean * 1000, p99 * 1000, burst());
    return size > 0 && buf_append(out, text, (size_t)size);
}
