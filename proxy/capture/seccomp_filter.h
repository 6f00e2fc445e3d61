// SPDX-License-Identifier: MIT
// seccomp_filter: the seccomp program that a captured command runs under, made from one table of
// system calls. Everything passes but the calls of that table:
//
//   connect                          a notification; the supervisor looks at the address
//   getsockname, getpeername         a notification: a redirected socket's ends are not these
//   sendto, sendmsg, sendmmsg        a notification where MSG_FASTOPEN is set: it connects too
//   io_uring_setup                   ENOSYS: a ring would connect past the filter, and what
//                                    uses one has another way for kernels that have none
//   execve                           a notification where set-user-id programs lose their rights
//
// A program of another word size has other numbers and other structures; it is in the table too.
#ifndef SCOPE_CAPTURE_SECCOMP_FILTER_H
#define SCOPE_CAPTURE_SECCOMP_FILTER_H

#include "base/limits.h"

#include <linux/filter.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum filter_call {
    CALL_OTHER,
    CALL_CONNECT,
    CALL_SOCKETCALL, // i386: connect inside socketcall(2)
    CALL_SENDTO,
    CALL_SENDMSG,
    CALL_SENDMMSG,
    CALL_OWN_NAME,  // getsockname
    CALL_PEER_NAME, // getpeername
    CALL_URING_SETUP,
    CALL_EXECVE,
    CALL_EXECVEAT,
};

// Which call of the table a notification is about; `out_small_words` says that its pointers have
// 32 bits.
enum filter_call filter_call_of(uint32_t arch, int number, bool *out_small_words);

// Writes the program and returns its length.
size_t filter_build(struct sock_filter program[FILTER_PROGRAM_MAX], bool watch_exec);

struct filter_installed {
    int listener;       // the notification descriptor, close-on-exec
    bool kills_only;    // the caller's wait is ended by fatal signals only (kernel 5.19)
    bool no_new_rights; // set-user-id programs run without their rights from here on
};

// Puts the calling thread and all its future children under the filter. 0, or an errno: EBUSY
// where it is under such a filter already, EINVAL or ENOSYS where the kernel cannot.
// `no_new_rights`: set-user-id programs are to run without their rights in any case.
int filter_install(struct filter_installed *out, bool no_new_rights);

#endif
