// SPDX-License-Identifier: MIT
#include "certs/authority.h"

#include "base/boringssl.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/memory.h"
#include "base/text.h"
#include "certs/build.h"
#include "certs/ca_folder.h"
#include "certs/constraints.h"
#include "certs/describe.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/nid.h>
#include <openssl/pem.h>
#include <openssl/pool.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct authority {
    char *certificate_file;
    enum authority_origin origin;
    struct issuer ca;           // without its key where it is limited to some names
    struct issuer intermediate; // then alone, see make_intermediate
    CRYPTO_BUFFER *der;
    struct event_certificate *facts;
};

// ── making ──────────────────────────────────────────────────────────────────────────────────────

// "smtpscope CA (user@host)", so that a person who finds it in a trust store knows whose it is.
static char *make_name(void) {
    char host[HOST_NAME_MAX + 1] = "localhost", memory[1024];
    struct passwd entry, *found = NULL;
    (void)gethostname(host, sizeof(host) - 1);
    (void)getpwuid_r(geteuid(), &entry, memory, sizeof(memory), &found);
    char *name =
        mem_format("smtpscope CA (%.16s@%.30s)", found != NULL ? entry.pw_name : "user", host);
    if (!text_is_ascii(slice_of_string(name))) {
        free(name);
        return mem_string("smtpscope CA");
    }
    return name;
}

static enum err add_constraints(X509 *x509, struct failure *failure,
                                const struct authority_options *options) {
    if (options->ca_host_count == 0) {
        return OK;
    }
    NAME_CONSTRAINTS *constraints = NULL;
    enum err err =
        constraints_new(&constraints, failure, options->ca_hosts, options->ca_host_count);
    if (err == OK && !X509_add1_ext_i2d(x509, NID_name_constraints, constraints, 1, 0)) {
        err = fail(failure, ERR_CRYPTO, "the CA could not be limited to the names of --ca-hosts");
    }
    NAME_CONSTRAINTS_free(constraints);
    return err;
}

static struct dates ca_dates(int64_t now_unix_ns) {
    int64_t now = now_unix_ns / NS_PER_S;
    return (struct dates){now - CLOCK_SKEW_S, now + (int64_t)CA_DAYS * SECONDS_PER_DAY};
}

// Path lengths leave room for one CA more below what signs leaves: the faults of an issuer (flaw.h)
// are shown by such a one.
static enum err make_ca(struct issuer *out, struct failure *failure,
                        const struct authority_options *options) {
    struct dates dates = ca_dates(options->now_unix_ns);
    char *name = make_name();
    *out = (struct issuer){.key = build_key_p256()};
    out->certificate = out->key == NULL ? NULL : build_certificate(out->key, &dates);
    bool begun = out->certificate != NULL &&
                 build_set_subject(out->certificate, NID_commonName, name) &&
                 build_add_ca(out->certificate, options->ca_host_count > 0 ? 2 : 1);
    free(name);
    enum err err = begun ? add_constraints(out->certificate, failure, options) : ERR_CRYPTO;
    if (err == OK && !build_sign(out->certificate, out)) {
        err = ERR_CRYPTO;
    }
    if (err == ERR_CRYPTO) {
        fail(failure, ERR_CRYPTO, "the CA could not be made: BoringSSL refused");
    }
    if (err != OK) {
        issuer_cleanup(out);
    }
    return err;
}

// Java ignores the name constraints of a certificate that it trusts (its trust anchors are names
// and keys), and looks only at those of certificates below. So leaves are signed through an
// intermediate with the same limits, and the root's own key, which could sign for every name, is
// thrown away as soon as it has signed the intermediate: no leak can be of what is not there.
static enum err make_intermediate(struct issuer *out, struct failure *failure, struct issuer *ca,
                                  const struct dates *dates) {
    int at = X509_get_ext_by_NID(ca->certificate, NID_name_constraints, -1);
    out->key = build_key_p256();
    out->certificate = out->key == NULL ? NULL : build_certificate(out->key, dates);
    bool made =
        at >= 0 && out->certificate != NULL &&
        build_set_subject(out->certificate, NID_commonName, "smtpscope, limited to some names") &&
        build_add_ca(out->certificate, 1) &&
        X509_add_ext(out->certificate, X509_get_ext(ca->certificate, at), -1) &&
        build_sign(out->certificate, ca);
    EVP_PKEY_free(ca->key);
    ca->key = NULL;
    return made ? OK : fail(failure, ERR_CRYPTO, "the limited CA's intermediate could not be made");
}

static enum err write_pem(const struct folder *folder, struct failure *failure, const char *name,
                          BIO *pem, mode_t mode) {
    const uint8_t *data = NULL;
    size_t len = 0;
    if (!BIO_mem_contents(pem, &data, &len) || len == 0) {
        return fail(failure, ERR_CRYPTO, "%s could not be put into PEM form", name);
    }
    return folder_write(folder, failure, name, slice_of(data, len), mode);
}

// The key first: where the power goes in between, the certificate that others may have copied is
// still the old one, and what is left says clearly that it does not fit.
static enum err save(const struct folder *folder, struct failure *failure, const struct issuer *ca,
                     const struct issuer *intermediate) {
    BIO *key = BIO_new(BIO_s_mem()), *certificate = BIO_new(BIO_s_mem());
    bool limited = intermediate->certificate != NULL;
    PEM_write_bio_PKCS8PrivateKey(key, limited ? intermediate->key : ca->key, NULL, NULL, 0, NULL,
                                  NULL);
    if (limited) {
        PEM_write_bio_X509(key, intermediate->certificate);
    }
    PEM_write_bio_X509(certificate, ca->certificate);
    enum err err = write_pem(folder, failure, AUTHORITY_KEY_FILE, key, 0600);
    if (err == OK) {
        err = write_pem(folder, failure, AUTHORITY_CERTIFICATE_FILE, certificate, 0644);
    }
    BIO_free(key);
    BIO_free(certificate);
    return err;
}

static enum err make_and_save(const struct folder *folder, struct failure *failure,
                              const struct authority_options *options) {
    struct issuer ca = {0}, intermediate = {0};
    struct dates dates = ca_dates(options->now_unix_ns);
    enum err err = make_ca(&ca, failure, options);
    if (err == OK && options->ca_host_count > 0) {
        err = make_intermediate(&intermediate, failure, &ca, &dates);
    }
    if (err == OK) {
        err = save(folder, failure, &ca, &intermediate);
    }
    issuer_cleanup(&ca);
    issuer_cleanup(&intermediate);
    return err;
}

// ── loading ─────────────────────────────────────────────────────────────────────────────────────

#define RENEW "`smtpscope ca renew` makes a new CA"

static enum err load_certificate(struct issuer *ca, const struct folder *folder,
                                 struct failure *failure) {
    struct buf pem;
    mode_t mode = 0;
    buf_init(&pem, LIMIT_PEM);
    enum err err = folder_read(folder, failure, AUTHORITY_CERTIFICATE_FILE, &pem, &mode);
    if (err == OK && (mode & (S_IWGRP | S_IWOTH)) != 0) {
        err = fail(failure, ERR_INPUT,
                   "other users may write the CA's certificate %s/%s (mode %04o): `chmod go-w` it",
                   folder->path, AUTHORITY_CERTIFICATE_FILE, (unsigned)mode & 07777);
    }
    if (err == OK) {
        BIO *bio = BIO_new_mem_buf(buf_slice(&pem).data, (int)buf_len(&pem));
        ca->certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);
        BIO_free(bio);
        if (ca->certificate == NULL) {
            err = fail(failure, ERR_INPUT, "%s/%s is not a certificate in PEM form; " RENEW,
                       folder->path, AUTHORITY_CERTIFICATE_FILE);
        }
    }
    buf_cleanup(&pem);
    return err;
}

static enum err check_mode(mode_t mode, const struct folder *folder, struct failure *failure) {
    return (mode & (S_IRWXG | S_IRWXO)) == 0
               ? OK
               : fail(failure, ERR_INPUT,
                      "the CA's key %s/%s is open to other users (mode %04o): make it private with "
                      "`chmod 600`, or, if anyone may have read it, " RENEW,
                      folder->path, AUTHORITY_KEY_FILE, (unsigned)mode & 07777);
}

// The key, and after it the intermediate's certificate where it is that one's.
static enum err load_key(EVP_PKEY **out_key, X509 **out_intermediate, const struct folder *folder,
                         struct failure *failure) {
    struct buf pem;
    mode_t mode = 0;
    buf_init(&pem, LIMIT_PEM);
    enum err err = folder_read(folder, failure, AUTHORITY_KEY_FILE, &pem, &mode);
    if (err == OK) {
        err = check_mode(mode, folder, failure);
    }
    if (err == OK) {
        BIO *bio = BIO_new_mem_buf(buf_slice(&pem).data, (int)buf_len(&pem));
        *out_key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
        *out_intermediate = *out_key == NULL ? NULL : PEM_read_bio_X509(bio, NULL, NULL, NULL);
        BIO_free(bio);
        if (*out_key == NULL) {
            err = fail(failure, ERR_INPUT, "%s/%s is not a private key in PEM form; " RENEW,
                       folder->path, AUTHORITY_KEY_FILE);
        }
    }
    buf_wipe(&pem);
    return err;
}

static bool is_signed_by(X509 *certificate, X509 *issuer) {
    EVP_PKEY *key = X509_get_pubkey(issuer);
    bool is = key != NULL && X509_verify(certificate, key) == 1;
    EVP_PKEY_free(key);
    return is;
}

static enum err check(const struct authority *authority, const struct folder *folder,
                      struct failure *failure) {
    const struct issuer *signer = authority_signer(authority);
    X509 *root = authority->ca.certificate, *intermediate = authority->intermediate.certificate;
    if (!X509_check_private_key(signer->certificate, signer->key) ||
        (intermediate != NULL && !is_signed_by(intermediate, root))) {
        return fail(failure, ERR_INPUT,
                    "the CA's key %s/%s does not fit its certificate %s; " RENEW, folder->path,
                    AUTHORITY_KEY_FILE, AUTHORITY_CERTIFICATE_FILE);
    }
    if (intermediate == NULL && X509_get_ext_by_NID(root, NID_name_constraints, -1) >= 0) {
        return fail(failure, ERR_INPUT,
                    "the CA in %s is limited to some names, but its key is the root's own, which "
                    "some programs trust for every name; `smtpscope ca renew --ca-hosts NAME` "
                    "makes a new CA without that key",
                    folder->path);
    }
    if (X509_check_ca(root) == 0) {
        return fail(failure, ERR_INPUT, "%s/%s is not the certificate of a CA; " RENEW,
                    folder->path, AUTHORITY_CERTIFICATE_FILE);
    }
    return OK;
}

static enum err load(struct authority *authority, const struct folder *folder,
                     struct failure *failure) {
    EVP_PKEY *key = NULL;
    enum err err = load_key(&key, &authority->intermediate.certificate, folder, failure);
    bool limited = authority->intermediate.certificate != NULL;
    *(limited ? &authority->intermediate.key : &authority->ca.key) = key;
    if (err == OK) {
        err = load_certificate(&authority->ca, folder, failure);
    }
    if (err == OK) {
        err = check(authority, folder, failure);
    }
    ERR_clear_error();
    return err;
}

static enum err complain_of_half(const struct folder *folder, struct failure *failure,
                                 bool has_key) {
    return fail(failure, ERR_INPUT, "%s holds %s but no %s: put it back, or " RENEW, folder->path,
                has_key ? AUTHORITY_KEY_FILE : AUTHORITY_CERTIFICATE_FILE,
                has_key ? AUTHORITY_CERTIFICATE_FILE : AUTHORITY_KEY_FILE);
}

static enum err make_where_missing(enum authority_origin *out, const struct folder *folder,
                                   struct failure *failure,
                                   const struct authority_options *options) {
    bool has_key = folder_has(folder, AUTHORITY_KEY_FILE);
    bool has_certificate = folder_has(folder, AUTHORITY_CERTIFICATE_FILE);
    if (has_key != has_certificate) {
        return complain_of_half(folder, failure, has_key);
    }
    *out = has_key ? AUTHORITY_FOUND : AUTHORITY_MADE;
    return has_key ? OK : make_and_save(folder, failure, options);
}

// ── life ────────────────────────────────────────────────────────────────────────────────────────

static enum err check_dates(const struct authority *authority, struct failure *failure,
                            const struct folder *folder, int64_t now_unix_ns) {
    if (authority->facts->not_after_unix_ns >= now_unix_ns) {
        return OK;
    }
    struct buf date;
    buf_init(&date, DATE_TEXT_MAX);
    clock_put_rfc3339(&date, authority->facts->not_after_unix_ns, CLOCK_SECONDS);
    buf_put_byte(&date, '\0');
    enum err err = fail(failure, ERR_INPUT, "the CA in %s has expired on %s; " RENEW, folder->path,
                        (const char *)buf_slice(&date).data);
    buf_cleanup(&date);
    return err;
}

static enum err open_in(struct authority **out, struct failure *failure,
                        const struct folder *folder, const struct authority_options *options) {
    struct authority *authority = mem_new(sizeof(*authority));
    enum err err = load(authority, folder, failure);
    if (err == OK) {
        authority->der = build_der(authority->ca.certificate);
        authority->certificate_file = mem_format("%s/%s", folder->path, AUTHORITY_CERTIFICATE_FILE);
        authority->facts = certificate_facts_new(authority_der(authority));
        err = check_dates(authority, failure, folder, options->now_unix_ns);
    }
    if (err != OK) {
        authority_free(authority);
        return err;
    }
    *out = authority;
    return OK;
}

// A wrong word is wrong also where the CA exists already, and the list is not needed.
static enum err check_hosts(struct failure *failure, const struct authority_options *options) {
    NAME_CONSTRAINTS *constraints = NULL;
    enum err err =
        constraints_new(&constraints, failure, options->ca_hosts, options->ca_host_count);
    NAME_CONSTRAINTS_free(constraints);
    return err;
}

enum err authority_open(struct authority **out, struct failure *failure,
                        const struct authority_options *options) {
    struct folder folder;
    enum err err = check_hosts(failure, options);
    if (err == OK) {
        err = folder_open(&folder, failure, options->dir);
    }
    if (err == OK) {
        enum authority_origin origin = AUTHORITY_FOUND;
        err = make_where_missing(&origin, &folder, failure, options);
        if (err == OK) {
            err = open_in(out, failure, &folder, options);
        }
        if (err == OK) {
            (*out)->origin = origin;
        }
        folder_close(&folder);
    }
    return err;
}

enum err authority_renew(struct authority **out, struct failure *failure,
                         const struct authority_options *options) {
    struct folder folder;
    enum err err = folder_open(&folder, failure, options->dir);
    if (err == OK) {
        bool replaced = folder_has(&folder, AUTHORITY_CERTIFICATE_FILE);
        err = make_and_save(&folder, failure, options);
        if (err == OK) {
            err = open_in(out, failure, &folder, options);
        }
        if (err == OK) {
            (*out)->origin = replaced ? AUTHORITY_REPLACED : AUTHORITY_MADE;
        }
        folder_close(&folder);
    }
    return err;
}

void authority_free(struct authority *authority) {
    if (authority == NULL) {
        return;
    }
    issuer_cleanup(&authority->ca);
    issuer_cleanup(&authority->intermediate);
    CRYPTO_BUFFER_free(authority->der);
    certificate_facts_free(authority->facts);
    free(authority->certificate_file);
    free(authority);
}

// The XDG base directory specification: a relative $XDG_DATA_HOME is ignored.
char *authority_default_dir(void) {
    const char *data = getenv("XDG_DATA_HOME"), *home = getenv("HOME");
    if (data != NULL && data[0] == '/') {
        return mem_format("%s/smtpscope", data);
    }
    struct stat status;
    bool is_there = home != NULL && stat(home, &status) == 0 && S_ISDIR(status.st_mode);
    return is_there ? mem_format("%s/.local/share/smtpscope", home) : NULL;
}

// ── facts ───────────────────────────────────────────────────────────────────────────────────────

enum authority_origin authority_origin(const struct authority *authority) {
    return authority->origin;
}

const char *authority_certificate_file(const struct authority *authority) {
    return authority->certificate_file;
}

struct slice authority_der(const struct authority *authority) {
    return slice_of(CRYPTO_BUFFER_data(authority->der), CRYPTO_BUFFER_len(authority->der));
}

const struct event_certificate *authority_facts(const struct authority *authority) {
    return authority->facts;
}

void authority_put_hosts(struct buf *out, const struct authority *authority) {
    constraints_put(out, authority->ca.certificate);
}

const struct issuer *authority_signer(const struct authority *authority) {
    return authority->intermediate.certificate != NULL ? &authority->intermediate : &authority->ca;
}

X509 *authority_intermediate(const struct authority *authority) {
    return authority->intermediate.certificate;
}
