/// The certificates that TLS peers are checked against.
#ifndef RCMCP_NET_TRUST_H
#define RCMCP_NET_TRUST_H

struct trust {
    const char *file; ///< bundle, PEM; NULL: none
    const char *path; ///< directory of hashed certificates; NULL: none
};

/// Looks, in this order, at SSL_CERT_FILE and SSL_CERT_DIR (exactly what they name, found or not: a
/// wrong setting must not be made good silently), at the defaults compiled into libcurl
/// (`library_file`, `library_path`; NULL allowed), and at where the distributions keep their
/// bundles.  Both NULL: none was found.  The strings live as long as the environment and the
/// library.
///
/// Where the system's bundle is used, its directory, which holds the same, is left out: libcurl
/// keeps a parsed bundle for the next connections, but only when there is no directory, and parsing
/// it takes some 20 ms.
struct trust trust_find(const char *library_file, const char *library_path);

#endif
