#include "stub/reply.h"

#include "common/graph.h"
#include "stub/jobs.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const graph_ids[] = { "graph-100k", "graph-5m", "graph-base64" };
enum { GRAPHS = sizeof graph_ids / sizeof *graph_ids };
static struct graph graphs[GRAPHS];

static const char queue[] = "http://127.0.0.1/prod/v1/deployments";

bool reply_prepare(void)
{
    for (int i = 0; i < GRAPHS; i++) {
        if (!graph_make(&graphs[i], graph_ids[i]))
            return false;
    }
    return true;
}

static void body(struct reply *r, const char *format, ...)
{
    char text[2048];
    va_list args;
    va_start(args, format);
    int size = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (size < 0 || (size_t)size >= sizeof text || !buf_append(r->small, text, (size_t)size))
        r->status = 500;
}

// "job-17" -> 17, anything else -> -1
static long job_number(const char *request)
{
    return strncmp(request, "job-", 4) == 0 ? strtol(request + 4, NULL, 10) : -1;
}

static void status(struct reply *r, const char *deployment, const char *request, double now)
{
    long job = job_number(request);
    const char *word = job >= 0 && jobs_poll(job, now) ? "completed" : "in_progress";
    body(r,
         "{\"request_id\":\"%s\",\"status\":\"%s\",\"queue_position\":null,"
         "\"instance_id\":\"1697cb1a-0000-4000-8000-000000000000\","
         "\"status_url\":\"%s/%s/requests/%s/status\",\"result_url\":\"%s/%s/requests/%s/result\"}",
         request, word, queue, deployment, request, queue, deployment, request);
}

static void result(struct reply *r, const char *request, double now)
{
    long job = job_number(request);
    if (job >= 0)
        jobs_result(job, now);
    body(r,
         "{\"request_id\":\"%s\",\"status\":\"succeeded\",\"outputs\":{\"9\":{\"images\":[{\"url\":"
         "\"https://example.invalid/%s/ComfyUI_00001_.png\",\"filename\":\"ComfyUI_00001_.png\","
         "\"subfolder\":\"\",\"type\":\"output\"}]}},\"created_at\":\"2026-04-16T03:40:52.093Z\","
         "\"finished_at\":\"2026-04-16T03:44:18.401Z\","
         "\"instance_id\":\"1697cb1a-0000-4000-8000-000000000000\"}",
         request, request);
}

// Submits to "wait-LEAST-MOST" start a job; all others are fixed.
static void submit(struct reply *r, const char *deployment, double now)
{
    char request[32] = "req-1";
    if (strncmp(deployment, "wait-", 5) == 0) {
        char *rest;
        double least = strtod(deployment + 5, &rest);
        double most = *rest == '-' ? strtod(rest + 1, NULL) : least;
        (void)snprintf(request, sizeof request, "job-%ld", jobs_start(now, least, most));
    }
    body(r,
         "{\"request_id\":\"%s\",\"status_url\":\"%s/%s/requests/%s/status\","
         "\"result_url\":\"%s/%s/requests/%s/result\",\"cancel_url\":\"%s/%s/requests/%s/cancel\"}",
         request, queue, deployment, request, queue, deployment, request, queue, deployment,
         request);
}

static void deployment(struct reply *r, const char *id)
{
    for (int i = 0; i < GRAPHS; i++) {
        if (strcmp(id, graph_ids[i]) == 0) {
            r->large = graphs[i].deployment.data;
            r->large_size = graphs[i].deployment.size;
            return;
        }
    }
    struct graph small;
    if (!graph_make(&small, id)) {
        r->status = 500;
        return;
    }
    if (!buf_append(r->small, small.deployment.data, small.deployment.size))
        r->status = 500;
    graph_free(&small);
}

static void queue_reply(struct reply *r, char *rest, const char *method, double now)
{
    char *save = NULL;
    const char *id = strtok_r(rest, "/", &save), *kind = strtok_r(NULL, "/", &save);
    const char *request = strtok_r(NULL, "/", &save), *what = strtok_r(NULL, "/", &save);
    if (kind && strcmp(kind, "inference") == 0 && strcmp(method, "POST") == 0)
        submit(r, id, now);
    else if (what && strcmp(what, "status") == 0)
        status(r, id, request, now);
    else if (what && strcmp(what, "result") == 0)
        result(r, request, now);
    else
        r->status = 404;
}

void reply_to(struct reply *r, const char *method, char *target, double now)
{
    static const char jobs_path[] = "/prod/v1/deployments/",
                      deployments[] = "/prod/v2/deployments/";
    target[strcspn(target, "?")] = '\0';
    r->status = 200;
    if (strncmp(target, jobs_path, sizeof jobs_path - 1) == 0)
        queue_reply(r, target + sizeof jobs_path - 1, method, now);
    else if (strncmp(target, deployments, sizeof deployments - 1) == 0)
        deployment(r, target + sizeof deployments - 1);
    else
        r->status = 404;
    if (r->status != 200 && !r->large) {
        buf_clear(r->small);
        body(r, "{\"error_code\":%d001,\"error_message\":\"no such thing in the stub\"}",
             r->status);
    }
}
