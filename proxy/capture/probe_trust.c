// SPDX-License-Identifier: MIT
#include "capture/probe_trust.h"

#include "base/buf.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define BUNDLE_MAX ((size_t)16 * 1024 * 1024)
enum { READ_SIZE = 16 * 1024 };

static const char *const system_bundles[] = {"/etc/ssl/certs/ca-certificates.crt",
                                             "/etc/pki/tls/certs/ca-bundle.crt",
                                             "/etc/ssl/ca-bundle.pem", "/etc/ssl/cert.pem"};

static const struct {
    const char *name; // of the result
    const char *variable;
    const char *who;
} variables[] = {
    {"trust-openssl", "SSL_CERT_FILE", "Python, Perl, Ruby, PHP, Go, swaks"},
    {"trust-curl", "CURL_CA_BUNDLE", "curl"},
    {"trust-node", "NODE_EXTRA_CA_CERTS", "Node"},
    {"trust-requests", "REQUESTS_CA_BUNDLE", "Python requests"},
};

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
    buf_init(&all, BUNDLE_MAX);
    buf_init(&ours, BUNDLE_MAX);
    read_flat(&all, bundle);
    read_flat(&ours, ca_file);
    bool holds = slice_find(buf_slice(&all), first_certificate(buf_slice(&ours))) != SLICE_NONE;
    buf_cleanup(&all);
    buf_cleanup(&ours);
    return holds;
}

static void probe_system(struct probe_result *result, const char *ca_file) {
    result->name = "trust-system";
    for (size_t i = 0; i < sizeof(system_bundles) / sizeof(system_bundles[0]); i++) {
        result->ok = result->ok || probe_trust_holds(system_bundles[i], ca_file);
    }
    snprintf(result->what, sizeof(result->what), "the system's roots %s our CA",
             result->ok ? "hold" : "do not hold");
    if (!result->ok) {
        snprintf(
            result->mend, sizeof(result->mend),
            "nothing for `run`; else eval \"$(smtpscope ca env)\", or for the whole machine: "
            "cp %.80s /usr/local/share/ca-certificates/smtpscope.crt && update-ca-certificates",
            ca_file);
    }
}

// A variable that is not set leaves its runtimes to the system's roots: no result.
static bool probe_variable(struct probe_result *result, size_t index, const char *ca_file) {
    const char *bundle = getenv(variables[index].variable);
    if (bundle == NULL || bundle[0] == '\0') {
        return false;
    }
    result->name = variables[index].name;
    result->ok = probe_trust_holds(bundle, ca_file);
    snprintf(result->what, sizeof(result->what), "%s leads %s to roots that %s our CA",
             variables[index].variable, variables[index].who, result->ok ? "hold" : "do not hold");
    if (!result->ok) {
        snprintf(result->mend, sizeof(result->mend),
                 "nothing for `run`; else eval \"$(smtpscope ca env)\"");
    }
    return true;
}

size_t probe_trust(struct probe_result *results, const char *ca_file) {
    if (ca_file == NULL) {
        return 0;
    }
    size_t count = 0;
    probe_system(&results[count++], ca_file);
    for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++) {
        if (probe_variable(&results[count], i, ca_file)) {
            count++;
        }
    }
    return count;
}
