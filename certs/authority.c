// SPDX-License-Identifier: MIT
#include "certs/authority.h"

#include "base/boringssl.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/memory.h"
#include "base/text.h"
#include "certs/build.h"
#include "certs/constraints.h"
#include "certs/describe.h"
#include "certs/folder.h"

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

static const char CERTIFICATE_FILE[] = "ca.pem";
static const char KEY_FILE[] = "ca.key";

#define PEM_MAX (64 * KIB)

struct authority {
    char *certificate_file;
    struct issuer ca;
    struct issuer intermediate; // only where the CA is limited to some names, see below
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

static enum err make_ca(struct issuer *out, struct failure *failure,
                        const struct authority_options *options) {
    int64_t now = options->now_unix_ns / NS_PER_S;
    struct dates dates = {now - CLOCK_SKEW_S, now + (int64_t)CA_DAYS * SECONDS_PER_DAY};
    char *name = make_name();
    *out = (struct issuer){.key = build_key_p256()};
    out->certificate = out->key == NULL ? NULL : build_certificate(out->key, &dates);
    bool begun = out->certificate != NULL &&
                 build_set_subject(out->certificate, NID_commonName, name) &&
                 build_add_ca(out->certificate, options->ca_host_count > 0 ? 1 : 0);
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
static enum err save(const struct folder *folder, struct failure *failure,
                     const struct issuer *ca) {
    BIO *key = BIO_new(BIO_s_mem()), *certificate = BIO_new(BIO_s_mem());
    PEM_write_bio_PKCS8PrivateKey(key, ca->key, NULL, NULL, 0, NULL, NULL);
    PEM_write_bio_X509(certificate, ca->certificate);
    enum err err = write_pem(folder, failure, KEY_FILE, key, 0600);
    if (err == OK) {
        err = write_pem(folder, failure, CERTIFICATE_FILE, certificate, 0644);
    }
    BIO_free(key);
    BIO_free(certificate);
    return err;
}

static enum err make_and_save(const struct folder *folder, struct failure *failure,
                              const struct authority_options *options) {
    struct issuer ca;
    enum err err = make_ca(&ca, failure, options);
    if (err == OK) {
        err = save(folder, failure, &ca);
        issuer_cleanup(&ca);
    }
    return err;
}

// ── loading ─────────────────────────────────────────────────────────────────────────────────────

#define RENEW "`smtpscope ca renew` makes a new CA"

static enum err load_certificate(struct issuer *ca, const struct folder *folder,
                                 struct failure *failure) {
    struct buf pem;
    buf_init(&pem, PEM_MAX);
    enum err err = folder_read(folder, failure, CERTIFICATE_FILE, &pem, NULL);
    if (err == OK) {
        BIO *bio = BIO_new_mem_buf(buf_slice(&pem).data, (int)buf_len(&pem));
        ca->certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);
        BIO_free(bio);
        if (ca->certificate == NULL) {
            err = fail(failure, ERR_INPUT, "%s/%s is no certificate in PEM form; " RENEW,
                       folder->path, CERTIFICATE_FILE);
        }
    }
    buf_cleanup(&pem);
    return err;
}

static int no_pass_phrase(char *buffer, int size, int writing, void *context) {
    (void)buffer;
    (void)size;
    (void)writing;
    (void)context;
    return 0;
}

static enum err load_key(struct issuer *ca, const struct folder *folder, struct failure *failure) {
    struct buf pem;
    mode_t mode = 0;
    buf_init(&pem, PEM_MAX);
    enum err err = folder_read(folder, failure, KEY_FILE, &pem, &mode);
    if (err == OK && (mode & (S_IRWXG | S_IRWXO)) != 0) {
        err = fail(failure, ERR_INPUT,
                   "the CA's key %s/%s is open to other users (mode %04o): make it private with "
                   "`chmod 600`, or, if somebody may have read it, " RENEW,
                   folder->path, KEY_FILE, (unsigned)mode & 07777);
    }
    if (err == OK) {
        BIO *bio = BIO_new_mem_buf(buf_slice(&pem).data, (int)buf_len(&pem));
        ca->key = PEM_read_bio_PrivateKey(bio, NULL, no_pass_phrase, NULL);
        BIO_free(bio);
        if (ca->key == NULL) {
            err = fail(failure, ERR_INPUT, "%s/%s is no private key in PEM form; " RENEW,
                       folder->path, KEY_FILE);
        }
    }
    buf_wipe(&pem);
    return err;
}

static enum err check(const struct issuer *ca, const struct folder *folder,
                      struct failure *failure) {
    if (!X509_check_private_key(ca->certificate, ca->key)) {
        return fail(failure, ERR_INPUT,
                    "the CA's key %s/%s does not fit its certificate %s; " RENEW, folder->path,
                    KEY_FILE, CERTIFICATE_FILE);
    }
    if (X509_check_ca(ca->certificate) == 0) {
        return fail(failure, ERR_INPUT, "%s/%s is not the certificate of a CA; " RENEW,
                    folder->path, CERTIFICATE_FILE);
    }
    return OK;
}

static enum err load(struct issuer *ca, const struct folder *folder, struct failure *failure) {
    enum err err = load_key(ca, folder, failure);
    if (err == OK) {
        err = load_certificate(ca, folder, failure);
    }
    if (err == OK) {
        err = check(ca, folder, failure);
    }
    ERR_clear_error();
    return err;
}

static enum err complain_of_half(const struct folder *folder, struct failure *failure,
                                 bool has_key) {
    return fail(failure, ERR_INPUT, "%s holds %s but no %s: put it back, or " RENEW, folder->path,
                has_key ? KEY_FILE : CERTIFICATE_FILE, has_key ? CERTIFICATE_FILE : KEY_FILE);
}

static enum err make_where_missing(const struct folder *folder, struct failure *failure,
                                   const struct authority_options *options) {
    bool has_key = folder_has(folder, KEY_FILE);
    bool has_certificate = folder_has(folder, CERTIFICATE_FILE);
    if (has_key != has_certificate) {
        return complain_of_half(folder, failure, has_key);
    }
    return has_key ? OK : make_and_save(folder, failure, options);
}

// ── life ────────────────────────────────────────────────────────────────────────────────────────

static enum err check_dates(const struct authority *authority, struct failure *failure,
                            const struct folder *folder, int64_t now_unix_ns) {
    if (authority->facts->not_after_unix_ns >= now_unix_ns) {
        return OK;
    }
    struct buf date;
    buf_init(&date, KIB);
    clock_put_rfc3339(&date, authority->facts->not_after_unix_ns, CLOCK_SECONDS);
    buf_put_byte(&date, '\0');
    enum err err = fail(failure, ERR_INPUT, "the CA in %s has expired on %s; " RENEW, folder->path,
                        (const char *)buf_slice(&date).data);
    buf_cleanup(&date);
    return err;
}

// Java ignores the name constraints of a certificate that it trusts (its trust anchors are names
// and keys), and looks only at those of certificates below. So a limited CA signs leaves through an
// intermediate with the same limits, made anew at each start and never written.
static enum err make_intermediate(struct authority *authority, struct failure *failure) {
    X509 *ca = authority->ca.certificate;
    int at = X509_get_ext_by_NID(ca, NID_name_constraints, -1);
    if (at < 0) {
        return OK;
    }
    struct issuer *intermediate = &authority->intermediate;
    struct dates dates = {authority->facts->not_before_unix_ns / NS_PER_S,
                          authority->facts->not_after_unix_ns / NS_PER_S};
    intermediate->key = build_key_p256();
    intermediate->certificate =
        intermediate->key == NULL ? NULL : build_certificate(intermediate->key, &dates);
    if (intermediate->certificate != NULL &&
        build_set_subject(intermediate->certificate, NID_commonName,
                          "smtpscope, limited to some names") &&
        build_add_ca(intermediate->certificate, 0) &&
        X509_add_ext(intermediate->certificate, X509_get_ext(ca, at), -1) &&
        build_sign(intermediate->certificate, &authority->ca)) {
        return OK;
    }
    return fail(failure, ERR_CRYPTO, "the limited CA's intermediate could not be made");
}

static enum err open_in(struct authority **out, struct failure *failure,
                        const struct folder *folder, const struct authority_options *options) {
    struct authority *authority = mem_new(sizeof(*authority));
    enum err err = load(&authority->ca, folder, failure);
    if (err == OK) {
        authority->der = build_der(authority->ca.certificate);
        authority->certificate_file = mem_format("%s/%s", folder->path, CERTIFICATE_FILE);
        authority->facts = certificate_facts_new(authority_der(authority));
        err = check_dates(authority, failure, folder, options->now_unix_ns);
    }
    if (err == OK) {
        err = make_intermediate(authority, failure);
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
        err = make_where_missing(&folder, failure, options);
        if (err == OK) {
            err = open_in(out, failure, &folder, options);
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
        err = make_and_save(&folder, failure, options);
        if (err == OK) {
            err = open_in(out, failure, &folder, options);
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
    return home == NULL || home[0] == '\0' ? NULL : mem_format("%s/.local/share/smtpscope", home);
}

// ── facts ───────────────────────────────────────────────────────────────────────────────────────

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
