/// Users and groups: whom a group lets in beside its owner.
#ifndef RCMCP_LOOP_OWNERS_H
#define RCMCP_LOOP_OWNERS_H

#include <stdbool.h>
#include <stdint.h>

/// Whether a group is a user's own, as most systems make one for each user: the user's primary
/// group, of the user's name, without any other member, and nobody else's primary group.  Where the
/// system's tables do not tell, it is not.
bool owners_is_private(uint64_t user, uint64_t group);

#endif
