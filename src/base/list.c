#include "base/list.h"

void list_append(struct list *list, struct link *link)
{
    link->previous = list->last;
    link->next = NULL;
    if (list->last)
        list->last->next = link;
    else
        list->first = link;
    list->last = link;
    list->count++;
}

void list_remove(struct list *list, struct link *link)
{
    if (link->previous)
        link->previous->next = link->next;
    else
        list->first = link->next;
    if (link->next)
        link->next->previous = link->previous;
    else
        list->last = link->previous;
    list->count--;
}

struct link *list_first(const struct list *list)
{
    return list->first;
}
