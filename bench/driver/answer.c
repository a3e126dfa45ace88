#include "driver/answer.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool begins(const char **at, const char *with)
{
    size_t size = strlen(with);
    if (strncmp(*at, with, size) != 0)
        return false;
    *at += size;
    return true;
}

// Only places that are the outermost object's beyond doubt: its first two keys, or its last.  A
// scan of the whole line would cost more than some servers need for the call.
long answer_id(const char *line, size_t size)
{
    const char *at = line;
    char *end;
    if (begins(&at, "{\"id\":") || begins(&at, "{\"jsonrpc\":\"2.0\",\"id\":")) {
        long id = strtol(at, &end, 10);
        if (end > at && (*end == ',' || *end == '}'))
            return id;
    }
    const char *last = size > 0 ? memrchr(line, ':', size) : NULL;
    if (last && last - line > 5 && strncmp(last - 5, ",\"id\"", 5) == 0) {
        long id = strtol(last + 1, &end, 10);
        if (end > last + 1 && end + 1 == line + size && *end == '}')
            return id;
    }
    static const char version[] = ",\"jsonrpc\":\"2.0\"}";
    size_t tail = sizeof version - 1;
    if (size > tail + 24 && strcmp(line + size - tail, version) == 0) {
        at = memrchr(line, ':', size - tail);
        if (at && at - line > 5 && strncmp(at - 5, ",\"id\"", 5) == 0)
            return strtol(at + 1, NULL, 10);
    }
    errx(1, "no response with an id: %.300s", line);
}

static bool has(const char *line, size_t size, const char *text)
{
    return memmem(line, size, text, strlen(text)) != NULL;
}

static bool has_graph(const struct graph *g, const char *line, size_t size)
{
    static const char key[] = "\"workflow_api_json\":";
    const char *at = memmem(line, size, key, sizeof key - 1);
    return at && (size_t)(line + size - at) > sizeof key - 1 + g->size &&
           memcmp(at + sizeof key - 1, g->deployment.data + g->start, g->size) == 0;
}

static bool right(const struct question *q, long id, const char *line, size_t size)
{
    char text[64];
    switch (q->tool) {
    case TOOL_LIST:
        return has(line, size, "\"tools\":[") && has(line, size, "\"name\":\"submit_request\"");
    case TOOL_STATUS:
        (void)snprintf(text, sizeof text, "\"request_id\":\"req-%ld\"", id);
        return has(line, size, text) && has(line, size, "\"status\":\"in_progress\"") &&
               !has(line, size, "\"isError\":true");
    case TOOL_DEPLOYMENT:
        return has_graph(q->graph, line, size);
    case TOOL_WAIT:
        return has(line, size, "\"status\":\"succeeded\"") &&
               has(line, size, "\"outputs\":{\"9\"") && !has(line, size, "\"isError\":true");
    }
    return false;
}

void answer_check(const struct question *question, long id, const char *line, size_t size)
{
    if (!right(question, id, line, size))
        errx(1, "wrong answer to call %ld: %.600s", id, line);
}
