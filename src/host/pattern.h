/// How long a Lua pattern takes: walks it over a subject as Lua's own matcher does, counting steps.
/// Lua's matcher backtracks without a limit and cannot be interrupted; this one can.
#ifndef RCMCP_HOST_PATTERN_H
#define RCMCP_HOST_PATTERN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PATTERN_ITEMS = 512, PATTERN_CAPTURES = 32 };

enum pattern_kind {
    PATTERN_SINGLE,   ///< a character of `set`, as often as `quantifier` says
    PATTERN_OPEN,     ///< "("
    PATTERN_POSITION, ///< "()"
    PATTERN_CLOSE,    ///< ")"
    PATTERN_BALANCE,  ///< "%bxy"
    PATTERN_FRONTIER, ///< "%f[set]"
    PATTERN_BACK,     ///< "%1"
    PATTERN_END,      ///< "$" at the end
};

struct pattern_item {
    enum pattern_kind kind;
    char quantifier;    ///< '*', '+', '-', '?' or 0
    unsigned char a, b; ///< of PATTERN_BALANCE; a of PATTERN_BACK: the capture, from 0
    uint64_t set[4];    ///< a bit a character
    size_t length;      ///< bytes of a set's text: Lua reads all of it at each character
};

struct pattern {
    size_t count;
    bool anchored; ///< begins with "^"
    struct pattern_item items[PATTERN_ITEMS];
};

enum pattern_fault { PATTERN_GOOD, PATTERN_MALFORMED, PATTERN_TOO_LONG };

/// Reads a pattern.  `anchor`: whether "^" at its beginning is special (not for gmatch).
enum pattern_fault pattern_read(struct pattern *p, const char *text, size_t size, bool anchor);

struct pattern_walk {
    const struct pattern *pattern;
    const char *subject;
    size_t size;
    size_t from;      ///< offset of the first attempt
    uint64_t matches; ///< stop after so many
    /// Asked now and then; false ends the walk.  `hidden`: nanoseconds that Lua's matcher will need
    /// so far for what the walk did at a glance, and no clock has seen.
    bool (*go_on)(void *arg, int64_t hidden);
    void *arg;
};

/// Whether the walk came to its end: the matches were found, or there are no more.
bool pattern_walk(const struct pattern_walk *walk);

/// An upper bound of the steps that a pattern takes on a subject of that size, told at a glance.
double pattern_worst(const char *text, size_t size, size_t subject);

#endif
