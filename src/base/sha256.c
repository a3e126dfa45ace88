#include "base/sha256.h"

#include <stdint.h>
#include <string.h>

enum { BLOCK = 64, ROUNDS = 64, LENGTH_SIZE = 8 };

// FIPS 180-4, 4.2.2: the first 32 bits of the fractional parts of the cube roots of the first 64
// primes.
static const uint32_t constants[ROUNDS] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

// 5.3.3: of the square roots of the first eight.
static const uint32_t beginning[8] = {
    0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
};

static uint32_t rotated(uint32_t value, unsigned bits)
{
    return value >> bits | value << (32 - bits);
}

static uint32_t read_word(const unsigned char *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static void write_word(uint32_t word, unsigned char *bytes)
{
    for (int i = 0; i < 4; i++)
        bytes[i] = (unsigned char)(word >> (24 - 8 * i));
}

// 6.2.2, step 1.
static void schedule(const unsigned char *block, uint32_t words[ROUNDS])
{
    for (size_t i = 0; i < 16; i++)
        words[i] = read_word(block + 4 * i);
    for (size_t i = 16; i < ROUNDS; i++) {
        uint32_t a = words[i - 15], b = words[i - 2];
        uint32_t low = rotated(a, 7) ^ rotated(a, 18) ^ a >> 3;
        uint32_t high = rotated(b, 17) ^ rotated(b, 19) ^ b >> 10;
        words[i] = words[i - 16] + low + words[i - 7] + high;
    }
}

// 6.2.2, step 3, on the variables from `at` on: the new a is left in h, the new e in d.
static void turn_round(uint32_t v[8], size_t at, uint32_t word)
{
    uint32_t a = v[at & 7], b = v[(at + 1) & 7], c = v[(at + 2) & 7];
    uint32_t e = v[(at + 4) & 7], f = v[(at + 5) & 7], g = v[(at + 6) & 7];
    uint32_t *d = &v[(at + 3) & 7], *h = &v[(at + 7) & 7];
    uint32_t choice = (e & f) ^ (~e & g);
    uint32_t majority = (a & b) ^ (a & c) ^ (b & c);
    uint32_t high = rotated(e, 6) ^ rotated(e, 11) ^ rotated(e, 25);
    uint32_t low = rotated(a, 2) ^ rotated(a, 13) ^ rotated(a, 22);
    *h += high + choice + word;
    *d += *h;
    *h += low + majority;
}

// 6.2.2, steps 2 to 4.  The variables change their places instead of their values.
static void take_block(uint32_t state[8], const unsigned char *block)
{
    uint32_t words[ROUNDS], v[8];
    schedule(block, words);
    memcpy(v, state, sizeof(v));
    for (size_t i = 0; i < ROUNDS; i += 8) {
        for (size_t j = 0; j < 8; j++)
            turn_round(v, 8 - j, words[i + j] + constants[i + j]);
    }
    for (size_t i = 0; i < 8; i++)
        state[i] += v[i];
}

// 5.1.1: what is left, a bit, zeros, and the length in bits.
static void take_rest(uint32_t state[8], const unsigned char *rest, size_t left, size_t size)
{
    unsigned char end[2 * BLOCK] = { 0 };
    size_t room = left < BLOCK - LENGTH_SIZE ? BLOCK : 2 * BLOCK;
    if (left > 0)
        memcpy(end, rest, left);
    end[left] = 0x80;
    write_word((uint32_t)((uint64_t)size >> 29), end + room - 8);
    write_word((uint32_t)((uint64_t)size << 3), end + room - 4);
    for (size_t at = 0; at < room; at += BLOCK)
        take_block(state, end + at);
}

void sha256(const void *bytes, size_t size, unsigned char digest[SHA256_SIZE])
{
    const unsigned char *from = bytes;
    uint32_t state[8];
    memcpy(state, beginning, sizeof(state));
    size_t left = size;
    for (; left >= BLOCK; left -= BLOCK, from += BLOCK)
        take_block(state, from);
    take_rest(state, from, left, size);
    for (size_t i = 0; i < 8; i++)
        write_word(state[i], digest + 4 * i);
}

void sha256_hex(const void *bytes, size_t size, char text[SHA256_HEX_SIZE])
{
    static const char digits[] = "0123456789abcdef";
    unsigned char digest[SHA256_SIZE];
    sha256(bytes, size, digest);
    for (size_t i = 0; i < SHA256_SIZE; i++) {
        text[2 * i] = digits[digest[i] >> 4];
        text[2 * i + 1] = digits[digest[i] & 15];
    }
}
