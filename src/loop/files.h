/// Files and folders by path, at once: for configuration and folders of scripts, not for bulk data.
/// All return 0 or a negative libuv error code.
#ifndef RCMCP_LOOP_FILES_H
#define RCMCP_LOOP_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

enum files_type { FILES_FILE, FILES_DIRECTORY, FILES_OTHER };

struct files_stat {
    enum files_type type; ///< of what a link leads to
    uint64_t size;        ///< bytes
    unsigned mode;        ///< permission bits
    uint64_t owner;       ///< user id
    uint64_t group;       ///< group id
    double mtime;         ///< seconds since 1970
};

int files_stat(const char *path, struct files_stat *stat);

/// Whether a path leads from the current folder, and that has been deleted.  The system goes on
/// showing it, without entries; here nothing is there any more.
bool files_is_adrift(const char *path);

/// Bytes that this user may still write where `path` lies.
int files_space(const char *path, uint64_t *bytes);

/// Whether this user may write to something that is there.
int files_may_write(const char *path, bool *may);

/// Creates a folder and its parents; one that is there already is fine, a file in its place is not.
/// `path` is changed meanwhile and restored.
int files_mkdir(char *path, int mode);

/// The absolute path without links, "." and "..", of something that is there; to be freed by the
/// caller.
int files_real_path(const char *path, char **real);

/// What a link leads to, as it is written; to be freed by the caller.  UV_EINVAL: it is no link.
int files_read_link(const char *path, char **target);

/// The names in a folder, sorted bytewise, without "." and "..".
struct files_listing {
    uv_fs_t request;
    bool open;
};

/// Reads the names; files_list_close() afterwards, also after a failure.
int files_list_open(struct files_listing *listing, const char *path);

/// The next name, which lives until the close; NULL at the end.
const char *files_list_next(struct files_listing *listing);

/// Does nothing when it is closed already.
void files_list_close(struct files_listing *listing);

#endif
