#include "net/address.h"

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct block4 {
    uint32_t base;
    unsigned bits;
};

static const struct block4 private4[] = {
    { 0x00000000, 8 },  // this network
    { 0x0a000000, 8 },  // private
    { 0x64400000, 10 }, // carriers' own
    { 0x7f000000, 8 },  // loopback
    { 0xa9fe0000, 16 }, // link-local; the clouds' metadata services
    { 0xac100000, 12 }, // private
    { 0xc0000000, 24 }, // protocol assignments
    { 0xc0a80000, 16 }, // private
    { 0xc6120000, 15 }, // benchmarks
    { 0xe0000000, 4 },  // multicast
    { 0xf0000000, 4 },  // reserved, broadcast
};

static bool is_private4(uint32_t address)
{
    for (size_t i = 0; i < sizeof private4 / sizeof *private4; i++) {
        unsigned shift = 32 - private4[i].bits;
        if (address >> shift == private4[i].base >> shift)
            return true;
    }
    return false;
}

static uint32_t embedded4(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static bool is_private6(const uint8_t *a)
{
    static const uint8_t zeros[12];
    static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
    static const uint8_t translated[12] = { [8] = 0xff, [9] = 0xff };
    static const uint8_t nat64[12] = { 0x00, 0x64, 0xff, 0x9b };
    static const uint8_t own_nat64[6] = { 0x00, 0x64, 0xff, 0x9b, 0x00, 0x01 };
    static const uint8_t teredo[4] = { 0x20, 0x01 };
    if (memcmp(a, zeros, 12) == 0) // "::", "::1", and IPv4 in its oldest wrapping
        return true;
    if (memcmp(a, mapped, 12) == 0 || memcmp(a, translated, 12) == 0 || memcmp(a, nat64, 12) == 0)
        return is_private4(embedded4(a + 12));
    if (memcmp(a, own_nat64, 6) == 0 || memcmp(a, teredo, 4) == 0) // where the IPv4 is, who knows
        return true;
    if (a[0] == 0x20 && a[1] == 0x02) // 6to4
        return is_private4(embedded4(a + 2));
    return (a[0] & 0xfe) == 0xfc || a[0] == 0xff || (a[0] == 0xfe && (a[1] & 0x80) == 0x80);
}

bool address_is_private(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET) {
        struct sockaddr_in in4;
        memcpy(&in4, address, sizeof in4);
        return is_private4(ntohl(in4.sin_addr.s_addr));
    }
    if (address->sa_family == AF_INET6) {
        struct sockaddr_in6 in6;
        memcpy(&in6, address, sizeof in6);
        return is_private6(in6.sin6_addr.s6_addr);
    }
    return true;
}
