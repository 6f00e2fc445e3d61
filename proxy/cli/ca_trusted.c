// SPDX-License-Identifier: MIT
#include "cli/ca_trusted.h"

#include "base/limits.h"
#include "base/memory.h"
#include "capture/probe_trust.h"

#include <fcntl.h>
#include <glob.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { READ_SIZE = 64 * 1024 };

// Where each distribution takes root certificates of one's own from.
static const char *const copies[] = {
    "/usr/local/share/ca-certificates/*.crt",      "/usr/local/share/ca-certificates/*/*.crt",
    "/etc/pki/ca-trust/source/anchors/*",          "/etc/pki/trust/anchors/*",
    "/etc/ca-certificates/trust-source/anchors/*",
};

// What makes the system's roots out of them, and all that is made from those.
static const char *const makers[][3] = {
    {"/usr/sbin/update-ca-certificates", "--fresh", NULL},
    {"/usr/bin/update-ca-trust", NULL, NULL},
};

enum place { PLACE_BUNDLE, PLACE_NSS, PLACE_JAVA };

// `~` is the user's home.
static const struct {
    const char *pattern;
    enum place place;
} places[] = {
    {"/etc/ssl/certs/ca-certificates.crt", PLACE_BUNDLE},
    {"/etc/pki/tls/certs/ca-bundle.crt", PLACE_BUNDLE},
    {"/etc/ssl/ca-bundle.pem", PLACE_BUNDLE},
    {"/etc/ssl/cert.pem", PLACE_BUNDLE},
    {"~/.pki/nssdb/cert9.db", PLACE_NSS},
    {"~/.mozilla/firefox/*/cert9.db", PLACE_NSS},
    {"~/.thunderbird/*/cert9.db", PLACE_NSS},
    {"/etc/ssl/certs/java/cacerts", PLACE_JAVA},
    {"/etc/pki/java/cacerts", PLACE_JAVA},
    {"~/.keystore", PLACE_JAVA},
};

static void find(glob_t *out, const char *pattern) {
    const char *home = getenv("HOME");
    char *path = pattern[0] == '~' ? mem_format("%s%s", home == NULL ? "" : home, pattern + 1)
                                   : mem_string(pattern);
    if (glob(path, 0, NULL, out) != 0) {
        *out = (glob_t){0};
    }
    free(path);
}

static void read_whole(struct buf *out, const char *path) {
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    ssize_t len = fd < 0 ? 0 : 1;
    while (len > 0) {
        uint8_t *room = buf_reserve(out, READ_SIZE);
        len = room == NULL ? 0 : read(fd, room, READ_SIZE);
        buf_commit(out, len > 0 ? (size_t)len : 0);
    }
    if (fd >= 0) {
        close(fd);
    }
}

static bool file_holds(const char *path, struct slice bytes) {
    struct buf content;
    buf_init(&content, LIMIT_OTHERS_BUNDLE);
    read_whole(&content, path);
    bool holds = bytes.len > 0 && slice_find(buf_slice(&content), bytes) != SLICE_NONE;
    buf_cleanup(&content);
    return holds;
}

// ── copies ──────────────────────────────────────────────────────────────────────────────────────

static bool holds_one_certificate(const char *path) {
    struct buf content;
    buf_init(&content, LIMIT_OTHERS_BUNDLE);
    read_whole(&content, path);
    const struct slice begin = SLICE("-----BEGIN CERTIFICATE-----");
    size_t at = slice_find(buf_slice(&content), begin);
    bool one = at != SLICE_NONE &&
               slice_find(slice_from(buf_slice(&content), at + begin.len), begin) == SLICE_NONE;
    buf_cleanup(&content);
    return one;
}

static bool remove_copy(struct buf *out, const char *path) {
    if (holds_one_certificate(path) && unlink(path) == 0) {
        buf_putf(out, "removed  %s\n", path);
        return true;
    }
    buf_putf(out,
             "left     %s: take the certificate out of it, as root, and run "
             "update-ca-certificates --fresh (or update-ca-trust)\n",
             path);
    return false;
}

// What it says goes to standard error, where it belongs: standard output is ours.
static void run(const char *const *words) {
    char path[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    char *environment[] = {path, NULL};
    posix_spawn_file_actions_t actions;
    pid_t pid = 0;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    char *argv[] = {(char *)(uintptr_t)words[0], (char *)(uintptr_t)words[1], NULL};
    if (posix_spawn(&pid, words[0], &actions, NULL, argv, environment) == 0) {
        waitpid(pid, NULL, 0);
    }
    posix_spawn_file_actions_destroy(&actions);
}

static void make_roots_anew(void) {
    for (size_t i = 0; i < sizeof(makers) / sizeof(makers[0]); i++) {
        if (access(makers[i][0], X_OK) == 0) {
            run(makers[i]);
        }
    }
}

void ca_trusted_remove_copies(struct buf *out, const char *ca_file) {
    bool removed = false;
    for (size_t i = 0; i < sizeof(copies) / sizeof(copies[0]); i++) {
        glob_t found;
        find(&found, copies[i]);
        for (size_t j = 0; j < found.gl_pathc; j++) {
            const char *path = found.gl_pathv[j];
            removed = (probe_trust_holds(path, ca_file) && remove_copy(out, path)) || removed;
        }
        globfree(&found);
    }
    if (removed) {
        make_roots_anew();
    }
}

// ── the rest ────────────────────────────────────────────────────────────────────────────────────

static void put_left(struct buf *out, const char *path, enum place place) {
    switch (place) {
    case PLACE_BUNDLE:
        buf_putf(out,
                 "left     %s: as root, take the certificate out of what it is made from, and run "
                 "update-ca-certificates --fresh (or update-ca-trust)\n",
                 path);
        break;
    case PLACE_NSS:
        buf_putf(out,
                 "left     %s: certutil -L -d sql:%.*s lists its names, certutil -D -d sql:%.*s -n "
                 "NAME removes one; so do the settings of the program\n",
                 path, (int)(strrchr(path, '/') - path), path, (int)(strrchr(path, '/') - path),
                 path);
        break;
    case PLACE_JAVA:
        buf_putf(out,
                 "left     %s: keytool -list -v -keystore %s finds its alias, keytool -delete "
                 "-keystore %s -alias ALIAS removes it\n",
                 path, path, path);
        break;
    }
}

static bool place_holds(enum place place, const char *path, const char *ca_file, struct slice der) {
    return place == PLACE_BUNDLE ? probe_trust_holds(path, ca_file) : file_holds(path, der);
}

static void put_places(struct buf *out, const glob_t *found, enum place place, const char *ca_file,
                       struct slice der) {
    for (size_t i = 0; i < found->gl_pathc; i++) {
        if (place_holds(place, found->gl_pathv[i], ca_file, der)) {
            put_left(out, found->gl_pathv[i], place);
        }
    }
}

void ca_trusted_put_rest(struct buf *out, const char *ca_file, struct slice der) {
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        glob_t found;
        find(&found, places[i].pattern);
        put_places(out, &found, places[i].place, ca_file, der);
        globfree(&found);
    }
}
