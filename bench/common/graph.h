/// Deployments with large ComfyUI graphs: what the stub serves and the driver expects back.
#ifndef BENCH_COMMON_GRAPH_H
#define BENCH_COMMON_GRAPH_H

#include "base/buf.h"

#include <stdbool.h>

struct graph {
    struct buf deployment; ///< the whole deployment object, compact JSON
    size_t start;          ///< where its workflow_api_json begins ...
    size_t size;           ///< ... and how long that is
};

/// Makes the deployment that `id` stands for: "graph-100k" and "graph-5m" are graphs of about that
/// size, "graph-base64" one of 5 MB of which a single string is 4 MB, every other id has a graph of
/// one node. False when memory is out.
bool graph_make(struct graph *g, const char *id);

void graph_free(struct graph *g);

#endif
