// SPDX-License-Identifier: MIT
#include "capture/notification.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

// A newer kernel's notification may be longer than ours: it writes as much as it has.
enum { NOTIFICATION_ROOM = 512 };

union notification_room {
    struct seccomp_notif notification;
    uint8_t room[NOTIFICATION_ROOM];
};

union response_room {
    struct seccomp_notif_resp response;
    uint8_t room[NOTIFICATION_ROOM];
};

bool notification_is_supported(void) {
    struct seccomp_notif_sizes sizes = {0};
    return syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, &sizes) == 0 &&
           sizes.seccomp_notif <= NOTIFICATION_ROOM &&
           sizes.seccomp_notif_resp <= NOTIFICATION_ROOM;
}

int notification_receive(struct notification *out, int listener) {
    union notification_room in;
    memset(&in, 0, sizeof(in)); // the kernel insists
    if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &in) != 0) {
        return errno;
    }
    *out = (struct notification){
        .listener = listener, .id = in.notification.id, .tid = in.notification.pid};
    out->call =
        filter_call_of(in.notification.data.arch, in.notification.data.nr, &out->small_words);
    for (size_t i = 0; i < 6; i++) {
        out->arguments[i] = in.notification.data.args[i];
    }
    return 0;
}

bool notification_is_alive(const struct notification *notification) {
    uint64_t id = notification->id;
    return ioctl(notification->listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &id) == 0;
}

static bool respond(const struct notification *notification, int error, uint32_t flags) {
    union response_room out;
    memset(&out, 0, sizeof(out));
    out.response.id = notification->id;
    out.response.error = error;
    out.response.flags = flags;
    return ioctl(notification->listener, SECCOMP_IOCTL_NOTIF_SEND, &out) == 0;
}

bool notification_answer(const struct notification *notification, int error) {
    return respond(notification, -error, 0);
}

bool notification_let_pass(const struct notification *notification) {
    return respond(notification, 0, SECCOMP_USER_NOTIF_FLAG_CONTINUE);
}

// ── the caller's memory ─────────────────────────────────────────────────────────────────────────

// A pointer of the caller's: a number here, never followed.
static struct iovec remote_vector(uint64_t address, size_t len) {
    return (struct iovec){.iov_base = (void *)(uintptr_t)address, .iov_len = len};
}

static int mem_file(const struct notification *notification, int flags) {
    char path[64];
    snprintf(path, sizeof(path), "/proc/%" PRIu32 "/mem", notification->tid);
    return open(path, flags | O_CLOEXEC);
}

int notification_read(const struct notification *notification, uint64_t address, void *out,
                      size_t len) {
    struct iovec local = {.iov_base = out, .iov_len = len};
    struct iovec remote = remote_vector(address, len);
    if (process_vm_readv((pid_t)notification->tid, &local, 1, &remote, 1, 0) == (ssize_t)len) {
        return 0;
    }
    if (errno != EPERM && errno != ENOSYS) {
        return EFAULT;
    }
    int fd = mem_file(notification, O_RDONLY); // some containers refuse the call but not the file
    if (fd < 0) {
        return EPERM;
    }
    ssize_t got = pread(fd, out, len, (off_t)address);
    close(fd);
    return got == (ssize_t)len ? 0 : EFAULT;
}

int notification_store(const struct notification *notification, uint64_t address, const void *data,
                       size_t len) {
    struct iovec local = {.iov_base = (void *)(uintptr_t)data, .iov_len = len};
    struct iovec remote = remote_vector(address, len);
    ssize_t put = process_vm_writev((pid_t)notification->tid, &local, 1, &remote, 1, 0);
    return put == (ssize_t)len ? 0 : EFAULT;
}

int notification_write(const struct notification *notification, uint64_t address, const void *data,
                       size_t len) {
    int fd = mem_file(notification, O_WRONLY);
    if (fd < 0) {
        return EPERM;
    }
    ssize_t put = pwrite(fd, data, len, (off_t)address);
    close(fd);
    return put == (ssize_t)len ? 0 : EFAULT;
}
