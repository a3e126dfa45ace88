/// Finds many words in a text in one pass (Aho and Corasick, 1975): the time is linear in the text,
/// whatever the words are and however many there are.
#ifndef RCMCP_BASE_NEEDLES_H
#define RCMCP_BASE_NEEDLES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { NEEDLE_MOST = 256 }; ///< bytes of a word

/// What ends at a byte of the text.
struct needle_hit {
    uint32_t size; ///< bytes of the longest word that ends here; 0: none
    uint32_t more; ///< how many bytes behind it belong to it, too
    bool opens;    ///< a word ends here that announces something
    bool hints;    ///< a word ends here that may mean something
};

struct needle_node;
struct needle_edge;

/// The fields are its own, but for `root`.
struct needles {
    struct needle_node *nodes;
    uint32_t count, room;
    struct needle_edge *edges; // open addressing, a power of two
    uint32_t edge_count, edge_room;
    uint32_t root[256]; ///< 0: no word begins with that byte
};

/// A new, empty set; NULL when memory is out.
struct needles *needles_new(void);
void needles_free(struct needles *n);

/// Adds a word of 1 to NEEDLE_MOST bytes, before needles_ready().  False when memory is out.
bool needles_add(struct needles *n, const char *bytes, size_t size, struct needle_hit what);

/// Makes the set ready for needles_step(); false when memory is out.
bool needles_ready(struct needles *n);

/// Takes the next byte of a text; *state is 0 before the first one.  The hit's `size` is that of
/// the word found, its `more`, `opens` and `hints` those of any word that ends here.
const struct needle_hit *needles_step(const struct needles *n, uint32_t *state, unsigned char byte);

#endif
