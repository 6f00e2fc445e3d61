// SPDX-License-Identifier: MIT
#include "sandbox/rights.h"

#include "base/limits.h"
#include "base/memory.h"
#include "base/slice.h"
#include "base/text.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { MARK_TRIED = 1, WORD_BITS = 32 };

struct capability_sets {
    struct __user_cap_header_struct header;
    struct __user_cap_data_struct words[_LINUX_CAPABILITY_U32S_3];
};

// ── users ───────────────────────────────────────────────────────────────────────────────────────

enum err user_find(struct user *out, struct failure *failure, const char *name) {
    uint64_t number = 0;
    *out = (struct user){.name = NULL};
    errno = 0;
    const struct passwd *found = getpwnam(name); // before there are threads
    if (found != NULL) {
        *out = (struct user){mem_string(name), found->pw_uid, found->pw_gid};
        return OK;
    }
    if (text_parse_u64(&number, slice_of_string(name), INT32_MAX)) {
        out->uid = (uid_t)number;
        out->gid = (gid_t)number;
        return OK;
    }
    return fail(failure, ERR_SYSTEM, "--user: there is no user '%s' on this machine", name);
}

void user_cleanup(struct user *user) {
    free(user->name);
    *user = (struct user){.name = NULL};
}

static int take_groups(const struct user *user) {
    int result = user->name != NULL ? initgroups(user->name, user->gid) : setgroups(0, NULL);
    return result == 0 ? 0 : errno;
}

int user_assume(const struct user *user) {
    int error = take_groups(user);
    if (error == 0 &&
        (setresgid(user->gid, user->gid, 0) != 0 || setresuid(user->uid, user->uid, 0) != 0)) {
        error = errno;
    }
    return error;
}

int user_resume(void) {
    return setresuid(0, 0, 0) == 0 && setresgid(0, 0, 0) == 0 ? 0 : errno;
}

// ── capabilities ────────────────────────────────────────────────────────────────────────────────

static bool get(struct capability_sets *out) {
    *out = (struct capability_sets){.header = {.version = _LINUX_CAPABILITY_VERSION_3}};
    return syscall(SYS_capget, &out->header, out->words) == 0;
}

static bool set(struct capability_sets *capabilities) {
    return syscall(SYS_capset, &capabilities->header, capabilities->words) == 0;
}

static uint32_t word_of(uint64_t rights, size_t word) {
    return (uint32_t)(rights >> word * WORD_BITS);
}

static bool can_mark_with(const struct capability_sets *all, uint64_t right) {
    struct capability_sets only = *all;
    const unsigned mark = MARK_TRIED;
    for (size_t i = 0; i < _LINUX_CAPABILITY_U32S_3; i++) {
        only.words[i].effective = word_of(right, i) & all->words[i].permitted;
    }
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool can =
        fd >= 0 && set(&only) && setsockopt(fd, SOL_SOCKET, SO_MARK, &mark, sizeof(mark)) == 0;
    if (fd >= 0) {
        close(fd);
    }
    return can;
}

uint64_t rights_to_mark(void) {
    static const uint64_t candidates[] = {RIGHT(CAP_NET_RAW), RIGHT(CAP_NET_ADMIN)};
    struct capability_sets all;
    uint64_t found = 0;
    if (!get(&all)) {
        return 0;
    }
    for (size_t i = 0; i < sizeof(candidates) / sizeof(candidates[0]) && found == 0; i++) {
        found = can_mark_with(&all, candidates[i]) ? candidates[i] : 0;
    }
    (void)set(&all);
    return found;
}

// It takes CAP_SETPCAP; without it no_new_privs does the same.
static void bound(uint64_t kept) {
    for (int i = 0; prctl(PR_CAPBSET_READ, i, 0, 0, 0) >= 0; i++) {
        if ((kept & RIGHT(i)) == 0) {
            (void)prctl(PR_CAPBSET_DROP, i, 0, 0, 0);
        }
    }
    (void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
}

static int limit(uint64_t kept) {
    struct capability_sets capabilities;
    if (!get(&capabilities)) {
        return errno;
    }
    uint32_t given_up = 0;
    for (size_t i = 0; i < _LINUX_CAPABILITY_U32S_3; i++) {
        uint32_t left = capabilities.words[i].permitted & word_of(kept, i);
        given_up |= capabilities.words[i].permitted ^ left;
        capabilities.words[i] = (struct __user_cap_data_struct){left, left, 0};
    }
    // Where there is nothing to give up the call itself may be forbidden, as by a service manager.
    return given_up == 0 || set(&capabilities) ? 0 : errno;
}

static int become(const struct user *user) {
    int error = take_groups(user);
    if (error != 0) {
        return error;
    }
    (void)prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0); // until they are limited
    if (setresgid(user->gid, user->gid, user->gid) != 0 ||
        setresuid(user->uid, user->uid, user->uid) != 0) {
        return errno;
    }
    return 0;
}

int rights_drop(const struct user *user, uint64_t kept) {
    bound(kept);
    int error = user == NULL ? 0 : become(user);
    if (error == 0) {
        error = limit(kept);
    }
    if (error == 0 && user != NULL && user->uid != 0 && setresuid(0, 0, 0) == 0) {
        abort(); // root can be had back: nothing of this was worth anything
    }
    rights_hide_memory(); // becoming another user may have changed it
    return error;
}

// ── memory ──────────────────────────────────────────────────────────────────────────────────────

void rights_hide_memory(void) {
    (void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

void rights_show_memory(void) {
    (void)prctl(PR_SET_DUMPABLE, 1, 0, 0, 0);
}
