// SPDX-License-Identifier: MIT
// sasl: what the decoder and the mask both must know of SASL in SMTP (RFC 4954): which commands
// carry a response, and what a challenge of LOGIN asks for.
#ifndef SCOPE_EVENT_SASL_H
#define SCOPE_EVENT_SASL_H

#include "base/slice.h"

// How many bytes of `text` name a command that carries a SASL response, 0 where it begins with
// none: AUTH in any case, and the names that servers of their own gave it (XAUTH, X-AUTH, X-EXPS of
// Exchange): X, and AUTH or EXPS later in the same word; and HTTP's Proxy-Authorization. More of
// the word may follow (`AUTHPLAIN`).
size_t sasl_command_len(struct slice text);

// Whether a line is no response though one is due: a lone `*` cancels the exchange (RFC 4954 4),
// and QUIT, RSET and NOOP are commands that came too early. What they are in base64 is no text.
bool sasl_is_no_response(struct slice line);

enum sasl_asks {
    SASL_ASKS_NOTHING,  // an empty challenge, or none: the user name is due first, by convention
    SASL_ASKS_NAME,     // it says nothing but `User name:` in one of its usual forms
    SASL_ASKS_PASSWORD, // … `Password:`
    SASL_ASKS_UNKNOWN,  // `Kennwort:` may ask for either
};

// What a challenge of LOGIN asks for; `challenge` as it was sent, in base64 or not.
enum sasl_asks sasl_challenge_asks(struct slice challenge);

#endif
