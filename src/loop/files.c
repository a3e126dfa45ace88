#include "loop/files.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static enum files_type type_of(uint64_t mode)
{
    if (S_ISREG(mode))
        return FILES_FILE;
    return S_ISDIR(mode) ? FILES_DIRECTORY : FILES_OTHER;
}

bool files_is_adrift(const char *path)
{
    char here[PATH_MAX];
    return *path != '/' && !getcwd(here, sizeof here) && errno == ENOENT;
}

int files_stat(const char *path, struct files_stat *stat)
{
    if (files_is_adrift(path))
        return UV_ENOENT;
    uv_fs_t request;
    int rc = uv_fs_stat(NULL, &request, path, NULL);
    if (rc == 0) {
        const uv_stat_t *s = &request.statbuf;
        *stat = (struct files_stat){
            .type = type_of(s->st_mode),
            .size = s->st_size,
            .mode = (unsigned)(s->st_mode & 07777),
            .owner = s->st_uid,
            .group = s->st_gid,
            .mtime = (double)s->st_mtim.tv_sec + (double)s->st_mtim.tv_nsec / 1e9,
        };
    }
    uv_fs_req_cleanup(&request);
    return rc;
}

int files_space(const char *path, uint64_t *bytes)
{
    uv_fs_t request;
    int rc = uv_fs_statfs(NULL, &request, path, NULL);
    if (rc == 0) {
        const uv_statfs_t *s = request.ptr;
        *bytes = s->f_bavail * s->f_bsize;
    }
    uv_fs_req_cleanup(&request);
    return rc;
}

int files_may_write(const char *path, bool *may)
{
    uv_fs_t request;
    int rc = uv_fs_access(NULL, &request, path, W_OK, NULL);
    uv_fs_req_cleanup(&request);
    *may = rc == 0;
    return rc == UV_EACCES || rc == UV_EPERM || rc == UV_EROFS ? 0 : rc;
}

// One folder, whose parent is there.
static int make_one(const char *path, int mode)
{
    uv_fs_t request;
    int rc = uv_fs_mkdir(NULL, &request, path, mode, NULL);
    uv_fs_req_cleanup(&request);
    if (rc != UV_EEXIST)
        return rc;
    struct files_stat stat = { .type = FILES_OTHER };
    rc = files_stat(path, &stat);
    if (rc < 0)
        return rc;
    return stat.type == FILES_DIRECTORY ? 0 : UV_ENOTDIR;
}

int files_mkdir(char *path, int mode)
{
    for (char *p = strchr(path + (*path == '/'), '/'); p; p = strchr(p + 1, '/')) {
        *p = '\0';
        int rc = make_one(path, mode);
        *p = '/';
        if (rc < 0)
            return rc;
    }
    return make_one(path, mode);
}

// The path that a request has brought.
static int take_path(uv_fs_t *request, int rc, char **path)
{
    if (rc == 0) {
        *path = strdup(request->ptr);
        rc = *path ? 0 : UV_ENOMEM;
    }
    uv_fs_req_cleanup(request);
    return rc;
}

int files_real_path(const char *path, char **real)
{
    uv_fs_t request;
    return take_path(&request, uv_fs_realpath(NULL, &request, path, NULL), real);
}

int files_read_link(const char *path, char **target)
{
    uv_fs_t request;
    return take_path(&request, uv_fs_readlink(NULL, &request, path, NULL), target);
}

int files_list_open(struct files_listing *listing, const char *path)
{
    if (files_is_adrift(path))
        return UV_ENOENT;
    int rc = uv_fs_scandir(NULL, &listing->request, path, 0, NULL);
    listing->open = true;
    return rc < 0 ? rc : 0;
}

const char *files_list_next(struct files_listing *listing)
{
    uv_dirent_t entry; // libuv hands them out sorted by strcmp()
    if (uv_fs_scandir_next(&listing->request, &entry) < 0)
        return NULL;
    return entry.name;
}

void files_list_close(struct files_listing *listing)
{
    if (!listing->open)
        return;
    listing->open = false;
    while (files_list_next(
        listing)) // libuv forgets the last entry when it was handed out and nothing after it
        ;
    uv_fs_req_cleanup(&listing->request);
}
