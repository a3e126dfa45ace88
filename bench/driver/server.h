/// The server under test: a child process that speaks MCP over its standard streams.
#ifndef BENCH_DRIVER_SERVER_H
#define BENCH_DRIVER_SERVER_H

#include "base/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct server {
    pid_t pid;
    int in, out;    ///< its standard input (non-blocking) and output
    double spawned; ///< when it was started, monotonic seconds
    struct buf received;
    size_t scanned; ///< bytes of `received` known to hold no newline
    size_t taken;   ///< bytes of `received` that belong to the line taken last
};

struct memory {
    long resident_kib, unique_kib, peak_kib; ///< peak: since memory_forget_peak()
};

/// Starts `argv`.  Ends the program when it cannot.
void server_start(struct server *s, char *const argv[]);

/// Ends the program unless server_expect() is called again within so many seconds; 0: no limit.
void server_expect(unsigned seconds);

/// Writes all of `bytes`, reading what the server sends meanwhile.  Ends the program when it is
/// gone.
void server_write(struct server *s, const char *bytes, size_t size);

/// The next line, without its newline; valid until the next call.  Waits for one if `wait`, else
/// looks only at what was read already and may return NULL.  Ends the program when the server is
/// gone.
char *server_line(struct server *s, bool wait, size_t *size);

/// Closes its standard input, takes what it still sends, and waits for its end.  Seconds that took;
/// ends the program unless the server exits with status 0 within ten seconds.
double server_finish(struct server *s);

/// Processor time that it used so far, all threads, in seconds.
double server_cpu(const struct server *s);

void server_memory(const struct server *s, struct memory *memory);
void server_forget_peak(const struct server *s);

/// Binds all its threads to one processor, or to all for a negative one.
void server_place(const struct server *s, int cpu);

#endif
