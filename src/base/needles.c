#include "base/needles.h"

#include <stdlib.h>
#include <string.h>

struct needle_node {
    struct needle_hit hit;
    uint32_t parent;
    uint32_t fail; // the node of the longest word's beginning that the path to here ends with
    uint32_t depth;
    uint32_t child;           // the first one; most have no other
    unsigned char child_byte; // ... and where it leads on
    bool branches;            // there are more, among the edges
    unsigned char byte;
};

struct needle_edge {
    uint64_t key; // from << 8 | byte, plus 1; 0: free
    uint32_t to;
};

static uint64_t key_of(uint32_t from, unsigned char byte)
{
    return ((uint64_t)from << 8 | byte) + 1;
}

static struct needle_edge *slot_of(struct needle_edge *edges, uint32_t room, uint64_t key)
{
    uint32_t at = (uint32_t)((key * 0x9E3779B97F4A7C15U) >> 32) & (room - 1);
    while (edges[at].key != 0 && edges[at].key != key)
        at = (at + 1) & (room - 1);
    return &edges[at];
}

// 0 where no edge leads on, for none leads to the root.
static uint32_t follow(const struct needles *n, uint32_t from, unsigned char byte)
{
    if (from == 0)
        return n->root[byte];
    const struct needle_node *node = &n->nodes[from];
    if (node->child_byte == byte)
        return node->child; // 0 where it has none
    return node->branches ? slot_of(n->edges, n->edge_room, key_of(from, byte))->to : 0;
}

struct needles *needles_new(void)
{
    struct needles *n = calloc(1, sizeof *n);
    if (!n)
        return NULL;
    n->room = 64;
    n->edge_room = 64;
    n->nodes = calloc(n->room, sizeof *n->nodes);
    n->edges = calloc(n->edge_room, sizeof *n->edges);
    n->count = 1; // the root
    if (n->nodes && n->edges)
        return n;
    needles_free(n);
    return NULL;
}

void needles_free(struct needles *n)
{
    if (!n)
        return;
    free(n->nodes);
    free(n->edges);
    free(n);
}

static bool reserve_nodes(struct needles *n, size_t more)
{
    uint32_t room = n->room;
    while (room - n->count < more) {
        if (room > UINT32_MAX / 4)
            return false;
        room *= 2;
    }
    if (room == n->room)
        return true;
    struct needle_node *nodes = realloc(n->nodes, room * sizeof *nodes);
    if (!nodes)
        return false;
    n->nodes = nodes;
    n->room = room;
    return true;
}

// A word adds one edge at most: where it leaves the others.
static bool reserve_edge(struct needles *n)
{
    if (n->edge_count * 2 < n->edge_room)
        return true;
    uint32_t room = n->edge_room * 2;
    struct needle_edge *edges = calloc(room, sizeof *edges);
    if (!edges)
        return false;
    for (uint32_t i = 0; i < n->edge_room; i++) {
        if (n->edges[i].key != 0)
            *slot_of(edges, room, n->edges[i].key) = n->edges[i];
    }
    free(n->edges);
    n->edges = edges;
    n->edge_room = room;
    return true;
}

static uint32_t extend(struct needles *n, uint32_t from, unsigned char byte)
{
    uint32_t to = n->count++;
    n->nodes[to] =
        (struct needle_node){ .parent = from, .depth = n->nodes[from].depth + 1, .byte = byte };
    struct needle_node *node = &n->nodes[from];
    if (from == 0) {
        n->root[byte] = to;
    } else if (node->child == 0) {
        node->child = to;
        node->child_byte = byte;
    } else {
        node->branches = true;
        n->edge_count++;
        *slot_of(n->edges, n->edge_room, key_of(from, byte)) =
            (struct needle_edge){ key_of(from, byte), to };
    }
    return to;
}

// What is true of any word that ends here: all but the size.
static void join(struct needle_hit *hit, const struct needle_hit *other)
{
    if (other->more > hit->more)
        hit->more = other->more;
    hit->opens = hit->opens || other->opens;
    hit->hints = hit->hints || other->hints;
}

bool needles_add(struct needles *n, const char *bytes, size_t size, struct needle_hit what)
{
    if (!reserve_nodes(n, size) || !reserve_edge(n))
        return false;
    uint32_t at = 0;
    for (size_t i = 0; i < size; i++) {
        unsigned char byte = (unsigned char)bytes[i];
        uint32_t next = follow(n, at, byte);
        at = next != 0 ? next : extend(n, at, byte);
    }
    struct needle_hit *hit = &n->nodes[at].hit;
    if (what.size > 0)
        hit->size = (uint32_t)size;
    join(hit, &what);
    return true;
}

// The node that a byte leads to, from `state` or from the longest of its ends that has one.
static uint32_t advance(const struct needles *n, uint32_t state, unsigned char byte)
{
    uint32_t to = follow(n, state, byte);
    while (to == 0 && state != 0) {
        state = n->nodes[state].fail;
        to = follow(n, state, byte);
    }
    return to;
}

static void link_node(struct needles *n, uint32_t index)
{
    struct needle_node *node = &n->nodes[index];
    node->fail = node->parent == 0 ? 0 : advance(n, n->nodes[node->parent].fail, node->byte);
    const struct needle_hit *shorter = &n->nodes[node->fail].hit;
    if (node->hit.size == 0)
        node->hit.size = shorter->size;
    join(&node->hit, shorter);
}

bool needles_ready(struct needles *n)
{
    // By depth, for a node's fail is nearer to the root; counted, so that it is linear.
    uint32_t starts[NEEDLE_MOST + 2] = { 0 };
    uint32_t *order = malloc(n->count * sizeof *order);
    if (!order)
        return false;
    for (uint32_t i = 0; i < n->count; i++)
        starts[n->nodes[i].depth + 1]++;
    for (size_t depth = 1; depth < NEEDLE_MOST + 2; depth++)
        starts[depth] += starts[depth - 1];
    for (uint32_t i = 0; i < n->count; i++)
        order[starts[n->nodes[i].depth]++] = i;
    for (uint32_t i = 1; i < n->count; i++)
        link_node(n, order[i]);
    free(order);
    return true;
}

const struct needle_hit *needles_step(const struct needles *n, uint32_t *state, unsigned char byte)
{
    *state = advance(n, *state, byte);
    return &n->nodes[*state].hit;
}
