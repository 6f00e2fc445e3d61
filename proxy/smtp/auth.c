// SPDX-License-Identifier: MIT
#include "smtp/auth.h"

#include "base/limits.h"
#include "base/memory.h"
#include "base/text.h"
#include "event/reply_line.h"
#include "smtp/auth_identity.h"
#include "smtp/sasl_form.h"

#include <stdlib.h>
#include <string.h>

static const char not_base64[] = "it is no base64, as every response must be";

struct auth *auth_new(int exchange, struct slice mechanism) {
    struct auth *auth = mem_new(sizeof(*auth));
    auth->exchange = exchange;
    for (size_t i = 0; i < mechanism.len && i < AUTH_MECHANISM_MAX; i++) {
        auth->mechanism_name[auth->mechanism_len++] = text_upper(mechanism.data[i]);
    }
    auth->mechanism = sasl_mechanism_find(mechanism);
    return auth;
}

void auth_free(struct auth *auth) {
    if (auth != NULL) {
        mem_wipe(auth, sizeof(*auth));
        free(auth);
    }
}

// ── the client's lines ──────────────────────────────────────────────────────────────────────────

// A server may ask for LOGIN's password first. A client may go by the question or by the usual
// order; where the two differ it is not known what it sent.
static bool may_name(const struct auth *auth) {
    bool asked = auth->asked == SASL_ASKS_NAME || auth->asked == SASL_ASKS_NOTHING;
    return auth->mechanism != SASL_MECHANISM_LOGIN || (asked && auth->responses == 1);
}

static void keep_identity(struct auth *auth, struct slice response) {
    struct buf identity;
    if (!may_name(auth)) {
        return;
    }
    buf_init(&identity, AUTH_IDENTITY_MAX);
    auth_identity_read(&identity, auth->mechanism, auth->responses, response);
    struct slice found = buf_slice(&identity);
    if (found.len > 0) {
        memcpy(auth->identity, found.data, found.len);
        auth->identity_len = found.len;
        auth->has_identity = true;
    }
    buf_wipe(&identity);
}

// Some clients send the password, or the name, to both questions.
static bool repeats_answer(struct auth *auth, struct slice response) {
    uint8_t digest[SHA256_LEN];
    sha256_of(digest, response);
    if (auth->responses == 1) {
        memcpy(auth->first_answer, digest, sizeof(digest));
    }
    return auth->responses == 2 && memcmp(auth->first_answer, digest, sizeof(digest)) == 0;
}

static void doubt_response(struct auth *auth, struct slice response) {
    const char *doubt = sasl_form_doubt(auth->mechanism, response, auth->now_s);
    if (auth->mechanism == SASL_MECHANISM_LOGIN && repeats_answer(auth, response)) {
        doubt = "both questions of LOGIN got the same answer, where the first is for the user name "
                "and the second for the password";
    }
    auth->doubt = auth->doubt == NULL ? doubt : auth->doubt;
}

static const char *take_decoded(struct auth *auth, struct slice response, bool cut) {
    if (!auth->has_identity) {
        keep_identity(auth, response);
    }
    if (cut) {
        return NULL;
    }
    doubt_response(auth, response);
    return sasl_form_flaw(auth->mechanism, auth->responses, response);
}

const char *auth_response(struct auth *auth, struct slice line, bool initial, bool cut) {
    if (!initial && !cut && sasl_is_no_response(line)) {
        auth->cancelled |= slice_is(line, "*");
        return NULL;
    }
    const char *flaw = NULL;
    auth->responses++;
    auth->initial = auth->initial || initial;
    if (cut) { // The rest is not known: what there is, in whole groups of four digits.
        line = slice_sub(line, 0, line.len - line.len % 4);
    }
    struct buf decoded;
    buf_init(&decoded, LIMIT_SASL_RESPONSE);
    if (initial && slice_is(line, "=")) {
        flaw = take_decoded(auth, SLICE(""), false);
    } else if (line.len <= LIMIT_SASL_RESPONSE && base64_decode(&decoded, line)) {
        flaw = take_decoded(auth, buf_slice(&decoded), cut);
    } else if (!cut) {
        flaw = not_base64;
    }
    buf_wipe(&decoded);
    auth->asked = SASL_ASKS_NOTHING;
    return flaw;
}

void auth_challenge(struct auth *auth, struct slice challenge) {
    auth->asked = sasl_challenge_asks(challenge);
    if (auth->mechanism == SASL_MECHANISM_LOGIN && auth->asked == SASL_ASKS_NAME) {
        auth->has_identity = false; // what came before was not taken for it
        auth->name_asked_again = auth->name_asked_again || (auth->initial && auth->responses == 1);
    }
}

// ── how it ended ────────────────────────────────────────────────────────────────────────────────

static enum auth_outcome outcome_of(const struct auth *auth, int code) {
    if (reply_code_is_positive(code)) {
        return AUTH_SUCCEEDED;
    }
    if (auth->cancelled) {
        return AUTH_CANCELLED;
    }
    if (code == 0) {
        return AUTH_UNFINISHED;
    }
    return code >= 400 && code < 500 ? AUTH_DEFERRED : AUTH_FAILED;
}

static struct slice mechanism_of(const struct auth *auth) {
    return auth->mechanism_len > 0 ? slice_of(auth->mechanism_name, auth->mechanism_len)
                                   : (struct slice){0};
}

struct event_login auth_login(const struct auth *auth) {
    return (struct event_login){.mechanism = mechanism_of(auth),
                                .name_asked_again = auth->name_asked_again};
}

void auth_describe(struct event_auth *out, const struct auth *auth, int code) {
    *out = (struct event_auth){.exchange = auth->exchange,
                               .mechanism = mechanism_of(auth),
                               .outcome = outcome_of(auth, code),
                               .code = code};
    if (auth->has_identity) {
        out->identity = slice_of(auth->identity, auth->identity_len);
    }
}

bool auth_error_text(struct buf *out, const struct auth *auth, struct slice challenge) {
    bool bearer =
        auth->mechanism == SASL_MECHANISM_XOAUTH2 || auth->mechanism == SASL_MECHANISM_OAUTHBEARER;
    challenge = slice_trim(challenge);
    if (!bearer || challenge.len == 0 || challenge.len > LIMIT_SASL_ERROR) {
        return false;
    }
    return base64_decode(out, challenge) && buf_len(out) > 0 && buf_slice(out).data[0] == '{';
}

bool auth_is_error(const struct auth *auth, struct slice challenge) {
    struct buf text;
    buf_init(&text, LIMIT_CHALLENGE_TEXT);
    bool is_error = auth_error_text(&text, auth, challenge);
    buf_wipe(&text);
    return is_error;
}
