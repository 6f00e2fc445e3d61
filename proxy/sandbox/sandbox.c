// SPDX-License-Identifier: MIT
#include "sandbox/sandbox.h"

#include "sandbox/calls.h"

#include <errno.h>
#include <sys/prctl.h>
#include <unistd.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SCOPE_WATCHES_ITSELF
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SCOPE_WATCHES_ITSELF
#endif

bool sandbox_is_built_in(void) {
#ifdef SCOPE_WATCHES_ITSELF
    return false;
#else
    return true;
#endif
}

// What each of them needs, it needs before the next one takes it.
static void confine(struct sandbox_faults *out, int list_fd, bool offline) {
    out->no_new_privileges = prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 ? 0 : errno;
    out->files = list_fd < 0 ? -list_fd : files_restrict(list_fd);
    out->calls = calls_restrict(offline);
}

void sandbox_enter(struct sandbox_faults *out, const struct sandbox_plan *plan) {
    bool confined = plan->confined && sandbox_is_built_in();
    // The new user may not reach the places, or not by their path.
    int list_fd = confined ? files_list_open(plan->places, plan->place_count) : -1;
    *out = (struct sandbox_faults){.rights = rights_drop(plan->user, plan->kept)};
    if (out->rights != 0 && plan->user != NULL) {
        (void)!rights_drop(NULL, plan->kept_as_it_is); // the first fault is the one to say
    }
    if (confined) {
        confine(out, list_fd, plan->offline);
    }
}
