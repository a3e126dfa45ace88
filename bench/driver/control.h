/// Requests of the benchmark's own to the stub.
#ifndef BENCH_DRIVER_CONTROL_H
#define BENCH_DRIVER_CONTROL_H

/// Sends GET `path` to the stub on a port of loopback.  Returns the body, valid until the next
/// call. Ends the program when that fails.
const char *control(int port, const char *path);

#endif
