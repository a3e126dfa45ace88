#include "net/trust.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
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

static bool is_bundle(const char *file, const char *library_file)
{
    if (library_file && strcmp(file, library_file) == 0)
        return true;
    for (size_t i = 0; i < sizeof bundles / sizeof *bundles; i++) {
        if (strcmp(file, bundles[i]) == 0)
            return true;
    }
    return false;
}

// Whether the settings name what the system has anyway: its directory holds what its bundle holds.
static bool is_system(const struct trust *set, const char *library_file, const char *library_path)
{
    return set->file && set->path && library_path && strcmp(set->path, library_path) == 0 &&
           is_bundle(set->file, library_file) && readable(set->file);
}

struct trust trust_find(const char *library_file, const char *library_path)
{
    struct trust set = { setting("SSL_CERT_FILE"), setting("SSL_CERT_DIR") };
    if (is_system(&set, library_file, library_path))
        set.path = NULL;
    if (set.file || set.path)
        return set;
    const char *file = readable(library_file);
    for (size_t i = 0; !file && i < sizeof bundles / sizeof *bundles; i++)
        file = readable(bundles[i]);
    if (file)
        return (struct trust){ .file = file };
    return (struct trust){ .path = readable(library_path) };
}
