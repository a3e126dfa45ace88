/// Lua's patterns (section 6.4.1 of the manual of Lua 5.4): the matcher of find, match, gmatch and
/// gsub of recipes.  What it finds, and what it refuses, is what Lua's own does, which backtracks
/// without a limit and cannot be stopped; each step of this one is counted, so it can.
#ifndef RCMCP_SANDBOX_MATCHER_H
#define RCMCP_SANDBOX_MATCHER_H

#include "sandbox/charset.h"
#include "sandbox/meter.h"

#include <stdbool.h>
#include <stddef.h>

/// As Lua has them: LUA_MAXCAPTURES of luaconf.h, MAXCCALLS of lstrlib.c.
enum { MATCHER_CAPTURES = 32, MATCHER_DEPTH = 200, MATCHER_SETS = 8 };

/// Sizes of captures that are no texts.
enum { MATCHER_OPEN = -1, MATCHER_POSITION = -2 };

struct matcher_capture {
    const unsigned char *start;
    ptrdiff_t size;
};

enum matcher_state {
    MATCHER_GOING,
    MATCHER_FAULTY,  ///< the pattern is: see `fault`
    MATCHER_STOPPED, ///< there is no time left
};

/// The latest sets that were read, by where they stand in the pattern.
struct matcher_set {
    const unsigned char *from, *close;
    struct charset chars;
};

struct matcher {
    struct meter *meter;
    const unsigned char *subject, *subject_end;
    const unsigned char *pattern, *pattern_end; ///< behind the "^" of an anchored one
    bool anchored;
    enum matcher_state state;
    const char *fault; ///< a format; `fault_index` is for its "%d"
    int fault_index;
    unsigned depth;
    const unsigned char *from; ///< where the latest match begins
    const unsigned char *to;   ///< where it ends; NULL: there was none yet
    unsigned level;            ///< its captures
    struct matcher_capture captures[MATCHER_CAPTURES];
    struct matcher_set sets[MATCHER_SETS];
};

/// Makes a matcher ready.  `anchor`: whether "^" at the pattern's beginning is special (not for
/// gmatch).  The texts must live as long as it.
void matcher_begin(struct matcher *m, const char *subject, size_t subject_size, const char *pattern,
                   size_t pattern_size, bool anchor);

/// Looks for the first match from the offset `at` on, but for an empty one where the latest match
/// ended.  False: there is none, or `state` says what happened.
bool matcher_next(struct matcher *m, size_t at);

/// Finds a text as it is: its offset from `subject`, or -1; -1 and `stopped` true: no time is left.
ptrdiff_t matcher_find_plain(struct meter *meter, const char *subject, size_t subject_size,
                             const char *wanted, size_t wanted_size, bool *stopped);

/// Whether nothing in a pattern is special.
bool matcher_is_plain(const char *pattern, size_t size);

#endif
