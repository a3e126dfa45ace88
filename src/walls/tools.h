/// The tools under which this program may run, which need what a wall would take from them; and
/// what the C library must know before the walls stand.
#ifndef RCMCP_WALLS_TOOLS_H
#define RCMCP_WALLS_TOOLS_H

#include <stdbool.h>

/// Whether valgrind runs this process: it makes system calls of its own in here.
bool walls_in_valgrind(void);

/// Why the address space can have no ceiling here; NULL: it can.
const char *walls_memory_unlimited(void);

/// Lets the C library read the time zone's file.
void walls_load_time_zone(void);

#endif
