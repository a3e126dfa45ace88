#include "common/graph.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static bool put(struct buf *b, const char *format, ...)
{
    char text[1024];
    va_list args;
    va_start(args, format);
    int size = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return size >= 0 && (size_t)size < sizeof text && buf_append(b, text, (size_t)size);
}

// Integers beyond 32 bits and real fractions: what a careless codec would change.
static bool put_sampler(struct buf *b, int node)
{
    return put(
        b,
        "\"%d\":{\"inputs\":{\"seed\":%lld,\"steps\":20,\"cfg\":8.5,\"sampler_name\":\"euler\","
        "\"scheduler\":\"normal\",\"denoise\":0.87,\"model\":[\"%d\",0],\"positive\":[\"6\",0],"
        "\"negative\":[\"7\",0],\"latent_image\":[\"5\",0],\"note\":\"a \\\"quoted\\\" line\\n"
        "and \xc3\xa9\"},\"class_type\":\"KSampler\",\"_meta\":{\"title\":\"KSampler %d\"}}",
        node, 156680208700286LL + node, node > 1 ? node - 1 : 1, node);
}

static bool put_image(struct buf *b, size_t size)
{
    if (!put(b, "\"1\":{\"inputs\":{\"image\":\"data:image/png;base64,") || !buf_reserve(b, size))
        return false;
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    unsigned state = 1;
    for (size_t i = 0; i < size; i++) {
        state = state * 1103515245u + 12345u;
        b->data[b->size + i] = alphabet[state >> 26];
    }
    b->size += size;
    return put(b, "\"},\"class_type\":\"LoadImage\",\"_meta\":{\"title\":\"Load Image\"}}");
}

static bool put_graph(struct buf *b, size_t total, size_t image)
{
    size_t end = b->size + total;
    int node = 1;
    if (!put(b, "{"))
        return false;
    if (image > 0) {
        if (!put_image(b, image))
            return false;
        node = 2;
    }
    do {
        if ((node > 1 && !put(b, ",")) || !put_sampler(b, node++))
            return false;
    } while (b->size < end);
    return put(b, "}");
}

bool graph_make(struct graph *g, const char *id)
{
    size_t total = 0, image = 0;
    if (strcmp(id, "graph-100k") == 0)
        total = 100000;
    else if (strcmp(id, "graph-5m") == 0)
        total = 5000000;
    else if (strcmp(id, "graph-base64") == 0)
        total = 5000000, image = 4000000;

    struct buf *b = &g->deployment;
    *g = (struct graph){ 0 };
    if (!put(b,
             "{\"id\":\"%s\",\"name\":\"bench\",\"workflow_id\":\"00000000-0000-0000-0000-"
             "000000001111\","
             "\"workflow_version\":\"v1\",\"hardware\":[\"AMPERE_48\"],\"min_instances\":0,"
             "\"max_instances\":1,\"queue_size\":1,\"keep_warm_duration_in_seconds\":60,"
             "\"status\":\"standby\",\"is_enabled\":true,\"created_at\":\"2026-04-16T03:40:52."
             "093Z\","
             "\"updated_at\":\"2026-04-16T03:40:52.093Z\",\"payload\":{\"workflow_api_json\":",
             id))
        goto err1;
    g->start = b->size;
    if (!put_graph(b, total, image))
        goto err1;
    g->size = b->size - g->start;
    if (!put(b, ",\"overrides\":{},\"object_info_url\":\"https://example.invalid/info.json\"}}"))
        goto err1;
    return true;

err1:
    graph_free(g);
    return false;
}

void graph_free(struct graph *g)
{
    buf_free(&g->deployment);
}
