/// Doubly linked list of links that live inside their owners: nothing is allocated.
#ifndef RCMCP_BASE_LIST_H
#define RCMCP_BASE_LIST_H

#include <stddef.h>

struct link {
    struct link *previous, *next;
};

/// A zeroed struct is an empty list.
struct list {
    struct link *first, *last;
    size_t count;
};

/// Adds a link that is in no list, at the end.
void list_append(struct list *list, struct link *link);

/// Takes a link out of the list that it is in.
void list_remove(struct list *list, struct link *link);

/// The first link, or NULL.
struct link *list_first(const struct list *list);

#endif
