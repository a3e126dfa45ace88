/// A slow matcher of Lua patterns: it works on the pattern's text as Lua's own does, and counts
/// what it reads.
#ifndef RCMCP_FUZZ_MATCHER_MODEL_H
#define RCMCP_FUZZ_MATCHER_MODEL_H

#include <stdint.h>

enum model_function { FIND, GMATCH, GSUB, MATCH, FUNCTIONS };

struct model_call {
    enum model_function function;
    uint64_t from; ///< of all but gsub: offset of the first attempt
    uint64_t most; ///< matches
    const unsigned char *pattern, *pattern_end;
    const unsigned char *subject, *subject_end;
};

enum model_outcome {
    MODEL_ENDED,
    MODEL_RAISED,   ///< Lua raises an error
    MODEL_EXHAUSTED ///< it takes too long
};

enum { MODEL_MOST_WORK = 20000 }; ///< of one call

struct model_result {
    uint64_t work;      ///< items and characters that were looked at
    uint64_t set_bytes; ///< that were read of the texts of sets
    uint64_t compared;  ///< bytes of captures
    uint64_t matches;
    const unsigned char *last_end; ///< of the last match; NULL: none
};

/// Makes the call.
enum model_outcome model_run(const struct model_call *call, struct model_result *result);

#endif
