#include "floor/message.h"

#include <err.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CHUNK = 1 << 16 };

struct slice slice_behind(const char *text, size_t size, const char *key)
{
    size_t length = strlen(key);
    const char *at = memmem(text, size, key, length);
    if (!at)
        return (struct slice){ 0 };
    at += length;
    const char *end = memchr(at, '"', (size_t)(text + size - at));
    return end ? (struct slice){ at, (size_t)(end - at) } : (struct slice){ 0 };
}

static bool is(struct slice s, const char *text)
{
    return s.size == strlen(text) && memcmp(s.at, text, s.size) == 0;
}

void message_read(struct message *m, const char *line, size_t size)
{
    static const char key[] = "\"id\":";
    *m = (struct message){ 0 };
    const char *id = memmem(line, size, key, sizeof key - 1);
    if (id) {
        id += sizeof key - 1;
        m->id = (struct slice){ id, strcspn(id, ",}") };
    }
    struct slice method = slice_behind(line, size, "\"method\":\"");
    if (is(method, "tools/call"))
        m->kind = MESSAGE_CALL;
    else if (is(method, "tools/list"))
        m->kind = MESSAGE_LIST;
    else if (is(method, "initialize"))
        m->kind = MESSAGE_INITIALIZE;
    if (m->kind == MESSAGE_CALL) {
        m->tool = slice_behind(line, size, "\"name\":\"");
        m->deployment = slice_behind(line, size, "\"deployment_id\":\"");
        m->request = slice_behind(line, size, "\"request_id\":\"");
    }
}

void put_slice(struct buf *b, struct slice s)
{
    if (!buf_append(b, s.at, s.size))
        errx(1, "out of memory");
}

void put(struct buf *b, const char *text)
{
    put_slice(b, (struct slice){ text, strlen(text) });
}

void message_head(struct slice id, struct buf *out)
{
    put(out, "{\"jsonrpc\":\"2.0\",\"id\":");
    put_slice(out, id);
    put(out, ",\"result\":");
}

static struct buf *tools(void)
{
    static struct buf list;
    if (list.size > 0)
        return &list;
    const char *path = getenv("BENCH_TOOLS");
    FILE *file = path ? fopen(path, "r") : NULL;
    if (!file) {
        put(&list,
            "{\"tools\":[{\"name\":\"submit_request\",\"inputSchema\":{\"type\":\"object\"}}]}");
        return &list;
    }
    size_t n;
    do {
        if (!buf_reserve(&list, CHUNK))
            errx(1, "out of memory");
        n = fread(list.data + list.size, 1, CHUNK, file);
        list.size += n;
    } while (n > 0);
    (void)fclose(file);
    return &list;
}

void message_answer(const struct message *m, struct buf *out)
{
    message_head(m->id, out);
    if (m->kind == MESSAGE_INITIALIZE) {
        put(out, "{\"protocolVersion\":\"2025-11-25\",\"capabilities\":{\"tools\":{}},"
                 "\"serverInfo\":{\"name\":\"floor\",\"version\":\"1\"}}}\n");
        return;
    }
    const struct buf *list = tools();
    put_slice(out, (struct slice){ list->data, list->size });
    put(out, "}\n");
}

bool message_receive(struct buf *in)
{
    if (!buf_reserve(in, CHUNK))
        errx(1, "out of memory");
    ssize_t n = read(0, in->data + in->size, CHUNK);
    if (n > 0)
        in->size += (size_t)n;
    return n != 0;
}

void message_send(struct buf *out)
{
    size_t sent = 0;
    while (sent < out->size) {
        ssize_t n = write(1, out->data + sent, out->size - sent);
        if (n < 0 && errno != EAGAIN)
            err(1, "writing");
        if (n < 0)
            poll(&(struct pollfd){ .fd = 1, .events = POLLOUT }, 1, -1);
        else
            sent += (size_t)n;
    }
    buf_clear(out);
}
