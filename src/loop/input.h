/// Bytes from a descriptor of any kind: pipe, socket, terminal, file.
#ifndef RCMCP_LOOP_INPUT_H
#define RCMCP_LOOP_INPUT_H

#include "loop/loop.h"

#include <stdbool.h>
#include <stddef.h>

struct input;

/// Gets what was read, valid until it returns, and says how much of it was taken.  Fewer than all
/// it takes only where the input was paused meanwhile: the rest, at most 64 KiB, is kept and comes
/// first when the reading goes on.  Size 0 means the end and comes once, last; that a pipe, a
/// socket or a terminal is broken counts as the end, for a file input_error() tells.
typedef size_t input_fn(void *arg, const char *bytes, size_t size);

/// Whether there can be anything to read: 0, or a libuv error code: UV_EISDIR for a folder,
/// UV_EACCES for what is open for writing only, UV_ENOTSUP for what has no bytes one after another,
/// such as a datagram socket.
int input_check(int fd);

/// Starts reading `fd`, which stays the caller's and must outlive the input.  `fn` runs from the
/// loop, never after input_close().  On failure NULL, with a libuv error code in `*error`.
struct input *input_open(struct loop *loop, int fd, input_fn *fn, void *arg, int *error);

/// Stops reading, until input_resume(), or until whoever writes has closed a pipe or socket: what
/// is left in there is little then, and the end behind it must be seen.  From then on it does
/// nothing.
void input_pause(struct input *in);
void input_resume(struct input *in);
bool input_is_paused(const struct input *in);

/// Why a file could not be read on, as a libuv error code; 0: it could.
int input_error(const struct input *in);

/// Ends the reading; the memory goes once the loop has let go of it.  NULL is allowed.
void input_close(struct input *in);

#endif
