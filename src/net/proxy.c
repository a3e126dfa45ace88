#include "net/proxy.h"

#include "net/curl_api.h"

#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

// This machine.  A name in the list stands for all names that end in it: "x.localhost", too (RFC
// 6761).
static const char this_machine[] = "localhost,127.0.0.0/8,::1,::1/128,::ffff:127.0.0.0/104";

static const char *variable(const char *name)
{
    const char *value = getenv(name);
    return value && *value ? value : NULL;
}

static const char *either(const char *first, const char *second)
{
    const char *value = variable(first);
    return value ? value : variable(second);
}

char *proxy_exceptions(void)
{
    const char *own = either("no_proxy", "NO_PROXY");
    if (own && strcmp(own, "*") == 0)
        return strdup(own); // means all only while it stands alone
    size_t size = (own ? strlen(own) + 1 : 0) + sizeof this_machine;
    char *list = malloc(size);
    if (!list)
        return NULL;
    (void)snprintf(list, size, "%s%s%s", own ? own : "", own ? "," : "", this_machine);
    return list;
}

// Bytes of an address, 4 or 16; 0: it is none.
static size_t read_address(const char *text, uint8_t *bytes)
{
    if (inet_pton(AF_INET, text, bytes) == 1)
        return 4;
    return inet_pton(AF_INET6, text, bytes) == 1 ? 16 : 0;
}

static bool same_network(const uint8_t *a, const uint8_t *b, size_t bits)
{
    size_t whole = bits / 8, rest = bits % 8;
    if (memcmp(a, b, whole) != 0)
        return false;
    return rest == 0 || (a[whole] ^ b[whole]) >> (8 - rest) == 0;
}

// The number behind the slash; false where there is none.
static bool read_bits(const char *text, size_t *bits)
{
    size_t digits = strspn(text, "0123456789");
    *bits = (size_t)strtoul(text, NULL, 10);
    return digits > 0 && digits <= 3 && text[digits] == '\0';
}

static bool address_matches(const char *entry, const uint8_t *host, size_t size)
{
    char text[INET6_ADDRSTRLEN];
    uint8_t network[16];
    size_t length = strcspn(entry, "/");
    if (length >= sizeof text)
        return false;
    memcpy(text, entry, length);
    text[length] = '\0';
    size_t bits = 8 * size;
    if (read_address(text, network) != size ||
        (entry[length] && !read_bits(entry + length + 1, &bits)))
        return false;
    return bits <= 8 * size && same_network(host, network, bits);
}

static bool name_matches(const char *entry, const char *host)
{
    entry += *entry == '.';
    size_t tail = strlen(entry), size = strlen(host);
    tail -= tail > 0 && entry[tail - 1] == '.'; // libcurl does not look at it either
    if (tail == 0 || tail > size || strncasecmp(host + size - tail, entry, tail) != 0)
        return false;
    return tail == size || host[size - tail - 1] == '.';
}

static bool entry_matches(const char *entry, const char *host)
{
    uint8_t address[16];
    size_t size = read_address(host, address);
    return size > 0 ? address_matches(entry, address, size) : name_matches(entry, host);
}

bool proxy_is_excepted(const char *list, const char *host)
{
    char entry[256];
    if (strcmp(list, "*") == 0)
        return true;
    while (*list) {
        size_t length = strcspn(list, ", \t");
        if (length > 0 && length < sizeof entry) {
            memcpy(entry, list, length);
            entry[length] = '\0';
            if (entry_matches(entry, host))
                return true;
        }
        list += length;
        list += strspn(list, ", \t");
    }
    return false;
}

// libcurl's names; HTTP_PROXY in capitals is a header that a CGI program gets from anybody.
static const char *of_scheme(const char *url)
{
    const char *own = strncasecmp(url, "https:", 6) == 0 ? either("https_proxy", "HTTPS_PROXY")
                                                         : variable("http_proxy");
    return own ? own : either("all_proxy", "ALL_PROXY");
}

// The host is taken as libcurl will use it ("127.1" is 127.0.0.1), without brackets and last dot.
static bool host_excepted(const char *url, const char *list)
{
    char *host = NULL;
    bool excepted = false;
    CURLU *parts = curl.url();
    if (!parts || curl.url_set(parts, CURLUPART_URL, url, 0) != CURLUE_OK ||
        curl.url_get(parts, CURLUPART_HOST, &host, 0) != CURLUE_OK)
        goto out;
    char *name = host + (*host == '[');
    size_t size = strcspn(name, "]%"); // nor a zone
    if (size > 0 && name[size - 1] == '.')
        size--;
    name[size] = '\0';
    excepted = proxy_is_excepted(list, name);
out:
    curl.free(host);
    curl.url_cleanup(parts);
    return excepted;
}

const char *proxy_of(const char *url, const char *exceptions)
{
    const char *proxy = of_scheme(url);
    return proxy && !host_excepted(url, exceptions) ? proxy : NULL;
}

bool proxy_is_local(const char *url)
{
    return of_scheme(url) && host_excepted(url, this_machine);
}
