/// A file that appears under its name only once it is complete.
#ifndef RCMCP_NET_DOWNLOAD_H
#define RCMCP_NET_DOWNLOAD_H

#include <stdbool.h>
#include <stddef.h>

/// A zeroed struct is no download: download_is_open() is false, download_abort() does nothing.
struct download {
    char *temporary; ///< owned; NULL: not open
    int fd;
    bool nameless; ///< `temporary` is the name that the file gets on its way to its own
};

/// Creates an empty file beside `path`, with the rights that the umask leaves: without a name where
/// the file system has such files, so that a process that is killed leaves nothing, else, and where
/// `named` asks for that, with one of its own: then what killed processes left in the folder goes.
/// False, with errno set, when that fails.
bool download_open(struct download *d, const char *path, bool named);

bool download_is_open(const struct download *d);

/// Appends.  False, with errno set, on failure (a full disk).
bool download_write(struct download *d, const void *bytes, size_t size);

/// Moves the file to `path`, replacing what was there.  On false, with errno set, nothing is left
/// of it. Either way `d` is closed.
bool download_commit(struct download *d, const char *path);

/// Closes and removes the file.  Does nothing when not open.
void download_abort(struct download *d);

#endif
