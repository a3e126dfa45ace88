// Where a request may go: which hosts a list excepts from the proxy, beside a model that looks at
// addresses bit by bit, and which addresses are private, beside their networks in text.
#include "base/buf.h"
#include "net/address.h"
#include "net/curl_api.h"
#include "net/proxy.h"

#include "target.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <netinet/in.h>

enum { LONGEST = 4000 };

// Networks
// ----------------------------------------------------------------------------------------

struct bits {
    int family; // AF_UNSPEC: no address
    unsigned count;
    bool bit[128];
};

static struct bits bits_of(int family, const void *address)
{
    const uint8_t *bytes = address;
    struct bits b = { .family = family, .count = family == AF_INET ? 32 : 128 };
    for (unsigned i = 0; i < b.count; i++)
        b.bit[i] = bytes[i / 8] & (0x80 >> i % 8);
    return b;
}

static struct bits parse(const char *text)
{
    uint8_t bytes[16];
    if (inet_pton(AF_INET, text, bytes) == 1)
        return bits_of(AF_INET, bytes);
    if (inet_pton(AF_INET6, text, bytes) == 1)
        return bits_of(AF_INET6, bytes);
    return (struct bits){ .family = AF_UNSPEC };
}

static bool begins_alike(const struct bits *a, const struct bits *b, unsigned count)
{
    bool alike = a->family == b->family && count <= a->count;
    for (unsigned i = 0; alike && i < count; i++)
        alike = a->bit[i] == b->bit[i];
    return alike;
}

// "address/bits", or an address; text without a zero byte.
static bool is_within(const struct bits *address, const char *network)
{
    char text[256] = { 0 };
    const char *slash = strchr(network, '/');
    size_t length = slash ? (size_t)(slash - network) : strlen(network);
    if (length >= sizeof text)
        return false;
    memcpy(text, network, length);
    struct bits base = parse(text);
    unsigned count = base.count;
    if (slash) {
        size_t digits = strspn(slash + 1, "0123456789");
        if (digits == 0 || digits > 3 || slash[1 + digits] != '\0')
            return false;
        count = (unsigned)atoi(slash + 1);
    }
    return base.family != AF_UNSPEC && begins_alike(address, &base, count);
}

// The list, beside a model of it
// ------------------------------------------------------------------

static void lower(char *text)
{
    for (; *text; text++)
        *text = (char)tolower((unsigned char)*text);
}

static bool ends_in(const char *host, const char *tail)
{
    size_t size = strlen(host), length = strlen(tail);
    if (length == 0 || length > size || strcmp(host + size - length, tail) != 0)
        return false;
    return length == size || host[size - length - 1] == '.';
}

static bool entry_covers(char *entry, const char *host)
{
    struct bits address = parse(host);
    if (address.family != AF_UNSPEC)
        return is_within(&address, entry);
    char name[LONGEST + 1];
    memcpy(name, host, strlen(host) + 1);
    lower(name);
    lower(entry);
    size_t length = strlen(entry);
    if (length > 0 && entry[length - 1] == '.')
        entry[length - 1] = '\0';
    return ends_in(name, entry + (*entry == '.'));
}

static bool model(const char *list, const char *host)
{
    enum { LONGEST_ENTRY = 255 }; // no name is longer
    bool covered = strcmp(list, "*") == 0;
    char copy[LONGEST + 1], *rest = NULL;
    memcpy(copy, list, strlen(list) + 1);
    for (char *entry = strtok_r(copy, ", \t", &rest); entry; entry = strtok_r(NULL, ", \t", &rest))
        covered = covered || (strlen(entry) <= LONGEST_ENTRY && entry_covers(entry, host));
    return covered;
}

// What the environment says
// -----------------------------------------------------------------------

static const char this_machine[] = "localhost,127.0.0.0/8,::1,::1/128,::ffff:127.0.0.0/104";
static char own_list[] = "no_proxy=";
static char environment[sizeof own_list + LONGEST];

static void open_environment(void)
{
    static char proxy[] = "http_proxy=http://192.0.2.1:9";
    char why[256];
    if (*environment)
        return;
    must(curl_api_open(why, sizeof why));
    memcpy(environment, own_list, sizeof own_list);
    must(putenv(proxy) == 0 && putenv(environment) == 0);
    must(unsetenv("NO_PROXY") == 0);
}

static void check_environment(const char *list, const char *host)
{
    static const char *const ours[] = { "localhost", "a.LocalHost",      "127.0.0.1",
                                        "127.8.9.1", "::ffff:127.0.0.1", "::1" };
    open_environment();
    memcpy(environment + sizeof own_list - 1, list, strlen(list) + 1);
    char *all = proxy_exceptions();
    must(all != NULL);
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
        must(proxy_is_excepted(all, ours[i]));
    must(proxy_is_excepted(all, host) == (model(this_machine, host) || model(list, host)));
    free(all);
}

// The host of a URL, whatever it is; of one that is an address or a plain name, as it is.
static void check_url(const char *list, const char *host)
{
    char url[LONGEST + 32];
    bool v6 = parse(host).family == AF_INET6;
    (void)snprintf(url, sizeof url, v6 ? "http://[%s]/x" : "http://%s/x", host);
    bool direct = proxy_of(url, list) == NULL;
    bool local = proxy_is_local(url);
    if (parse(host).family != AF_UNSPEC) {
        must(direct == model(list, host));
        must(local == model(this_machine, host));
    }
    must(proxy_of(host, "") != NULL || !strncasecmp(host, "https:", 6));
}

static void check_list(const uint8_t *bytes, size_t size)
{
    char *text = own_text(bytes, size < LONGEST ? size : LONGEST);
    char *list = text, *host = strchr(text, '\n');
    if (host) {
        *host++ = '\0';
        must(proxy_is_excepted(list, host) == model(list, host));
        check_environment(list, host);
        check_url(list, host);
    }
    free(text);
}

// Private addresses
// -------------------------------------------------------------------------------

static bool is_in_any(const struct bits *address, const char *const *networks)
{
    while (*networks && !is_within(address, *networks))
        networks++;
    return *networks != NULL;
}

static bool is_private4(const void *bytes)
{
    static const char *const networks[] = {
        "0.0.0.0/8",      "10.0.0.0/8",    "100.64.0.0/10", "127.0.0.0/8",
        "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",  "192.168.0.0/16",
        "198.18.0.0/15",  "224.0.0.0/4",   "240.0.0.0/4",   NULL,
    };
    struct bits address = bits_of(AF_INET, bytes);
    return is_in_any(&address, networks);
}

static bool is_private6(const uint8_t *bytes)
{
    static const char *const whole[] = { "::/96",    "64:ff9b:1::/48", "2001::/32", "fc00::/7",
                                         "ff00::/8", "fe80::/9",       NULL };
    static const char *const wrap_at_the_end[] = { "::ffff:0:0/96", "::ffff:0:0:0/96",
                                                   "64:ff9b::/96", NULL };
    static const char *const wrap_behind_16[] = { "2002::/16", NULL };
    struct bits address = bits_of(AF_INET6, bytes);
    return is_in_any(&address, whole) ||
           (is_in_any(&address, wrap_at_the_end) && is_private4(bytes + 12)) ||
           (is_in_any(&address, wrap_behind_16) && is_private4(bytes + 2));
}

static void check_address(const uint8_t *bytes)
{
    struct sockaddr_in in4 = { .sin_family = AF_INET };
    struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };
    struct sockaddr other = { .sa_family = AF_UNIX };
    memcpy(&in4.sin_addr, bytes, 4);
    memcpy(&in6.sin6_addr, bytes, 16);
    must(address_is_private((const struct sockaddr *)&in4) == is_private4(bytes));
    must(address_is_private((const struct sockaddr *)&in6) == is_private6(bytes));
    must(address_is_private(&other));
}

// "list LF host"; its first bytes are an address, too.
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t address[16] = { 0 };
    memcpy(address, data, size < 16 ? size : 16);
    check_address(address);
    check_list(data, size);
    return 0;
}
