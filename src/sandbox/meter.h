/// Steps of C code on behalf of a recipe: counted where they are made, so that it can be stopped in
/// the middle of them.
#ifndef RCMCP_SANDBOX_METER_H
#define RCMCP_SANDBOX_METER_H

#include <stdbool.h>
#include <stddef.h>

/// A step is what takes some nanoseconds: an item of a pattern tried, a character tested, METER_RUN
/// bytes compared or copied.
enum {
    METER_STEPS = 1 << 14, ///< between two questions
    METER_RUN = 16,
    METER_PIECE = 1 << 16, ///< most bytes that are gone through before they are counted
};

struct meter {
    size_t left;                ///< steps until `is_over` is asked again
    bool (*is_over)(void *arg); ///< whether there is no time left; looks at a clock
    void *arg;
};

/// Counts steps; false: there is no time left.
static inline bool meter_spend(struct meter *m, size_t steps)
{
    if (steps < m->left) {
        m->left -= steps;
        return true;
    }
    m->left = METER_STEPS;
    return !m->is_over(m->arg);
}

/// Counts that so many bytes are compared or copied.
static inline bool meter_spend_bytes(struct meter *m, size_t bytes)
{
    return meter_spend(m, bytes / METER_RUN + 1);
}

/// The meter, or in the place of NULL, the host's own code, one that is never over.
struct meter *meter_or_endless(struct meter *m);

/// memcmp() in pieces.  False: there is no time left, and `order` is not set.
bool meter_compare(struct meter *m, const void *a, const void *b, size_t size, int *order);

/// memchr() in pieces, NULL also where there is no time left: then `stopped` becomes true.
const unsigned char *meter_find(struct meter *m, const unsigned char *from,
                                const unsigned char *end, unsigned char c, bool *stopped);

#endif
