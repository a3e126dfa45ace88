/// libmicrohttpd, opened at first use: linking it would cost every start of the program its
/// loading.
#ifndef RCMCP_NET_MHD_API_H
#define RCMCP_NET_MHD_API_H

#include <microhttpd.h>
#include <stdbool.h>

/// The functions in use, under their names without MHD_.
struct mhd_api {
    __typeof__(MHD_add_response_header) *add_response_header;
    __typeof__(MHD_create_response_from_buffer) *create_response_from_buffer;
    __typeof__(MHD_create_response_from_callback) *create_response_from_callback;
    __typeof__(MHD_destroy_response) *destroy_response;
    __typeof__(MHD_get_connection_info) *get_connection_info;
    __typeof__(MHD_get_connection_values) *get_connection_values;
    __typeof__(MHD_get_daemon_info) *get_daemon_info;
    __typeof__(MHD_get_timeout) *get_timeout;
    __typeof__(MHD_lookup_connection_value) *lookup_connection_value;
    __typeof__(MHD_queue_response) *queue_response;
    __typeof__(MHD_resume_connection) *resume_connection;
    __typeof__(MHD_run) *run;
    __typeof__(MHD_start_daemon) *start_daemon;
    __typeof__(MHD_stop_daemon) *stop_daemon;
    __typeof__(MHD_suspend_connection) *suspend_connection;
};

/// The functions, once mhd_api_open() has found them.
extern struct mhd_api mhd;

/// Opens the library, unless it is open.  False when it is missing or too old; then `*why` tells
/// which (valid to the end of the program).
bool mhd_api_open(const char **why);

#endif
