#include "sandbox/order.h"

#include <string.h>

enum { FEW = 12 }; // keys that are put in their places one by one

// A number as bits that are in order.  What lies too close together for a double has the same.
static uint64_t rank_of_double(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits >> 63 ? ~bits : bits | UINT64_C(1) << 63;
}

void order_of_integer(struct order_key *key, int64_t value)
{
    key->class = value >= 1 ? ORDER_POSITION : ORDER_NUMBER;
    key->is_float = false;
    key->integer = value;
    key->rank = value >= 1 ? (uint64_t)value : rank_of_double((double)value);
}

void order_of_float(struct order_key *key, double value)
{
    key->class = ORDER_NUMBER;
    key->is_float = true;
    key->number = value;
    key->rank = rank_of_double(value);
}

void order_of_string(struct order_key *key, const char *text, size_t size)
{
    key->class = ORDER_STRING;
    key->string.text = text;
    key->string.size = size;
    key->rank = 0;
    for (size_t i = 0; i < sizeof key->rank; i++)
        key->rank = key->rank << 8 | (i < size ? (unsigned char)text[i] : 0);
}

void order_of_number(struct order_key *key, enum order_class class, uint64_t number)
{
    key->class = (uint16_t) class;
    key->rank = number;
}

static int sign(bool less, bool more)
{
    return (int)more - (int)less;
}

// An integer beside a float that is none: Lua makes integers of those floats that are whole.
static int compare_mixed(int64_t integer, double number)
{
    if (number >= 0x1p63)
        return -1;
    if (number < -0x1p63)
        return 1;
    int64_t whole = (int64_t)number; // towards 0
    if (integer != whole)
        return integer < whole ? -1 : 1;
    return sign(number > (double)whole, number < (double)whole);
}

static int compare_numbers(const struct order_key *a, const struct order_key *b)
{
    if (a->is_float && b->is_float)
        return sign(a->number<b->number, a->number> b->number);
    if (a->is_float)
        return -compare_mixed(b->integer, a->number);
    if (b->is_float)
        return compare_mixed(a->integer, b->number);
    return sign(a->integer<b->integer, a->integer> b->integer);
}

static bool compare_strings(struct meter *meter, const struct order_key *a,
                            const struct order_key *b, int *order)
{
    size_t x = a->string.size, y = b->string.size;
    if (!meter_compare(meter, a->string.text, b->string.text, x < y ? x : y, order))
        return false;
    if (*order == 0)
        *order = sign(x<y, x> y);
    return true;
}

// Keys of one class and rank.
static bool compare_closely(struct meter *meter, const struct order_key *a,
                            const struct order_key *b, int *order)
{
    *order = 0;
    if (a->class == ORDER_STRING)
        return compare_strings(meter, a, b, order);
    if (a->class == ORDER_NUMBER)
        *order = compare_numbers(a, b);
    return true;
}

bool order_compare(struct meter *meter, const struct order_key *a, const struct order_key *b,
                   int *order)
{
    if (a->class != b->class)
        *order = a->class < b->class ? -1 : 1;
    else if (a->rank != b->rank)
        *order = a->rank < b->rank ? -1 : 1;
    else
        return compare_closely(meter, a, b, order);
    return true;
}

struct sort {
    struct meter *meter;
    struct order_key *keys;
};

// False: there is no time left.
static bool is_less(const struct sort *s, const struct order_key *a, const struct order_key *b,
                    bool *less)
{
    int order;
    if (!meter_spend(s->meter, 1) || !order_compare(s->meter, a, b, &order))
        return false;
    *less = order < 0;
    return true;
}

static void swap(struct order_key *a, struct order_key *b)
{
    struct order_key kept = *a;
    *a = *b;
    *b = kept;
}

static bool insert_all(const struct sort *s, size_t from, size_t to)
{
    for (size_t i = from + 1; i < to; i++) {
        struct order_key key = s->keys[i];
        size_t at = i;
        bool less = true;
        for (; at > from; at--) {
            if (!is_less(s, &key, &s->keys[at - 1], &less))
                return false;
            if (!less)
                break;
            s->keys[at] = s->keys[at - 1];
        }
        s->keys[at] = key;
    }
    return true;
}

// Puts the key at `at` where it belongs in a heap of `count` keys from `from` on.
static bool sift(const struct sort *s, size_t from, size_t count, size_t at)
{
    struct order_key *heap = s->keys + from;
    for (size_t child; (child = 2 * at + 1) < count; at = child) {
        bool less = false;
        if (child + 1 < count) {
            if (!is_less(s, &heap[child], &heap[child + 1], &less))
                return false;
            child += less;
        }
        if (!is_less(s, &heap[at], &heap[child], &less))
            return false;
        if (!less)
            break;
        swap(&heap[at], &heap[child]);
    }
    return true;
}

static bool sort_heap(const struct sort *s, size_t from, size_t to)
{
    size_t count = to - from;
    for (size_t i = count / 2; i-- > 0;) {
        if (!sift(s, from, count, i))
            return false;
    }
    while (count-- > 1) {
        swap(&s->keys[from], &s->keys[from + count]);
        if (!sift(s, from, count, 0))
            return false;
    }
    return true;
}

// Puts the middle one of three keys first.
static bool choose_pivot(const struct sort *s, size_t from, size_t to)
{
    struct order_key *first = &s->keys[from], *middle = &s->keys[from + (to - from) / 2];
    struct order_key *last = &s->keys[to - 1];
    bool less = false;
    if (!is_less(s, middle, last, &less))
        return false;
    if (!less)
        swap(middle, last); // middle < last
    if (!is_less(s, first, middle, &less))
        return false;
    if (less) { // first < middle < last
        swap(first, middle);
        return true;
    }
    if (!is_less(s, last, first, &less))
        return false;
    if (less)
        swap(first, last);
    return true;
}

// Parts the keys by the first of them; `at` is where that is then.
static bool part(const struct sort *s, size_t from, size_t to, size_t *at)
{
    if (!choose_pivot(s, from, to))
        return false;
    struct order_key *keys = s->keys;
    size_t low = from + 1, high = to - 1;
    for (;;) {
        bool less = true;
        while (low <= high) {
            if (!is_less(s, &keys[low], &keys[from], &less))
                return false;
            if (!less)
                break;
            low++;
        }
        while (low <= high) {
            if (!is_less(s, &keys[from], &keys[high], &less))
                return false;
            if (!less)
                break;
            high--;
        }
        if (low >= high)
            break;
        swap(&keys[low++], &keys[high--]);
    }
    swap(&keys[from], &keys[high]);
    *at = high;
    return true;
}

// Quicksort, which goes over to a heap where it would become quadratic.
static bool sort_span(const struct sort *s, size_t from, size_t to, unsigned depth)
{
    while (to - from > FEW) {
        size_t at;
        if (depth-- == 0)
            return sort_heap(s, from, to);
        if (!part(s, from, to, &at))
            return false;
        bool left_is_smaller = at - from < to - at;
        size_t first = left_is_smaller ? from : at + 1, end = left_is_smaller ? at : to;
        if (!sort_span(s, first, end, depth))
            return false;
        from = left_is_smaller ? at + 1 : from;
        to = left_is_smaller ? to : at;
    }
    return insert_all(s, from, to);
}

static bool sort_from(struct meter *meter, struct order_key *keys, size_t from, size_t to)
{
    struct sort s = { meter, keys };
    unsigned depth = 2;
    for (size_t n = to - from; n > 0; n >>= 1)
        depth += 2;
    return sort_span(&s, from, to, depth);
}

bool order_sort(struct meter *meter, struct order_key *keys, size_t count)
{
    return sort_from(meter, keys, 0, count);
}

// By digits of ranks
// ------------------------------------------------------------------------------------------

enum { DIGIT = 8, DIGITS = 1 << DIGIT }; // bits, and how many there are

// The bits in which ranks differ; false: the classes do.
static bool differing_bits(const struct order_key *keys, size_t count, uint64_t *bits)
{
    *bits = 0;
    for (size_t i = 1; i < count; i++) {
        if (keys[i].class != keys[0].class)
            return false;
        *bits |= keys[i].rank ^ keys[0].rank;
    }
    return true;
}

// Goes from one half of the room to the other, in the order of one digit, and as it was for the
// rest.
static void sort_by_digit(const struct order_place *from, struct order_place *to, size_t count,
                          unsigned shift)
{
    size_t next[DIGITS] = { 0 }, sum = 0;
    for (size_t i = 0; i < count; i++)
        next[from[i].rank >> shift & (DIGITS - 1)]++;
    for (unsigned digit = 0; digit < DIGITS; digit++) {
        size_t many = next[digit];
        next[digit] = sum;
        sum += many;
    }
    for (size_t i = 0; i < count; i++)
        to[next[from[i].rank >> shift & (DIGITS - 1)]++] = from[i];
}

// Moves each key to its place, along the circles in which they have each other's.
static void move_to(struct order_place *places, struct order_key *keys, size_t count)
{
    for (size_t first = 0; first < count; first++) {
        struct order_key kept = keys[first];
        size_t hole = first;
        while (places[hole].at != first) {
            size_t source = places[hole].at;
            keys[hole] = keys[source];
            places[hole].at = hole;
            hole = source;
        }
        keys[hole] = kept;
        places[hole].at = hole;
    }
}

// Those whose ranks are the same stand beside each other.
static bool sort_equals(struct meter *meter, struct order_key *keys, size_t count)
{
    for (size_t from = 0, to = 1; from < count; from = to++) {
        while (to < count && keys[to].rank == keys[from].rank)
            to++;
        if (to - from > 1 && !sort_from(meter, keys, from, to))
            return false;
    }
    return true;
}

bool order_sort_many(struct meter *meter, struct order_key *keys, size_t count,
                     struct order_place *room)
{
    uint64_t bits;
    if (!differing_bits(keys, count, &bits))
        return order_sort(meter, keys, count);
    struct order_place *from = room, *to = room + count;
    for (size_t i = 0; i < count; i++)
        from[i] = (struct order_place){ keys[i].rank, i };
    for (unsigned shift = 0; shift < 64; shift += DIGIT) {
        if (!(bits >> shift & (DIGITS - 1)))
            continue;
        if (!meter_spend(meter, count))
            return false;
        sort_by_digit(from, to, count, shift);
        struct order_place *sorted = to;
        to = from;
        from = sorted;
    }
    move_to(from, keys, count);
    return sort_equals(meter, keys, count);
}

bool order_search(struct meter *meter, const struct order_key *keys, size_t count,
                  const struct order_key *key, size_t *behind)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order;
        if (!meter_spend(meter, 1) || !order_compare(meter, &keys[middle], key, &order))
            return false;
        if (order <= 0)
            low = middle + 1;
        else
            high = middle;
    }
    *behind = low;
    return true;
}
