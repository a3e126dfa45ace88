#include "host/pattern.h"

#include <ctype.h>
#include <string.h>

enum {
    DEPTH = 400,       // Lua gives a pattern up at 200
    BYTE_TIME = 2,     // nanoseconds in which Lua's matcher reads a byte of a set, measured
    PATIENCE = 1 << 14 // steps between two questions whether to go on
};

// Reading
// ------------------------------------------------------------------------------------------

struct cursor {
    const unsigned char *at, *end;
};

static void add(uint64_t set[4], unsigned char c)
{
    set[c >> 6] |= UINT64_C(1) << (c & 63);
}

static bool has(const uint64_t set[4], unsigned char c)
{
    return set[c >> 6] >> (c & 63) & 1;
}

typedef int class_test(int c);

// "%z" is not in Lua's manual any more, but its matcher has it.
static int is_zero(int c)
{
    return c == 0;
}

static class_test *find_class(int letter)
{
    switch (letter) {
    case 'a':
        return isalpha;
    case 'c':
        return iscntrl;
    case 'd':
        return isdigit;
    case 'g':
        return isgraph;
    case 'l':
        return islower;
    case 'p':
        return ispunct;
    case 's':
        return isspace;
    case 'u':
        return isupper;
    case 'w':
        return isalnum;
    case 'x':
        return isxdigit;
    case 'z':
        return is_zero;
    default:
        return NULL;
    }
}

// Adds what "%c" stands for.
static void add_escape(uint64_t set[4], unsigned char c)
{
    class_test *is = find_class(tolower(c));
    if (!is) {
        add(set, c);
        return;
    }
    for (int i = 0; i < 256; i++) {
        if ((is(i) != 0) == (islower(c) != 0))
            add(set, (unsigned char)i);
    }
}

static void add_range(uint64_t set[4], unsigned char first, unsigned char last)
{
    for (int i = first; i <= last; i++)
        add(set, (unsigned char)i);
}

// The "]" that closes the set whose first character is at `p`; NULL: there is none.
static const unsigned char *find_close(const unsigned char *p, const unsigned char *end)
{
    do { // the first character stands for itself, also a "]"
        if (p == end)
            return NULL;
        if (*p++ == '%' && p < end)
            p++;
    } while (p == end || *p != ']');
    return p;
}

// Reads what stands behind "[", up to and with "]".
static bool read_set(struct cursor *c, uint64_t set[4])
{
    bool negated = c->at < c->end && *c->at == '^';
    const unsigned char *p = c->at + negated, *close = find_close(p, c->end);
    if (!close)
        return false;
    for (; p < close; p++) {
        if (*p == '%') {
            add_escape(set, *++p);
        } else if (p[1] == '-' && p + 2 < close) {
            add_range(set, p[0], p[2]);
            p += 2;
        } else {
            add(set, *p);
        }
    }
    for (int i = 0; negated && i < 4; i++)
        set[i] = ~set[i];
    c->at = close + 1;
    return true;
}

static bool read_sized_set(struct cursor *c, struct pattern_item *item)
{
    const unsigned char *from = c->at;
    if (!read_set(c, item->set))
        return false;
    item->length = (size_t)(c->at - from);
    return true;
}

static bool read_balance(struct cursor *c, struct pattern_item *item)
{
    item->kind = PATTERN_BALANCE;
    if (c->end - c->at < 2)
        return false;
    item->a = c->at[0];
    item->b = c->at[1];
    c->at += 2;
    return true;
}

static bool read_escape(struct cursor *c, struct pattern_item *item)
{
    if (c->at == c->end)
        return false;
    unsigned char ch = *c->at++;
    if (ch == 'b')
        return read_balance(c, item);
    if (ch == 'f') {
        item->kind = PATTERN_FRONTIER;
        return c->at < c->end && *c->at++ == '[' && read_sized_set(c, item);
    }
    if (isdigit(ch)) {
        item->kind = PATTERN_BACK;
        item->a = (unsigned char)(ch - '1'); // "%0" gives 255, which no capture has
        return true;
    }
    add_escape(item->set, ch);
    return true;
}

static void read_quantifier(struct cursor *c, struct pattern_item *item)
{
    if (c->at < c->end && *c->at != 0 && strchr("*+-?", *c->at))
        item->quantifier = (char)*c->at++;
}

static bool read_item(struct cursor *c, struct pattern_item *item)
{
    unsigned char ch = *c->at++;
    item->kind = PATTERN_SINGLE;
    if (ch == '(') {
        bool position = c->at < c->end && *c->at == ')';
        item->kind = position ? PATTERN_POSITION : PATTERN_OPEN;
        c->at += position;
        return true;
    }
    if (ch == ')' || (ch == '$' && c->at == c->end)) {
        item->kind = ch == ')' ? PATTERN_CLOSE : PATTERN_END;
        return true;
    }
    bool good = true;
    if (ch == '%')
        good = read_escape(c, item);
    else if (ch == '[')
        good = read_sized_set(c, item);
    else if (ch == '.')
        memset(item->set, 0xFF, sizeof item->set);
    else
        add(item->set, ch);
    if (good && item->kind == PATTERN_SINGLE)
        read_quantifier(c, item);
    return good;
}

enum pattern_fault pattern_read(struct pattern *p, const char *text, size_t size, bool anchor)
{
    struct cursor c = { (const unsigned char *)text, (const unsigned char *)text + size };
    p->count = 0;
    p->anchored = anchor && size > 0 && text[0] == '^';
    c.at += p->anchored;
    while (c.at < c.end) {
        if (p->count == PATTERN_ITEMS)
            return PATTERN_TOO_LONG;
        struct pattern_item *item = &p->items[p->count++];
        memset(item, 0, sizeof *item);
        if (!read_item(&c, item))
            return PATTERN_MALFORMED;
    }
    return PATTERN_GOOD;
}

// Walking
// ------------------------------------------------------------------------------------------

enum { CAPTURE_OPEN = -1, CAPTURE_POSITION = -2 };

struct capture {
    const unsigned char *start;
    ptrdiff_t size;
};

struct walker {
    const struct pattern *pattern;
    const struct pattern_walk *walk;
    const unsigned char *begin, *end;
    unsigned level; // captures begun
    unsigned depth;
    uint64_t steps;
    int64_t hidden;            // nanoseconds, see struct pattern_walk
    uint64_t ask;              // steps at which to ask whether to go on
    bool stopped;              // told to, or Lua itself would raise an error here
    bool refused;              // told to
    uint64_t found;            // matches
    const unsigned char *last; // where the last of them ends
    struct capture captures[PATTERN_CAPTURES];
};

static const unsigned char *stop(struct walker *w)
{
    w->stopped = true;
    return NULL;
}

// Counts steps; false: stop.
static bool count(struct walker *w, size_t steps)
{
    w->steps += steps;
    if (w->steps < w->ask)
        return !w->stopped;
    w->ask = w->steps + PATIENCE;
    if (!w->walk->go_on(w->walk->arg, w->hidden))
        w->stopped = w->refused = true;
    return !w->stopped;
}

// Counts that Lua's matcher reads the text of the item's set so many times; false: stop.
static bool count_set(struct walker *w, const struct pattern_item *item, size_t times)
{
    if (item->length == 0)
        return !w->stopped;
    size_t bytes = item->length * times;
    w->hidden += (int64_t)bytes * BYTE_TIME;
    return count(w, bytes / 4);
}

static const unsigned char *match(struct walker *w, const unsigned char *s, size_t at);

static const unsigned char *deeper(struct walker *w, const unsigned char *s, size_t at)
{
    if (w->depth == DEPTH)
        return stop(w);
    w->depth++;
    const unsigned char *end = match(w, s, at);
    w->depth--;
    return end;
}

static bool fits(const struct walker *w, const struct pattern_item *item, const unsigned char *s)
{
    return s < w->end && has(item->set, *s);
}

static const unsigned char *match_most(struct walker *w, const unsigned char *s, size_t at)
{
    const struct pattern_item *item = &w->pattern->items[at];
    ptrdiff_t least = item->quantifier == '+', n = 0;
    while (fits(w, item, s + n))
        n++;
    if (!count(w, (size_t)n) || !count_set(w, item, (size_t)n + 1))
        return NULL;
    for (; n >= least && !w->stopped; n--) {
        const unsigned char *end = deeper(w, s + n, at + 1);
        if (end)
            return end;
    }
    return NULL;
}

static const unsigned char *match_least(struct walker *w, const unsigned char *s, size_t at)
{
    const struct pattern_item *item = &w->pattern->items[at];
    for (; !w->stopped; s++) {
        const unsigned char *end = deeper(w, s, at + 1);
        if (end)
            return end;
        if (!fits(w, item, s) || !count_set(w, item, 1))
            return NULL;
    }
    return NULL;
}

static const unsigned char *match_balance(struct walker *w, const unsigned char *s,
                                          const struct pattern_item *item)
{
    if (s >= w->end || *s != item->a)
        return NULL;
    size_t open = 1;
    for (const unsigned char *t = s + 1; t < w->end; t++) {
        if (*t == item->b) {
            if (--open == 0)
                return count(w, (size_t)(t - s)) ? t + 1 : NULL;
        } else if (*t == item->a) {
            open++;
        }
    }
    count(w, (size_t)(w->end - s));
    return NULL;
}

static const unsigned char *match_back(struct walker *w, const unsigned char *s,
                                       const struct pattern_item *item)
{
    if (item->a >= w->level || w->captures[item->a].size == CAPTURE_OPEN)
        return stop(w);
    if (w->captures[item->a].size < 0)
        return NULL;
    size_t size = (size_t)w->captures[item->a].size;
    if (!count(w, size / 16) || (size_t)(w->end - s) < size ||
        memcmp(w->captures[item->a].start, s, size) != 0)
        return NULL;
    return s + size;
}

static bool at_frontier(const struct walker *w, const unsigned char *s,
                        const struct pattern_item *item)
{
    unsigned char before = s == w->begin ? 0 : s[-1];
    unsigned char here = s == w->end ? 0 : *s;
    return !has(item->set, before) && has(item->set, here);
}

static const unsigned char *match_open(struct walker *w, const unsigned char *s, size_t at)
{
    if (w->level == PATTERN_CAPTURES)
        return stop(w);
    bool position = w->pattern->items[at].kind == PATTERN_POSITION;
    w->captures[w->level].start = s;
    w->captures[w->level].size = position ? CAPTURE_POSITION : CAPTURE_OPEN;
    w->level++;
    const unsigned char *end = deeper(w, s, at + 1);
    if (!end)
        w->level--;
    return end;
}

static const unsigned char *match_close(struct walker *w, const unsigned char *s, size_t at)
{
    unsigned i = w->level;
    while (i > 0 && w->captures[i - 1].size != CAPTURE_OPEN)
        i--;
    if (i == 0)
        return stop(w);
    struct capture *open = &w->captures[i - 1];
    open->size = s - open->start;
    const unsigned char *end = deeper(w, s, at + 1);
    if (!end)
        open->size = CAPTURE_OPEN;
    return end;
}

// Where the match of the items from `at` on ends; NULL: there is none, or the walk was stopped.
static const unsigned char *match(struct walker *w, const unsigned char *s, size_t at)
{
    for (; at < w->pattern->count; at++) {
        const struct pattern_item *item = &w->pattern->items[at];
        if (!count(w, 1) || !count_set(w, item, 2)) // to find its end, and to test a character
            return NULL;
        switch (item->kind) {
        case PATTERN_OPEN:
        case PATTERN_POSITION:
            return match_open(w, s, at);
        case PATTERN_CLOSE:
            return match_close(w, s, at);
        case PATTERN_BALANCE:
            s = match_balance(w, s, item);
            break;
        case PATTERN_BACK:
            s = match_back(w, s, item);
            break;
        case PATTERN_FRONTIER:
            s = at_frontier(w, s, item) ? s : NULL;
            break;
        case PATTERN_END:
            s = s == w->end ? s : NULL;
            break;
        case PATTERN_SINGLE:
            if (!fits(w, item, s)) {
                if (item->quantifier == 0 || item->quantifier == '+')
                    return NULL;
                break;
            }
            if (item->quantifier == '*' || item->quantifier == '+')
                return match_most(w, s, at);
            if (item->quantifier == '-')
                return match_least(w, s, at);
            if (item->quantifier == 0) {
                s++;
                break;
            }
            const unsigned char *end = deeper(w, s + 1, at + 1);
            if (end)
                return end;
            break;
        }
        if (!s)
            return NULL;
    }
    return s;
}

// Makes the attempts that find, gmatch and gsub make.
static void walk_all(struct walker *w)
{
    for (const unsigned char *s = w->begin + w->walk->from; s <= w->end && !w->stopped;) {
        w->level = 0;
        const unsigned char *end = match(w, s, 0);
        if (end && end != w->last) {
            s = w->last = end;
            if (++w->found == w->walk->matches)
                break;
        } else {
            s++;
        }
        if (w->pattern->anchored)
            break;
    }
}

static struct walker begin_walk(const struct pattern_walk *walk)
{
    const unsigned char *subject = (const unsigned char *)walk->subject;
    return (struct walker){
        .pattern = walk->pattern,
        .walk = walk,
        .begin = subject,
        .end = subject + walk->size,
        .ask = PATIENCE,
    };
}

bool pattern_walk(const struct pattern_walk *walk)
{
    struct walker w = begin_walk(walk);
    walk_all(&w);
    return !w.refused;
}

double pattern_worst(const char *text, size_t size, size_t subject)
{
    // Each place is tried twice at most: where a match has ended, and as the next after that.
    double length = (double)subject + 1, steps = 2 * length * ((double)size + 1);
    for (size_t i = 0; i < size && steps < 1e18; i++) {
        bool escaped = text[i] == '%' && i + 1 < size;
        if (strchr("*+-?", text[i]) || (escaped && (text[i + 1] == 'b' || isdigit(text[i + 1]))))
            steps *= length;
    }
    return steps;
}
