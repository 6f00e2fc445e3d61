// SPDX-License-Identifier: MIT
#include "certs/certificate_fault.h"

#include "certs/leaf.h"

enum { WEAK_KEY_BITS = 1024 };

// Sorted by what a client has to look at: dates, names, the issuer, the use, the strength.
static const struct certificate_fault faults[] = {
    {.word = "expired", .meaning = "is over its last day", .faults = TRUST_EXPIRED},
    {.word = "not-yet-valid", .meaning = "begins tomorrow", .faults = TRUST_NOT_YET_VALID},
    {.word = "wrong-name",
     .meaning = "is for wrong-name.invalid",
     .flaw = LEAF_FLAW_WRONG_NAME,
     .seen = TRUST_WRONG_NAME},
    // OpenSSL takes it by its defaults, as RFC 6125 6.4.4 allowed; RFC 9525 does not any more.
    {.word = "common-name-only",
     .meaning = "has the name in its subject's common name alone",
     .flaw = LEAF_FLAW_COMMON_NAME_ONLY,
     .seen = TRUST_COMMON_NAME},
    {.word = "wildcard-too-deep",
     .meaning = "has wildcards that fit only where `*` is no label or two",
     .flaw = LEAF_FLAW_WILDCARD_TOO_DEEP,
     .seen = TRUST_WRONG_NAME},
    // The same: RFC 6125 6.4.3 (3) allowed it, RFC 9525 6.3 does not.
    {.word = "partial-wildcard",
     .meaning = "has a wildcard within a label, such as ma*.example.com",
     .flaw = LEAF_FLAW_PARTIAL_WILDCARD,
     .seen = TRUST_ODD_NAME},
    {.word = "address-for-name",
     .meaning = "has the server's address and not its name",
     .flaw = LEAF_FLAW_ADDRESS_FOR_NAME,
     .seen = TRUST_WRONG_NAME},
    {.word = "nul-in-name",
     .meaning = "has a name that goes on after a NUL byte",
     .flaw = LEAF_FLAW_NUL_IN_NAME,
     .seen = TRUST_WRONG_NAME},
    {.word = "self-signed", .meaning = "is signed by its own key", .faults = TRUST_SELF_SIGNED},
    {.word = "unknown-issuer",
     .meaning = "has an issuer that no client knows",
     .faults = TRUST_UNKNOWN_ISSUER},
    {.word = "untrusted-root",
     .meaning = "is signed by a root that no client trusts, which is sent along",
     .faults = TRUST_UNKNOWN_ISSUER | TRUST_ROOT_SENT},
    {.word = "missing-intermediate",
     .meaning = "is signed by an intermediate that is not sent",
     .flaw = LEAF_FLAW_MISSING_INTERMEDIATE,
     .seen = TRUST_UNKNOWN_ISSUER},
    {.word = "issuer-no-ca",
     .meaning = "is signed by the certificate of a server, which is no CA",
     .flaw = LEAF_FLAW_ISSUER_NO_CA,
     .seen = TRUST_OTHER},
    {.word = "name-constraint",
     .meaning = "is signed by a CA that may not sign for its name",
     .flaw = LEAF_FLAW_NAME_CONSTRAINT,
     .seen = TRUST_OTHER},
    {.word = "wrong-purpose",
     .meaning = "is for e-mail and not for servers (extended key usage)",
     .faults = TRUST_WRONG_PURPOSE},
    // Go, and many clients, do not look.
    {.word = "wrong-key-usage",
     .meaning = "has a key that may not sign (key usage)",
     .flaw = LEAF_FLAW_WRONG_KEY_USAGE,
     .seen = TRUST_ODD_USAGE},
    {.word = "weak-key", .meaning = "has an RSA key of 1024 bits", .faults = TRUST_SMALL_KEY},
    {.word = "sha1", .meaning = "is signed with SHA-1", .faults = TRUST_SHA1_SIGNATURE},
};

size_t certificate_fault_count(void) {
    return sizeof(faults) / sizeof(faults[0]);
}

const struct certificate_fault *certificate_fault_at(size_t i) {
    return &faults[i];
}

const struct certificate_fault *certificate_fault_find(struct slice word) {
    for (size_t i = 0; i < certificate_fault_count(); i++) {
        if (slice_is(word, faults[i].word)) {
            return &faults[i];
        }
    }
    return NULL;
}

unsigned certificate_fault_apply(struct leaf_request *request,
                                 const struct certificate_fault *fault) {
    request->faults = fault->faults;
    request->flaw = fault->flaw;
    request->small_key_bits = WEAK_KEY_BITS;
    return fault->seen != 0 ? fault->seen : fault->faults;
}
