/// Whether a text is worth a closer look: most texts have nothing of what is looked for.
#ifndef RCMCP_JSON_REDACT_PASS_H
#define RCMCP_JSON_REDACT_PASS_H

#include "json/redact_rules.h"

/// A look at a text.  A zeroed struct is its beginning.
struct redact_pass {
    size_t at;
    uint32_t state;
};

enum redact_passed { REDACT_PASSED, REDACT_MAY_PASS, REDACT_NOT_PASSED };

/// Goes on with some `bytes` more.  REDACT_PASSED: that is all, and nothing is in it.
enum redact_passed redact_pass_some(const struct redact *r, const char *text, size_t size,
                                    struct redact_pass *pass, size_t bytes);

#endif
