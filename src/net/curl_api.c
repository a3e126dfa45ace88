#include "net/curl_api.h"

#include "base/library.h"

#include <stddef.h>
#include <stdio.h>

struct curl_api curl;

static bool opened;

// The oldest version that has all options used here (CURLOPT_QUICK_EXIT, CURLOPT_CA_CACHE_TIMEOUT).
enum { OLDEST = 0x075800 };

static const char *const files[] = { "libcurl.so.4", "libcurl.4.dylib",
                                     "/opt/homebrew/opt/curl/lib/libcurl.4.dylib",
                                     "/usr/local/opt/curl/lib/libcurl.4.dylib", NULL };

static const struct library_symbol symbols[] = {
#define SYMBOL(name)                                                                               \
    {                                                                                              \
        "curl_" #name, offsetof(struct curl_api, name)                                             \
    }
    SYMBOL(easy_cleanup),
    SYMBOL(easy_getinfo),
    SYMBOL(easy_init),
    SYMBOL(easy_reset),
    SYMBOL(easy_setopt),
    SYMBOL(easy_strerror),
    SYMBOL(global_cleanup),
    SYMBOL(global_init),
    SYMBOL(multi_add_handle),
    SYMBOL(multi_cleanup),
    SYMBOL(multi_info_read),
    SYMBOL(multi_init),
    SYMBOL(multi_remove_handle),
    SYMBOL(multi_setopt),
    SYMBOL(multi_socket_action),
    SYMBOL(share_cleanup),
    SYMBOL(share_init),
    SYMBOL(share_setopt),
    SYMBOL(free),
    SYMBOL(url),
    SYMBOL(url_cleanup),
    SYMBOL(url_get),
    SYMBOL(url_set),
    SYMBOL(version_info),
#undef SYMBOL
};

bool curl_api_open(char *message, size_t size)
{
    if (opened)
        return true;
    const char *missing = NULL;
    void *library = library_open(files, symbols, sizeof symbols / sizeof *symbols, &curl, &missing);
    if (!library && missing) {
        (void)snprintf(message, size, "the installed libcurl lacks %s: install 7.88 or newer",
                       missing);
        return false;
    }
    if (!library && library_fault()) {
        (void)snprintf(message, size, "libcurl cannot be opened: %s", library_fault());
        return false;
    }
    if (!library) {
        (void)snprintf(message, size,
                       "libcurl cannot be opened (%s): install it (Debian: libcurl4, Fedora: "
                       "libcurl, Homebrew: curl)",
                       files[0]);
        return false;
    }
    const curl_version_info_data *version = curl.version_info(CURLVERSION_NOW);
    if (version->version_num < OLDEST) {
        (void)snprintf(message, size, "libcurl %s is too old: install 7.88 or newer",
                       version->version);
        goto err0;
    }
    if (curl.global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        (void)snprintf(message, size, "libcurl %s cannot be initialised", version->version);
        goto err0;
    }
    opened = true;
    return true;

err0:
    library_close(library);
    return false;
}
