/// Levelled log lines on standard error; standard output belongs to the protocol.
#ifndef RCMCP_BASE_LOG_H
#define RCMCP_BASE_LOG_H

#include <stdbool.h>
#include <stddef.h>

enum log_level { LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_DEBUG };

/// Lines above this level are dropped; LOG_WARNING at start.
void log_set_level(enum log_level level);
enum log_level log_get_level(void);

/// The level's name ("error", "warning", "info", "debug").
const char *log_level_name(enum log_level level);
/// The level of a name; false for an unknown one.
bool log_level_parse(const char *name, enum log_level *level);

/// Writes "rcmcp: LEVEL: TEXT\n" in one write, and never waits for the reader of standard error
/// (log_sink.h).  Control characters (C0, DEL, C1) but newline and tab, and bytes that are no
/// UTF-8, are shown as
/// '?', so that foreign text cannot drive the terminal.  A text over 64 KiB is cut, between
/// characters.
void log_text(enum log_level level, const char *text, size_t size);

struct buf;

/// What is to become of a line: appends it to `out` as it may be shown; false when memory is out,
/// and then the line is not shown at all.  NULL, as at start: lines are shown as they are.
typedef bool log_filter(const char *text, size_t size, struct buf *out);
void log_set_filter(log_filter *filter);

/// As log_text(), printf-style; the text is cut at 1,023 bytes.
void log_line(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
