/// Shared libraries that are opened at first use, and called through a table: linking them would
/// make every start of the program wait for their loading.
#ifndef RCMCP_BASE_LIBRARY_H
#define RCMCP_BASE_LIBRARY_H

#include <stddef.h>

/// A function of the library, and where its address goes in the table.
struct library_symbol {
    const char *name;
    size_t at; ///< offset in bytes
};

/// Opens the first of `files` (ends with NULL) that can be opened and writes the addresses of
/// `count` symbols into `table`.  Returns the library, which stays open until library_close().  On
/// failure NULL; `*missing` is then the symbol that it lacks, or NULL when no file could be opened.
void *library_open(const char *const *files, const struct library_symbol *symbols, size_t count,
                   void *table, const char **missing);

/// Why the last library_open() could not open a file that is there; NULL: it found none.  Valid
/// until the next.
const char *library_fault(void);

/// Closes a library; its table is void.
void library_close(void *library);

#endif
