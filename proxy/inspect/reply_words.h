// SPDX-License-Identifier: MIT
// reply_words: what a refusal means and what to do about it, in plain English. One table goes by
// stage, reply code and enhanced code (RFC 5321 4.2 and 4.3.2, 3463, 4954, 7372, 7504, 7505, 8689
// and the registry of RFC 5248); the other, above it, knows what servers say in their own words. It
// is a pure function of the refusal: it knows neither sessions nor findings.
#ifndef SCOPE_INSPECT_REPLY_WORDS_H
#define SCOPE_INSPECT_REPLY_WORDS_H

#include "base/slice.h"

#include <stdbool.h>

// Where in the dialogue a refusal came.
enum refusal_stage {
    STAGE_GREETING,
    STAGE_EHLO,
    STAGE_HELO,
    STAGE_LHLO,
    STAGE_STARTTLS,
    STAGE_AUTH, // the command, or a line of its exchange
    STAGE_MAIL,
    STAGE_RCPT,
    STAGE_DATA,    // the command; the text was not sent yet
    STAGE_MESSAGE, // the answer to the final dot
    STAGE_BDAT,
    STAGE_XCLIENT,
};

enum refusal_offer { OFFER_UNKNOWN, OFFERED, NOT_OFFERED };

struct refusal {
    enum refusal_stage stage;
    int code;              // 400 to 599
    struct slice enhanced; // "5.7.8"; empty where there is none
    struct slice text;     // its lines joined by spaces, without addresses; may be empty
    bool in_tls;
    enum refusal_offer starttls; // whether the EHLO reply had it
    bool credentials_sent;       // AUTH: a response went out before the refusal
    bool logged_in;              // a login had been accepted
    bool no_login;               // AUTH is not offered, nor STARTTLS, after which it might be
    bool no_size;                // the EHLO reply names no limit
    bool recipient_accepted;     // DATA or later: one of the transaction
    bool server_in_clear;        // the client is in TLS, and the server is not
    bool bare;                   // DATA, STARTTLS without argument; MAIL, RCPT without parameters
    bool grounded;               // AUTH, RCPT, DATA, BDAT: what must come before it was accepted
};

// Both are ends of a sentence, static. `meaning` completes "was refused with 550 5.1.1: ".
struct reply_words {
    const char *meaning;
    const char *advice; // what to do
};

// Never NULL.
const struct reply_words *reply_words_of(const struct refusal *refusal);
// By the text alone. NULL where nothing in it is recognised.
const struct reply_words *reply_words_of_text(const struct refusal *refusal);
// Whether they say that a login is missing.
bool reply_words_want_login(const struct reply_words *words);

#endif
