// Log lines: whatever text comes, what is written is one line of ours in UTF-8 that drives no
// terminal, cut between characters, and a text that has nothing odd is written as it is.
#include "base/buf.h"
#include "base/log.h"
#include "base/log_sink.h"
#include "base/utf8.h"

#include "target.h"

enum { MOST_TEXT = 65536, MOST_FORMATTED = 1023 };

static const char prefix[] = "rcmcp: error: ";

static struct buf written;

// In place of standard error.
void log_sink_write(const char *lines, size_t size)
{
    must(written.size == 0); // one write a line
    must(buf_append(&written, lines, size));
}

static unsigned long scalar_at(const unsigned char *at, size_t length)
{
    unsigned long scalar = length == 1 ? *at : *at & (0xFFU >> (length + 1));
    for (size_t i = 1; i < length; i++)
        scalar = scalar << 6 | (at[i] & 0x3F);
    return scalar;
}

static bool drives_terminal(unsigned long scalar)
{
    bool blank = scalar == '\n' || scalar == '\t';
    return (scalar < 0x20 && !blank) || (scalar >= 0x7F && scalar <= 0x9F) ||
           (scalar >= 0x202A && scalar <= 0x202E) || (scalar >= 0x2066 && scalar <= 0x2069);
}

// Appends what may be shown of a text; the whole characters of its first `most` bytes count.
static struct buf shown(const char *text, size_t size, size_t most)
{
    struct buf out = { 0 };
    size = size > most ? utf8_whole(text, most) : size;
    must(buf_reserve(&out, sizeof prefix + size));
    must(buf_append(&out, prefix, sizeof prefix - 1));
    for (size_t at = 0; at < size;) {
        size_t length = utf8_sequence(text + at, text + size);
        bool good =
            length > 0 && !drives_terminal(scalar_at((const unsigned char *)text + at, length));
        must(good ? buf_append(&out, text + at, length) : buf_append(&out, "?", 1));
        at += length ? length : 1;
    }
    must(buf_append(&out, "\n", 1));
    return out;
}

static void must_have_written(const char *text, size_t size, size_t most)
{
    struct buf line = shown(text, size, most);
    must(written.size == line.size && memcmp(written.data, line.data, line.size) == 0);
    must(utf8_valid(written.data, written.size));
    buf_free(&line);
    buf_clear(&written);
}

static bool twice(const char *text, size_t size, struct buf *out)
{
    return buf_append(out, text, size) && buf_append(out, text, size);
}

static bool lost(const char *text, size_t size, struct buf *out)
{
    return buf_append(out, text, size) && size % 2 == 0;
}

static void check_filters(const char *text, size_t size)
{
    static const char left_out[] = "a line is left out: memory is out, and it may hold a secret";
    struct buf doubled = { 0 };
    size_t seen = size > 2 * MOST_TEXT ? utf8_whole(text, 2 * MOST_TEXT) : size;
    must(twice(text, seen, &doubled) && buf_append(&doubled, "", 1));
    log_set_filter(twice);
    log_text(LOG_ERROR, text, size);
    must_have_written(doubled.data, doubled.size - 1, MOST_TEXT);
    log_set_filter(lost);
    log_text(LOG_ERROR, text, size);
    if (seen % 2 == 0)
        must_have_written(text, seen, MOST_TEXT);
    else
        must_have_written(left_out, sizeof left_out - 1, MOST_TEXT);
    log_set_filter(NULL);
    buf_free(&doubled);
}

static void check(const char *text, size_t size)
{
    log_text(LOG_ERROR, text, size);
    must_have_written(text, size, MOST_TEXT);
    log_text(LOG_DEBUG, text, size);
    must(written.size == 0);
    check_filters(text, size);
}

// Texts over the limits, which fall into a character or behind one.
static void check_long(void)
{
    static char text[2 * MOST_TEXT + 8];
    for (size_t i = 0; i + 3 <= sizeof text; i += 3)
        memcpy(text + i, "\xE2\x82\xAC", 3);
    for (size_t from = 0; from < 3; from++)
        check(text + from, sizeof text - 3 - from);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static bool checked;
    if (!checked)
        check_long();
    checked = true;
    char *exact = own_block(data, size);
    check(exact, size);
    free(exact);
    char *text = own_text(data, size);
    size_t length = strlen(text);
    log_line(LOG_ERROR, "%s", text);
    if (length > 0)
        must_have_written(text, length, MOST_FORMATTED);
    must(written.size == 0);
    buf_free(&written);
    free(text);
    return 0;
}
