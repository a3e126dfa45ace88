/// What all fuzz targets have in common.
#ifndef RCMCP_FUZZ_TARGET_H
#define RCMCP_FUZZ_TARGET_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/// What libFuzzer calls, with one input after another; returns 0.
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/// Ends the target, naming the property, unless it holds.
#define must(property) ((property) ? (void)0 : must_fail(__FILE__, __LINE__, #property))

_Noreturn static inline void must_fail(const char *file, int line, const char *property)
{
    (void)fprintf(stderr, "%s:%d: not so: %s\n", file, line, property);
    abort();
}

/// A block of its own for these bytes, of exactly their size, so that reading past it is seen.
static inline char *own_block(const void *bytes, size_t size)
{
    char *block = malloc(size ? size : 1);
    must(block != NULL);
    if (size > 0)
        memcpy(block, bytes, size);
    return block;
}

/// The same with a zero byte behind them.
static inline char *own_text(const void *bytes, size_t size)
{
    char *text = malloc(size + 1);
    must(text != NULL);
    if (size > 0)
        memcpy(text, bytes, size);
    text[size] = '\0';
    return text;
}

#endif
