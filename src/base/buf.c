#include "base/buf.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum {
    SMALLEST = 256,
    LARGE = 1 << 20, // from here on a buffer grows by half, which wastes less
};

void *buf_resize(const struct buf_memory *memory, void *block, size_t size, size_t new_size)
{
    if (memory)
        return memory->resize(memory->arg, block, size, new_size);
    if (new_size > 0)
        return realloc(block, new_size);
    free(block);
    return NULL;
}

bool buf_reserve(struct buf *b, size_t more)
{
    if (more <= b->room - b->size)
        return true;
    if (more > SIZE_MAX / 2 - b->size)
        return false;
    size_t room = b->room ? b->room + (b->room < LARGE ? b->room : b->room / 2) : SMALLEST;
    if (room < b->size + more)
        room = b->size + more; // all that there will be, often
    char *data = buf_resize(b->memory, b->data, b->room, room);
    if (!data)
        return false;
    b->data = data;
    b->room = room;
    return true;
}

bool buf_append(struct buf *b, const void *bytes, size_t size)
{
    if (!buf_reserve(b, size))
        return false;
    if (size > 0)
        memcpy(b->data + b->size, bytes, size);
    b->size += size;
    return true;
}

void buf_consume(struct buf *b, size_t size)
{
    if (size >= b->size) {
        b->size = 0;
        return;
    }
    memmove(b->data, b->data + size, b->size - size);
    b->size -= size;
}

size_t buf_take(struct buf *b, void *to, size_t room)
{
    size_t size = b->size < room ? b->size : room;
    if (size > 0)
        memcpy(to, b->data, size);
    buf_consume(b, size);
    return size;
}

void buf_truncate(struct buf *b, size_t size)
{
    if (size >= b->size)
        return;
    b->size = size;
    size_t room = size > 0 ? size : 1; // 0 would free it
    char *data = buf_resize(b->memory, b->data, b->room, room);
    if (!data)
        return; // it stays as long as it is
    b->data = data;
    b->room = room;
}

void buf_clear(struct buf *b)
{
    b->size = 0;
}

void buf_free(struct buf *b)
{
    buf_resize(b->memory, b->data, b->room, 0);
    *b = (struct buf){ .memory = b->memory };
}
