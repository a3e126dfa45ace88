/// JSON in fewer bytes, as it comes in: its long texts are shortened, all else stays.  What has no
/// long texts stays as it is, JSON or not.
#ifndef RCMCP_BASE_BRIEF_H
#define RCMCP_BASE_BRIEF_H

#include "base/buf.h"

#include <stdint.h>

enum { BRIEF_TEXT = 16 << 10 }; ///< bytes of a text, as written, that are kept; no URL is longer

/// A zeroed one is at the beginning of a text.  Owns nothing.
struct brief {
    uint64_t left_out;  ///< bytes, of all texts
    uint64_t text_left; ///< … and of this one
    size_t length;      ///< bytes of this text that are kept; a little over BRIEF_TEXT
    uint16_t unit;      ///< of the \u escape that is being read
    uint8_t hex_digits; ///< of it that are still to come
    bool in_text;
    bool escape; ///< behind a backslash
    bool half;   ///< behind the first half of a surrogate pair
    bool skips;  ///< what comes of this text is left out
};

/// Appends to `out` what is kept of the next bytes.  A text is cut between two characters, and its
/// place says how many bytes were left out.  False when memory is out; `out` and `b` are then of no
/// use.
bool brief_feed(struct brief *b, const char *bytes, size_t size, struct buf *out);

#endif
