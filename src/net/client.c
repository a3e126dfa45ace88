#include "net/client.h"

#include "net/client_error.h"
#include "net/client_slot.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct client_transfer {
    struct client_message message;
    struct client *client;
    struct client_transfer *previous, *next; // in the queue, or among the running
    struct client_slot *slot;                // NULL: queued
    struct idle_watch *idle;                 // NULL: none
    client_done *done;
    void *arg;
    uint64_t idle_ms;
    char *secret; // the line with the bearer, wiped at the end; NULL: none
    char block[]; // header nodes, strings, body
};

// Ends a transfer that moves no byte.  Lives on after its transfer, until its timer is closed.
struct idle_watch {
    uv_timer_t timer; // first: a uv_handle_t * is a struct idle_watch *
    struct client_transfer *transfer;
    curl_off_t moved;
    unsigned quiet; // samples without a byte
};

enum { IDLE_SAMPLES = 4 }; // an idle time is measured in this many parts

struct list {
    struct client_transfer *first, *last;
    size_t count;
};

struct client {
    struct client_base base;
    struct loop *loop;
    CURLM *multi;
    uv_timer_t *refill; // starts queued transfers after a cancellation, from the loop
    struct list running, queue;
    struct client_slot *pool;
    uint64_t transfers, connections;
};

// ---- Lists ----

static void append(struct list *list, struct client_transfer *t)
{
    t->previous = list->last;
    t->next = NULL;
    if (list->last)
        list->last->next = t;
    else
        list->first = t;
    list->last = t;
    list->count++;
}

static void unlink_from(struct list *list, struct client_transfer *t)
{
    if (t->previous)
        t->previous->next = t->next;
    else
        list->first = t->next;
    if (t->next)
        t->next->previous = t->previous;
    else
        list->last = t->previous;
    list->count--;
}

// ---- The copy of a request ----

static const char bearer_prefix[] = "Authorization: Bearer ";

// Header lines of ours: libcurl's additions that must not be sent.
static const char no_expect[] = "Expect:";
static const char no_type[] = "Content-Type:";

enum { OWN_LINES = 3 }; // bearer and the two above

static bool has_body(const struct client_request *r)
{
    return r->body || r->body_file;
}

static bool names_type(const struct client_request *r)
{
    for (size_t i = 0; i < r->header_count; i++) {
        if (strncasecmp(r->headers[i], no_type, sizeof no_type - 1) == 0)
            return true;
    }
    return false;
}

static size_t text_size(const char *text)
{
    return text ? strlen(text) + 1 : 0;
}

static size_t block_size(const struct client_request *r)
{
    size_t size = (r->header_count + OWN_LINES) * sizeof(struct curl_slist);
    for (size_t i = 0; i < r->header_count; i++)
        size += text_size(r->headers[i]);
    return size + text_size(r->method) + text_size(r->url) + text_size(r->body_file) +
           text_size(r->save_as) + (r->bearer ? sizeof bearer_prefix + strlen(r->bearer) : 0) +
           r->body_size;
}

// Copies `text` to *at and moves *at behind it.
static char *put(char **at, const char *text)
{
    if (!text)
        return NULL;
    size_t size = strlen(text) + 1;
    char *copy = memcpy(*at, text, size);
    *at += size;
    return copy;
}

// libcurl takes "Name:" as "do not send it" and "Name;" as "send it empty": we mean the second.
static char *put_header(char **at, const char *line)
{
    char *copy = put(at, line);
    const char *colon = strchr(copy, ':');
    if (colon && colon[1 + strspn(colon + 1, " \t")] == '\0') {
        copy[colon - copy] = ';';
        copy[colon - copy + 1] = '\0';
    }
    return copy;
}

struct line_writer {
    struct curl_slist *nodes;
    size_t count;
};

static void add_line(struct line_writer *w, char *line)
{
    struct curl_slist *node = &w->nodes[w->count];
    *node = (struct curl_slist){ .data = line };
    if (w->count > 0)
        node[-1].next = node;
    w->count++;
}

static char *put_headers(struct client_transfer *t, const struct client_request *r, char *at)
{
    struct line_writer w = { .nodes = (struct curl_slist *)t->block };
    for (size_t i = 0; i < r->header_count; i++)
        add_line(&w, put_header(&at, r->headers[i]));
    if (r->bearer) {
        t->secret = at;
        at = memcpy(at, bearer_prefix, sizeof bearer_prefix);
        at += sizeof bearer_prefix - 1;
        put(&at, r->bearer);
        add_line(&w, t->secret);
    }
    if (has_body(r))
        add_line(&w, (char *)no_expect); // libcurl only reads it
    if (has_body(r) && !names_type(r))
        add_line(&w, (char *)no_type);
    t->message.headers = w.count > 0 ? w.nodes : NULL;
    return at;
}

static struct client_transfer *transfer_new(struct client *c, const struct client_request *r)
{
    struct client_transfer *t = malloc(sizeof *t + block_size(r));
    if (!t)
        return NULL;
    *t = (struct client_transfer){ .client = c, .idle_ms = r->idle_ms };
    char *at = t->block + (r->header_count + OWN_LINES) * sizeof(struct curl_slist);
    at = put_headers(t, r, at);
    struct client_message *m = &t->message;
    m->method = put(&at, r->method);
    m->url = put(&at, r->url);
    m->body_file = put(&at, r->body_file);
    m->save_as = put(&at, r->save_as);
    m->body_size = r->body_size;
    if (r->body)
        m->body = memcpy(at, r->body, r->body_size);
    m->connect_ms = r->connect_ms;
    m->total_ms = r->total_ms;
    m->max_bytes = r->max_bytes;
    return t;
}

static void transfer_free(struct client_transfer *t)
{
    if (t->secret)
        explicit_bzero(t->secret, strlen(t->secret));
    free(t);
}

// ---- Idle limit ----

static void finish(struct client_transfer *t, CURLcode rc);
static void refill(struct client *c);

static void free_handle(uv_handle_t *handle)
{
    free(handle);
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

static void on_idle_sample(uv_timer_t *timer)
{
    struct idle_watch *w = (struct idle_watch *)timer;
    struct client_transfer *t = w->transfer;
    curl_off_t moved = bytes_moved(t->slot->easy);
    bool quiet = moved == w->moved && client_was_sent(t->slot);
    w->quiet = quiet ? w->quiet + 1 : 0;
    w->moved = moved;
    if (w->quiet < IDLE_SAMPLES)
        return;
    struct client *c = t->client;
    t->slot->stop = SLOT_IDLE;
    finish(t, CURLE_OPERATION_TIMEDOUT);
    refill(c);
}

// False when memory is out.
static bool idle_start(struct client_transfer *t)
{
    struct idle_watch *w = calloc(1, sizeof *w);
    if (!w)
        return false;
    w->transfer = t;
    t->idle = w;
    uint64_t part = (t->idle_ms + IDLE_SAMPLES - 1) / IDLE_SAMPLES;
    uv_timer_init(loop_uv(t->client->loop), &w->timer);
    uv_timer_start(&w->timer, on_idle_sample, part, part);
    return true;
}

static void idle_end(struct client_transfer *t)
{
    if (t->idle)
        uv_close((uv_handle_t *)&t->idle->timer, free_handle);
    t->idle = NULL;
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
    if (!client_slot_prepare(s, &t->message, t, why))
        goto err0;
    t->slot = s;
    if (t->idle_ms > 0 && !idle_start(t)) {
        out_of_memory(why);
        goto err0;
    }
    if (curl.multi_add_handle(c->multi, s->easy) != CURLM_OK) {
        out_of_memory(why);
        goto err1;
    }
    append(&c->running, t);
    c->transfers++;
    client_poll_hold(c->base.poll, true);
    return true;

err1:
    idle_end(t);
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
    idle_end(t);
    curl.multi_remove_handle(c->multi, t->slot->easy);
    unlink_from(&c->running, t);
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
    result.url = url ? url : t->message.url;
    result.sent = client_was_sent(s);
    if (rc != CURLE_OK)
        client_explain(s, rc, &why);
    else
        commit_download(s, result.status, &why);
    result.code = why.code;
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
        struct client_transfer *t = c->queue.first;
        unlink_from(&c->queue, t);
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
        if (m->msg != CURLMSG_DONE)
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
    c->multi = curl.multi_init();
    if (!c->multi)
        goto err0;
    c->base.share = curl.share_init();
    if (!c->base.share)
        goto err1;
    c->base.poll = client_poll_new(c->loop, c->multi, on_worked, c);
    if (!c->base.poll)
        goto err2;
    curl.share_setopt(c->base.share, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
    curl.multi_setopt(c->multi, CURLMOPT_MAXCONNECTS, (long)CLIENT_LIMIT);
    curl.multi_setopt(c->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, (long)CLIENT_LIMIT);
    return true;

err2:
    curl.share_cleanup(c->base.share);
err1:
    curl.multi_cleanup(c->multi);
err0:
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
    if (!make_base(c))
        goto err2;
    uv_timer_init(loop_uv(loop), c->refill);
    c->refill->data = c;
    return c;

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
        forget(c->queue.first);
    while (c->running.first)
        forget(c->running.first);
    while (c->pool) {
        struct client_slot *s = c->pool;
        c->pool = s->next;
        client_slot_free(s);
    }
    curl.multi_cleanup(c->multi);
    curl.share_cleanup(c->base.share);
    client_poll_free(c->base.poll);
    uv_close((uv_handle_t *)c->refill, free_handle);
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
        append(&c->queue, t);
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
        unlink_from(&c->queue, t);
    }
    transfer_free(t);
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
