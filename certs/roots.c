// SPDX-License-Identifier: MIT
#include "certs/roots.h"

#include "base/boringssl.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const BUNDLES[] = {
    "/etc/ssl/certs/ca-certificates.crt",                // Debian, Ubuntu, Alpine, Arch
    "/etc/pki/tls/certs/ca-bundle.crt",                  // Fedora, RHEL
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", // newer ones of these
    "/etc/ssl/ca-bundle.pem",                            // SUSE
    "/etc/ssl/cert.pem",                                 // Alpine, OpenBSD's layout
};

const char *roots_system_file(const char *but_not) {
    const char *named = getenv("SSL_CERT_FILE");
    bool ours = named != NULL && but_not != NULL && strcmp(named, but_not) == 0;
    if (named != NULL && !ours && access(named, R_OK) == 0) {
        return named;
    }
    for (size_t i = 0; i < sizeof(BUNDLES) / sizeof(BUNDLES[0]); i++) {
        if (access(BUNDLES[i], R_OK) == 0) {
            return BUNDLES[i];
        }
    }
    return NULL;
}

// How many certificates were added; a certificate that is there twice is no error.
static size_t add_file(X509_STORE *roots, const char *file) {
    BIO *bio = BIO_new_file(file, "r");
    size_t count = 0;
    X509 *x509 = NULL;
    while (bio != NULL && (x509 = PEM_read_bio_X509_AUX(bio, NULL, NULL, NULL)) != NULL) {
        (void)X509_STORE_add_cert(roots, x509);
        X509_free(x509);
        count++;
    }
    BIO_free(bio);
    ERR_clear_error();
    return count;
}

static bool add_folder(X509_STORE *roots, const char *folder) {
    X509_LOOKUP *lookup = X509_STORE_add_lookup(roots, X509_LOOKUP_hash_dir());
    return lookup != NULL && X509_LOOKUP_add_dir(lookup, folder, X509_FILETYPE_PEM);
}

static void add_system(X509_STORE *roots) {
    const char *folder = getenv("SSL_CERT_DIR");
    const char *file = roots_system_file(NULL);
    bool folder_only = getenv("SSL_CERT_FILE") == NULL && folder != NULL && folder[0] != '\0';
    if (folder != NULL && folder[0] != '\0') {
        (void)add_folder(roots, folder);
    }
    if (file != NULL && !folder_only) {
        (void)add_file(roots, file);
    }
    ERR_clear_error();
}

static enum err add_extra(X509_STORE *roots, struct failure *failure, const char *file) {
    errno = 0;
    if (access(file, R_OK) != 0) {
        return fail(failure, ERR_INPUT, "cannot read the roots in %s: %s", file, strerror(errno));
    }
    if (add_file(roots, file) == 0) {
        return fail(failure, ERR_INPUT, "%s holds no certificate in PEM form", file);
    }
    return OK;
}

enum err roots_load(X509_STORE **out, struct failure *failure, const char *extra_file) {
    X509_STORE *roots = X509_STORE_new();
    if (roots == NULL) {
        return fail(failure, ERR_CRYPTO, "BoringSSL could not make a trust store");
    }
    add_system(roots);
    enum err err = extra_file == NULL ? OK : add_extra(roots, failure, extra_file);
    if (err != OK) {
        X509_STORE_free(roots);
        return err;
    }
    *out = roots;
    return OK;
}
