#include "base/memory.h"

#include <stdint.h>
#include <stdlib.h>

struct memory memory_account = {
    .ceiling = SIZE_MAX,
    .large = { SIZE_MAX, SIZE_MAX, SIZE_MAX },
    .high = SIZE_MAX,
};

void memory_set_ceiling(size_t bytes)
{
    memory_account.ceiling = bytes ? bytes : SIZE_MAX;
    memory_account.large[MEMORY_INPUT] = bytes ? bytes - bytes / 8 : SIZE_MAX;
    memory_account.large[MEMORY_LUA] = bytes ? bytes - bytes / 16 : SIZE_MAX;
    memory_account.large[MEMORY_OUTPUT] = memory_account.ceiling;
}

size_t memory_ceiling(void)
{
    return memory_account.ceiling == SIZE_MAX ? 0 : memory_account.ceiling;
}

size_t memory_used(void)
{
    return memory_account.used;
}

void memory_set_hooks(void (*watch)(void *arg), bool (*collect)(void *arg), void *arg)
{
    memory_account.watch = watch;
    memory_account.collect = collect;
    memory_account.arg = arg;
    memory_watch_range(0, SIZE_MAX);
}

void memory_watch_range(size_t low, size_t high)
{
    memory_account.low = low;
    memory_account.high = high;
}

void memory_left_range(void)
{
    memory_watch_range(0, SIZE_MAX);
    if (memory_account.watch)
        memory_account.watch(memory_account.arg);
}

static bool may_grow(enum memory_use use, size_t growth, size_t size)
{
    if (memory_may_grow(use, growth, size))
        return true;
    // Lua collects by itself before it gives up, and what goes out is written from inside of it.
    bool collected =
        use == MEMORY_INPUT && memory_account.collect && memory_account.collect(memory_account.arg);
    return collected && memory_may_grow(use, growth, size);
}

void *memory_resize(enum memory_use use, void *block, size_t size, size_t new_size)
{
    if (new_size > size && !may_grow(use, new_size - size, new_size))
        return NULL;
    void *moved = buf_resize(NULL, block, size, new_size);
    if (moved || new_size == 0)
        memory_count(size, new_size);
    return moved;
}

static void *resize_input(void *arg, void *block, size_t size, size_t new_size)
{
    (void)arg;
    return memory_resize(MEMORY_INPUT, block, size, new_size);
}

static void *resize_output(void *arg, void *block, size_t size, size_t new_size)
{
    (void)arg;
    return memory_resize(MEMORY_OUTPUT, block, size, new_size);
}

const struct buf_memory memory_of_input = { resize_input, NULL };
const struct buf_memory memory_of_output = { resize_output, NULL };
