#include "base/envelope.h"

#include <string.h>

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

// Where the outermost object stands.
enum state {
    BEFORE_KEY, // also before the first brace
    BEHIND_KEY,
    BEFORE_VALUE,
    BEHIND_VALUE, // or within a number or word
};

static void add_id(struct envelope *e, const char *bytes, size_t size)
{
    if (!e->taking_id)
        return;
    if (size > sizeof e->id - e->id_size) { // nobody's: it cannot be echoed
        e->taking_id = false;
        e->id_size = 0;
        return;
    }
    memcpy(e->id + e->id_size, bytes, size);
    e->id_size += size;
}

static void add_name(struct envelope *e, const char *bytes, size_t size)
{
    if (!e->taking_name)
        return;
    size_t room = e->name_size < sizeof e->name ? sizeof e->name - e->name_size : 0;
    if (room > 0)
        memcpy(e->name + e->name_size, bytes, size < room ? size : room);
    e->name_size += size;
}

static bool is_named(const struct envelope *e, const char *name)
{
    return e->name_size == strlen(name) && memcmp(e->name, name, e->name_size) == 0;
}

static void end_id(struct envelope *e)
{
    e->has_id = e->has_id || (e->taking_id && e->id_size > 0);
    e->taking_id = false;
}

// A value of the outermost object begins; its key is known.
static void begin_value(struct envelope *e, char c)
{
    e->state = BEHIND_VALUE;
    e->names_id = e->names_id || is_named(e, "id");
    if (is_named(e, "id") && !e->has_id) {
        e->taking_id = c == '"' || c == '-' || (c >= '0' && c <= '9');
        e->id_size = 0;
    }
    e->has_method = e->has_method || (is_named(e, "method") && c == '"');
    e->has_answer = e->has_answer || is_named(e, "result") || is_named(e, "error");
}

static void begin_string(struct envelope *e)
{
    e->in_string = true;
    if (e->depth != 1)
        return;
    if (e->state == BEFORE_KEY) {
        e->taking_name = true;
        e->name_size = 0;
    } else if (e->state == BEFORE_VALUE) {
        begin_value(e, '"');
        add_id(e, "\"", 1);
    }
}

static void end_string(struct envelope *e)
{
    e->in_string = false;
    add_id(e, "\"", 1);
    if (e->taking_id)
        end_id(e);
    if (e->taking_name)
        e->state = BEHIND_KEY;
    e->taking_name = false;
}

// The next bytes of a string; at least one is taken.
static const char *feed_string(struct envelope *e, const char *at, const char *end)
{
    const char *run = at;
    if (e->escaped)
        at++;
    else
        while (at < end && *at != '"' && *at != '\\')
            at++;
    bool was_escaped = e->escaped;
    e->escaped = false;
    if (!was_escaped && at < end && *at == '\\') {
        e->escaped = true;
        at++;
    }
    add_id(e, run, (size_t)(at - run));
    add_name(e, run, (size_t)(at - run));
    if (!was_escaped && !e->escaped && at < end) {
        end_string(e);
        at++;
    }
    return at;
}

static void close_level(struct envelope *e)
{
    if (e->depth == 1) {
        end_id(e);
        e->closed = true;
    }
    if (e->depth > 0)
        e->depth--;
}

// A byte outside of strings.
static void feed_byte(struct envelope *e, char c)
{
    if (c == '"') {
        begin_string(e);
        return;
    }
    if (c == '{' || c == '[') {
        if (e->depth == 1 && e->state == BEFORE_VALUE)
            begin_value(e, c);
        e->depth++;
        return;
    }
    if (c == '}' || c == ']') {
        close_level(e);
        return;
    }
    if (e->depth != 1)
        return;
    if (is_blank(c) || c == ',') {
        end_id(e);
        if (c == ',')
            e->state = BEFORE_KEY;
    } else if (c == ':' && e->state == BEHIND_KEY) {
        e->state = BEFORE_VALUE;
    } else if (e->state == BEFORE_VALUE) {
        begin_value(e, c);
        add_id(e, &c, 1);
    } else {
        add_id(e, &c, 1);
    }
}

// The first byte that is no white space tells whether there is anything to find.
static void begin(struct envelope *e, char c)
{
    if (is_blank(c))
        return;
    e->begun = true;
    e->closed = c != '{';
    e->depth = 1;
}

void envelope_feed(struct envelope *e, const char *bytes, size_t size)
{
    const char *end = bytes + size;
    for (const char *at = bytes; at < end;) {
        if (!e->begun)
            begin(e, *at++);
        else if (e->closed)
            return;
        else if (!e->in_string)
            feed_byte(e, *at++);
        else
            at = feed_string(e, at, end);
    }
}

enum envelope_kind envelope_kind(const struct envelope *e)
{
    if (e->has_method && e->has_id)
        return ENVELOPE_REQUEST;
    if (e->has_method)
        return e->closed && !e->names_id ? ENVELOPE_NOTIFICATION : ENVELOPE_UNKNOWN;
    return e->has_answer ? ENVELOPE_RESPONSE : ENVELOPE_UNKNOWN;
}
