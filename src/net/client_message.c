#include "net/client_message.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char bearer_prefix[] = "Authorization: Bearer ";

// Header lines of ours: libcurl's additions that must not be sent.
static const char no_expect[] = "Expect:";
static const char no_type[] = "Content-Type:";

// What is compressed on its way may come out unreadable.  An answer to a write cannot be asked for
// again, and is short.
static const char as_it_is[] = "Accept-Encoding: identity";

enum { OWN_LINES = 4 }; // bearer and the three above

static bool has_body(const struct client_request *r)
{
    return r->body || r->body_file;
}

static bool wants_as_it_is(const struct client_request *r)
{
    return r->identity || (strcmp(r->method, "GET") != 0 && strcmp(r->method, "HEAD") != 0);
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

// libcurl only reads the line.
static void add_line(struct line_writer *w, const char *line)
{
    struct curl_slist *node = &w->nodes[w->count];
    *node = (struct curl_slist){ .data = (char *)line };
    if (w->count > 0)
        node[-1].next = node;
    w->count++;
}

static char *put_headers(struct client_message *m, const struct client_request *r, char *at)
{
    struct line_writer w = { .nodes = (struct curl_slist *)m->block };
    for (size_t i = 0; i < r->header_count; i++)
        add_line(&w, put_header(&at, r->headers[i]));
    if (r->bearer) {
        m->secret = at;
        at = memcpy(at, bearer_prefix, sizeof bearer_prefix);
        at += sizeof bearer_prefix - 1;
        put(&at, r->bearer);
        add_line(&w, m->secret);
    }
    if (has_body(r))
        add_line(&w, no_expect);
    if (has_body(r) && !names_type(r))
        add_line(&w, no_type);
    if (wants_as_it_is(r))
        add_line(&w, as_it_is);
    m->headers = w.count > 0 ? w.nodes : NULL;
    return at;
}

static size_t head_size(const struct client_request *r)
{
    size_t size = strlen(r->url) + (r->bearer ? sizeof bearer_prefix + strlen(r->bearer) : 0);
    for (size_t i = 0; i < r->header_count; i++)
        size += text_size(r->headers[i]);
    return size;
}

struct client_message *client_message_new(const struct client_request *r)
{
    struct client_message *m = malloc(sizeof *m + block_size(r));
    if (!m)
        return NULL;
    *m = (struct client_message){
        .body_size = r->body_size,
        .head_size = head_size(r),
        .connect_ms = r->connect_ms,
        .total_ms = r->total_ms,
        .idle_ms = r->idle_ms,
        .max_bytes = r->max_bytes,
        .save_named = r->save_named,
        .keep_head = r->keep_head,
        .no_redirects = r->no_redirects,
        .public_only = r->public_only,
        .identity = r->identity,
    };
    char *at = m->block + (r->header_count + OWN_LINES) * sizeof(struct curl_slist);
    at = put_headers(m, r, at);
    m->method = put(&at, r->method);
    m->url = put(&at, r->url);
    m->body_file = put(&at, r->body_file);
    m->save_as = put(&at, r->save_as);
    if (r->body)
        m->body = memcpy(at, r->body, r->body_size);
    return m;
}

// Through a volatile pointer, or the compiler would see that nobody reads it again.
static void wipe(char *text)
{
    for (volatile char *at = text; *at; at++)
        *at = '\0';
}

void client_message_free(struct client_message *m)
{
    if (m->secret)
        wipe(m->secret);
    free(m);
}
