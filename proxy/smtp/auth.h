// SPDX-License-Identifier: MIT
// auth: follows one SASL exchange (RFC 4954 4) from the AUTH command to its last reply, and finds
// out who logs in and what is malformed. It takes the client's lines and keeps nothing of them
// but the identity.
//
//      AUTH MECHANISM [initial] ─▶ 334 ─▶ line ─▶ 334 ─▶ line ─▶ 235, 4xx, 5xx
#ifndef SCOPE_SMTP_AUTH_H
#define SCOPE_SMTP_AUTH_H

#include "base/limits.h"
#include "event/event.h"
#include "event/sasl.h"
#include "smtp/sasl_mechanism.h"

struct auth {
    int exchange;
    uint8_t mechanism_name[AUTH_MECHANISM_MAX]; // upper case
    size_t mechanism_len;
    enum sasl_mechanism mechanism;
    unsigned responses; // client lines, the initial response included
    bool initial;       // … which came
    bool name_asked_again;
    enum sasl_asks asked; // by the latest challenge, while it is not answered
    bool has_identity;
    uint8_t identity[AUTH_IDENTITY_MAX];
    size_t identity_len;
    int64_t now_s;     // when the login began, in seconds of Unix
    const char *doubt; // what of the responses may be a slip, see sasl_form.h; NULL for nothing
    uint8_t first_answer[SHA256_LEN]; // of LOGIN, as a digest
    bool cancelled;
    bool declared; // the command was AUTH itself, not something that begins like it
    struct auth *next;
};

// A null `mechanism` is one that is missing or was no name.
struct auth *auth_new(int exchange, struct slice mechanism);
void auth_free(struct auth *auth); // wipes; NULL is fine

// A response of the client: a line, or with `initial` the initial response (`=` is an empty one).
// `cut`: more of it came than `line` holds. Why it is malformed, in words without any of its bytes;
// NULL where it is not.
const char *auth_response(struct auth *auth, struct slice line, bool initial, bool cut);
// The server's challenge, as sent: of LOGIN it says what the next response is.
void auth_challenge(struct auth *auth, struct slice challenge);
// What is known of it while it goes on. Valid until auth_free.
struct event_login auth_login(const struct auth *auth);
// How the exchange ended; `code` 0 where it was never answered. Valid until auth_free.
void auth_describe(struct event_auth *out, const struct auth *auth, int code);

// The text of a 334 challenge where it is an error that a bearer mechanism reports as JSON (RFC
// 7628 3.2.2), decoded into `out`; false for all others.
bool auth_error_text(struct buf *out, const struct auth *auth, struct slice challenge);
bool auth_is_error(const struct auth *auth, struct slice challenge);

#endif
