// SPDX-License-Identifier: MIT
// certificate_fault: the faults that a leaf is given on purpose (`--fault 'tls: certificate
// FAULT'`, and the cases of `audit`). One table has their words; each leaf has the one fault and is
// otherwise what a client wants, as far as the fault leaves that possible.
#ifndef SCOPE_CERTS_CERTIFICATE_FAULT_H
#define SCOPE_CERTS_CERTIFICATE_FAULT_H

#include "base/slice.h"

#include <stddef.h>

struct leaf_request;

// What no server's chain is mirrored with (enum trust_fault has those): made for these rules alone.
enum leaf_flaw {
    LEAF_FLAW_NONE,
    LEAF_FLAW_WRONG_NAME,
    LEAF_FLAW_COMMON_NAME_ONLY,
    LEAF_FLAW_WILDCARD_TOO_DEEP,
    LEAF_FLAW_PARTIAL_WILDCARD,
    LEAF_FLAW_ADDRESS_FOR_NAME,
    LEAF_FLAW_NUL_IN_NAME,
    LEAF_FLAW_ISSUER_NO_CA,
    LEAF_FLAW_MISSING_INTERMEDIATE,
    LEAF_FLAW_NAME_CONSTRAINT,
    LEAF_FLAW_WRONG_KEY_USAGE,
};

struct certificate_fault {
    const char *word;    // as the user writes it
    const char *meaning; // what is wrong with the certificate, for a sentence about it
    unsigned faults;     // enum trust_fault: what the leaf shows that a server's could have, too
    enum leaf_flaw flaw; // … or what only these leaves have
    unsigned seen;       // enum trust_fault: how a client that checks sees the flaw; 0: as `faults`
};

size_t certificate_fault_count(void);
const struct certificate_fault *certificate_fault_at(size_t i);
const struct certificate_fault *certificate_fault_find(struct slice word); // NULL: no such word

// Makes the leaf that is asked for one with this fault. Returns what is wrong with it, enum
// trust_fault.
unsigned certificate_fault_apply(struct leaf_request *request,
                                 const struct certificate_fault *fault);

#endif
