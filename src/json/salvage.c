#include "json/salvage.h"

#include "json/reader.h"

// The place behind a string whose opening quote is at `at`, or the end; it need not be valid.
static const char *behind_string(const char *at, const char *end)
{
    at++;
    while (at < end && *at != '"')
        at += *at == '\\' && end - at > 1 ? 2 : 1;
    return at < end ? at + 1 : end;
}

// The place behind the array or object that begins at `at`, or the end.
static const char *behind_nested(const char *at, const char *end)
{
    size_t open = 0;
    while (at < end) {
        char c = *at;
        at = c == '"' ? behind_string(at, end) : at + 1;
        if (c == '[' || c == '{')
            open++;
        else if ((c == ']' || c == '}') && --open == 0)
            break;
    }
    return at;
}

// Copies the text with null for each array and object below `limit` levels.
static bool flatten(const char *text, const char *end, unsigned limit, struct buf *out,
                    struct json_salvage *salvage)
{
    const char *from = text;
    const char *at = text;
    unsigned depth = 0;
    while (at < end) {
        char c = *at;
        if (c == '"') {
            at = behind_string(at, end);
            continue;
        }
        if ((c == '[' || c == '{') && depth == limit) {
            if (!buf_append(out, from, (size_t)(at - from)) || !buf_append(out, "null", 4))
                return false;
            salvage->deep++;
            from = at = behind_nested(at, end);
            continue;
        }
        if (c == '[' || c == '{')
            depth++;
        else if ((c == ']' || c == '}') && depth > 0)
            depth--;
        at++;
    }
    return buf_append(out, from, (size_t)(end - from));
}

// Where a text may be cut: behind a whole value, or behind a bracket that opens.
struct mark {
    size_t size;
    unsigned depth;
};

// Whether the event ends a value.  A number at the end of the text may go on in what was cut off.
static bool is_whole(const struct json_reader *r, enum json_event event)
{
    if (event == JSON_NUMBER)
        return r->slice + r->size < r->end;
    return event > JSON_END && event != JSON_OBJECT && event != JSON_ARRAY && event != JSON_KEY;
}

// Whether a value that has been read is an array or object, or stands in one.
static bool is_part(const struct json_reader *r, enum json_event event)
{
    return r->depth > 0 || event == JSON_OBJECT_END || event == JSON_ARRAY_END;
}

// Reads to the end or the first fault; sets the last mark before it; whether a value is whole.
static bool find_mark(struct json_reader *r, struct mark *mark)
{
    bool found = false;
    enum json_event event;
    while ((event = json_read(r)) > JSON_END) {
        bool whole = is_whole(r, event);
        found = found || (whole && is_part(r, event));
        if (whole || event == JSON_OBJECT || event == JSON_ARRAY)
            *mark = (struct mark){ (size_t)(r->at - r->start), r->depth };
    }
    if (event == JSON_END)
        *mark = (struct mark){ (size_t)(r->end - r->start), 0 };
    return found || event == JSON_END;
}

static bool close_levels(const struct json_reader *r, unsigned depth, struct buf *out)
{
    for (; depth > 0; depth--) {
        bool object = r->objects[depth / 64] >> (depth % 64) & 1;
        if (!buf_append(out, object ? "}" : "]", 1))
            return false;
    }
    return true;
}

bool json_salvage(const char *text, size_t size, unsigned depth, struct buf *out,
                  struct json_salvage *salvage)
{
    *salvage = (struct json_salvage){ 0 };
    if (!flatten(text, text + size, depth, out, salvage) || !buf_append(out, "", 1))
        return false;
    struct json_reader r;
    struct mark mark = { 0 };
    json_reader_init(&r, out->data, out->size - 1);
    bool found = find_mark(&r, &mark);
    salvage->message = r.message;
    salvage->kept = mark.size;
    out->size = found ? mark.size : 0;
    return !found || close_levels(&r, mark.depth, out);
}
