/// Network addresses: which of them are nobody else's business.
#ifndef RCMCP_NET_ADDRESS_H
#define RCMCP_NET_ADDRESS_H

#include <stdbool.h>
#include <sys/socket.h>

/// Whether an address belongs to this machine, to a private or link-local network, or to none that
/// can be reached from outside (multicast, reserved); also when IPv6 only wraps such an IPv4
/// address.  An unknown family counts as private.
bool address_is_private(const struct sockaddr *address);

#endif
