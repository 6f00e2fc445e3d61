// SPDX-License-Identifier: MIT
// ca_files: a program for test/e2e/ca_trust.py. It makes a CA, its bundles and leaves:
//
//   ca_files DIR CA_HOSTS NAME…     CA_HOSTS: a list with commas, or `-` for an unlimited CA
//
// In DIR are then the CA's folder `ca`, `ca.der`, `ca.p12`, `ca.jks`, `env.sh`, and for each NAME
// `NAME.pem` with its chain and key, for `openssl s_server -cert`.
#include "base/boringssl.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/memory.h"
#include "certs/bundle.h"
#include "certs/environment.h"
#include "certs/leaf.h"
#include "folder_of_test.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/pool.h>
#include <openssl/x509.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HOSTS_MAX = 16 };

static void must(enum err err, const struct failure *failure) {
    if (err != OK) {
        fprintf(stderr, "ca_files: %s\n", failure->text);
        exit(1);
    }
}

static void write_out(const char *dir, const char *name, struct slice content) {
    char *path = mem_format("%s/%s", dir, name);
    test_file_write(path, content);
    free(path);
}

static void write_forms(const char *dir, const struct authority *authority) {
    static const char *const NAMES[] = {[BUNDLE_PEM] = "ca.pem",
                                        [BUNDLE_DER] = "ca.der",
                                        [BUNDLE_P12] = "ca.p12",
                                        [BUNDLE_JKS] = "ca.jks"};
    for (int format = BUNDLE_PEM; format <= BUNDLE_JKS; format++) {
        struct buf out;
        struct failure failure;
        struct bundle_plan plan = {.format = (enum bundle_format)format,
                                   .ca_der = authority_der(authority),
                                   .now_unix_ns = clock_unix_ns()};
        buf_init(&out, LIMIT_BUNDLE);
        must(bundle_put(&out, &failure, &plan), &failure);
        write_out(dir, NAMES[format], buf_slice(&out));
        buf_cleanup(&out);
    }
}

static void write_environment(const char *dir, const char *ca_dir,
                              const struct authority *authority) {
    struct environment *environment = NULL;
    struct failure failure;
    struct buf out;
    must(environment_new(&environment, &failure, authority, ca_dir, clock_unix_ns()), &failure);
    buf_init(&out, 64 * KIB);
    environment_put_shell(&out, environment);
    write_out(dir, "env.sh", buf_slice(&out));
    buf_cleanup(&out);
    environment_free(environment);
}

static void write_leaf(const char *dir, struct leaf_store *store, const char *name) {
    const struct leaf *leaf = NULL;
    struct failure failure;
    struct leaf_request request = {.name = name, .now_unix_ns = clock_unix_ns()};
    must(leaf_get(&leaf, &failure, store, &request), &failure);
    BIO *bio = BIO_new(BIO_s_mem());
    for (size_t i = 0; i < leaf->chain_len; i++) {
        X509 *x509 = X509_parse_from_buffer(leaf->chain[i]);
        PEM_write_bio_X509(bio, x509);
        X509_free(x509);
    }
    PEM_write_bio_PrivateKey(bio, leaf->key, NULL, NULL, 0, NULL, NULL);
    const uint8_t *data = NULL;
    size_t len = 0;
    BIO_mem_contents(bio, &data, &len);
    char *file = mem_format("%s.pem", name);
    write_out(dir, file, slice_of(data, len));
    free(file);
    BIO_free(bio);
}

int main(int argc, char **argv) {
    if (argc < 3) {
        fputs("usage: ca_files DIR CA_HOSTS NAME…\n", stderr);
        return 2;
    }
    const char *hosts[HOSTS_MAX];
    size_t count = 0;
    char *at = argv[2];
    while (strcmp(argv[2], "-") != 0 && at != NULL && count < HOSTS_MAX) {
        hosts[count++] = strsep(&at, ",");
    }
    char *ca_dir = mem_format("%s/ca", argv[1]);
    struct authority *authority = NULL;
    struct failure failure;
    struct authority_options options = {
        .dir = ca_dir, .ca_hosts = hosts, .ca_host_count = count, .now_unix_ns = clock_unix_ns()};
    must(authority_open(&authority, &failure, &options), &failure);
    struct leaf_store *store = leaf_store_new(authority, clock_unix_ns());
    write_forms(argv[1], authority);
    write_environment(argv[1], ca_dir, authority);
    for (int i = 3; i < argc; i++) {
        write_leaf(argv[1], store, argv[i]);
    }
    leaf_store_free(store);
    authority_free(authority);
    free(ca_dir);
    return 0;
}
