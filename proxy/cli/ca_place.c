// SPDX-License-Identifier: MIT
#include "cli/ca_place.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/memory.h"
#include "base/safe_file.h"
#include "cli/console.h"

#include <stdlib.h>
#include <unistd.h>

char *ca_place_dir(const struct options *options) {
    return options->ca_dir != NULL ? mem_string(options->ca_dir) : authority_default_dir();
}

// ── what a user has to know ─────────────────────────────────────────────────────────────────────

static void say_hosts_unused(const struct authority *authority) {
    struct buf hosts;
    buf_init(&hosts, CONSOLE_TEXT_MAX);
    authority_put_hosts(&hosts, authority);
    struct slice names = buf_slice(&hosts);
    console_sayf("--ca-hosts has no effect: the CA %s is there already, %s%.*s; "
                 "`smtpscope ca renew --ca-hosts NAME` makes a new one",
                 authority_certificate_file(authority),
                 names.len > 0 ? "limited to " : "for all names", (int)names.len,
                 (const char *)names.data);
    buf_cleanup(&hosts);
}

// For the person who starts it; a script knows, or asks `ca show`.
static void say_made(const struct ca_place *place, const struct options *options) {
    if (isatty(STDERR_FILENO) == 0) {
        return;
    }
    const char *file = authority_certificate_file(place->authority);
    if (options->command == CLI_PROXY) {
        console_sayf("made a certificate authority, %s; clients trust it by the variables of "
                     "`smtpscope ca env`, and `smtpscope doctor` says who does",
                     file);
    } else if (options->command == CLI_RUN && !place->temporary) {
        console_sayf("made a certificate authority, %s", file);
    }
}

static void say_what_changed(const struct ca_place *place, const struct options *options) {
    switch (authority_origin(place->authority)) {
    case AUTHORITY_FOUND:
        if (options->ca_hosts.count > 0) {
            say_hosts_unused(place->authority);
        }
        break;
    case AUTHORITY_MADE:
        say_made(place, options);
        break;
    case AUTHORITY_REPLACED:
        console_say("programs that trusted the old CA do not trust the new one: give them this "
                    "certificate, take the old one out of their trust stores, and run `smtpscope "
                    "ca env` again");
        break;
    }
}

// ── opening ─────────────────────────────────────────────────────────────────────────────────────

static enum err take(struct ca_place *place, struct failure *failure, const struct options *options,
                     bool renew) {
    if (place->dir == NULL) {
        return fail(failure, ERR_SYSTEM,
                    "there is no place for the CA: HOME is not set or leads nowhere, and "
                    "XDG_DATA_HOME is not set; name a folder with --ca-dir");
    }
    struct authority_options authority = {
        .dir = place->dir,
        .ca_hosts = options->ca_hosts.items,
        .ca_host_count = options->ca_hosts.count,
        .now_unix_ns = clock_unix_ns(),
    };
    return renew ? authority_renew(&place->authority, failure, &authority)
                 : authority_open(&place->authority, failure, &authority);
}

static void remove_key(const char *dir) {
    char *path = mem_format("%s/" AUTHORITY_KEY_FILE, dir);
    (void)unlink(path);
    free(path);
}

// Whether there is a CA: then what is wrong with its folder is for the user to put right.
static bool is_there(const char *dir) {
    char *path = dir == NULL ? NULL : mem_format("%s/" AUTHORITY_CERTIFICATE_FILE, dir);
    bool there = path != NULL && access(path, F_OK) == 0;
    free(path);
    return there;
}

// The authority holds its key in memory once it is open.
static enum err take_temporary(struct ca_place *place, struct failure *failure,
                               const struct options *options) {
    const char *parent = getenv("TMPDIR");
    char *path = mem_format("%s/smtpscope-ca-XXXXXX", parent == NULL ? "/tmp" : parent);
    if (mkdtemp(path) == NULL) { // 0700
        free(path);
        return ERR_SYSTEM; // with the sentence of the folder that could not be used
    }
    free(place->dir);
    place->dir = path;
    place->temporary = true;
    console_sayf("%s; this run has a CA of its own instead, which is deleted when it ends",
                 failure->text);
    enum err err = take(place, failure, options, false);
    remove_key(path);
    return err;
}

enum err ca_place_open(struct ca_place *out, struct failure *failure,
                       const struct options *options) {
    *out = (struct ca_place){.dir = ca_place_dir(options)};
    enum err err = take(out, failure, options, false);
    bool may_be_temporary = options->command == CLI_RUN && options->ca_dir == NULL;
    if (err == ERR_SYSTEM && may_be_temporary && !is_there(out->dir)) {
        err = take_temporary(out, failure, options);
    }
    if (err == OK) {
        say_what_changed(out, options);
    }
    return err;
}

enum err ca_place_renew(struct ca_place *out, struct failure *failure,
                        const struct options *options) {
    *out = (struct ca_place){.dir = ca_place_dir(options)};
    enum err err = take(out, failure, options, true);
    if (err == OK) {
        say_what_changed(out, options);
    }
    return err;
}

void ca_place_cleanup(struct ca_place *place) {
    authority_free(place->authority);
    if (place->temporary) {
        folder_of_files_remove(place->dir);
    }
    free(place->dir);
    *place = (struct ca_place){0};
}
