/// libcurl, opened at first use.
///
/// Linking it would cost 10 ms at every start of the program (its 30 libraries are relocated before
/// main), also for a server that nobody calls.  So it is opened with dlopen, and called through a
/// table.
#ifndef RCMCP_NET_CURL_API_H
#define RCMCP_NET_CURL_API_H

#include <curl/curl.h>
#include <stdbool.h>

/// Each entry is libcurl's function of the name with "curl_" before it.
struct curl_api {
    __typeof__(curl_easy_cleanup) *easy_cleanup;
    __typeof__(curl_easy_getinfo) *easy_getinfo;
    __typeof__(curl_easy_init) *easy_init;
    __typeof__(curl_easy_reset) *easy_reset;
    __typeof__(curl_easy_setopt) *easy_setopt;
    __typeof__(curl_easy_strerror) *easy_strerror;
    __typeof__(curl_free) *free;
    __typeof__(curl_global_cleanup) *global_cleanup;
    __typeof__(curl_global_init) *global_init;
    __typeof__(curl_multi_add_handle) *multi_add_handle;
    __typeof__(curl_multi_cleanup) *multi_cleanup;
    __typeof__(curl_multi_info_read) *multi_info_read;
    __typeof__(curl_multi_init) *multi_init;
    __typeof__(curl_multi_remove_handle) *multi_remove_handle;
    __typeof__(curl_multi_setopt) *multi_setopt;
    __typeof__(curl_multi_socket_action) *multi_socket_action;
    __typeof__(curl_share_cleanup) *share_cleanup;
    __typeof__(curl_share_init) *share_init;
    __typeof__(curl_share_setopt) *share_setopt;
    __typeof__(curl_url) *url;
    __typeof__(curl_url_cleanup) *url_cleanup;
    __typeof__(curl_url_get) *url_get;
    __typeof__(curl_url_set) *url_set;
    __typeof__(curl_version_info) *version_info;
};

/// The table; valid once curl_api_open() has returned true.
extern struct curl_api curl;

/// Opens and initialises the library; does nothing when it is open.  It stays open until the
/// process ends.  On false, `message` (of `size` bytes) says what is missing and how to get it.
bool curl_api_open(char *message, size_t size);

#endif
