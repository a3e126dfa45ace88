#include "sandbox/matcher.h"

#include <string.h>

// An item that stands for one character.
struct single {
    const struct charset *set; // NULL: the character `c` alone
    unsigned char c;
    char quantifier;           // '*', '+', '-', '?' or 0
    const unsigned char *next; // what follows it, the quantifier included
};

static const unsigned char *fail(struct matcher *m, const char *fault, int index)
{
    m->state = MATCHER_FAULTY;
    m->fault = fault;
    m->fault_index = index;
    return NULL;
}

static bool spend(struct matcher *m, size_t steps)
{
    if (meter_spend(m->meter, steps))
        return true;
    m->state = MATCHER_STOPPED;
    return false;
}

// Reading
// ------------------------------------------------------------------------------------------

// The set whose "[" stands before `from`; NULL: it has no end, or there is no time left.
static const struct matcher_set *read_set(struct matcher *m, const unsigned char *from)
{
    struct matcher_set *set = &m->sets[(size_t)(from - m->pattern) % MATCHER_SETS];
    if (set->from == from)
        return set;
    set->from = NULL;
    set->close = charset_close(from, m->pattern_end);
    if (!set->close) {
        fail(m, "malformed pattern (missing ']')", 0);
        return NULL;
    }
    if (!spend(m, (size_t)(set->close - from)))
        return NULL;
    charset_read(&set->chars, from, set->close);
    set->from = from;
    return set;
}

static bool read_escape(struct matcher *m, const unsigned char *p, struct single *item)
{
    if (p == m->pattern_end) {
        fail(m, "malformed pattern (ends with '%%')", 0);
        return false;
    }
    item->set = charset_of_class(*p);
    item->c = *p;
    item->next = p + 1;
    return true;
}

static bool read_single(struct matcher *m, const unsigned char *p, struct single *item)
{
    item->set = NULL;
    item->c = *p;
    item->next = p + 1;
    if (*p == '%') {
        if (!read_escape(m, p + 1, item))
            return false;
    } else if (*p == '[') {
        const struct matcher_set *set = read_set(m, p + 1);
        if (!set)
            return false;
        item->set = &set->chars;
        item->next = set->close + 1;
    } else if (*p == '.') {
        item->set = &charset_any;
    }
    item->quantifier = 0;
    if (item->next < m->pattern_end) {
        unsigned char c = *item->next;
        if (c == '*' || c == '+' || c == '-' || c == '?') {
            item->quantifier = (char)c;
            item->next++;
        }
    }
    return true;
}

static bool fits(const struct single *item, unsigned char c)
{
    return item->set ? charset_has(item->set, c) : item->c == c;
}

// Matching
// ------------------------------------------------------------------------------------------

static const unsigned char *match(struct matcher *m, const unsigned char *s,
                                  const unsigned char *p);

// Where the item stops to fit, at `end` at the latest.
static const unsigned char *skip(const struct single *item, const unsigned char *s,
                                 const unsigned char *end)
{
    if (item->set == &charset_any)
        return end;
    if (item->set) {
        while (s < end && charset_has(item->set, *s))
            s++;
    } else {
        while (s < end && *s == item->c)
            s++;
    }
    return s;
}

static const unsigned char *match_most(struct matcher *m, const unsigned char *s,
                                       const struct single *item)
{
    const unsigned char *next = item->next, *to = s;
    const unsigned char *least = item->quantifier == '+' ? s + 1 : s;
    for (;;) {
        size_t left = (size_t)(m->subject_end - to);
        const unsigned char *from = to, *limit = to + (left < METER_PIECE ? left : METER_PIECE);
        to = skip(item, from, limit);
        if (!spend(m, (size_t)(to - from)))
            return NULL;
        if (to < limit || to == m->subject_end)
            break;
    }
    for (; to >= least && m->state == MATCHER_GOING; to--) {
        const unsigned char *end = match(m, to, next);
        if (end)
            return end;
        if (to == m->subject) // there is nothing before it to point at
            break;
    }
    return NULL;
}

static const unsigned char *match_least(struct matcher *m, const unsigned char *s,
                                        const unsigned char *p)
{
    struct single item;
    while (m->state == MATCHER_GOING && read_single(m, p, &item)) { // its set may be gone
        const unsigned char *end = match(m, s, item.next);
        if (end)
            return end;
        if (s == m->subject_end || !read_single(m, p, &item) || !fits(&item, *s))
            return NULL;
        s++;
    }
    return NULL;
}

// "%bxy", at "x".
static const unsigned char *match_balance(struct matcher *m, const unsigned char *s,
                                          const unsigned char *p)
{
    if (m->pattern_end - p < 2)
        return fail(m, "malformed pattern (missing arguments to '%%b')", 0);
    if (s == m->subject_end || *s != p[0])
        return NULL;
    size_t open = 1;
    const unsigned char *counted = s;
    for (const unsigned char *t = s + 1; t < m->subject_end; t++) {
        if ((size_t)(t - counted) == METER_PIECE) {
            if (!spend(m, METER_PIECE))
                return NULL;
            counted = t;
        }
        if (*t == p[1]) {
            if (--open == 0)
                return spend(m, (size_t)(t - counted)) ? t + 1 : NULL;
        } else if (*t == p[0]) {
            open++;
        }
    }
    spend(m, (size_t)(m->subject_end - counted));
    return NULL;
}

// "%1"
static const unsigned char *match_back(struct matcher *m, const unsigned char *s,
                                       unsigned char digit)
{
    int index = digit - '1';
    if (index < 0 || (unsigned)index >= m->level || m->captures[index].size == MATCHER_OPEN)
        return fail(m, "invalid capture index %%%d", index + 1);
    const struct matcher_capture *capture = &m->captures[index];
    if (capture->size == MATCHER_POSITION || m->subject_end - s < capture->size)
        return NULL;
    int order;
    if (!meter_compare(m->meter, capture->start, s, (size_t)capture->size, &order)) {
        m->state = MATCHER_STOPPED;
        return NULL;
    }
    return order == 0 ? s + capture->size : NULL;
}

// "%f[set]", at "["; beyond both ends of the subject there is a "\0".  True: `next` is what
// follows.
static bool at_frontier(struct matcher *m, const unsigned char *s, const unsigned char *p,
                        const unsigned char **next)
{
    if (p == m->pattern_end || *p != '[') {
        fail(m, "missing '[' after '%%f' in pattern", 0);
        return false;
    }
    const struct matcher_set *set = read_set(m, p + 1);
    if (!set)
        return false;
    unsigned char before = s == m->subject ? 0 : s[-1];
    unsigned char here = s == m->subject_end ? 0 : *s;
    *next = set->close + 1;
    return !charset_has(&set->chars, before) && charset_has(&set->chars, here);
}

// "(" or "()", behind it.
static const unsigned char *match_open(struct matcher *m, const unsigned char *s,
                                       const unsigned char *p)
{
    if (m->level == MATCHER_CAPTURES)
        return fail(m, "too many captures", 0);
    bool position = p < m->pattern_end && *p == ')';
    struct matcher_capture *capture = &m->captures[m->level++];
    capture->start = s;
    capture->size = position ? MATCHER_POSITION : MATCHER_OPEN;
    const unsigned char *end = match(m, s, p + position);
    if (!end)
        m->level--;
    return end;
}

// ")", behind it.
static const unsigned char *match_close(struct matcher *m, const unsigned char *s,
                                        const unsigned char *p)
{
    unsigned i = m->level;
    while (i > 0 && m->captures[i - 1].size != MATCHER_OPEN)
        i--;
    if (i == 0)
        return fail(m, "invalid pattern capture", 0);
    struct matcher_capture *open = &m->captures[i - 1];
    open->size = s - open->start;
    const unsigned char *end = match(m, s, p);
    if (!end)
        open->size = MATCHER_OPEN;
    return end;
}

// What an item came to: the match goes on behind it, at `s` and `p`, or `end` is its outcome.
struct progress {
    const unsigned char *s, *p, *end;
    bool goes_on;
};

static void go_on(struct progress *at, const unsigned char *s, const unsigned char *p)
{
    at->s = s;
    at->p = p;
    at->goes_on = s != NULL;
}

static void match_single(struct matcher *m, struct progress *at)
{
    struct single item;
    const unsigned char *s = at->s, *p = at->p;
    if (!read_single(m, p, &item))
        return;
    bool fit = s < m->subject_end && fits(&item, *s);
    char quantifier = item.quantifier;
    if (quantifier == 0) {
        go_on(at, fit ? s + 1 : NULL, item.next);
    } else if (!fit) {
        go_on(at, quantifier == '+' ? NULL : s, item.next);
    } else if (quantifier == '-') {
        at->end = match_least(m, s, p);
    } else if (quantifier == '?') {
        at->end = match(m, s + 1, item.next);
        if (!at->end)
            go_on(at, m->state == MATCHER_GOING ? s : NULL, item.next);
    } else {
        at->end = match_most(m, s, &item);
    }
}

// "%" and what stands behind it.
static void match_escape(struct matcher *m, struct progress *at)
{
    const unsigned char *s = at->s, *p = at->p, *next = NULL;
    unsigned char c = m->pattern_end - p > 1 ? p[1] : 0;
    if (c == 'b') {
        go_on(at, match_balance(m, s, p + 2), p + 4);
    } else if (c == 'f') {
        bool there = at_frontier(m, s, p + 2, &next);
        go_on(at, there ? s : NULL, next);
    } else if (c >= '0' && c <= '9') {
        go_on(at, match_back(m, s, c), p + 2);
    } else {
        match_single(m, at);
    }
}

static const unsigned char *match_items(struct matcher *m, const unsigned char *s,
                                        const unsigned char *p)
{
    struct progress at = { s, p, NULL, true };
    while (at.p < m->pattern_end) {
        if (!spend(m, 1))
            return NULL;
        at.goes_on = false;
        if (*at.p == '(')
            return match_open(m, at.s, at.p + 1);
        if (*at.p == ')')
            return match_close(m, at.s, at.p + 1);
        if (*at.p == '$' && at.p + 1 == m->pattern_end)
            return at.s == m->subject_end ? at.s : NULL;
        if (*at.p == '%')
            match_escape(m, &at);
        else
            match_single(m, &at);
        if (!at.goes_on)
            return at.end;
    }
    return at.s;
}

// Where the match of the pattern from `p` on ends; NULL: there is none, or see the state.
static const unsigned char *match(struct matcher *m, const unsigned char *s, const unsigned char *p)
{
    if (m->depth == MATCHER_DEPTH)
        return fail(m, "pattern too complex", 0);
    m->depth++;
    const unsigned char *end = match_items(m, s, p);
    m->depth--;
    return end;
}

// Looking
// ------------------------------------------------------------------------------------------

void matcher_begin(struct matcher *m, const char *subject, size_t subject_size, const char *pattern,
                   size_t pattern_size, bool anchor)
{
    m->subject = (const unsigned char *)subject;
    m->subject_end = m->subject + subject_size;
    m->pattern = (const unsigned char *)pattern;
    m->pattern_end = m->pattern + pattern_size;
    m->anchored = anchor && pattern_size > 0 && *pattern == '^';
    m->pattern += m->anchored;
    m->state = MATCHER_GOING;
    m->depth = 0;
    m->to = NULL;
    for (int i = 0; i < MATCHER_SETS; i++)
        m->sets[i].from = NULL;
}

// Whether each match begins with the character that the pattern begins with.
static bool begins_plainly(const struct matcher *m)
{
    const unsigned char *p = m->pattern;
    if (m->anchored || p == m->pattern_end || strchr("^$*+?.([%-)", *p)) // also the "\0"
        return false;
    return p + 1 == m->pattern_end || !strchr("*?-", p[1]);
}

bool matcher_next(struct matcher *m, size_t at)
{
    bool plainly = begins_plainly(m), stopped = false;
    for (const unsigned char *s = m->subject + at; s <= m->subject_end; s++) {
        if (plainly)
            s = meter_find(m->meter, s, m->subject_end, *m->pattern, &stopped);
        if (!s)
            break;
        m->level = 0;
        const unsigned char *end = match(m, s, m->pattern);
        if (end && end != m->to) {
            m->from = s;
            m->to = end;
            return true;
        }
        if (m->anchored || m->state != MATCHER_GOING)
            break;
    }
    if (stopped)
        m->state = MATCHER_STOPPED;
    return false;
}

bool matcher_is_plain(const char *pattern, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (pattern[i] != 0 && strchr("^$*+?.([%-", pattern[i]))
            return false;
    }
    return true;
}

ptrdiff_t matcher_find_plain(struct meter *meter, const char *subject, size_t subject_size,
                             const char *wanted, size_t wanted_size, bool *stopped)
{
    *stopped = false;
    if (wanted_size == 0)
        return 0;
    const unsigned char *s = (const unsigned char *)subject, *end = s + subject_size;
    const unsigned char *w = (const unsigned char *)wanted;
    while ((size_t)(end - s) >= wanted_size) {
        s = meter_find(meter, s, end - wanted_size + 1, *w, stopped);
        int order = 1;
        if (!s)
            break;
        *stopped = !meter_compare(meter, s + 1, w + 1, wanted_size - 1, &order);
        if (*stopped)
            break;
        if (order == 0)
            return s - (const unsigned char *)subject;
        s++;
    }
    return -1;
}
