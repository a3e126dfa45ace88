/// What downloads leave of themselves where a file must have a name from the beginning, and their
/// process was killed.
#ifndef RCMCP_NET_PARTIALS_H
#define RCMCP_NET_PARTIALS_H

#include <stdbool.h>

/// The name that a download's file has until it is complete; the X become letters.
#define PARTIAL_NAME ".rcmcp-XXXXXX"

enum { PARTIAL_LETTERS = 6 };

/// Puts random letters in place of the X at the end.  False when there is no chance to be had.
bool partials_fill(char *template);

/// Says to other processes that the file of `fd` has somebody who writes it, until `fd` is closed.
/// Where the file system knows no locks nothing is said, and nothing is removed there either.
void partials_claim(int fd);

/// Removes the files of a folder that have such a name, are this user's, have not been written for
/// a day, and have no writer any more. Looks into each folder once a process; never fails.
void partials_sweep(const char *folder);

#endif
