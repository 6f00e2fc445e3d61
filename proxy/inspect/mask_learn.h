// SPDX-License-Identifier: MIT
// mask_learn: what of a client's line is a secret that must not be shown again: the whole SASL
// line, what it decodes to, and the password, token or proof in it; in BURL and XCLIENT the marked
// value. The identity (authcid, authzid, user=) is not one. What is not recognised is taken for a
// secret.
//
// RFC 4616 PLAIN, RFC 7628 OAUTHBEARER and Google's XOAUTH2, RFC 2195 CRAM-MD5, RFC 2831
// DIGEST-MD5, RFC 5802 SCRAM, RFC 4422 EXTERNAL, RFC 4505 ANONYMOUS.
#ifndef SCOPE_INSPECT_MASK_LEARN_H
#define SCOPE_INSPECT_MASK_LEARN_H

#include "event/event.h"
#include "inspect/taint.h"

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

// Where a session's SASL exchange stands. Zeroed is "no AUTH seen".
struct sasl_progress {
    enum sasl_layout layout;
    size_t lines;         // SASL lines of this exchange so far
    bool password_is_due; // the server's last challenge asked for one
};

// Learns from one command event whatever its marked spans hold.
void mask_learn_command(struct taint *taint, struct sasl_progress *progress,
                        const struct event_command *command);
// Notes what a challenge asks for.
void mask_learn_reply(struct sasl_progress *progress, const struct event_reply *reply);

// One SASL line (base64 or not), without the blanks around it; `open` where it was cut.
void mask_learn_sasl(struct taint *taint, struct sasl_progress *progress, struct slice line,
                     bool open);

// A run of marked bytes of which no command tells, or tells only the beginning: as a SASL line, and
// as values of BURL and XCLIENT.
void mask_learn_run(struct taint *taint, struct sasl_progress *progress, struct slice run,
                    bool open);

enum sasl_layout sasl_layout_of(struct slice mechanism);

#endif
