// SPDX-License-Identifier: MIT
// verb: the commands of SMTP and its extensions by name. The one table of verbs is here, because
// the decoder, the rules and the embedded server all speak of them.
#ifndef SCOPE_EVENT_VERB_H
#define SCOPE_EVENT_VERB_H

#include "base/slice.h"

enum verb {
    VERB_NONE = 0, // a SASL line, or nothing at all
    VERB_UNKNOWN,
    VERB_HELO,
    VERB_EHLO,
    VERB_LHLO,
    VERB_MAIL,
    VERB_RCPT,
    VERB_DATA,
    VERB_BDAT,
    VERB_BURL,
    VERB_RSET,
    VERB_NOOP,
    VERB_QUIT,
    VERB_VRFY,
    VERB_EXPN,
    VERB_HELP,
    VERB_TURN,
    VERB_ETRN,
    VERB_ATRN,
    VERB_SEND,
    VERB_SOML,
    VERB_SAML,
    VERB_AUTH,
    VERB_STARTTLS,
    VERB_XCLIENT,
    VERB_XFORWARD,
    VERB_COUNT,
};

enum { VERB_CODES_MAX = 6 };

struct verb_info {
    struct slice name;      // upper case; empty for VERB_NONE and VERB_UNKNOWN
    struct slice extension; // the EHLO keyword that brings it, null for RFC 5321's own
    bool ends_group;        // RFC 2920 3.1: must be the last command of a pipelined group
    bool sent_alone;        // it takes no argument, and strict servers refuse one
    // The positive codes that its reference lists for its reply, up to the first 0; none: any.
    short codes[VERB_CODES_MAX];
    const char *reference; // "RFC 5321 4.1.1.2"
};

const struct verb_info *verb_info(enum verb verb); // static, never NULL
bool verb_is_ehlo(enum verb verb);      // EHLO or LHLO, whose reply says what the server offers
bool verb_is_hello(enum verb verb);     // … or HELO
enum verb verb_find(struct slice name); // ASCII case folded; VERB_UNKNOWN if not there

#endif
