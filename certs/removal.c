// SPDX-License-Identifier: MIT
#include "certs/removal.h"

#include "base/boringssl.h"
#include "base/limits.h"
#include "base/safe_file.h"
#include "certs/authority.h"
#include "certs/ca_folder.h"
#include "certs/environment.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

static void put_der(struct buf *out, struct slice pem) {
    BIO *bio = BIO_new_mem_buf(pem.data, (int)pem.len);
    X509 *certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    uint8_t *der = NULL;
    int len = certificate == NULL ? 0 : i2d_X509(certificate, &der);
    if (len > 0) {
        buf_put(out, slice_of(der, (size_t)len));
    }
    OPENSSL_free(der);
    X509_free(certificate);
    BIO_free(bio);
    ERR_clear_error();
}

// folder_open makes the folder that it does not find.
static bool is_there(const char *dir) {
    return dir[0] != '\0' && access(dir, F_OK) == 0;
}

void removal_read_certificate(struct buf *out, const char *dir) {
    struct folder folder;
    struct failure failure = {0};
    struct buf pem;
    if (!is_there(dir) || folder_open(&folder, &failure, dir) != OK) {
        return;
    }
    buf_init(&pem, LIMIT_PEM);
    if (folder_read(&folder, &failure, AUTHORITY_CERTIFICATE_FILE, &pem, NULL) == OK) {
        put_der(out, buf_slice(&pem));
    }
    buf_cleanup(&pem);
    folder_close(&folder);
}

static enum err remove_file(struct buf *out, struct failure *failure, const struct folder *folder,
                            const char *name) {
    if (unlinkat(folder->fd, name, 0) == 0) {
        buf_putf(out, "%s/%s\n", folder->path, name);
        return OK;
    }
    return errno == ENOENT ? OK
                           : fail(failure, ERR_SYSTEM, "cannot remove %s/%s: %s", folder->path,
                                  name, strerror(errno));
}

// Bundles, and what a start that was killed left of a file.
static bool is_ours(const char *name) {
    return environment_is_bundle(name) || new_file_is_temporary(name);
}

static enum err remove_rest(struct buf *out, struct failure *failure, const struct folder *folder) {
    DIR *dir = opendir(folder->path);
    enum err err = OK;
    struct dirent *entry;
    while (err == OK && dir != NULL && (entry = readdir(dir)) != NULL) {
        err = is_ours(entry->d_name) ? remove_file(out, failure, folder, entry->d_name) : OK;
    }
    if (dir != NULL) {
        closedir(dir);
    }
    return err;
}

enum err removal_remove(struct buf *out, struct failure *failure, const char *dir) {
    struct folder folder;
    if (!is_there(dir)) {
        return OK;
    }
    enum err err = folder_open(&folder, failure, dir);
    if (err != OK) {
        return err;
    }
    err = remove_file(out, failure, &folder, AUTHORITY_KEY_FILE);
    if (err == OK) {
        err = remove_file(out, failure, &folder, AUTHORITY_CERTIFICATE_FILE);
    }
    if (err == OK) {
        err = remove_rest(out, failure, &folder);
    }
    if (err == OK && rmdir(dir) == 0) {
        buf_putf(out, "%s\n", dir);
    }
    folder_close(&folder);
    return err;
}
