// SPDX-License-Identifier: MIT
// notification: one stopped system call of the command: received, looked into, answered. While it
// is unanswered its thread waits, and what it points to may be read; `notification_is_alive` says
// afterwards whether what was read was still that thread's.
#ifndef SCOPE_CAPTURE_NOTIFICATION_H
#define SCOPE_CAPTURE_NOTIFICATION_H

#include "capture/seccomp_filter.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct notification {
    int listener;
    uint64_t id;
    uint32_t tid; // the thread that called
    enum filter_call call;
    bool small_words; // its pointers have 32 bits
    uint64_t arguments[6];
};

// What the kernel makes of an answer that is no errno of userspace: interrupt the call as a signal
// does. It is restarted after the handler, or fails with EINTR, as the handler was installed.
#define NOTIFICATION_RESTART 512 // ERESTARTSYS of linux/errno.h

// True where this kernel's notifications fit what we were compiled for.
bool notification_is_supported(void);

// Blocks until there is one; call it when poll says so. 0, or an errno: ENOENT when the caller is
// gone already, which is no failure.
int notification_receive(struct notification *out, int listener);

bool notification_is_alive(const struct notification *notification);

// Both return false when nothing waits for the answer any more. `error` 0 is success.
bool notification_answer(const struct notification *notification, int error);
bool notification_let_pass(const struct notification *notification);

// The caller's memory. 0 or an errno: EFAULT for a bad pointer, EPERM where it is hidden from us.
int notification_read(const struct notification *notification, uint64_t address, void *out,
                      size_t len);
// As a system call of the caller's own would store it: not into memory that it may not write.
int notification_store(const struct notification *notification, uint64_t address, const void *data,
                       size_t len);
// Whatever its protection is.
int notification_write(const struct notification *notification, uint64_t address, const void *data,
                       size_t len);

#endif
