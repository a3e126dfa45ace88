/// What a worker does to itself before it runs code that others wrote.  None of it can be undone.
///
/// Linux has all of these walls, other systems those that POSIX has; which stand, and why not, is
/// told in words.
#ifndef RCMCP_WALLS_WALLS_H
#define RCMCP_WALLS_WALLS_H

#include <stdbool.h>
#include <stddef.h>

enum wall {
    WALL_ENVIRONMENT,  ///< no variable but TZ
    WALL_DESCRIPTORS,  ///< none can be opened any more: no file, no socket, no pipe
    WALL_MEMORY,       ///< a ceiling of the address space
    WALL_CORE,         ///< no core dumps
    WALL_FILES,        ///< no file grows
    WALL_PROCESSES,    ///< no further process of this user
    WALL_PARENT,       ///< ends with the process that started it
    WALL_TRACING,      ///< no process of this user can look into it
    WALL_PRIVILEGES,   ///< none is gained by running another program
    WALL_SYSTEM_CALLS, ///< only those that memory, time and open descriptors need
    WALLS,
};

enum { WALL_TEXT = 160 };

struct walls {
    struct {
        bool stands;
        bool refused;         ///< the system refused what it has elsewhere
        char text[WALL_TEXT]; ///< what it holds, or why it does not stand
    } of[WALLS];
};

/// "system calls"
const char *walls_name(enum wall wall);

/// Raises all walls that can be; `memory`: bytes of address space, 0 for no ceiling.  All
/// descriptors that will ever be needed are open, and what is read from files has been.
void walls_raise(struct walls *walls, size_t memory);

#endif
