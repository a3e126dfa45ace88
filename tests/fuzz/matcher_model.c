#include "matcher_model.h"

#include <ctype.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

enum { MOST_PARTS = 32, LUA_DEPTH = 200 }; // captures; at the depth Lua gives a pattern up
enum { PART_OPEN = -1, PART_POSITION = -2 };

struct part {
    const unsigned char *from;
    ptrdiff_t size; // or PART_OPEN, PART_POSITION
};

struct model {
    const struct model_call *call;
    struct model_result *result;
    const unsigned char *end; // of the pattern
    struct part parts[MOST_PARTS];
    unsigned level;
    unsigned nested;
    jmp_buf out;
};

_Noreturn static void leave(struct model *m, enum model_outcome outcome)
{
    longjmp(m->out, outcome);
}

static void work(struct model *m, size_t units)
{
    m->result->work += units;
    if (m->result->work + m->result->set_bytes > MODEL_MOST_WORK)
        leave(m, MODEL_EXHAUSTED);
}

static int is_nul(int c)
{
    return c == '\0';
}

static bool in_class(unsigned char c, unsigned char letter)
{
    static const struct {
        char letter;
        int (*is)(int c);
    } classes[] = {
        { 'a', isalpha }, { 'c', iscntrl },  { 'd', isdigit }, { 'g', isgraph },
        { 'l', islower }, { 'p', ispunct },  { 's', isspace }, { 'u', isupper },
        { 'w', isalnum }, { 'x', isxdigit }, { 'z', is_nul }, // of 5.1, and still there
    };
    int lower = tolower(letter);
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++) {
        if (lower == classes[i].letter)
            return (classes[i].is(c) != 0) == (islower(letter) != 0);
    }
    return c == letter;
}

// The "]" of the set that begins behind "[" at `p`.
static const unsigned char *close_of(struct model *m, const unsigned char *p)
{
    bool is_first = true;
    p += p < m->end && *p == '^';
    while (p < m->end && (is_first || *p != ']')) {
        p += *p == '%' && m->end - p > 1 ? 2 : 1;
        is_first = false;
    }
    if (p == m->end)
        leave(m, MODEL_RAISED);
    return p;
}

static bool in_set(struct model *m, unsigned char c, const unsigned char *p,
                   const unsigned char *close)
{
    bool negated = *p == '^';
    bool found = false;
    p += negated;
    while (p < close && !found) {
        size_t length = *p == '%' ? 2 : close - p > 2 && p[1] == '-' ? 3 : 1;
        found = length == 2 ? in_class(c, p[1]) : length == 3 ? p[0] <= c && c <= p[2] : *p == c;
        p += length;
        m->result->set_bytes += length;
    }
    return found != negated;
}

// The end of the class that stands for a single character.
static const unsigned char *class_end(struct model *m, const unsigned char *p)
{
    if (*p == '%' && m->end - p < 2)
        leave(m, MODEL_RAISED);
    if (*p != '[')
        return p + (*p == '%' ? 2 : 1);
    const unsigned char *close = close_of(m, p + 1);
    m->result->set_bytes += (size_t)(close - p);
    return close + 1;
}

static bool takes(struct model *m, const unsigned char *p, const unsigned char *end,
                  const unsigned char *s)
{
    work(m, 1);
    if (s == m->call->subject_end)
        return false;
    if (*p == '%')
        return in_class(*s, p[1]);
    if (*p == '[')
        return in_set(m, *s, p + 1, end - 1);
    return *p == '.' || *p == *s;
}

static const unsigned char *go(struct model *m, const unsigned char *s, const unsigned char *p);

static const unsigned char *go_deeper(struct model *m, const unsigned char *s,
                                      const unsigned char *p)
{
    if (m->nested == LUA_DEPTH)
        leave(m, MODEL_RAISED);
    m->nested++;
    const unsigned char *end = go(m, s, p);
    m->nested--;
    return end;
}

static const unsigned char *open_part(struct model *m, const unsigned char *s,
                                      const unsigned char *p)
{
    bool position = m->end - p > 1 && p[1] == ')';
    if (m->level == MOST_PARTS)
        leave(m, MODEL_RAISED);
    m->parts[m->level++] = (struct part){ s, position ? PART_POSITION : PART_OPEN };
    const unsigned char *end = go_deeper(m, s, p + 1 + position);
    m->level -= !end;
    return end;
}

static const unsigned char *close_part(struct model *m, const unsigned char *s,
                                       const unsigned char *p)
{
    struct part *open = NULL;
    for (unsigned i = 0; i < m->level; i++) {
        if (m->parts[i].size == PART_OPEN)
            open = &m->parts[i];
    }
    if (!open)
        leave(m, MODEL_RAISED);
    open->size = s - open->from;
    const unsigned char *end = go_deeper(m, s, p + 1);
    if (!end)
        open->size = PART_OPEN;
    return end;
}

static const unsigned char *balanced(struct model *m, const unsigned char *s,
                                     const unsigned char *p)
{
    if (m->end - p < 4)
        leave(m, MODEL_RAISED);
    size_t open = 0;
    for (const unsigned char *at = s; at < m->call->subject_end; at++) {
        work(m, 1);
        if (at > s && *at == p[3])
            open--;
        else if (*at == p[2])
            open++;
        if (open == 0)
            return at == s ? NULL : go(m, at + 1, p + 4);
    }
    return NULL;
}

static const unsigned char *at_edge(struct model *m, const unsigned char *s, const unsigned char *p)
{
    const struct model_call *c = m->call;
    if (m->end - p < 3 || p[2] != '[')
        leave(m, MODEL_RAISED);
    const unsigned char *end = class_end(m, p + 2);
    unsigned char before = s == c->subject ? 0 : s[-1];
    unsigned char here = s == c->subject_end ? 0 : *s;
    if (in_set(m, before, p + 3, end - 1) || !in_set(m, here, p + 3, end - 1))
        return NULL;
    return go(m, s, end);
}

static const unsigned char *same_again(struct model *m, const unsigned char *s,
                                       const unsigned char *p)
{
    size_t index = (size_t)(p[1] - '0') - 1; // "%0" has none
    if (index >= m->level || m->parts[index].size == PART_OPEN)
        leave(m, MODEL_RAISED);
    if (m->parts[index].size == PART_POSITION)
        return NULL;
    size_t length = (size_t)m->parts[index].size;
    if ((size_t)(m->call->subject_end - s) < length)
        return NULL;
    m->result->compared += length;
    return memcmp(m->parts[index].from, s, length) == 0 ? go(m, s + length, p + 2) : NULL;
}

// As often as it fits, then ever less often.
static const unsigned char *most(struct model *m, const unsigned char *s, const unsigned char *p,
                                 const unsigned char *end, size_t least)
{
    size_t n = 0;
    while (takes(m, p, end, s + n))
        n++;
    for (size_t left = n + 1; left > least; left--) {
        const unsigned char *found = go_deeper(m, s + left - 1, end + 1);
        if (found)
            return found;
    }
    return NULL;
}

static const unsigned char *least(struct model *m, const unsigned char *s, const unsigned char *p,
                                  const unsigned char *end)
{
    for (;; s++) {
        const unsigned char *found = go_deeper(m, s, end + 1);
        if (found || !takes(m, p, end, s))
            return found;
    }
}

static const unsigned char *single(struct model *m, const unsigned char *s, const unsigned char *p)
{
    const unsigned char *end = class_end(m, p);
    char quantifier = end < m->end && *end != 0 && strchr("*+-?", *end) ? (char)*end : 0;
    if (!takes(m, p, end, s))
        return quantifier == 0 || quantifier == '+' ? NULL : go(m, s, end + 1);
    const unsigned char *found;
    switch (quantifier) {
    case '?':
        found = go_deeper(m, s + 1, end + 1);
        return found ? found : go(m, s, end + 1);
    case '*':
    case '+':
        return most(m, s, p, end, quantifier == '+');
    case '-':
        return least(m, s, p, end);
    default:
        return go(m, s + 1, end);
    }
}

// Where the match of the pattern from `p` on ends; NULL: there is none.
static const unsigned char *go(struct model *m, const unsigned char *s, const unsigned char *p)
{
    if (p == m->end)
        return s;
    work(m, 1);
    if (*p == '(')
        return open_part(m, s, p);
    if (*p == ')')
        return close_part(m, s, p);
    if (*p == '$' && p + 1 == m->end)
        return s == m->call->subject_end ? s : NULL;
    unsigned char escaped = *p == '%' && m->end - p > 1 ? p[1] : 0;
    if (escaped == 'b')
        return balanced(m, s, p);
    if (escaped == 'f')
        return at_edge(m, s, p);
    if (isdigit(escaped))
        return same_again(m, s, p);
    return single(m, s, p);
}

static void find_all(struct model *m)
{
    const struct model_call *c = m->call;
    bool anchored = c->function != GMATCH && c->pattern < c->pattern_end && *c->pattern == '^';
    const unsigned char *s = c->subject + c->from;
    do {
        m->level = m->nested = 0;
        const unsigned char *end = go_deeper(m, s, c->pattern + anchored);
        bool found = end && end != m->result->last_end;
        m->result->matches += found;
        m->result->last_end = found ? end : m->result->last_end;
        s = found ? end : s + 1;
    } while (s <= c->subject_end && m->result->matches < c->most && !anchored);
}

enum model_outcome model_run(const struct model_call *call, struct model_result *result)
{
    static struct model model; // not on the stack, which longjmp() may leave stale
    memset(&model, 0, sizeof model);
    memset(result, 0, sizeof *result);
    model.call = call;
    model.result = result;
    model.end = call->pattern_end;
    enum model_outcome outcome = (enum model_outcome)setjmp(model.out);
    if (outcome == MODEL_ENDED)
        find_all(&model);
    return outcome;
}
