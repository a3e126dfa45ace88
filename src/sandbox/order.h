/// The order in which a recipe meets the keys of a table: the same in every process, where Lua's
/// own follows addresses and a random seed.
///
/// 1, 2, 3 …, other numbers, strings bytewise, false, true, and then objects as they were made.
#ifndef RCMCP_SANDBOX_ORDER_H
#define RCMCP_SANDBOX_ORDER_H

#include "sandbox/meter.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum order_class {
    ORDER_POSITION, ///< an integer from 1 on
    ORDER_NUMBER,
    ORDER_STRING,
    ORDER_BOOLEAN,
    ORDER_NAMED, ///< an object without a serial, by the number of its name
    ORDER_OBJECT,
};

struct order_key {
    uint32_t index; ///< for whoever sorts
    uint16_t class; ///< enum order_class
    bool is_float;  ///< of ORDER_NUMBER
    uint64_t rank;  ///< tells most keys of a class apart: see the functions below
    union {
        int64_t integer;
        double number;
        struct {
            const char *text;
            size_t size;
        } string;
    };
};

void order_of_integer(struct order_key *key, int64_t value);
void order_of_float(struct order_key *key, double value);

/// `text` must live as long as the key.
void order_of_string(struct order_key *key, const char *text, size_t size);

/// Of the other classes, by a number.
void order_of_number(struct order_key *key, enum order_class class, uint64_t number);

/// Whether `a` comes before `b` (negative), after it (positive), or is the same key.  False: there
/// is no time left, and `order` is not set.
bool order_compare(struct meter *meter, const struct order_key *a, const struct order_key *b,
                   int *order);

/// Sorts keys that differ.  False: there is no time left.
bool order_sort(struct meter *meter, struct order_key *keys, size_t count);

/// A place in the order while it is found.
struct order_place {
    uint64_t rank;
    size_t at;
};

/// The same of many keys, in room for two places each: goes by their ranks first, digit by digit,
/// which takes a third of the time.
bool order_sort_many(struct meter *meter, struct order_key *keys, size_t count,
                     struct order_place *room);

/// How many of sorted keys come before `key` or are it.  False: there is no time left.
bool order_search(struct meter *meter, const struct order_key *keys, size_t count,
                  const struct order_key *key, size_t *behind);

#endif
