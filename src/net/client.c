#include "net/client.h"

#include "base/list.h"
#include "net/client_error.h"
#include "net/client_limits.h"
#include "net/client_message.h"
#include "net/client_slot.h"
#include "net/client_sweep.h"
#include "net/proxy.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

struct client_transfer {
    struct link link; // in the queue, or among the running; first: a struct link * is a transfer
    struct client *client;
    struct client_message *message;
    struct client_slot *slot;     // NULL: queued
    struct client_limits *limits; // NULL: does not run
    client_done *done;
    void *arg;
};

struct client {
    struct client_base base;
    struct loop *loop;
    CURLM *multi;
    uv_timer_t *refill; // starts queued transfers after a cancellation, from the loop
    struct client_turns *turns;
    struct client_sweep *sweep;
    struct list running, queue;
    struct client_slot *pool;
    uint64_t transfers, connections;
};

static struct client_transfer *first_of(const struct list *list)
{
    return (struct client_transfer *)list_first(list);
}

static struct client_transfer *transfer_new(struct client *c, const struct client_request *r)
{
    struct client_transfer *t = malloc(sizeof *t);
    if (!t)
        return NULL;
    *t = (struct client_transfer){ .client = c, .message = client_message_new(r) };
    if (!t->message) {
        free(t);
        return NULL;
    }
    return t;
}

static void transfer_free(struct client_transfer *t)
{
    client_message_free(t->message);
    free(t);
}

static void finish(struct client_transfer *t, CURLcode rc);
static void refill(struct client *c);

static void free_handle(uv_handle_t *handle)
{
    free(handle);
}

static void on_over_time(void *arg)
{
    struct client_transfer *t = arg;
    struct client *c = t->client;
    t->limits = NULL;
    finish(t, CURLE_OPERATION_TIMEDOUT);
    refill(c);
}

static void limits_end(struct client_transfer *t)
{
    client_limits_end(t->limits);
    t->limits = NULL;
}

// ---- Slots ----

static struct client_slot *take_slot(struct client *c)
{
    struct client_slot *s = c->pool;
    if (!s)
        return client_slot_new(&c->base);
    c->pool = s->next;
    return s;
}

static void give_slot(struct client *c, struct client_slot *s)
{
    client_slot_clear(s);
    s->next = c->pool;
    c->pool = s;
}

static bool out_of_memory(struct client_failure *why)
{
    why->code = CLIENT_MEMORY;
    (void)snprintf(why->message, sizeof why->message, "not enough memory for a request");
    return false;
}

// Puts a transfer that is in no list to work; false, and unchanged, with `why` filled in.
static bool begin(struct client_transfer *t, struct client_failure *why)
{
    struct client *c = t->client;
    struct client_slot *s = take_slot(c);
    if (!s)
        return out_of_memory(why);
    if (!client_slot_prepare(s, t->message, t, why))
        goto err0;
    t->slot = s;
    t->limits = client_limits_start(c->loop, c->turns, s, on_over_time, t);
    if (!t->limits) {
        out_of_memory(why);
        goto err0;
    }
    if (curl.multi_add_handle(c->multi, s->easy) != CURLM_OK) {
        out_of_memory(why);
        goto err1;
    }
    list_append(&c->running, &t->link);
    c->transfers++;
    client_poll_hold(c->base.poll, true);
    return true;

err1:
    limits_end(t);
err0:
    t->slot = NULL;
    give_slot(c, s);
    return false;
}

// Takes a running transfer out of libcurl.  Its slot keeps what has come.
static void detach(struct client_transfer *t)
{
    struct client *c = t->client;
    long opened = 0;
    curl.easy_getinfo(t->slot->easy, CURLINFO_NUM_CONNECTS, &opened);
    c->connections += (uint64_t)opened;
    // libcurl counts repeated GETs over the whole life of a handle and gives up at the fifth,
    // unless the handle is reset: so it is after each transfer whose kept connection may have been
    // dead.
    if (opened > 0)
        t->slot->stale = true;
    limits_end(t);
    curl.multi_remove_handle(c->multi, t->slot->easy);
    list_remove(&c->running, &t->link);
    if (c->running.count == 0)
        client_poll_hold(c->base.poll, false);
}

// ---- The end of a transfer ----

static bool commit_download(struct client_slot *s, long status, struct client_failure *why)
{
    if (!download_is_open(&s->download) || status < 200 || status > 299)
        return true;
    if (download_commit(&s->download, s->message->save_as))
        return true;
    s->stop = SLOT_FILE;
    s->file_error = errno;
    client_explain(s, CURLE_WRITE_ERROR, why);
    return false;
}

static void finish(struct client_transfer *t, CURLcode rc)
{
    struct client *c = t->client;
    struct client_slot *s = t->slot;
    struct client_failure why = { .code = CLIENT_OK };
    struct client_result result = { .headers = &s->head, .body = &s->body };
    char *url = NULL;

    detach(t);
    curl.easy_getinfo(s->easy, CURLINFO_RESPONSE_CODE, &result.status);
    curl.easy_getinfo(s->easy, CURLINFO_EFFECTIVE_URL, &url);
    result.url = url ? url : t->message->url;
    result.sent = s->on_wire;
    if (rc == CURLE_OK && !s->head_ended)
        rc = CURLE_PARTIAL_FILE; // libcurl is content with half a header block
    result.cut = s->stop == SLOT_CUT;
    if (rc != CURLE_OK && !result.cut)
        client_explain(s, rc, &why);
    else
        commit_download(s, result.status, &why);
    result.code = why.code;
    result.partial =
        why.code != CLIENT_OK && s->head_ended && result.status >= 200 && !t->message->save_as;
    result.left_out = s->brief.left_out + s->brief.text_left;
    s->stale = s->stale || result.cut || why.code != CLIENT_OK;
    result.message = why.code == CLIENT_OK ? NULL : why.message;
    download_abort(&s->download); // its file is gone before the owner hears of the end
    t->done(t->arg, &result);
    give_slot(c, s);
    transfer_free(t);
}

static void refuse(struct client_transfer *t, const struct client_failure *why)
{
    struct client_result result = { .code = why->code, .message = why->message };
    t->done(t->arg, &result);
    transfer_free(t);
}

// Starts queued transfers while there is room.  From the loop only: those that fail call back.
static void refill(struct client *c)
{
    struct client_failure why;
    while (c->queue.first && c->running.count < CLIENT_LIMIT) {
        struct client_transfer *t = first_of(&c->queue);
        list_remove(&c->queue, &t->link);
        if (!begin(t, &why))
            refuse(t, &why);
    }
}

static void on_refill(uv_timer_t *timer)
{
    refill(timer->data);
}

static void on_worked(void *arg)
{
    struct client *c = arg;
    CURLMsg *m;
    int left;
    while ((m = curl.multi_info_read(c->multi, &left))) {
        struct client_slot *s = NULL;
        CURLcode rc = m->data.result;
        if (m->msg != CURLMSG_DONE || client_sweep_ended(c->sweep, m->easy_handle))
            continue;
        curl.easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &s);
        finish(s->owner, rc);
    }
    refill(c);
}

// ---- Public ----

static bool make_base(struct client *c)
{
    const curl_version_info_data *v = curl.version_info(CURLVERSION_NOW);
    c->base.trust = trust_find(v->cainfo, v->capath);
    c->base.no_proxy = proxy_exceptions();
    if (!c->base.no_proxy)
        goto err0;
    c->multi = curl.multi_init();
    if (!c->multi)
        goto err0;
    c->base.share = curl.share_init();
    if (!c->base.share)
        goto err1;
    c->base.poll = client_poll_new(c->loop, c->multi, on_worked, c);
    if (!c->base.poll)
        goto err2;
    c->sweep = client_sweep_new(c->loop, c->multi, c->base.poll);
    if (!c->sweep)
        goto err3;
    curl.share_setopt(c->base.share, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
    curl.multi_setopt(c->multi, CURLMOPT_MAXCONNECTS, (long)CLIENT_LIMIT);
    curl.multi_setopt(c->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, (long)CLIENT_LIMIT);
    return true;

err3:
    client_poll_free(c->base.poll);
err2:
    curl.share_cleanup(c->base.share);
err1:
    curl.multi_cleanup(c->multi);
err0:
    free(c->base.no_proxy);
    return false;
}

struct client *client_new(struct loop *loop, struct client_failure *why)
{
    why->code = CLIENT_LIBRARY;
    if (!curl_api_open(why->message, sizeof why->message))
        return NULL;
    struct client *c = calloc(1, sizeof *c);
    if (!c)
        goto err0;
    c->loop = loop;
    c->refill = calloc(1, sizeof *c->refill);
    if (!c->refill)
        goto err1;
    c->turns = client_turns_new(loop);
    if (!c->turns)
        goto err2;
    if (!make_base(c))
        goto err3;
    uv_timer_init(loop_uv(loop), c->refill);
    c->refill->data = c;
    return c;

err3:
    client_turns_free(c->turns);
err2:
    free(c->refill);
err1:
    free(c);
err0:
    out_of_memory(why);
    return NULL;
}

static void forget(struct client_transfer *t)
{
    t->done(t->arg, NULL);
    client_cancel(t);
}

void client_free(struct client *c)
{
    if (!c)
        return;
    while (c->queue.first)
        forget(first_of(&c->queue));
    while (c->running.first)
        forget(first_of(&c->running));
    while (c->pool) {
        struct client_slot *s = c->pool;
        c->pool = s->next;
        client_slot_free(s);
    }
    client_sweep_free(c->sweep);
    curl.multi_cleanup(c->multi);
    curl.share_cleanup(c->base.share);
    client_poll_free(c->base.poll);
    free(c->base.no_proxy);
    uv_close((uv_handle_t *)c->refill, free_handle);
    client_turns_free(c->turns);
    free(c);
}

struct client_transfer *client_start(struct client *c, const struct client_request *request,
                                     client_done *done, void *arg, struct client_failure *why)
{
    struct client_transfer *t = transfer_new(c, request);
    if (!t) {
        out_of_memory(why);
        return NULL;
    }
    t->done = done;
    t->arg = arg;
    if (c->queue.first || c->running.count >= CLIENT_LIMIT) {
        list_append(&c->queue, &t->link);
    } else if (!begin(t, why)) {
        transfer_free(t);
        return NULL;
    }
    return t;
}

void client_cancel(struct client_transfer *t)
{
    struct client *c = t->client;
    if (t->slot) {
        detach(t);
        give_slot(c, t->slot);
        if (c->queue.first)
            uv_timer_start(c->refill, on_refill, 0, 0);
    } else {
        list_remove(&c->queue, &t->link);
    }
    transfer_free(t);
}

bool client_is_sent(const struct client_transfer *t)
{
    return t->slot && t->slot->on_wire;
}

void client_hurry(const struct client_transfer *t)
{
    long status = 0;
    if (!t->slot || !t->limits || !t->slot->head_ended)
        return;
    curl.easy_getinfo(t->slot->easy, CURLINFO_RESPONSE_CODE, &status);
    if (status >= 200)
        client_limits_hurry(t->limits);
}

struct client_stats client_stats(const struct client *c)
{
    return (struct client_stats){
        .active = c->running.count + c->queue.count,
        .queued = c->queue.count,
        .transfers = c->transfers,
        .connections = c->connections,
    };
}

struct client_info client_info(const struct client *c)
{
    const curl_version_info_data *v = curl.version_info(CURLVERSION_NOW);
    return (struct client_info){
        .version = v->version,
        .tls = v->ssl_version,
        .trust = c->base.trust,
        .http2 = (v->features & CURL_VERSION_HTTP2) != 0,
    };
}
