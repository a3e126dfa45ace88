/// The filter of system calls (seccomp, Linux on x86-64 and aarch64).
///
/// Allowed is what Lua, libuv and the C library need for memory, time and descriptors that are
/// open.  What libraries may try of their own accord, such as opening a file, fails with EPERM, as
/// it may on any system.  What only an intruder would try, such as running a program, ends the
/// process at once (SIGSYS): the state that it is in is not to be trusted any further.  All other
/// calls, among them those that are not invented yet, fail with ENOSYS, upon which the C library
/// takes an older one.
#ifndef RCMCP_WALLS_FILTER_H
#define RCMCP_WALLS_FILTER_H

#include <stdbool.h>

/// Installs it for all threads of the process.  False: it could not be, `*why_not` tells why.
bool filter_install(const char **why_not);

#endif
