#include "floor/call.h"

#include "base/clock.h"
#include "floor/transfer.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum stage { STATUS, DEPLOYMENT, SUBMIT, POLL, RESULT };

static const double interval = 1; // seconds between two polls

struct call {
    struct transfer transfer;
    enum stage stage;
    struct buf *out;
    struct buf submission;
    char id[32], deployment[64], request[64];
    double due;
    struct call *next; // among the sleeping, in the order of `due`
};

static struct call *asleep, **last = &asleep;
static const char *base;

static void copy(char *to, size_t room, struct slice from)
{
    if (from.size >= room)
        errx(1, "too long: %.100s", from.at);
    if (from.size > 0)
        memcpy(to, from.at, from.size);
    to[from.size] = '\0';
}

static struct slice body_of(const struct call *c)
{
    return (struct slice){ c->transfer.body.data, c->transfer.body.size };
}

static void finish(struct call *c, const char *key)
{
    struct slice id = { c->id, strlen(c->id) };
    message_head(id, c->out);
    put(c->out, "{\"content\":[{\"type\":\"text\",\"text\":\"Loaded.\"}],\"structuredContent\":{"
                "\"ok\":true,");
    if (c->stage == RESULT) {
        put(c->out, "\"submission\":");
        put_slice(c->out, (struct slice){ c->submission.data, c->submission.size });
        put(c->out, ",");
    }
    put(c->out, key);
    put_slice(c->out, body_of(c));
    put(c->out, "}}}\n");
    buf_free(&c->transfer.body);
    buf_free(&c->submission);
    free(c);
}

static void ask(struct call *c, enum stage stage)
{
    static const char *const paths[] = {
        [STATUS] = "v1/deployments/%s/requests/%s/status",
        [DEPLOYMENT] = "v2/deployments/%s?includes=payload",
        [SUBMIT] = "v1/deployments/%s/inference",
        [POLL] = "v1/deployments/%s/requests/%s/status",
        [RESULT] = "v1/deployments/%s/requests/%s/result",
    };
    struct transfer *t = &c->transfer;
    c->stage = stage;
    int used = snprintf(t->url, sizeof t->url, "%s/prod/", base);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    (void)snprintf(t->url + used, sizeof t->url - (size_t)used, paths[stage], c->deployment,
                   c->request);
#pragma GCC diagnostic pop
    t->post = stage == SUBMIT ? "{\"overrides\":{}}" : NULL;
    transfer_start(t);
}

static void sleep_on(struct call *c)
{
    c->due = clock_monotonic() + interval;
    c->next = NULL;
    *last = c;
    last = &c->next;
}

static void on_done(struct transfer *t)
{
    struct call *c = (struct call *)t;
    if (t->status != 200)
        errx(1, "%s: status %ld", t->url, t->status);
    switch (c->stage) {
    case STATUS:
        finish(c, "\"status\":");
        break;
    case DEPLOYMENT:
        finish(c, "\"deployment\":");
        break;
    case SUBMIT:
        copy(c->request, sizeof c->request,
             slice_behind(t->body.data, t->body.size, "\"request_id\":\""));
        put_slice(&c->submission, body_of(c));
        ask(c, POLL);
        break;
    case POLL:
        if (memmem(t->body.data, t->body.size, "\"status\":\"completed\"", 20))
            ask(c, RESULT);
        else
            sleep_on(c);
        break;
    case RESULT:
        finish(c, "\"result\":");
        break;
    }
}

void call_start(const struct message *m, struct buf *out)
{
    struct call *c = calloc(1, sizeof *c);
    if (!c)
        errx(1, "out of memory");
    if (!base)
        base = getenv("RUNCOMFY_SERVERLESS_BASE_URL");
    c->out = out;
    c->transfer.done = on_done;
    copy(c->id, sizeof c->id, m->id);
    copy(c->deployment, sizeof c->deployment, m->deployment);
    copy(c->request, sizeof c->request, m->request);
    bool submits = m->tool.size == 14 && memcmp(m->tool.at, "submit_request", 14) == 0;
    ask(c, submits ? SUBMIT : m->request.size > 0 ? STATUS : DEPLOYMENT);
}

int call_timeout(void)
{
    if (!asleep)
        return -1;
    double left = asleep->due - clock_monotonic();
    return left > 0 ? (int)(left * 1000) + 1 : 0;
}

void call_tick(void)
{
    double now = clock_monotonic();
    while (asleep && asleep->due <= now) {
        struct call *c = asleep;
        asleep = c->next;
        if (!asleep)
            last = &asleep;
        ask(c, POLL);
    }
}
