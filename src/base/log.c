#include "base/log.h"

#include "base/buf.h"
#include "base/log_sink.h"
#include "base/utf8.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { TEXT_MAX = 65536, PREFIX_MAX = 32 };
enum { FILTERED_MAX = 2 * TEXT_MAX }; // a secret that this cuts in two lies behind what is shown

static const char *const level_names[] = { "error", "warning", "info", "debug" };
static enum log_level threshold = LOG_WARNING;
static log_filter *filter;

void log_set_level(enum log_level level)
{
    threshold = level;
}

enum log_level log_get_level(void)
{
    return threshold;
}

void log_set_filter(log_filter *new_filter)
{
    filter = new_filter;
}

const char *log_level_name(enum log_level level)
{
    return level_names[level];
}

bool log_level_parse(const char *name, enum log_level *level)
{
    for (int i = LOG_ERROR; i <= LOG_DEBUG; i++) {
        if (strcmp(name, level_names[i]) == 0) {
            *level = (enum log_level)i;
            return true;
        }
    }
    return false;
}

// Whether a terminal may obey the character at `at`, of `length` bytes: C0 but for newline and tab,
// DEL, C1, which is U+0080 to U+009F (ECMA-48), and what turns the direction of what follows,
// U+202A to U+202E and U+2066 to U+2069 (UAX #9).
static bool is_control(const char *at, size_t length)
{
    const unsigned char *s = (const unsigned char *)at;
    if (length == 3)
        return s[0] == 0xE2 && ((s[1] == 0x80 && s[2] >= 0xAA && s[2] <= 0xAE) ||
                                (s[1] == 0x81 && s[2] >= 0xA6 && s[2] <= 0xA9));
    if (length == 2)
        return s[0] == 0xC2 && s[1] < 0xA0;
    return length == 1 && ((s[0] < 0x20 && s[0] != '\n' && s[0] != '\t') || s[0] == 0x7F);
}

// Copies what a terminal and a reader of UTF-8 may get; '?' for what they may not.
static char *copy_shown(char *out, const char *at, const char *end)
{
    while (at < end) {
        size_t length = utf8_sequence(at, end);
        if (length == 0 || is_control(at, length)) {
            *out++ = '?';
            at += length > 0 ? length : 1;
            continue;
        }
        memcpy(out, at, length);
        out += length;
        at += length;
    }
    return out;
}

static void write_line(enum log_level level, const char *text, size_t size)
{
    static char line[PREFIX_MAX + TEXT_MAX + 1]; // one thread logs: the loop's
    int prefix = snprintf(line, PREFIX_MAX, "rcmcp: %s: ", level_names[level]);
    if (prefix < 0)
        return;
    if (size > TEXT_MAX)
        size = utf8_whole(text, TEXT_MAX);
    char *out = copy_shown(line + prefix, text, text + size);
    *out++ = '\n';
    log_sink_write(line, (size_t)(out - line));
}

void log_text(enum log_level level, const char *text, size_t size)
{
    if (level > threshold)
        return;
    if (!filter) {
        write_line(level, text, size);
        return;
    }
    static const char lost[] = "a line is left out: memory is out, and it may hold a secret";
    struct buf out = { 0 };
    if (size > FILTERED_MAX)
        size = utf8_whole(text, FILTERED_MAX);
    if (filter(text, size, &out))
        write_line(level, out.data ? out.data : "", out.size);
    else
        write_line(level, lost, sizeof lost - 1);
    buf_free(&out);
}

void log_line(enum log_level level, const char *format, ...)
{
    char text[1024];
    va_list args;
    va_start(args, format);
    int size = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (size > 0)
        log_text(level, text,
                 (size_t)size < sizeof text ? (size_t)size : utf8_whole(text, sizeof text - 1));
}
