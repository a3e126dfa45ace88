/// Bytes from a descriptor of any kind: pipe, socket, terminal, file.
#ifndef RCMCP_LOOP_INPUT_H
#define RCMCP_LOOP_INPUT_H

#include "loop/loop.h"

#include <stddef.h>

struct input;

/// Gets what was read, valid until it returns; size 0 means the end and comes once, last.
/// A read error counts as the end.
typedef void input_fn(void *arg, const char *bytes, size_t size);

/// Starts reading `fd`, which stays the caller's and must outlive the input.  `fn` runs from the
/// loop, never after input_close().  On failure NULL, with a libuv error code in `*error`.
struct input *input_open(struct loop *loop, int fd, input_fn *fn, void *arg, int *error);

/// Stops and goes on reading; bytes already read have been delivered.
void input_pause(struct input *in);
void input_resume(struct input *in);

/// Ends the reading; the memory goes once the loop has let go of it.  NULL is allowed.
void input_close(struct input *in);

#endif
