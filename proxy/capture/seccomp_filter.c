// SPDX-License-Identifier: MIT
#include "capture/seccomp_filter.h"

#include "base/seccomp_program.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SOCKETCALL_CONNECT 3

struct architecture {
    uint32_t audit;
    bool small_words;
    bool has_x32;
};

struct table_row {
    uint32_t audit;
    uint32_t number;
    enum filter_call call;
};

#if defined(__x86_64__)
static const struct architecture architectures[] = {
    {.audit = AUDIT_ARCH_X86_64, .has_x32 = true},
    {.audit = AUDIT_ARCH_I386, .small_words = true},
};
static const struct table_row table[] = {
    {AUDIT_ARCH_X86_64, 42, CALL_CONNECT},      {AUDIT_ARCH_X86_64, 44, CALL_SENDTO},
    {AUDIT_ARCH_X86_64, 51, CALL_OWN_NAME},     {AUDIT_ARCH_X86_64, 52, CALL_PEER_NAME},
    {AUDIT_ARCH_I386, 367, CALL_OWN_NAME},      {AUDIT_ARCH_I386, 368, CALL_PEER_NAME},
    {AUDIT_ARCH_X86_64, 46, CALL_SENDMSG},      {AUDIT_ARCH_X86_64, 307, CALL_SENDMMSG},
    {AUDIT_ARCH_X86_64, 425, CALL_URING_SETUP}, {AUDIT_ARCH_X86_64, 59, CALL_EXECVE},
    {AUDIT_ARCH_X86_64, 322, CALL_EXECVEAT},    {AUDIT_ARCH_I386, 362, CALL_CONNECT},
    {AUDIT_ARCH_I386, 102, CALL_SOCKETCALL},    {AUDIT_ARCH_I386, 369, CALL_SENDTO},
    {AUDIT_ARCH_I386, 370, CALL_SENDMSG},       {AUDIT_ARCH_I386, 345, CALL_SENDMMSG},
    {AUDIT_ARCH_I386, 425, CALL_URING_SETUP},   {AUDIT_ARCH_I386, 11, CALL_EXECVE},
    {AUDIT_ARCH_I386, 358, CALL_EXECVEAT},
};
#elif defined(__aarch64__)
static const struct architecture architectures[] = {
    {.audit = AUDIT_ARCH_AARCH64},
    {.audit = AUDIT_ARCH_ARM, .small_words = true},
};
static const struct table_row table[] = {
    {AUDIT_ARCH_AARCH64, 203, CALL_CONNECT},     {AUDIT_ARCH_AARCH64, 206, CALL_SENDTO},
    {AUDIT_ARCH_AARCH64, 204, CALL_OWN_NAME},    {AUDIT_ARCH_AARCH64, 205, CALL_PEER_NAME},
    {AUDIT_ARCH_ARM, 286, CALL_OWN_NAME},        {AUDIT_ARCH_ARM, 287, CALL_PEER_NAME},
    {AUDIT_ARCH_AARCH64, 211, CALL_SENDMSG},     {AUDIT_ARCH_AARCH64, 269, CALL_SENDMMSG},
    {AUDIT_ARCH_AARCH64, 425, CALL_URING_SETUP}, {AUDIT_ARCH_AARCH64, 221, CALL_EXECVE},
    {AUDIT_ARCH_AARCH64, 281, CALL_EXECVEAT},    {AUDIT_ARCH_ARM, 283, CALL_CONNECT},
    {AUDIT_ARCH_ARM, 290, CALL_SENDTO},          {AUDIT_ARCH_ARM, 296, CALL_SENDMSG},
    {AUDIT_ARCH_ARM, 374, CALL_SENDMMSG},        {AUDIT_ARCH_ARM, 425, CALL_URING_SETUP},
    {AUDIT_ARCH_ARM, 11, CALL_EXECVE},           {AUDIT_ARCH_ARM, 387, CALL_EXECVEAT},
};
#else
#error "`run` knows the system calls of x86-64 and aarch64"
#endif

enum {
    ARCHITECTURE_COUNT = sizeof(architectures) / sizeof(architectures[0]),
    TABLE_COUNT = sizeof(table) / sizeof(table[0]),
};

enum filter_call filter_call_of(uint32_t arch, int number, bool *out_small_words) {
    uint32_t plain = (uint32_t)number;
    *out_small_words = false;
    for (size_t i = 0; i < ARCHITECTURE_COUNT; i++) {
        if (architectures[i].audit == arch) {
            bool x32 = architectures[i].has_x32 && (plain & SECCOMP_X32_BIT) != 0;
            *out_small_words = architectures[i].small_words || x32;
            plain = x32 ? plain & ~SECCOMP_X32_BIT : plain;
        }
    }
    for (size_t i = 0; i < TABLE_COUNT; i++) {
        if (table[i].audit == arch && table[i].number == plain) {
            return table[i].call;
        }
    }
    return CALL_OTHER;
}

// ── the program ─────────────────────────────────────────────────────────────────────────────────

// Notifies where the argument compares as said, else lets the call pass.
static void put_argument_test(struct seccomp_program *program, uint32_t number, unsigned argument,
                              uint16_t comparison, uint32_t value) {
    seccomp_if(program, BPF_JEQ, number, 4);
    seccomp_load_argument(program, argument);
    seccomp_if(program, comparison, value, 1);
    seccomp_return(program, SECCOMP_RET_USER_NOTIF);
    seccomp_return(program, SECCOMP_RET_ALLOW);
}

static void put_call(struct seccomp_program *program, const struct table_row *row,
                     bool watch_exec) {
    switch (row->call) {
    case CALL_CONNECT:
    case CALL_OWN_NAME:
    case CALL_PEER_NAME:
        seccomp_if(program, BPF_JEQ, row->number, 1);
        seccomp_return(program, SECCOMP_RET_USER_NOTIF);
        return;
    case CALL_EXECVE:
    case CALL_EXECVEAT:
        if (watch_exec) {
            seccomp_if(program, BPF_JEQ, row->number, 1);
            seccomp_return(program, SECCOMP_RET_USER_NOTIF);
        }
        return;
    case CALL_URING_SETUP:
        seccomp_if(program, BPF_JEQ, row->number, 1);
        seccomp_return(program, SECCOMP_RET_ERRNO | ENOSYS);
        return;
    case CALL_SOCKETCALL:
        put_argument_test(program, row->number, 0, BPF_JEQ, SOCKETCALL_CONNECT);
        return;
    case CALL_SENDTO:
    case CALL_SENDMMSG:
        put_argument_test(program, row->number, 3, BPF_JSET, MSG_FASTOPEN);
        return;
    case CALL_SENDMSG:
        put_argument_test(program, row->number, 2, BPF_JSET, MSG_FASTOPEN);
        return;
    case CALL_OTHER:
        return;
    }
}

static void put_architecture(struct seccomp_program *program, const struct architecture *arch,
                             bool watch_exec) {
    seccomp_load_architecture(program);
    size_t jump = program->len;
    seccomp_if(program, BPF_JEQ, arch->audit, 0);
    seccomp_load_number(program);
    if (arch->has_x32) {
        seccomp_mask(program, ~SECCOMP_X32_BIT);
    }
    for (size_t i = 0; i < TABLE_COUNT; i++) {
        if (table[i].audit == arch->audit) {
            put_call(program, &table[i], watch_exec);
        }
    }
    seccomp_return(program, SECCOMP_RET_ALLOW);
    program->instructions[jump].jf = (uint8_t)(program->len - jump - 1);
}

size_t filter_build(struct sock_filter program[FILTER_PROGRAM_MAX], bool watch_exec) {
    struct seccomp_program made = {.instructions = program, .max = FILTER_PROGRAM_MAX};
    for (size_t i = 0; i < ARCHITECTURE_COUNT; i++) {
        put_architecture(&made, &architectures[i], watch_exec);
    }
    seccomp_return(&made, SECCOMP_RET_ALLOW);
    return made.len;
}

// ── installing it ───────────────────────────────────────────────────────────────────────────────

// The notification descriptor, or a negative errno.
static int install(bool watch_exec, unsigned flags) {
    struct sock_filter program[FILTER_PROGRAM_MAX];
    struct sock_fprog prog = {.filter = program};
    prog.len = (unsigned short)filter_build(program, watch_exec);
    flags |= SECCOMP_FILTER_FLAG_NEW_LISTENER;
    int fd = (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &prog);
    return fd < 0 ? -errno : fd;
}

// A kernel before 5.19 does not know the flag, and says EINVAL.
static int install_best(struct filter_installed *out) {
    int fd = install(out->no_new_rights, SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV);
    out->kills_only = fd >= 0;
    return fd == -EINVAL ? install(out->no_new_rights, 0) : fd;
}

static bool give_up_new_rights(struct filter_installed *out) {
    out->no_new_rights = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
    return out->no_new_rights;
}

int filter_install(struct filter_installed *out, bool no_new_rights) {
    *out = (struct filter_installed){.listener = -1};
    if (no_new_rights && !give_up_new_rights(out)) {
        return errno;
    }
    // With CAP_SYS_ADMIN a filter needs no PR_SET_NO_NEW_PRIVS, and then set-user-id programs go on
    // working below it.
    int fd = install_best(out);
    if (fd == -EACCES) {
        if (!give_up_new_rights(out)) {
            return errno;
        }
        fd = install_best(out);
    }
    if (fd < 0) {
        return -fd;
    }
    out->listener = fd;
    return 0;
}
