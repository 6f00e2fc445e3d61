// SPDX-License-Identifier: MIT
#include "base/clock.h"
#include "base/limits.h"
#include "base/memory.h"
#include "capture/probe.h"
#include "certs/authority.h"
#include "cli/ca_place.h"
#include "cli/commands.h"
#include "cli/console.h"
#include "sandbox/calls.h"
#include "sandbox/sandbox.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

// Descriptors that a session needs, and those that the program has open besides.
enum { FILES_OF_SESSION = 2, FILES_OF_PROGRAM = 200, SESSIONS_FEW = 1000 };

static void put_result(struct buf *out, const struct probe_result *result) {
    static const char *const marks[] = {
        [PROBE_WORKS] = "ok  ", [PROBE_LIMITED] = "note", [PROBE_FAILS] = "FAIL"};
    buf_putf(out, "%s %s: %s\n", marks[result->state], result->name, result->what);
    if (result->remedy[0] != '\0') {
        buf_putf(out, "     remedy: %s\n", result->remedy);
    }
}

// ── the CA ──────────────────────────────────────────────────────────────────────────────────────

static void set_result(struct probe_result *result, enum probe_state state, const char *remedy,
                       const char *format, ...) __attribute__((format(printf, 4, 5)));

static void set_result(struct probe_result *result, enum probe_state state, const char *remedy,
                       const char *format, ...) {
    va_list args;
    va_start(args, format);
    result->state = state;
    vsnprintf(result->what, sizeof(result->what), format, args);
    snprintf(result->remedy, sizeof(result->remedy), "%s", remedy);
    va_end(args);
}

// Whether `dir` is there to be written, or can be made: the folder above it that is there says so.
static bool can_be_written(const char *dir) {
    char *path = mem_string(dir);
    while (access(path, F_OK) != 0) {
        char *slash = strrchr(path, '/');
        if (slash == NULL || slash == path) {
            free(path);
            path = mem_string(slash == NULL ? "." : "/");
            break;
        }
        *slash = '\0';
    }
    bool can = access(path, W_OK | X_OK) == 0;
    free(path);
    return can;
}

static void judge_dates(struct probe_result *result, const struct authority *authority,
                        int64_t now_unix_ns) {
    const struct event_certificate *facts = authority_facts(authority);
    struct buf date;
    buf_init(&date, 64);
    bool early = facts->not_before_unix_ns > now_unix_ns;
    clock_put_rfc3339(&date, early ? facts->not_before_unix_ns : facts->not_after_unix_ns,
                      CLOCK_SECONDS);
    buf_put_byte(&date, '\0');
    const char *day = (const char *)buf_slice(&date).data;
    const char *file = authority_certificate_file(authority);
    if (early) {
        set_result(result, PROBE_FAILS, "you: set this machine's clock, or smtpscope ca renew",
                   "%.150s is not valid before %.10s", file, day);
    } else if (facts->not_after_unix_ns - now_unix_ns < CA_ENDS_SOON_NS) {
        set_result(result, PROBE_LIMITED,
                   "you: smtpscope ca renew, and give the new one to what trusts the old one",
                   "%.150s ends on %.10s", file, day);
    } else {
        set_result(result, PROBE_WORKS, "", "%.150s, until %.10s", file, day);
    }
    buf_cleanup(&date);
}

static void judge_authority(struct probe_result *result, const char *dir) {
    struct failure failure = {0};
    struct authority *authority = NULL;
    struct authority_options options = {.dir = dir, .now_unix_ns = clock_unix_ns()};
    if (authority_open(&authority, &failure, &options) != OK) {
        set_result(result, PROBE_FAILS, "you: smtpscope ca renew", "%.250s", failure.text);
    } else {
        judge_dates(result, authority, options.now_unix_ns);
    }
    authority_free(authority);
}

// The doctor changes nothing: a CA that is not there yet is not made. Its file, or NULL.
static char *check_authority(struct buf *out, const struct options *options) {
    static const char no_place[] = "you: nothing for `run`, which then has a CA of its own; for "
                                   "`proxy` give --ca-dir DIR";
    struct probe_result result = {.name = "ca"};
    char *dir = ca_place_dir(options);
    char *file = dir == NULL ? NULL : mem_format("%s/" AUTHORITY_CERTIFICATE_FILE, dir);
    if (dir == NULL) {
        set_result(&result, PROBE_LIMITED, no_place, "there is no home folder to keep it in");
    } else if (access(file, F_OK) == 0) {
        judge_authority(&result, dir);
    } else if (can_be_written(dir)) {
        set_result(&result, PROBE_WORKS, "", "the first start makes it in %.150s", dir);
    } else {
        set_result(&result, PROBE_LIMITED, no_place, "%.150s cannot be made or written", dir);
    }
    if (file != NULL && access(file, R_OK) != 0) {
        free(file);
        file = NULL;
    }
    put_result(out, &result);
    free(dir);
    return file;
}

// ── the rest ────────────────────────────────────────────────────────────────────────────────────

// Only where there are some: most people have none.
static void check_defaults(struct buf *out, const struct defaults *defaults) {
    for (size_t i = 0; defaults != NULL && i < DEFAULTS_SOURCES; i++) {
        const struct default_source *source = &defaults->sources[i];
        struct probe_result result = {.name = "defaults"};
        snprintf(result.what, sizeof(result.what), "options for every call come from %.200s",
                 source->name == NULL ? "" : source->name);
        if (source->count > 0) {
            put_result(out, &result);
        }
    }
}

// As a running proxy is confined; nothing is tried that could not be undone.
static void check_sandbox(struct buf *out) {
    struct probe_result result = {.name = "sandbox"};
    int version = files_version();
    if (!sandbox_is_built_in()) {
        set_result(&result, PROBE_LIMITED, "you: use a build without sanitizers and coverage",
                   "this build checks itself, and has no sandbox");
    } else if (!calls_can_be_restricted()) {
        set_result(&result, PROBE_LIMITED,
                   "who starts the container: allow seccomp, or the kernel's CONFIG_SECCOMP_FILTER",
                   "a running proxy may make every system call: no seccomp here");
    } else if (version == 0) {
        set_result(&result, PROBE_LIMITED,
                   "as root: boot a kernel from 5.13 on with lsm=landlock,... in its command line",
                   "a running proxy executes nothing, but may open every file of its user: this "
                   "kernel has no Landlock");
    } else {
        set_result(&result, PROBE_WORKS, "",
                   "a running proxy executes nothing and opens only its own files (seccomp, "
                   "Landlock version %d)",
                   version);
    }
    put_result(out, &result);
}

static void check_limits(struct buf *out) {
    struct probe_result result = {.name = "limits"};
    struct rlimit files = {0};
    getrlimit(RLIMIT_NOFILE, &files);
    uint64_t sessions = files.rlim_max > FILES_OF_PROGRAM
                            ? (files.rlim_max - FILES_OF_PROGRAM) / FILES_OF_SESSION
                            : 0;
    bool few = sessions < SESSIONS_FEW;
    set_result(&result, few ? PROBE_FAILS : PROBE_WORKS,
               few ? "as root: ulimit -n 20200, in the shell that starts it; past the limit "
                     "clients wait"
                   : "",
               "%llu open files, enough for %llu sessions at once",
               (unsigned long long)files.rlim_max, (unsigned long long)sessions);
    put_result(out, &result);
}

int command_doctor(const struct options *options) {
    struct buf text;
    buf_init(&text, CONSOLE_TEXT_MAX);
    char *ca_file = check_authority(&text, options);
    struct probe_result results[PROBE_COUNT_MAX];
    size_t count = probe_all(results, ca_file);
    for (size_t i = 0; i < count; i++) {
        put_result(&text, &results[i]);
    }
    check_sandbox(&text);
    check_limits(&text);
    check_defaults(&text, options->defaults);
    struct failure failure = {0};
    enum err err = console_out_lines(&failure, buf_slice(&text));
    free(ca_file);
    buf_cleanup(&text);
    return err == OK ? EXIT_WELL : (int)console_failure(err, &failure);
}
