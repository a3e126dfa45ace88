/// Getting past a value of checked, compact JSON text without looking into it.
#ifndef RCMCP_JSON_SKIP_H
#define RCMCP_JSON_SKIP_H

/// The place behind the string whose opening quote is in front of `at`.
const char *json_skip_string(const char *at, const char *end);

/// The place behind the value at `at`.  Objects and arrays go 64 bytes at a time.
const char *json_skip_value(const char *at, const char *end);

#endif
