// SPDX-License-Identifier: MIT
// sasl_secrets: which part of a client's SASL response, decoded, is a secret. The identity
// (authcid, authzid, user=) is not one. What is not recognised is taken for a secret.
//
// RFC 4616 PLAIN, RFC 7628 OAUTHBEARER and Google's XOAUTH2, RFC 2195 CRAM-MD5, RFC 2831
// DIGEST-MD5, RFC 5802 SCRAM, RFC 4422 EXTERNAL, RFC 4505 ANONYMOUS.
#ifndef SCOPE_INSPECT_SASL_SECRETS_H
#define SCOPE_INSPECT_SASL_SECRETS_H

#include "inspect/secret_set.h"

// How a mechanism lays its secret out.
enum sasl_layout {
    SASL_UNKNOWN,
    SASL_PLAIN,   // authzid NUL authcid NUL password
    SASL_LOGIN,   // a line of user name, a line of password
    SASL_BEARER,  // key=value ^A …, auth=Bearer TOKEN
    SASL_CRAM,    // user SP proof
    SASL_DIGEST,  // key=value, …, response=PROOF
    SASL_SCRAM,   // k=value, …, p=PROOF
    SASL_NAME,    // nothing but an identity
    SASL_OPAQUE,  // NTLM, GSSAPI
    SASL_UNNAMED, // bytes whose AUTH line is not known: what NUL or ^A sets apart is learnt
};

enum sasl_layout sasl_layout_of(struct slice mechanism);

// Learns what is secret in one response, and the response itself. `open` where it was cut.
void sasl_learn_response(struct secret_set *secrets_known, enum sasl_layout layout,
                         struct slice response, bool open);

#endif
