// SPDX-License-Identifier: MIT
// seccomp_run: what the kernel would do with a seccomp program and a call: the few instructions
// that ours are made of. Another one, or a program without an end, is a failed test.
#ifndef SCOPE_TEST_SECCOMP_RUN_H
#define SCOPE_TEST_SECCOMP_RUN_H

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>

// The action: SECCOMP_RET_… with its data.
uint32_t seccomp_run(const struct sock_filter *program, size_t len,
                     const struct seccomp_data *call);

#endif
