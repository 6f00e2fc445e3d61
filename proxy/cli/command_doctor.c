// SPDX-License-Identifier: MIT
#include "base/clock.h"
#include "base/memory.h"
#include "capture/probe.h"
#include "certs/authority.h"
#include "cli/ca_place.h"
#include "cli/commands.h"
#include "cli/console.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

// Descriptors that a session needs, and those that the program has open besides.
enum { FILES_OF_SESSION = 2, FILES_OF_PROGRAM = 200 };

static void put_result(struct buf *out, const struct probe_result *result) {
    buf_putf(out, "%s %s: %s\n", result->ok ? "ok  " : "FAIL", result->name, result->what);
    if (result->mend[0] != '\0') {
        buf_putf(out, "     remedy: %s\n", result->mend);
    }
}

// The doctor changes nothing: a CA that is not there yet is not made.
static char *check_authority(struct buf *out, const struct options *options) {
    struct probe_result result = {.name = "ca", .ok = true};
    char *dir = ca_place_dir(options);
    char *file = dir == NULL ? NULL : mem_format("%s/ca.pem", dir);
    struct failure failure = {0};
    struct authority *authority = NULL;
    if (file == NULL) {
        result.ok = false;
        snprintf(result.what, sizeof(result.what), "no home folder to keep the CA in");
        snprintf(result.mend, sizeof(result.mend), "set HOME, or give --ca-dir DIR");
    } else if (access(file, F_OK) != 0) {
        snprintf(result.what, sizeof(result.what), "none in %.200s yet", dir);
        snprintf(result.mend, sizeof(result.mend),
                 "it is made at the first start, or by: "
                 "smtpscope ca show");
        free(file);
        file = NULL;
    } else {
        struct authority_options open_options = {.dir = dir, .now_unix_ns = clock_unix_ns()};
        result.ok = authority_open(&authority, &failure, &open_options) == OK;
        snprintf(result.what, sizeof(result.what), "%.250s", result.ok ? file : failure.text);
        if (!result.ok) {
            snprintf(result.mend, sizeof(result.mend), "smtpscope ca renew");
        }
    }
    put_result(out, &result);
    authority_free(authority);
    free(dir);
    return file;
}

// Only where there are some: most people have none.
static void check_defaults(struct buf *out, const struct defaults *defaults) {
    for (size_t i = 0; defaults != NULL && i < DEFAULTS_SOURCES; i++) {
        const struct default_source *source = &defaults->sources[i];
        struct probe_result result = {.name = "defaults", .ok = true};
        snprintf(result.what, sizeof(result.what), "options of each call come from %.200s",
                 source->name == NULL ? "" : source->name);
        if (source->count > 0) {
            put_result(out, &result);
        }
    }
}

static void check_limits(struct buf *out) {
    struct probe_result result = {.name = "limits", .ok = true};
    struct rlimit files = {0};
    getrlimit(RLIMIT_NOFILE, &files);
    uint64_t sessions = files.rlim_max > FILES_OF_PROGRAM
                            ? (files.rlim_max - FILES_OF_PROGRAM) / FILES_OF_SESSION
                            : 0;
    result.ok = sessions >= 1000;
    snprintf(result.what, sizeof(result.what), "%llu open files, enough for %llu sessions at once",
             (unsigned long long)files.rlim_max, (unsigned long long)sessions);
    if (sessions < 10000) {
        snprintf(result.mend, sizeof(result.mend),
                 "ulimit -n 20200, for the 10000 sessions of --max-sessions; past the limit "
                 "clients wait");
    }
    put_result(out, &result);
}

int command_doctor(const struct options *options) {
    struct buf text;
    buf_init(&text, MIB);
    char *ca_file = check_authority(&text, options);
    struct probe_result results[PROBE_COUNT_MAX];
    size_t count = probe_all(results, ca_file);
    for (size_t i = 0; i < count; i++) {
        put_result(&text, &results[i]);
    }
    check_limits(&text);
    check_defaults(&text, options->defaults);
    struct failure failure = {0};
    enum err err = console_out_lines(&failure, buf_slice(&text));
    free(ca_file);
    buf_cleanup(&text);
    return err == OK ? EXIT_WELL : (int)console_failure(err, &failure);
}
