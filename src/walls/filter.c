#include "walls/filter.h"

#include <stddef.h>

#if defined(__linux__) && (defined(__x86_64__) || defined(__aarch64__))

#include "walls/tools.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifdef __x86_64__
#define ARCHITECTURE AUDIT_ARCH_X86_64
#else
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#endif

#ifndef SECCOMP_RET_KILL_PROCESS // before Linux 4.14, which ends the thread: there is but one
#define SECCOMP_RET_KILL_PROCESS SECCOMP_RET_KILL
#endif

#define REFUSE(error) (SECCOMP_RET_ERRNO | (error))
#define X32_BIT       0x40000000u // calls of the x32 ABI, which have the same architecture

// The frequent ones first.  close(), because libuv and Lua close what they have; none of these
// names a path or another process.  Neither fcntl() nor ioctl(): both can direct signals at others.
static const int allowed[] = {
    SYS_read,          SYS_write,        SYS_epoll_pwait,
#ifdef SYS_epoll_wait
    SYS_epoll_wait,
#endif
    SYS_clock_gettime, SYS_futex,        SYS_epoll_ctl,       SYS_munmap,
    SYS_brk,           SYS_mremap,       SYS_madvise,         SYS_readv,
    SYS_writev,        SYS_close,
#ifdef SYS_poll
    SYS_poll,
#endif
    SYS_ppoll,         SYS_clock_getres, SYS_clock_nanosleep, SYS_nanosleep,
    SYS_gettimeofday,
#ifdef SYS_time
    SYS_time,
#endif
    SYS_getrusage,     SYS_getrandom,    SYS_getpid,          SYS_gettid,
    SYS_getppid,       SYS_rt_sigaction, SYS_rt_sigprocmask,  SYS_rt_sigreturn,
    SYS_sigaltstack,   SYS_sched_yield,  SYS_restart_syscall, SYS_set_robust_list,
#ifdef SYS_rseq
    SYS_rseq,
#endif
    SYS_exit,          SYS_exit_group
};

// Those that libraries may try: for locales, name servers, limits, terminals.
static const int refused[] = {
    SYS_openat,
#ifdef SYS_open
    SYS_open,       SYS_stat,       SYS_lstat,   SYS_access, SYS_readlink,
#endif
#ifdef SYS_openat2
    SYS_openat2,
#endif
    SYS_newfstatat, SYS_fstat,
#ifdef SYS_statx
    SYS_statx,
#endif
    SYS_faccessat,  SYS_readlinkat, SYS_getcwd,  SYS_socket, SYS_connect,   SYS_sendto,
    SYS_sendmsg,    SYS_recvmsg,    SYS_fcntl,   SYS_ioctl,  SYS_prlimit64, SYS_prctl,
    SYS_kill,       SYS_uname,      SYS_sysinfo, SYS_dup,    SYS_pipe2,     SYS_lseek
};

// Programs, processes, others' memory, the kernel's large surfaces.
static const int deadly[] = { SYS_execve,
                              SYS_execveat,
                              SYS_clone,
#ifdef SYS_fork
                              SYS_fork,
                              SYS_vfork,
#endif
                              SYS_ptrace,
                              SYS_process_vm_readv,
                              SYS_process_vm_writev,
                              SYS_tkill,
                              SYS_rt_sigqueueinfo,
                              SYS_rt_tgsigqueueinfo,
                              SYS_unshare,
                              SYS_setns,
                              SYS_mount,
                              SYS_umount2,
                              SYS_chroot,
                              SYS_pivot_root,
                              SYS_setuid,
                              SYS_setgid,
                              SYS_bpf,
                              SYS_perf_event_open,
                              SYS_keyctl,
                              SYS_add_key,
                              SYS_request_key,
                              SYS_init_module,
                              SYS_finit_module,
                              SYS_delete_module,
                              SYS_kexec_load,
                              SYS_reboot,
                              SYS_personality,
#ifdef SYS_userfaultfd
                              SYS_userfaultfd,
#endif
#ifdef SYS_io_uring_setup
                              SYS_io_uring_setup,
#endif
#ifdef SYS_pidfd_open
                              SYS_pidfd_open,
                              SYS_pidfd_send_signal,
#endif
#ifdef SYS_pidfd_getfd
                              SYS_pidfd_getfd,
#endif
                              SYS_open_by_handle_at };

#define COUNT(list) (sizeof(list) / sizeof *(list))
enum { FIXED = 32, ROOM = FIXED + 2 * (COUNT(allowed) + COUNT(refused) + COUNT(deadly)) };

struct program {
    struct sock_filter code[ROOM];
    unsigned short size;
};

static void add(struct program *p, unsigned short code, unsigned char yes, unsigned char no,
                unsigned value)
{
    p->code[p->size++] = (struct sock_filter){ code, yes, no, value };
}

static void load(struct program *p, size_t offset)
{
    add(p, BPF_LD | BPF_W | BPF_ABS, 0, 0, (unsigned)offset);
}

static void give(struct program *p, unsigned action)
{
    add(p, BPF_RET | BPF_K, 0, 0, action);
}

static void list(struct program *p, const int *calls, size_t count, unsigned action)
{
    for (size_t i = 0; i < count; i++) {
        add(p, BPF_JMP | BPF_JEQ | BPF_K, 0, 1, (unsigned)calls[i]);
        give(p, action);
    }
}

// The lower half of an argument; both systems have the lower one first.
static size_t argument(int which)
{
    return offsetof(struct seccomp_data, args) + (size_t)which * sizeof(uint64_t);
}

// Memory may hold no code.
static void memory_call(struct program *p, int call)
{
    add(p, BPF_JMP | BPF_JEQ | BPF_K, 0, 4, (unsigned)call);
    load(p, argument(2));
    add(p, BPF_JMP | BPF_JSET | BPF_K, 0, 1, PROT_EXEC);
    give(p, REFUSE(EPERM));
    give(p, SECCOMP_RET_ALLOW);
}

// abort() sends a signal to its own process.
static void signal_call(struct program *p, unsigned own)
{
    add(p, BPF_JMP | BPF_JEQ | BPF_K, 0, 4, SYS_tgkill);
    load(p, argument(0));
    add(p, BPF_JMP | BPF_JEQ | BPF_K, 0, 1, own);
    give(p, SECCOMP_RET_ALLOW);
    give(p, REFUSE(EPERM));
}

static void write_program(struct program *p)
{
    load(p, offsetof(struct seccomp_data, arch));
    add(p, BPF_JMP | BPF_JEQ | BPF_K, 1, 0, ARCHITECTURE);
    give(p, SECCOMP_RET_KILL_PROCESS);
    load(p, offsetof(struct seccomp_data, nr));
#ifdef __x86_64__
    add(p, BPF_JMP | BPF_JGE | BPF_K, 0, 1, X32_BIT);
    give(p, SECCOMP_RET_KILL_PROCESS);
#endif
    list(p, allowed, COUNT(allowed), SECCOMP_RET_ALLOW);
    memory_call(p, SYS_mmap);
    memory_call(p, SYS_mprotect);
    signal_call(p, (unsigned)getpid());
    list(p, refused, COUNT(refused), REFUSE(EPERM));
    list(p, deadly, COUNT(deadly), SECCOMP_RET_KILL_PROCESS);
    give(p, REFUSE(ENOSYS));
}

enum filter_state filter_install(const char **why_not)
{
    if (walls_in_valgrind()) {
        *why_not = "valgrind makes calls of its own";
        return FILTER_NOT_HERE;
    }
    struct program p = { .size = 0 };
    write_program(&p);
    struct sock_fprog program = { p.size, p.code };
    long refused_by =
        syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_TSYNC, &program);
    if (refused_by == 0)
        return FILTER_STANDS;
    *why_not = refused_by > 0 ? "another thread has a filter of its own" : strerror(errno);
    return FILTER_REFUSED;
}

#else

enum filter_state filter_install(const char **why_not)
{
    *why_not = "this system or processor has no filter here";
    return FILTER_NOT_HERE;
}

#endif
