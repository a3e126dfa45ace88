/// The event loop: libuv, wrapped once.  One loop a process, one thread.
#ifndef RCMCP_LOOP_LOOP_H
#define RCMCP_LOOP_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

struct loop;

/// Creates the loop.  NULL when memory or descriptors are out.
struct loop *loop_new(void);

/// Runs the functions registered with loop_at_close(), last registered first, closes whatever
/// handle is still open, runs the close callbacks, and frees the loop.  NULL is allowed.
void loop_free(struct loop *loop);

/// libuv's own loop, for the subsystems of src/loop and src/net.
uv_loop_t *loop_uv(struct loop *loop);

/// Milliseconds since the turn began: libuv counts a timer's time from there, and these must not
/// shorten it.
uint64_t loop_elapsed(const struct loop *loop);

/// Whether it runs now: then none of the three functions below may be called, since libuv's
/// uv_run() is not reentrant.  What a handle's callback still has in hand would be freed under it.
bool loop_runs(const struct loop *loop);

/// Runs until loop_stop() or until nothing is left to wait for.
void loop_run(struct loop *loop);

/// One turn that only takes what is ready.  Returns whether anything is left to wait for.
bool loop_poll(struct loop *loop);

/// One turn that waits for an event, unless `happened` says, once the timers that were due have
/// run, that what somebody waits for may be there: libuv's own turn would wait all the same.
bool loop_step_unless(struct loop *loop, bool (*happened)(void *arg), void *arg);

/// Makes loop_run() return after the current turn.
void loop_stop(struct loop *loop);

/// Counts the handles that keep the loop alive, those that are closing included, by libuv's type.
void loop_count_handles(struct loop *loop, size_t counts[UV_HANDLE_TYPE_MAX]);

/// Registers `fn(arg)` for loop_free(): a subsystem closes its handles there.  False: out of
/// memory.
bool loop_at_close(struct loop *loop, void (*fn)(void *arg), void *arg);

/// Takes a registration back, for what closed earlier by itself.
void loop_not_at_close(struct loop *loop, void (*fn)(void *arg), void *arg);

/// Writes the absolute path of the running program, `*size` bytes at most, and sets `*size` to its
/// length. 0 or a libuv error code.
int loop_program(char *path, size_t *size);

/// Writes the home folder that the system has for the user of this process, whatever HOME says;
/// sizes and errors as in loop_program().
int loop_home(char *path, size_t *size);

#endif
