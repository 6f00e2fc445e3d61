// SPDX-License-Identifier: MIT
#include "cli/confinement.h"

#include "cli/console.h"
#include "cli/late_files.h"
#include "cli/places.h"
#include "sandbox/sandbox.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

// ── as whom ─────────────────────────────────────────────────────────────────────────────────────

static enum err fail_for_user(struct failure *failure, const struct options *options, int error) {
    return fail(failure, ERR_SYSTEM, "--user: the proxy cannot continue as '%s': %s", options->user,
                strerror(error));
}

static enum err take_named_user(struct confinement *out, struct failure *failure,
                                const struct options *options) {
    enum err err = user_find(&out->user, failure, options->user);
    if (err != OK) {
        return err;
    }
    bool same = out->user.uid == geteuid();
    if (!same && geteuid() != 0) {
        return fail(failure, ERR_SYSTEM, "--user: only root can continue as '%s'", options->user);
    }
    out->becomes_user = !same;
    out->opens_as_user = !same;
    return OK;
}

static bool can_be_nobody(const struct confinement *confinement, const struct options *options) {
    return confinement->confined && geteuid() == 0 && !places_has_files(options);
}

// Whether the process can become the user, and that user read what is read late.
static bool can_go_on_as(const struct user *user) {
    bool can = user_assume(user) == 0 && late_files_can_be_read();
    return user_resume() == 0 && can;
}

static void take_nobody(struct confinement *out) {
    struct failure none = {.text = ""};
    out->becomes_user =
        user_find(&out->user, &none, CONFINEMENT_NOBODY) == OK && can_go_on_as(&out->user);
}

enum err confinement_begin(struct confinement *out, struct failure *failure,
                           const struct options *options) {
    *out = (struct confinement){.confined = !options->no_sandbox && sandbox_is_built_in()};
    enum err err = OK;
    if (options->user != NULL) {
        err = take_named_user(out, failure, options);
    } else if (can_be_nobody(out, options)) {
        take_nobody(out);
    }
    if (err == OK && (out->confined || out->becomes_user)) {
        int error = outside_start(&out->outside);
        if (error != 0) {
            console_sayf(
                "the pids of clients stay unknown: cannot start the process that looks them up: %s",
                strerror(error));
        }
    }
    return err;
}

const struct user *confinement_opens_as(const struct confinement *confinement) {
    return confinement->opens_as_user ? &confinement->user : NULL;
}

// ── entering it ─────────────────────────────────────────────────────────────────────────────────

// What this kernel never has is for `smtpscope doctor` to say, not for each start.
static bool is_lacking(int error) {
    return error == ENOSYS || error == EOPNOTSUPP;
}

static void say_what_failed(const struct sandbox_faults *faults) {
    if (faults->calls != 0 && !is_lacking(faults->calls)) {
        console_sayf("the sandbox has no filter for system calls here (%s); `smtpscope doctor` "
                     "says more",
                     strerror(faults->calls));
    }
    if (faults->files != 0 && !is_lacking(faults->files)) {
        console_sayf("the sandbox leaves all files open: %s; `smtpscope doctor` says more",
                     strerror(faults->files));
    }
}

static void say_stays_root(const char *why, const char *remedy) {
    console_sayf("this process continues as root: it cannot become " CONFINEMENT_NOBODY " (%s)%s",
                 why, remedy);
}

static void say_faults(const struct sandbox_faults *faults, bool becomes_user, const char *remedy) {
    if (faults->rights != 0 && !becomes_user) {
        console_sayf("this process keeps rights that it does not need: %s",
                     strerror(faults->rights));
    } else if (faults->rights != 0) {
        say_stays_root(strerror(faults->rights), remedy);
    }
    say_what_failed(faults);
}

static uint64_t needed_rights(bool marks, bool stays_root) {
    return (marks ? rights_to_mark() : 0) | (stays_root ? RIGHTS_FILES : 0);
}

enum err confinement_enter(const struct confinement *confinement, struct failure *failure,
                           const struct options *options, bool marks) {
    if (!confinement->confined && !confinement->becomes_user) {
        return OK;
    }
    struct places places;
    struct sandbox_faults faults;
    places_of(&places, options);
    struct sandbox_plan plan = {
        .user = confinement->becomes_user ? &confinement->user : NULL,
        .kept = needed_rights(marks, geteuid() == 0 && !confinement->becomes_user),
        .kept_as_it_is = needed_rights(marks, geteuid() == 0),
        .confined = confinement->confined,
        .places = places.items,
        .place_count = places.count,
    };
    outside_seal(confinement->outside);
    sandbox_enter(&faults, &plan);
    places_cleanup(&places);
    if (faults.rights != 0 && options->user != NULL) {
        return fail_for_user(failure, options, faults.rights);
    }
    say_faults(&faults, confinement->becomes_user, "; --user names another user");
    return OK;
}

// ── readers ─────────────────────────────────────────────────────────────────────────────────────

// Fills in whom a reader continues as. Root without files to open becomes `nobody`; what it needs
// to open files it keeps otherwise.
static void plan_user(struct sandbox_plan *plan, struct user *user, bool opens_files) {
    struct failure failure = {.text = ""};
    if (geteuid() != 0) {
        return;
    }
    if (opens_files) {
        plan->kept = RIGHTS_FILES;
    } else if (user_find(user, &failure, CONFINEMENT_NOBODY) == OK) {
        plan->user = user;
    } else {
        say_stays_root("there is no such user", "");
    }
}

void confinement_enter_reader(const struct options *options) {
    if (options->no_sandbox || !sandbox_is_built_in()) {
        return;
    }
    bool opens_files = options->command == CLI_CHECK;
    struct user user = {.name = NULL};
    struct places places;
    struct sandbox_faults faults;
    places_of_reader(&places, options, opens_files);
    struct sandbox_plan plan = {
        .confined = true,
        .offline = options->command != CLI_VIEW,
        .places = places.items,
        .place_count = places.count,
    };
    plan_user(&plan, &user, opens_files);
    sandbox_enter(&faults, &plan);
    places_cleanup(&places);
    say_faults(&faults, plan.user != NULL, "");
    user_cleanup(&user);
}

void confinement_cleanup(struct confinement *confinement) {
    outside_stop(confinement->outside);
    user_cleanup(&confinement->user);
    *confinement = (struct confinement){.confined = false};
}
