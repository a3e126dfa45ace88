/// Child processes with piped streams.
#ifndef RCMCP_LOOP_PROCESS_H
#define RCMCP_LOOP_PROCESS_H

#include "loop/loop.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct process;

struct process_callbacks {
    /// Output of the child; stream is 1 or 2; size 0 means its end and comes once.
    void (*output)(void *arg, int stream, const char *bytes, size_t size);
    /// The child ended; comes once.  `signal` is 0 unless a signal ended it.
    void (*exited)(void *arg, int64_t status, int signal);
    /// The process object is about to be freed: the last call.
    void (*closed)(void *arg);
};

struct process_options {
    const char *file; ///< looked up in PATH
    char **args;      ///< [0] is the name; ends with NULL
    char **env;       ///< exactly its environment; NULL: ours
    int inherited;    ///< a descriptor, which is its number 3; -1: none
};

/// Starts a program.  The options are copied; the descriptor stays the caller's.  Callbacks run
/// from the loop.  On failure NULL, with a libuv error code in `*error`, and no callback ever runs.
struct process *process_spawn(struct loop *loop, const struct process_options *options,
                              const struct process_callbacks *callbacks, void *arg, int *error);

int process_id(const struct process *p);

/// Seconds of processor time that the child has used; negative where the system does not tell.
double process_cpu(const struct process *p);

/// Queues bytes for the child's standard input.  0 or a libuv error code.
int process_write(struct process *p, const char *bytes, size_t size);

/// Closes the child's standard input once what was queued is written.
void process_close_stdin(struct process *p);

/// Closes our end of the child's standard output, so that its writes fail.
void process_close_stdout(struct process *p);

/// Sends a signal.  0 or a libuv error code.
int process_kill(struct process *p, int signal);

/// Lets go: kills a child that still runs, closes the pipes; only `closed` runs after this, once
/// the child is reaped.
void process_close(struct process *p);

#endif
