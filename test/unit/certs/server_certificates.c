// SPDX-License-Identifier: MIT
#include "server_certificates.h"

#include "base/boringssl.h"
#include "certs/certificate_names.h"

#include <openssl/evp.h>
#include <openssl/nid.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void server_world_init(struct server_world *world) {
    struct dates dates = {TEST_NOW_S - 100 * TEST_DAY_S, TEST_NOW_S + 100 * TEST_DAY_S};
    bool made = build_issuer(&world->root, "test root", &dates, NULL) &&
                build_issuer(&world->intermediate, "test intermediate", &dates, &world->root);
    assert(made);
    memcpy(world->root_file, "/tmp/scope-root-XXXXXX", sizeof("/tmp/scope-root-XXXXXX"));
    int fd = mkstemp(world->root_file);
    FILE *file = fdopen(fd, "w");
    made = PEM_write_X509(file, world->root.certificate);
    assert(made);
    fclose(file);
}

void server_world_cleanup(struct server_world *world) {
    unlink(world->root_file);
    issuer_cleanup(&world->root);
    issuer_cleanup(&world->intermediate);
}

static void add_names(X509 *leaf, const struct server_plan *plan) {
    GENERAL_NAMES *all = NULL;
    for (size_t i = 0; i < SERVER_DNS_MAX && plan->names[i] != NULL; i++) {
        GENERAL_NAMES *one = names_of(NULL, plan->names[i]);
        assert(one != NULL);
        if (all == NULL) {
            all = one;
            continue;
        }
        sk_GENERAL_NAME_push(all, sk_GENERAL_NAME_pop(one));
        GENERAL_NAMES_free(one);
    }
    if (all != NULL) {
        X509_add1_ext_i2d(leaf, NID_subject_alt_name, all, 0, 0);
        GENERAL_NAMES_free(all);
    }
}

CRYPTO_BUFFER *server_leaf(const struct server_world *world, const struct server_plan *plan) {
    struct dates dates = {TEST_NOW_S + (plan->begins_s != 0 ? plan->begins_s : -TEST_DAY_S),
                          TEST_NOW_S + (plan->ends_s != 0 ? plan->ends_s : 30 * TEST_DAY_S)};
    EVP_PKEY *key = plan->rsa_bits != 0 ? build_key_rsa(plan->rsa_bits) : build_key_p256();
    X509 *leaf = build_certificate(key, &dates);
    if (plan->common_name != NULL) {
        build_set_subject(leaf, NID_commonName, plan->common_name);
    }
    add_names(leaf, plan);
    build_add_leaf(leaf, key);
    build_add_purpose(leaf, plan->purpose != 0 ? plan->purpose : NID_server_auth);
    struct issuer itself = {leaf, key};
    bool signed_ok = build_sign_with(leaf, plan->self_signed ? &itself : &world->intermediate,
                                     plan->sha1 ? EVP_sha1() : EVP_sha256());
    assert(signed_ok);
    CRYPTO_BUFFER *der = build_der(leaf);
    X509_free(leaf);
    EVP_PKEY_free(key);
    return der;
}
