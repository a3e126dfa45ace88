#include "net/trust.h"

#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

static const char *const bundles[] = {
    "/etc/ssl/certs/ca-certificates.crt",                // Debian, Arch, Alpine, Gentoo
    "/etc/pki/tls/certs/ca-bundle.crt",                  // Fedora, RHEL
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", // the same, newer
    "/etc/ssl/ca-bundle.pem",                            // SUSE
    "/etc/ssl/cert.pem",                                 // macOS, BSD, Alpine
    "/usr/local/share/certs/ca-root-nss.crt",            // FreeBSD
    "/opt/homebrew/etc/ca-certificates/cert.pem",        // Homebrew
};

static const char *setting(const char *name)
{
    const char *value = getenv(name);
    return value && *value ? value : NULL;
}

static const char *readable(const char *name)
{
    return name && access(name, R_OK) == 0 ? name : NULL;
}

struct trust trust_find(const char *library_file, const char *library_path)
{
    struct trust set = { setting("SSL_CERT_FILE"), setting("SSL_CERT_DIR") };
    if (set.file || set.path)
        return set;
    const char *file = readable(library_file);
    for (size_t i = 0; !file && i < sizeof bundles / sizeof *bundles; i++)
        file = readable(bundles[i]);
    if (file)
        return (struct trust){ .file = file };
    return (struct trust){ .path = readable(library_path) };
}
