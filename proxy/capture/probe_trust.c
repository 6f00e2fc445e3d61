// SPDX-License-Identifier: MIT
#include "capture/probe_trust.h"

#include "base/buf.h"
#include "base/limits.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { READ_SIZE = 16 * 1024 };

static const char *const system_bundles[] = {"/etc/ssl/certs/ca-certificates.crt",
                                             "/etc/pki/tls/certs/ca-bundle.crt",
                                             "/etc/ssl/ca-bundle.pem", "/etc/ssl/cert.pem"};

// Each leads some runtimes away from the system's roots.
static const char *const variables[] = {"SSL_CERT_FILE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS",
                                        "REQUESTS_CA_BUNDLE"};

static void put_flat(struct buf *out, struct slice bytes) {
    for (size_t i = 0; i < bytes.len; i++) {
        if (bytes.data[i] != '\n' && bytes.data[i] != '\r') {
            buf_put_byte(out, bytes.data[i]);
        }
    }
}

// The bytes of a PEM file without its line ends, so that files wrapped in other ways compare.
static void read_flat(struct buf *out, const char *path) {
    uint8_t room[READ_SIZE];
    ssize_t len = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    while (fd >= 0 && (len = read(fd, room, sizeof(room))) > 0) {
        put_flat(out, slice_of(room, (size_t)len));
    }
    if (fd >= 0) {
        close(fd);
    }
}

// The first certificate, with the lines around it: its base64 alone could be part of another's.
static struct slice first_certificate(struct slice pem) {
    const struct slice begin = SLICE("-----BEGIN CERTIFICATE-----");
    size_t at = slice_find(pem, begin);
    if (at == SLICE_NONE) {
        return slice_of(NULL, 0);
    }
    struct slice rest = slice_from(pem, at);
    const struct slice end = SLICE("-----END CERTIFICATE-----");
    size_t end_at = slice_find(rest, end);
    return end_at == SLICE_NONE ? slice_of(NULL, 0) : slice_sub(rest, 0, end_at + end.len);
}

bool probe_trust_holds(const char *bundle, const char *ca_file) {
    struct buf all;
    struct buf ours;
    buf_init(&all, LIMIT_OTHERS_BUNDLE);
    buf_init(&ours, LIMIT_OTHERS_BUNDLE);
    read_flat(&all, bundle);
    read_flat(&ours, ca_file);
    bool holds = slice_find(buf_slice(&all), first_certificate(buf_slice(&ours))) != SLICE_NONE;
    buf_cleanup(&all);
    buf_cleanup(&ours);
    return holds;
}

static void probe_system(struct probe_result *result, const char *ca_file) {
    bool holds = false;
    for (size_t i = 0; i < sizeof(system_bundles) / sizeof(system_bundles[0]); i++) {
        holds = holds || probe_trust_holds(system_bundles[i], ca_file);
    }
    result->name = "trust-system";
    result->state = holds ? PROBE_WORKS : PROBE_LIMITED;
    snprintf(result->what, sizeof(result->what), "the system's roots %s",
             holds ? "hold the CA" : "do not hold the CA, which `run` does not need");
    if (!holds) {
        snprintf(result->remedy, sizeof(result->remedy),
                 "for `proxy`, in your shell: eval \"$(smtpscope ca env)\"; or as root: cp %.80s "
                 "/usr/local/share/ca-certificates/smtpscope.crt && update-ca-certificates",
                 ca_file);
    }
}

// A variable that is not set leaves its runtimes to the system's roots: no result.
static bool probe_variables(struct probe_result *result, const char *ca_file) {
    struct buf with;
    struct buf without;
    buf_init(&with, PROBE_TEXT_MAX);
    buf_init(&without, PROBE_TEXT_MAX);
    for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++) {
        const char *bundle = getenv(variables[i]);
        if (bundle != NULL && bundle[0] != '\0') {
            struct buf *names = probe_trust_holds(bundle, ca_file) ? &with : &without;
            buf_putf(names, "%s%s", buf_len(names) == 0 ? "" : ", ", variables[i]);
        }
    }
    bool all = buf_len(&without) == 0;
    bool any = !all || buf_len(&with) > 0;
    struct slice names = buf_slice(all ? &with : &without);
    result->name = "trust-variables";
    result->state = all ? PROBE_WORKS : PROBE_LIMITED;
    snprintf(result->what, sizeof(result->what), "%.*s: %s", (int)names.len,
             (const char *)names.data,
             all ? "roots with the CA" : "roots without the CA, which `run` does not need");
    snprintf(result->remedy, sizeof(result->remedy), "%s",
             all ? "" : "for `proxy`, in your shell: eval \"$(smtpscope ca env)\"");
    buf_cleanup(&with);
    buf_cleanup(&without);
    return any;
}

size_t probe_trust(struct probe_result *results, const char *ca_file) {
    if (ca_file == NULL) {
        return 0;
    }
    probe_system(&results[0], ca_file);
    return probe_variables(&results[1], ca_file) ? 2 : 1;
}
