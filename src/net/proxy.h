/// Which proxy of the environment a request goes through.
///
/// libcurl decides it well, and each hop of a redirect anew, but for two things: it sends what is
/// meant for this machine to the proxy, too, and before 8.7 it does not tell whether one was used.
#ifndef RCMCP_NET_PROXY_H
#define RCMCP_NET_PROXY_H

#include <stdbool.h>
#include <stddef.h>

/// The list for CURLOPT_NOPROXY: what the environment has in no_proxy, and this machine under all
/// its names. To be freed by the caller; NULL when memory is out.
char *proxy_exceptions(void);

/// The proxy of the environment for `url`; NULL: none is set for its scheme, or `exceptions`, made
/// by proxy_exceptions(), names its host.  Belongs to the environment.  After curl_api_open().
const char *proxy_of(const char *url, const char *exceptions);

/// Whether the environment has a proxy for the scheme of `url`, whose host is this machine. libcurl
/// before 8 takes no network for an IPv6 address in its list.
bool proxy_is_local(const char *url);

/// Whether an entry of `list` (commas or blanks between them; "*" for all) excepts `host`: the name
/// itself, the end of one behind a dot, an address or "address/bits".  `host` has no brackets.
bool proxy_is_excepted(const char *list, const char *host);

#endif
