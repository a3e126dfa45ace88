/// Bytes from a descriptor of any kind: pipe, socket, terminal, file.
#ifndef RCMCP_LOOP_INPUT_H
#define RCMCP_LOOP_INPUT_H

#include "loop/loop.h"

#include <stdbool.h>
#include <stddef.h>

struct input;

/// Gets what was read, valid until it returns, and says how much of it was taken.  Fewer than all
/// it takes only where the input was paused meanwhile: the rest, at most 64 KiB, is kept and comes
/// first when the reading goes on.  Size 0 means the end and comes once, last; a read error counts
/// as the end.
typedef size_t input_fn(void *arg, const char *bytes, size_t size);

/// Starts reading `fd`, which stays the caller's and must outlive the input.  `fn` runs from the
/// loop, never after input_close().  On failure NULL, with a libuv error code in `*error`.
struct input *input_open(struct loop *loop, int fd, input_fn *fn, void *arg, int *error);

/// Stops reading, until input_resume(), or until whoever writes has closed a pipe or socket: what
/// is left in there is little then, and the end behind it must be seen.  From then on it does
/// nothing.
void input_pause(struct input *in);
void input_resume(struct input *in);
bool input_is_paused(const struct input *in);

/// Ends the reading; the memory goes once the loop has let go of it.  NULL is allowed.
void input_close(struct input *in);

#endif
