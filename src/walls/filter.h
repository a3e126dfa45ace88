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

/// What became of it.
enum filter_state {
    FILTER_STANDS,
    FILTER_NOT_HERE, ///< there is none for this system or processor, nor under valgrind
    FILTER_REFUSED,  ///< the system refused what it has elsewhere
};

/// Installs it for all threads of the process; where it does not stand `*why_not` tells why.
enum filter_state filter_install(const char **why_not);

#endif
