// SPDX-License-Identifier: MIT
#include "certs/flaw.h"

#include "base/boringssl.h"
#include "base/limits.h"
#include "base/memory.h"
#include "certs/certificate_names.h"
#include "certs/constraints.h"

#include <openssl/nid.h>
#include <openssl/x509.h>

#include <stdlib.h>
#include <string.h>

// Names that no client asks for (RFC 2606 2).
static const char WRONG_NAME[] = "wrong-name.invalid";
static const char PERMITTED_NAME[] = "name-constraint.invalid";
static const char ISSUER_NAME[] = "issuer-no-ca.invalid";

static const char NO_ADDRESS[] = "192.0.2.1"; // RFC 5737: documentation

// ── names ───────────────────────────────────────────────────────────────────────────────────────

bool flaw_has_own_names(enum leaf_flaw flaw) {
    return flaw >= LEAF_FLAW_WRONG_NAME && flaw <= LEAF_FLAW_NUL_IN_NAME;
}

static bool is_address(const char *text) {
    uint8_t address[NAMES_ADDRESS_LEN];
    return names_parse_address(address, text) > 0;
}

// What the client calls the server. One that sent no name to a loopback address was most likely
// pointed at `localhost`.
static const char *asked_name(const struct leaf_request *request) {
    const char *name = request->name;
    if (name == NULL || !(is_address(name) || names_is_host(name))) {
        return "localhost";
    }
    return names_is_loopback(name) ? "localhost" : name;
}

// Takes `text`, of `len` bytes.
static void push_dns(GENERAL_NAMES *names, char *text, size_t len) {
    GENERAL_NAME *name = names_make(GEN_DNS, (const uint8_t *)text, len);
    if (name == NULL || sk_GENERAL_NAME_push(names, name) == 0) {
        GENERAL_NAME_free(name);
    }
    free(text);
}

static void push_text(GENERAL_NAMES *names, char *text) {
    push_dns(names, text, strlen(text));
}

// The name from its dot after the first label on; "" where it has one label.
static const char *without_label(const char *name) {
    const char *dot = strchr(name, '.');
    return dot == NULL ? "" : dot;
}

// `*` is one whole label (RFC 9525 6.3). So of mail.eu.example.com neither fits:
//
//   *.mail.eu.example.com   where `*` would be nothing
//   *.example.com           where it would be two labels
static void push_deep_wildcards(GENERAL_NAMES *names, const char *name) {
    const char *rest = without_label(name);
    const char *domain = rest[0] == '.' ? without_label(rest + 1) : "";
    push_text(names, mem_format("*.%s", name));
    if (domain[0] != '\0') {
        push_text(names, mem_format("*%s", domain));
    }
}

// The first half of the first label and a `*`.
static void push_partial_wildcard(GENERAL_NAMES *names, const char *name) {
    size_t len = strcspn(name, ".");
    push_text(names, mem_format("%.*s*%s", (int)(len + 1) / 2, name, name + len));
}

// mail.example.com<NUL>.wrong-name.invalid: a C string ends too early (CVE-2009-2408).
static void push_name_with_nul(GENERAL_NAMES *names, const char *name) {
    char *text = mem_format("%s .%s", name, WRONG_NAME);
    size_t len = strlen(text);
    text[strlen(name)] = '\0';
    push_dns(names, text, len);
}

// A client that asked for an address gets it as a host name, which is as wrong (RFC 9525 6.4).
static void push_address(GENERAL_NAMES *names, const struct leaf_request *request) {
    const char *name = request->name;
    if (name != NULL && is_address(name)) {
        push_text(names, mem_string(name));
    } else {
        names_append(names, request->address != NULL ? request->address : NO_ADDRESS);
    }
}

static void push_names(GENERAL_NAMES *names, const struct leaf_request *request) {
    switch ((unsigned)request->flaw) {
    case LEAF_FLAW_WRONG_NAME:
        names_append(names, WRONG_NAME);
        break;
    case LEAF_FLAW_WILDCARD_TOO_DEEP:
        push_deep_wildcards(names, asked_name(request));
        break;
    case LEAF_FLAW_PARTIAL_WILDCARD:
        push_partial_wildcard(names, asked_name(request));
        break;
    case LEAF_FLAW_ADDRESS_FOR_NAME:
        push_address(names, request);
        break;
    case LEAF_FLAW_NUL_IN_NAME:
        push_name_with_nul(names, asked_name(request));
        break;
    }
}

static bool set_subject(X509 *leaf, const struct leaf_request *request) {
    const char *name = asked_name(request);
    bool has_it = request->flaw == LEAF_FLAW_COMMON_NAME_ONLY && strlen(name) <= LIMIT_COMMON_NAME;
    return has_it ? build_set_subject(leaf, NID_commonName, name)
                  : build_set_subject(leaf, NID_organizationName, "smtpscope");
}

bool flaw_add_names(X509 *leaf, const struct leaf_request *request) {
    GENERAL_NAMES *names = GENERAL_NAMES_new();
    push_names(names, request);
    bool added =
        set_subject(leaf, request) && (sk_GENERAL_NAME_num(names) == 0 ||
                                       X509_add1_ext_i2d(leaf, NID_subject_alt_name, names, 0, 0));
    GENERAL_NAMES_free(names);
    return added;
}

// ── use ─────────────────────────────────────────────────────────────────────────────────────────

// It checks that a key of ECDSA may sign, and RSA has ways to be used without.
bool flaw_needs_rsa(enum leaf_flaw flaw) {
    return flaw == LEAF_FLAW_WRONG_KEY_USAGE;
}

// Neither to sign a handshake, nor to be encrypted for or to agree on a key in one.
bool flaw_add_usage(X509 *leaf) {
    return build_add_usage(leaf, DATA_ENCIPHERMENT);
}

// ── issuers ─────────────────────────────────────────────────────────────────────────────────────

bool flaw_has_issuer(enum leaf_flaw flaw) {
    return flaw == LEAF_FLAW_ISSUER_NO_CA || flaw == LEAF_FLAW_NAME_CONSTRAINT ||
           flaw == LEAF_FLAW_MISSING_INTERMEDIATE;
}

bool flaw_sends_issuer(enum leaf_flaw flaw) {
    return flaw_has_issuer(flaw) && flaw != LEAF_FLAW_MISSING_INTERMEDIATE;
}

// A server's certificate as any CA gives it away. Without a key usage, so that its basic
// constraints alone say that it is no CA.
static bool make_server(X509 *x509) {
    GENERAL_NAMES *names = GENERAL_NAMES_new();
    names_append(names, ISSUER_NAME);
    bool made = build_set_subject(x509, NID_commonName, ISSUER_NAME) &&
                X509_add1_ext_i2d(x509, NID_subject_alt_name, names, 0, 0) &&
                build_add_no_ca(x509) && build_add_purpose(x509, NID_server_auth);
    GENERAL_NAMES_free(names);
    return made;
}

static bool make_constrained(X509 *x509) {
    static const char *const HOSTS[] = {PERMITTED_NAME};
    NAME_CONSTRAINTS *constraints = NULL;
    bool made = constraints_new(&constraints, NULL, HOSTS, 1) == OK &&
                build_set_subject(x509, NID_commonName, "smtpscope: a CA for another name") &&
                build_add_ca(x509, 0) &&
                X509_add1_ext_i2d(x509, NID_name_constraints, constraints, 1, 0);
    NAME_CONSTRAINTS_free(constraints);
    return made;
}

static bool make_intermediate(X509 *x509) {
    return build_set_subject(x509, NID_commonName, "smtpscope: an intermediate that is not sent") &&
           build_add_ca(x509, 0);
}

static bool make_issuer(X509 *x509, enum leaf_flaw flaw) {
    if (flaw == LEAF_FLAW_ISSUER_NO_CA) {
        return make_server(x509);
    }
    return flaw == LEAF_FLAW_NAME_CONSTRAINT ? make_constrained(x509) : make_intermediate(x509);
}

bool flaw_build_issuer(struct issuer *out, enum leaf_flaw flaw, const struct issuer *parent,
                       int64_t now_s) {
    struct dates dates = {now_s - CLOCK_SKEW_S, now_s + (int64_t)LEAF_DAYS * SECONDS_PER_DAY};
    *out = (struct issuer){.key = build_key_p256()};
    out->certificate = out->key == NULL ? NULL : build_certificate(out->key, &dates);
    if (out->certificate != NULL && make_issuer(out->certificate, flaw) &&
        build_sign(out->certificate, parent)) {
        return true;
    }
    issuer_cleanup(out);
    return false;
}
