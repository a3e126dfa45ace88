/// Checks of answers: a figure counts only when every answer was right.
#ifndef BENCH_DRIVER_ANSWER_H
#define BENCH_DRIVER_ANSWER_H

#include "common/graph.h"

#include <stddef.h>

enum tool { TOOL_LIST, TOOL_STATUS, TOOL_DEPLOYMENT, TOOL_WAIT };

struct question {
    enum tool tool;
    const char *deployment;
    const struct graph *graph; ///< what a TOOL_DEPLOYMENT has to bring back
};

/// The id of the response in `line`.  Ends the program where there is none.
long answer_id(const char *line, size_t size);

/// Ends the program unless `line` is the right answer to call number `id`.
void answer_check(const struct question *question, long id, const char *line, size_t size);

#endif
