#include "net/partials.h"

#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static const char letters[] = "abcdefghijklmnopqrstuvwxyz234567"; // 32: each random byte is fair

enum {
    STALE_SECONDS = 24 * 60 * 60,
    MOST_ENTRIES = 20000, // of a folder that are looked at: the loop waits meanwhile
};

bool partials_fill(char *template)
{
    unsigned char random[PARTIAL_LETTERS];
    if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random)
        return false;
    char *end = template + strlen(template) - sizeof random;
    for (size_t i = 0; i < sizeof random; i++)
        end[i] = letters[random[i] % (sizeof letters - 1)];
    return true;
}

void partials_claim(int fd)
{
    (void)flock(fd, LOCK_EX | LOCK_NB);
}

static bool has_partial_name(const char *name)
{
    const size_t head = sizeof PARTIAL_NAME - 1 - PARTIAL_LETTERS;
    if (strlen(name) != sizeof PARTIAL_NAME - 1 || memcmp(name, PARTIAL_NAME, head) != 0)
        return false;
    return strspn(name + head, letters) == PARTIAL_LETTERS;
}

static bool is_stale(const struct stat *st)
{
    return S_ISREG(st->st_mode) && st->st_uid == geteuid() && st->st_nlink == 1 &&
           st->st_mtime < time(NULL) - STALE_SECONDS;
}

// Whoever writes a file holds its lock: it is taken here, so that nobody writes what goes.
static void remove_stale(int folder, const char *name)
{
    struct stat named;
    if (fstatat(folder, name, &named, AT_SYMLINK_NOFOLLOW) != 0 || !is_stale(&named))
        return;
    int fd = openat(folder, name, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return;
    struct stat opened;
    if (flock(fd, LOCK_EX | LOCK_NB) == 0 && fstat(fd, &opened) == 0 && is_stale(&opened) &&
        opened.st_ino == named.st_ino && opened.st_dev == named.st_dev)
        (void)unlinkat(folder, name, 0);
    (void)close(fd);
}

// Whether a folder is another one than that of the last call.
static bool is_new(const struct stat *st)
{
    static dev_t device;
    static ino_t inode;
    if (st->st_dev == device && st->st_ino == inode)
        return false;
    device = st->st_dev;
    inode = st->st_ino;
    return true;
}

void partials_sweep(const char *folder)
{
    DIR *list = opendir(folder);
    if (!list)
        return;
    struct stat st;
    int looked = 0;
    if (fstat(dirfd(list), &st) == 0 && is_new(&st)) {
        const struct dirent *entry;
        while (looked++ < MOST_ENTRIES && (entry = readdir(list)) != NULL) {
            if (has_partial_name(entry->d_name))
                remove_stale(dirfd(list), entry->d_name);
        }
    }
    (void)closedir(list);
}
