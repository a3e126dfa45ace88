#include "net/download.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

// "DIR/.rcmcp-XXXXXX": short, so that a name near the system's limit can still be saved.
static char *template_beside(const char *path)
{
    static const char name[] = ".rcmcp-XXXXXX";
    const char *slash = strrchr(path, '/');
    size_t folder = slash ? (size_t)(slash - path) + 1 : 0;
    char *text = malloc(folder + sizeof name);
    if (!text)
        return NULL;
    memcpy(text, path, folder);
    memcpy(text + folder, name, sizeof name);
    return text;
}

// Puts random letters in place of the X at the end.
static bool fill_template(char *template)
{
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyz234567"; // 32: each random byte is fair
    unsigned char random[6];
    if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random)
        return false;
    char *end = template + strlen(template) - sizeof random;
    for (size_t i = 0; i < sizeof random; i++)
        end[i] = letters[random[i] % (sizeof letters - 1)];
    return true;
}

// As mkostemp(), with the rights that the umask leaves: mkostemp() gives 0600 to what is only a
// picture, and asking for the umask means changing it, for all threads.
static int open_new(char *template)
{
    enum { TRIES = 100 };
    for (int i = 0; i < TRIES; i++) {
        if (!fill_template(template))
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

// A file without a name in the folder of `temporary`: it goes with the process, however that ends.
// -1 where the file system or the kernel has none, or where it could not be named later.
static int open_nameless(const char *temporary)
{
    char link[32];
    const char *slash = strrchr(temporary, '/');
    char *folder = slash ? strndup(temporary, (size_t)(slash - temporary) + 1) : strdup(".");
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
        if (!fill_template(template))
            return false;
        if (linkat(AT_FDCWD, link, AT_FDCWD, template, AT_SYMLINK_FOLLOW) == 0)
            return true;
        if (errno != EEXIST)
            return false;
    }
    return false;
}

bool download_open(struct download *d, const char *path)
{
    char *temporary = template_beside(path);
    if (!temporary) {
        errno = ENOMEM;
        return false;
    }
    int fd = open_nameless(temporary);
    bool nameless = fd >= 0;
    if (!nameless)
        fd = open_new(temporary);
    if (fd < 0) {
        int error = errno;
        free(temporary);
        errno = error;
        return false;
    }
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
