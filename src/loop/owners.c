#include "loop/owners.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

enum { FIRST_ROOM = 1024, MOST_ROOM = 1024 * 1024 };

// The name of a user whose primary group this is; to be freed; NULL where there is none.
static char *name_of(uid_t user, gid_t group)
{
    char *name = NULL;
    for (size_t room = FIRST_ROOM; room <= MOST_ROOM; room *= 4) {
        char *buffer = malloc(room);
        if (!buffer)
            return NULL;
        struct passwd entry;
        struct passwd *found = NULL;
        int rc = getpwuid_r(user, &entry, buffer, room, &found);
        if (rc == 0 && found && found->pw_gid == group)
            name = strdup(found->pw_name);
        free(buffer);
        if (rc != ERANGE)
            return name;
    }
    return NULL;
}

static bool has_no_other_member(const struct group *group, const char *name)
{
    for (char *const *member = group->gr_mem; *member; member++) {
        if (strcmp(*member, name) != 0)
            return false;
    }
    return true;
}

// Whether the group has the user's name and no other member.
static bool is_named_after(gid_t id, const char *name)
{
    for (size_t room = FIRST_ROOM; room <= MOST_ROOM; room *= 4) {
        char *buffer = malloc(room);
        if (!buffer)
            return false;
        struct group entry;
        struct group *found = NULL;
        int rc = getgrgid_r(id, &entry, buffer, room, &found);
        bool own = rc == 0 && found && strcmp(found->gr_name, name) == 0 &&
                   has_no_other_member(found, name);
        free(buffer);
        if (rc != ERANGE)
            return own;
    }
    return false;
}

// Whether it is the primary group of somebody else, who then stands in no list of its members.
static bool is_shared(uid_t user, gid_t group)
{
    bool shared = false;
    setpwent();
    for (const struct passwd *entry = getpwent(); entry && !shared; entry = getpwent())
        shared = entry->pw_gid == group && entry->pw_uid != user;
    endpwent();
    return shared;
}

bool owners_is_private(uint64_t user, uint64_t group)
{
    char *name = name_of((uid_t)user, (gid_t)group);
    if (!name)
        return false;
    bool own = is_named_after((gid_t)group, name) && !is_shared((uid_t)user, (gid_t)group);
    free(name);
    return own;
}
