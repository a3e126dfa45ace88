/// SHA-256 of FIPS 180-4: to tell whether two texts are the same without keeping them.
#ifndef RCMCP_BASE_SHA256_H
#define RCMCP_BASE_SHA256_H

#include <stddef.h>

enum { SHA256_SIZE = 32, SHA256_HEX_SIZE = 64 };

/// Writes the digest of `size` bytes.
void sha256(const void *bytes, size_t size, unsigned char digest[SHA256_SIZE]);

/// The same in lower-case hexadecimal digits, without an end mark.
void sha256_hex(const void *bytes, size_t size, char text[SHA256_HEX_SIZE]);

#endif
