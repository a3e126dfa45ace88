#include "net/download.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "net/partials.h"

// "DIR/.rcmcp-XXXXXX": short, so that a name near the system's limit can still be saved.
static char *template_beside(const char *path)
{
    static const char name[] = PARTIAL_NAME;
    const char *slash = strrchr(path, '/');
    size_t folder = slash ? (size_t)(slash - path) + 1 : 0;
    char *text = malloc(folder + sizeof name);
    if (!text)
        return NULL;
    memcpy(text, path, folder);
    memcpy(text + folder, name, sizeof name);
    return text;
}

// As mkostemp(), with the rights that the umask leaves: mkostemp() gives 0600 to what is only a
// picture, and asking for the umask means changing it, for all threads.
static int open_new(char *template)
{
    enum { TRIES = 100 };
    for (int i = 0; i < TRIES; i++) {
        if (!partials_fill(template))
            return -1;
        int fd = open(template, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0666);
        if (fd >= 0 || errno != EEXIST)
            return fd;
    }
    return -1;
}

static char *descriptor_path(char *text, size_t size, int fd)
{
    (void)snprintf(text, size, "/proc/self/fd/%d", fd);
    return text;
}

// The folder that a file lies in, with its slash.  NULL: no memory.
static char *folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
}

// A file without a name in the folder of `temporary`: it goes with the process, however that ends.
// -1 where the file system or the kernel has none, or where it could not be named later.
static int open_nameless(const char *temporary)
{
    char link[32];
    char *folder = folder_of(temporary);
    if (!folder)
        return -1;
    int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0666);
    free(folder);
    if (fd >= 0 && access(descriptor_path(link, sizeof link, fd), F_OK) != 0) {
        (void)close(fd);
        return -1;
    }
    return fd;
}

// Gives a file without a name that of `template`, filled in.
static bool give_name(int fd, char *template)
{
    enum { TRIES = 100 };
    char link[32];
    descriptor_path(link, sizeof link, fd);
    for (int i = 0; i < TRIES; i++) {
        if (!partials_fill(template))
            return false;
        if (linkat(AT_FDCWD, link, AT_FDCWD, template, AT_SYMLINK_FOLLOW) == 0)
            return true;
        if (errno != EEXIST)
            return false;
    }
    return false;
}

// A file with a name of its own; those that were left of others go first.
static int open_named(char *temporary)
{
    char *folder = folder_of(temporary);
    if (folder)
        partials_sweep(folder);
    free(folder);
    return open_new(temporary);
}

bool download_open(struct download *d, const char *path, bool named)
{
    char *temporary = template_beside(path);
    if (!temporary) {
        errno = ENOMEM;
        return false;
    }
    int fd = named ? -1 : open_nameless(temporary);
    bool nameless = fd >= 0;
    if (!nameless)
        fd = open_named(temporary);
    if (fd < 0) {
        int error = errno;
        free(temporary);
        errno = error;
        return false;
    }
    partials_claim(fd);
    *d = (struct download){ .temporary = temporary, .fd = fd, .nameless = nameless };
    return true;
}

bool download_is_open(const struct download *d)
{
    return d->temporary != NULL;
}

bool download_write(struct download *d, const void *bytes, size_t size)
{
    const char *next = bytes;
    while (size > 0) {
        ssize_t written = write(d->fd, next, size);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return false;
        next += written;
        size -= (size_t)written;
    }
    return true;
}

static void forget(struct download *d)
{
    free(d->temporary);
    *d = (struct download){ 0 };
}

bool download_commit(struct download *d, const char *path)
{
    bool named = !d->nameless || give_name(d->fd, d->temporary);
    int error = errno;
    bool closed = close(d->fd) == 0;
    if (named && !closed)
        error = errno;
    bool ok = named && closed && rename(d->temporary, path) == 0;
    if (named && closed)
        error = errno;
    if (named && !ok)
        (void)unlink(d->temporary);
    forget(d);
    errno = error;
    return ok;
}

void download_abort(struct download *d)
{
    if (!d->temporary)
        return;
    (void)close(d->fd);
    if (!d->nameless)
        (void)unlink(d->temporary);
    forget(d);
}
