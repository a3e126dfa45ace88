#include "net/client_error.h"

#include "base/utf8.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HOST_ROOM = 128, PROBE = 1 << 20 };

__attribute__((format(printf, 3, 4))) static void
say(struct client_failure *why, enum client_code code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    why->code = code;
    (void)vsnprintf(why->message, sizeof why->message, format, args);
    va_end(args);
}

// The end of "host:port": what is no port may be the beginning of a password with a slash in it.
static const char *end_of_host(const char *start, const char *end)
{
    const char *literal = memchr(start, ']', (size_t)(end - start)); // of IPv6
    const char *from = literal ? literal : start;
    const char *colon = memchr(from, ':', (size_t)(end - from));
    if (!colon || colon + 1 + strspn(colon + 1, "0123456789") >= end)
        return end;
    return colon;
}

// "host:port" of a URL, in whole characters; a password in it is left out.
static void copy_host(char *into, const char *url)
{
    const char *start = strstr(url, "://");
    start = start ? start + 3 : url;
    const char *end = start + strcspn(start, "/?#");
    for (const char *at = start; at < end; at++) {
        if (*at == '@')
            start = at + 1;
    }
    size_t size = (size_t)(end_of_host(start, end) - start);
    size = size < HOST_ROOM ? size : utf8_whole(start, HOST_ROOM - 1);
    memcpy(into, start, size);
    into[size] = '\0';
}

static void explain_stop(const struct client_slot *s, const char *host, struct client_failure *why)
{
    const struct client_message *m = s->message;
    switch (s->stop) {
    case SLOT_TOO_LARGE:
        say(why, CLIENT_TOO_LARGE, "the answer of %s is larger than the limit of %zu bytes", host,
            m->max_bytes);
        return;
    case SLOT_HEADERS_TOO_LARGE:
        say(why, CLIENT_PROTOCOL, "the answer of %s has more than 256 KiB of headers", host);
        return;
    case SLOT_FILE:
        say(why, CLIENT_FILE, "%s %s: %s", s->upload_fd >= 0 ? "cannot read" : "cannot write",
            s->upload_fd >= 0 ? m->body_file : m->save_as, strerror(s->file_error));
        return;
    case SLOT_UPGRADE:
        say(why, CLIENT_PROTOCOL,
            "%s answered 101 Switching Protocols, which was not asked for: check the address",
            host);
        return;
    case SLOT_ADDRESS:
        say(why, CLIENT_ADDRESS,
            "%s leads to an address of this machine or of a private network, which is not allowed",
            host);
        return;
    case SLOT_HURRIED:
        say(why, CLIENT_TIMEOUT, "the answer of %s had not come to its end when it was wanted",
            host);
        return;
    case SLOT_IDLE:
        say(why, CLIENT_TIMEOUT, "not a byte to or from %s for %g s: the transfer was ended", host,
            (double)m->idle_ms / 1000);
        return;
    default:
        say(why, CLIENT_MEMORY, "not enough memory for the answer of %s", host);
        return;
    }
}

static void explain_timeout(const struct client_slot *s, const char *host,
                            struct client_failure *why)
{
    const struct client_message *m = s->message;
    if (s->on_wire) {
        say(why, CLIENT_TIMEOUT, "no complete answer from %s within %g s", host,
            (double)m->total_ms / 1000);
        return;
    }
    long limit = m->total_ms > 0 && m->total_ms < m->connect_ms ? m->total_ms : m->connect_ms;
    say(why, CLIENT_CONNECT,
        "no connection to %s within %g s: check the network, the firewall and the proxy settings",
        host, (double)limit / 1000);
}

static void explain_tls(const struct client_slot *s, CURLcode rc, const char *host,
                        const char *detail, struct client_failure *why)
{
    const struct trust *trust = &s->base->trust;
    if (rc == CURLE_SSL_CACERT_BADFILE)
        say(why, CLIENT_TLS,
            "the certificate bundle %s cannot be read (%s): point SSL_CERT_FILE at a bundle in PEM "
            "form",
            trust->file   ? trust->file
            : trust->path ? trust->path
                          : "",
            detail);
    else if (!trust->file && !trust->path)
        say(why, CLIENT_TLS,
            "the certificate of %s cannot be checked, no certificate bundle was found: install "
            "ca-certificates or set SSL_CERT_FILE",
            host);
    else
        say(why, CLIENT_TLS,
            "the certificate of %s was not accepted (%s): check the host name and the system's "
            "clock; behind a proxy that inspects TLS set SSL_CERT_FILE to its bundle",
            host, detail);
}

static void explain_connect(CURLcode rc, const char *host, const char *detail,
                            struct client_failure *why)
{
    switch (rc) {
    case CURLE_COULDNT_RESOLVE_HOST:
        if (strstr(detail, "thread")) { // libcurl looks names up in one of its own
            say(why, CLIENT_CONNECT,
                "the host %s could not be looked up (%s): the system gives this program no further "
                "thread (ulimit -u, ulimit -v)",
                host, detail);
            return;
        }
        say(why, CLIENT_CONNECT,
            "the host %s was not found: check its spelling and the network's name server", host);
        return;
    case CURLE_COULDNT_RESOLVE_PROXY:
        say(why, CLIENT_CONNECT,
            "the proxy to %s was not found (%s): check http_proxy, https_proxy and all_proxy", host,
            detail);
        return;
    case CURLE_SSL_CONNECT_ERROR:
        say(why, CLIENT_CONNECT,
            "the TLS handshake with %s failed (%s): check the address and the proxy settings", host,
            detail);
        return;
    case CURLE_PROXY:
        say(why, CLIENT_CONNECT,
            "the proxy to %s refused (%s): check http_proxy, https_proxy and all_proxy", host,
            detail);
        return;
    default:
        say(why, CLIENT_CONNECT,
            "no connection to %s (%s): check that it is up, the network and the proxy settings",
            host, detail);
        return;
    }
}

static bool is_connecting(CURLcode rc)
{
    return rc == CURLE_COULDNT_RESOLVE_HOST || rc == CURLE_COULDNT_RESOLVE_PROXY ||
           rc == CURLE_COULDNT_CONNECT || rc == CURLE_SSL_CONNECT_ERROR || rc == CURLE_PROXY;
}

static bool is_trust(CURLcode rc)
{
    return rc == CURLE_PEER_FAILED_VERIFICATION || rc == CURLE_SSL_CACERT_BADFILE ||
           rc == CURLE_SSL_ISSUER_ERROR || rc == CURLE_SSL_INVALIDCERTSTATUS;
}

// libcurl says that memory is out also where a header line is longer than it takes: which of the
// two it was is tried out.
static bool is_line_too_long(const struct client_slot *s)
{
    void *probe = malloc(PROBE);
    free(probe);
    return probe && s->on_wire && !s->head_ended;
}

static void explain_answer(const struct client_slot *s, CURLcode rc, const char *host,
                           const char *detail, struct client_failure *why)
{
    switch (rc) {
    case CURLE_GOT_NOTHING:
        say(why, CLIENT_TRUNCATED, "%s closed the connection without an answer", host);
        return;
    case CURLE_PARTIAL_FILE:
        say(why, CLIENT_TRUNCATED, "the answer of %s ended early (%s)", host, detail);
        return;
    case CURLE_OUT_OF_MEMORY:
        if (is_line_too_long(s))
            say(why, CLIENT_PROTOCOL, "the answer of %s has a header line of more than 100 KiB",
                host);
        else
            say(why, CLIENT_MEMORY, "not enough memory for a request to %s", host);
        return;
    case CURLE_TOO_MANY_REDIRECTS:
        say(why, CLIENT_PROTOCOL, "%s redirects more than %d times", host, CLIENT_MAX_REDIRECTS);
        return;
    case CURLE_URL_MALFORMAT:
        say(why, CLIENT_PROTOCOL, "the address at %s is no valid URL (%s)", host, detail);
        return;
    case CURLE_BAD_CONTENT_ENCODING:
        say(why, CLIENT_ENCODING, "the answer of %s is not compressed as its header says (%s)",
            host, detail);
        return;
    case CURLE_UNSUPPORTED_PROTOCOL: // a redirect to file:, or a first line that is not HTTP's
    case CURLE_WEIRD_SERVER_REPLY:
        say(why, CLIENT_PROTOCOL, "the answer of %s is of no use (%s): check the address", host,
            detail);
        return;
    default:
        if (s->message && !s->on_wire)
            explain_connect(rc, host, detail, why);
        else
            say(why, CLIENT_NETWORK, "the connection to %s broke (%s)", host, detail);
        return;
    }
}

void client_explain(const struct client_slot *s, CURLcode rc, struct client_failure *why)
{
    char host[HOST_ROOM];
    const char *detail = s->detail[0] ? s->detail : curl.easy_strerror(rc);
    copy_host(host, s->message->url);
    if (s->stop != SLOT_RUNS)
        explain_stop(s, host, why);
    else if (rc == CURLE_OPERATION_TIMEDOUT)
        explain_timeout(s, host, why);
    else if (is_trust(rc))
        explain_tls(s, rc, host, detail, why);
    else if (is_connecting(rc))
        explain_connect(rc, host, detail, why);
    else
        explain_answer(s, rc, host, detail, why);
}
