// SPDX-License-Identifier: MIT
#include "certs/roots.h"

#include "base/boringssl.h"
#include "base/memory.h"

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
static size_t add_file(X509_STORE *store, const char *file) {
    BIO *bio = BIO_new_file(file, "r");
    size_t count = 0;
    X509 *x509 = NULL;
    while (bio != NULL && (x509 = PEM_read_bio_X509_AUX(bio, NULL, NULL, NULL)) != NULL) {
        (void)X509_STORE_add_cert(store, x509);
        X509_free(x509);
        count++;
    }
    BIO_free(bio);
    ERR_clear_error();
    return count;
}

enum err roots_add_named(X509_STORE *store, struct failure *failure, const char *file) {
    errno = 0;
    if (access(file, R_OK) != 0) {
        return fail(failure, ERR_INPUT, "cannot read the roots in %s: %s", file, strerror(errno));
    }
    if (add_file(store, file) == 0) {
        return fail(failure, ERR_INPUT, "%s holds no certificate in PEM form", file);
    }
    return OK;
}

// ── the machine's ───────────────────────────────────────────────────────────────────────────────

static char *copy_of(const char *text) {
    return text == NULL || text[0] == '\0' ? NULL : mem_string(text);
}

struct system_roots roots_find_system(void) {
    char *folder = copy_of(getenv("SSL_CERT_DIR"));
    bool folder_only = folder != NULL && getenv("SSL_CERT_FILE") == NULL;
    return (struct system_roots){
        .file = folder_only ? NULL : copy_of(roots_system_file(NULL)),
        .folder = folder,
    };
}

static void add_folder(X509_STORE *store, const char *folder) {
    X509_LOOKUP *lookup = X509_STORE_add_lookup(store, X509_LOOKUP_hash_dir());
    if (lookup != NULL) {
        (void)X509_LOOKUP_add_dir(lookup, folder, X509_FILETYPE_PEM);
    }
}

void roots_add_system(X509_STORE *store, const struct system_roots *roots) {
    if (roots->folder != NULL) {
        add_folder(store, roots->folder);
    }
    if (roots->file != NULL) {
        (void)add_file(store, roots->file);
    }
    ERR_clear_error();
}

void roots_cleanup_system(struct system_roots *roots) {
    free(roots->file);
    free(roots->folder);
    *roots = (struct system_roots){0};
}
