// SPDX-License-Identifier: MIT
// sasl_mechanism: the SASL mechanisms whose exchanges can be read, by name.
#ifndef SCOPE_SMTP_SASL_MECHANISM_H
#define SCOPE_SMTP_SASL_MECHANISM_H

#include "base/slice.h"

enum sasl_mechanism {
    SASL_MECHANISM_UNKNOWN,
    SASL_MECHANISM_PLAIN,       // RFC 4616
    SASL_MECHANISM_LOGIN,       // draft-murchison-sasl-login
    SASL_MECHANISM_CRAM_MD5,    // RFC 2195
    SASL_MECHANISM_DIGEST_MD5,  // RFC 2831
    SASL_MECHANISM_SCRAM,       // RFC 5802, 7677, all hashes, with -PLUS or without
    SASL_MECHANISM_XOAUTH2,     // Google's
    SASL_MECHANISM_OAUTHBEARER, // RFC 7628
    SASL_MECHANISM_NTLM,        // MS-SMTPNTLM
    SASL_MECHANISM_GSSAPI,      // RFC 4752, GSS-SPNEGO too
    SASL_MECHANISM_EXTERNAL,    // RFC 4422 A
    SASL_MECHANISM_ANONYMOUS,   // RFC 4505
};

enum sasl_mechanism sasl_mechanism_find(struct slice name); // ASCII case folded

#endif
