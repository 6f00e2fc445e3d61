// SPDX-License-Identifier: MIT
// bundle: the CA's certificate in the forms that programs read, alone (`ca export`) or together
// with the machine's own roots, for the variables that replace a program's roots instead of adding
// to them. Never the key.
#ifndef SCOPE_CERTS_BUNDLE_H
#define SCOPE_CERTS_BUNDLE_H

#include "base/buf.h"

enum bundle_format { BUNDLE_PEM, BUNDLE_DER, BUNDLE_P12, BUNDLE_JKS };

// The pass phrase of `p12` and `jks`.
extern const char BUNDLE_PASS_PHRASE[];

struct bundle_plan {
    enum bundle_format format;
    struct slice ca_der;
    const char *roots_file;        // PEM, for a merged one; NULL for none
    const char *const *more_files; // more of them; what cannot be read of these is left out
    size_t more_count;
    int64_t now_unix_ns; // what a key store calls the time of its entries
};

// Appends the CA, after the roots where there are such. `out` must be empty for `jks`, which
// seals all of it. Only `pem` and `jks` can be merged. ERR_INPUT where `roots_file` cannot be read.
MUST_USE enum err bundle_put(struct buf *out, struct failure *failure,
                             const struct bundle_plan *plan);

#endif
