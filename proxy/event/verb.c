// SPDX-License-Identifier: MIT
#include "event/verb.h"

#define VERB(text)    .name = SLICE_INIT(text)
#define BY(text)      .extension = SLICE_INIT(text)
#define ANSWERED(...) .codes = {__VA_ARGS__}

static const struct verb_info verbs[VERB_COUNT] = {
    [VERB_HELO] = {VERB("HELO"), .ends_group = true, ANSWERED(250),
                   .reference = "RFC 5321 4.1.1.1"},
    [VERB_EHLO] = {VERB("EHLO"), .ends_group = true, ANSWERED(250),
                   .reference = "RFC 5321 4.1.1.1"},
    [VERB_LHLO] = {VERB("LHLO"), .ends_group = true, ANSWERED(250), .reference = "RFC 2033 4.1"},
    [VERB_MAIL] = {VERB("MAIL"), ANSWERED(250), .reference = "RFC 5321 4.1.1.2"},
    [VERB_RCPT] = {VERB("RCPT"), ANSWERED(250, 251), .reference = "RFC 5321 4.1.1.3"},
    [VERB_DATA] = {VERB("DATA"), .ends_group = true, .sent_alone = true, ANSWERED(354),
                   .reference = "RFC 5321 4.1.1.4"},
    [VERB_BDAT] = {VERB("BDAT"), BY("CHUNKING"), ANSWERED(250), .reference = "RFC 3030 2"},
    [VERB_BURL] = {VERB("BURL"), BY("BURL"), ANSWERED(250), .reference = "RFC 4468 3"},
    [VERB_RSET] = {VERB("RSET"), .sent_alone = true, ANSWERED(250),
                   .reference = "RFC 5321 4.1.1.5"},
    [VERB_NOOP] = {VERB("NOOP"), .ends_group = true, ANSWERED(250),
                   .reference = "RFC 5321 4.1.1.9"},
    [VERB_QUIT] = {VERB("QUIT"), .ends_group = true, .sent_alone = true, ANSWERED(221),
                   .reference = "RFC 5321 4.1.1.10"},
    [VERB_VRFY] = {VERB("VRFY"), .ends_group = true, ANSWERED(250, 251, 252),
                   .reference = "RFC 5321 4.1.1.6"},
    [VERB_EXPN] = {VERB("EXPN"), .ends_group = true, ANSWERED(250, 252),
                   .reference = "RFC 5321 4.1.1.7"},
    [VERB_HELP] = {VERB("HELP"), ANSWERED(211, 214), .reference = "RFC 5321 4.1.1.8"},
    [VERB_TURN] = {VERB("TURN"), .ends_group = true, ANSWERED(250), .reference = "RFC 5321 F.1"},
    [VERB_ETRN] = {VERB("ETRN"), BY("ETRN"), ANSWERED(250, 251, 252, 253),
                   .reference = "RFC 1985 5"},
    [VERB_ATRN] = {VERB("ATRN"), BY("ATRN"), ANSWERED(250), .reference = "RFC 2645 5.2"},
    [VERB_SEND] = {VERB("SEND"), ANSWERED(250), .reference = "RFC 5321 F.6"},
    [VERB_SOML] = {VERB("SOML"), ANSWERED(250), .reference = "RFC 5321 F.6"},
    [VERB_SAML] = {VERB("SAML"), ANSWERED(250), .reference = "RFC 5321 F.6"},
    [VERB_AUTH] = {VERB("AUTH"), BY("AUTH"), .ends_group = true, ANSWERED(235, 334),
                   .reference = "RFC 4954 4"},
    [VERB_STARTTLS] = {VERB("STARTTLS"), BY("STARTTLS"), .ends_group = true, .sent_alone = true,
                       ANSWERED(220), .reference = "RFC 3207 4"},
    [VERB_XCLIENT] = {VERB("XCLIENT"), BY("XCLIENT"), ANSWERED(220),
                      .reference = "Postfix XCLIENT_README"},
    [VERB_XFORWARD] = {VERB("XFORWARD"), BY("XFORWARD"), ANSWERED(250),
                       .reference = "Postfix XFORWARD_README"},
};

const struct verb_info *verb_info(enum verb verb) {
    return &verbs[verb];
}

bool verb_is_ehlo(enum verb verb) {
    return verb == VERB_EHLO || verb == VERB_LHLO;
}

bool verb_is_hello(enum verb verb) {
    return verb_is_ehlo(verb) || verb == VERB_HELO;
}

enum verb verb_find(struct slice name) {
    for (int verb = VERB_HELO; verb < VERB_COUNT; verb++) {
        if (slice_equal_nocase(name, verbs[verb].name)) {
            return (enum verb)verb;
        }
    }
    return VERB_UNKNOWN;
}
