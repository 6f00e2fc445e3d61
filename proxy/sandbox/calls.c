// SPDX-License-Identifier: MIT
#include "sandbox/calls.h"

#include "base/seccomp_program.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#if defined(__x86_64__)
#define NATIVE_ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define NATIVE_ARCHITECTURE AUDIT_ARCH_AARCH64
#else
#error "the sandbox knows the system calls of x86-64 and aarch64"
#endif

#define SOCKET_TYPES  0xFU // of socket(2)'s second argument; the rest are flags
#define WRITE_EXECUTE (PROT_WRITE | PROT_EXEC)

// The newest ones, which older headers lack; the numbers are the same everywhere.
#define NUMBER_FCHMODAT2     452
#define NUMBER_MEMFD_SECRET  447
#define NUMBER_PIDFD_GETFD   438
#define NUMBER_MOUNT_SETATTR 442

enum call_test { ANY, IS, IS_NOT, OWN_PROCESS, OFFLINE };

// One rule: a call whose argument, under the mask, compares as said, gets the answer.
struct rule {
    int number;
    int answer; // an errno, or 0: it passes
    enum call_test test;
    unsigned argument;
    uint32_t mask;
    uint32_t value;
};

#define NEVER(name)                                                                                \
    { .number = SYS_##name, .answer = EPERM }
#define ABSENT(name)                                                                               \
    { .number = SYS_##name, .answer = ENOSYS }
#define PASSES(name, n, v)                                                                         \
    { SYS_##name, 0, IS, (n), UINT32_MAX, (v) }

static const struct rule table[] = {
    // Nothing is executed, and no process started; a thread is.
    NEVER(execve),
    NEVER(execveat),
    {SYS_clone, EPERM, IS_NOT, 0, CLONE_THREAD, CLONE_THREAD},
    ABSENT(clone3), // its flags are out of reach; the C library then uses clone
#ifdef SYS_fork
    NEVER(fork),
    NEVER(vfork),
#endif
    // No memory is written and executed.
    {SYS_mmap, EPERM, IS, 2, WRITE_EXECUTE, WRITE_EXECUTE},
    {SYS_mprotect, EPERM, IS, 2, WRITE_EXECUTE, WRITE_EXECUTE},
    {SYS_pkey_mprotect, EPERM, IS, 2, WRITE_EXECUTE, WRITE_EXECUTE},

    // Its sockets: of the internet, to name services, and to the kernel about sockets and routes.
    {SYS_socket, EPERM, OFFLINE, 0, 0, 0},
    PASSES(socket, 0, AF_NETLINK), // SOCK_RAW is usual there
    PASSES(socket, 0, AF_UNIX),
    {SYS_socket, EPERM, IS, 1, SOCKET_TYPES, SOCK_RAW},
    PASSES(socket, 0, AF_INET),
    PASSES(socket, 0, AF_INET6),
    {.number = SYS_socket, .answer = EAFNOSUPPORT},

    // Other processes are left alone.
    {SYS_kill, EPERM, OWN_PROCESS, 0, UINT32_MAX, 0},
    {SYS_tgkill, EPERM, OWN_PROCESS, 0, UINT32_MAX, 0},
    NEVER(tkill),
    NEVER(rt_sigqueueinfo),
    {SYS_rt_tgsigqueueinfo, EPERM, OWN_PROCESS, 0, UINT32_MAX, 0},
    NEVER(pidfd_send_signal),
    NEVER(ptrace),
    NEVER(process_vm_readv),
    NEVER(process_vm_writev),
    NEVER(kcmp),
    {.number = NUMBER_PIDFD_GETFD, .answer = EPERM},

    // Its user and rights stay what they are, and its memory is not dumped.
    NEVER(setuid),
    NEVER(setgid),
    NEVER(setreuid),
    NEVER(setregid),
    NEVER(setresuid),
    NEVER(setresgid),
    NEVER(setfsuid),
    NEVER(setfsgid),
    NEVER(setgroups),
    NEVER(capset),
    NEVER(personality),
    {SYS_prctl, EPERM, IS, 0, UINT32_MAX, PR_SET_DUMPABLE},

// Files: Landlock has no say in whose they are and what their mode is.
#ifdef SYS_chmod
    NEVER(chmod),
    NEVER(chown),
    NEVER(lchown),
    NEVER(mknod),
#endif
    NEVER(fchmodat),
    {.number = NUMBER_FCHMODAT2, .answer = EPERM},
    NEVER(fchownat),
    NEVER(mknodat),
    NEVER(setxattr),
    NEVER(lsetxattr),
    NEVER(fsetxattr),
    NEVER(removexattr),
    NEVER(lremovexattr),
    NEVER(fremovexattr),
    NEVER(name_to_handle_at),
    NEVER(open_by_handle_at),
    {SYS_ioctl, EPERM, IS, 1, UINT32_MAX, TIOCSTI},
    {SYS_ioctl, EPERM, IS, 1, UINT32_MAX, TIOCLINUX},

    // Mounts and namespaces.
    NEVER(mount),
    NEVER(umount2),
    NEVER(pivot_root),
    NEVER(chroot),
    NEVER(unshare),
    NEVER(setns),
    NEVER(open_tree),
    NEVER(move_mount),
    NEVER(fsopen),
    NEVER(fsconfig),
    NEVER(fsmount),
    NEVER(fspick),
    {.number = NUMBER_MOUNT_SETATTR, .answer = EPERM},

    // The kernel and the machine. A ring would make calls that no filter sees.
    ABSENT(io_uring_setup),
    ABSENT(io_uring_enter),
    ABSENT(io_uring_register),
    {.number = NUMBER_MEMFD_SECRET, .answer = ENOSYS},
    NEVER(bpf),
    NEVER(perf_event_open),
    NEVER(userfaultfd),
    NEVER(fanotify_init),
    NEVER(add_key),
    NEVER(request_key),
    NEVER(keyctl),
    NEVER(init_module),
    NEVER(finit_module),
    NEVER(delete_module),
    NEVER(kexec_load),
    NEVER(reboot),
    NEVER(swapon),
    NEVER(swapoff),
    NEVER(acct),
    NEVER(quotactl),
    NEVER(syslog),
    NEVER(vhangup),
    NEVER(settimeofday),
    NEVER(clock_settime),
    NEVER(adjtimex),
    NEVER(clock_adjtime),
    NEVER(sethostname),
    NEVER(setdomainname),
#ifdef SYS_iopl
    NEVER(iopl),
    NEVER(ioperm),
    NEVER(modify_ldt),
#endif
};

enum { TABLE_COUNT = sizeof(table) / sizeof(table[0]) };

static bool holds(const struct rule *rule, const struct call *call, const struct caller *caller) {
    uint32_t word = call->arguments[rule->argument] & rule->mask;
    switch (rule->test) {
    case ANY:
        return true;
    case IS:
        return word == rule->value;
    case IS_NOT:
        return word != rule->value;
    case OWN_PROCESS:
        return word != caller->own_pid;
    case OFFLINE:
        return caller->offline;
    }
    return true;
}

int calls_judge(const struct call *call, const struct caller *caller) {
    for (size_t i = 0; i < TABLE_COUNT; i++) {
        if (table[i].number == call->number && holds(&table[i], call, caller)) {
            return table[i].answer;
        }
    }
    return 0;
}

// ── the program ─────────────────────────────────────────────────────────────────────────────────

static void put_answer(struct seccomp_program *program, int answer) {
    seccomp_return(program, answer == 0 ? SECCOMP_RET_ALLOW : SECCOMP_RET_ERRNO | (uint32_t)answer);
}

// The number of the call is in the accumulator before and after it.
static void put_rule(struct seccomp_program *program, const struct rule *rule,
                     const struct caller *caller) {
    uint32_t number = (uint32_t)rule->number;
    if (rule->test == OFFLINE && !caller->offline) {
        return;
    }
    if (rule->test == ANY || rule->test == OFFLINE) {
        seccomp_if(program, BPF_JEQ, number, 1);
        put_answer(program, rule->answer);
        return;
    }
    uint32_t value = rule->test == OWN_PROCESS ? caller->own_pid : rule->value;
    bool equal = rule->test == IS;
    seccomp_if(program, BPF_JEQ, number, 5);
    seccomp_load_argument(program, rule->argument);
    seccomp_mask(program, rule->mask);
    seccomp_put(program, (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value,
                                                      equal ? 0 : 1, equal ? 1 : 0));
    put_answer(program, rule->answer);
    seccomp_load_number(program);
}

// Programs of another word size have other numbers: this process has no such code.
static void put_head(struct seccomp_program *program) {
    seccomp_load_architecture(program);
    seccomp_put(program,
                (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, NATIVE_ARCHITECTURE, 1, 0));
    put_answer(program, EPERM);
    seccomp_load_number(program);
    seccomp_if(program, BPF_JGE, SECCOMP_X32_BIT, 1);
    put_answer(program, ENOSYS);
}

size_t calls_build(struct sock_filter program[static CALLS_PROGRAM_MAX],
                   const struct caller *caller) {
    struct seccomp_program made = {.instructions = program, .max = CALLS_PROGRAM_MAX};
    put_head(&made);
    for (size_t i = 0; i < TABLE_COUNT; i++) {
        put_rule(&made, &table[i], caller);
    }
    put_answer(&made, 0);
    return made.len;
}

// ── installing it ───────────────────────────────────────────────────────────────────────────────

int calls_restrict(bool offline) {
    const struct caller caller = {.own_pid = (uint32_t)getpid(), .offline = offline};
    struct sock_filter program[CALLS_PROGRAM_MAX];
    struct sock_fprog prog = {.filter = program};
    prog.len = (unsigned short)calls_build(program, &caller);
    // Without the second flag older kernels slow the whole process down, against side channels
    // that are none of this filter's business.
    const unsigned flags = SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_SPEC_ALLOW;
    long result = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &prog);
    return result == 0 ? 0 : result < 0 ? errno : ESRCH; // the thread that could not follow
}

bool calls_can_be_restricted(void) {
    const uint32_t action = SECCOMP_RET_ERRNO;
    return syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action) == 0;
}
