#include "sandbox/meter.h"

#include <string.h>

static bool is_never_over(void *arg)
{
    (void)arg;
    return false;
}

struct meter *meter_or_endless(struct meter *m)
{
    static struct meter endless = { .left = METER_STEPS, .is_over = is_never_over };
    return m ? m : &endless;
}

static size_t piece_of(size_t left)
{
    return left < METER_PIECE ? left : METER_PIECE;
}

bool meter_compare(struct meter *m, const void *a, const void *b, size_t size, int *order)
{
    const unsigned char *x = a, *y = b;
    *order = 0;
    for (size_t done = 0; done < size && *order == 0;) {
        size_t piece = piece_of(size - done);
        if (!meter_spend_bytes(m, piece))
            return false;
        *order = memcmp(x + done, y + done, piece);
        done += piece;
    }
    return true;
}

const unsigned char *meter_find(struct meter *m, const unsigned char *from,
                                const unsigned char *end, unsigned char c, bool *stopped)
{
    while (from < end) {
        size_t piece = piece_of((size_t)(end - from));
        const unsigned char *found = memchr(from, c, piece);
        if (!meter_spend_bytes(m, found ? (size_t)(found - from) : piece)) {
            *stopped = true;
            return NULL;
        }
        if (found)
            return found;
        from += piece;
    }
    return NULL;
}
