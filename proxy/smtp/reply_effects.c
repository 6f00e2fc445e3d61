// SPDX-License-Identifier: MIT
#include "smtp/reply_effects.h"

#include "base/limits.h"
#include "base/sentence.h"
#include "event/reply_line.h"

// ── capabilities ────────────────────────────────────────────────────────────────────────────────

struct caps *reply_effects_learn_caps(struct dialogue *dialogue, const struct event_reply *reply,
                                      const struct pending_reply *item) {
    // XCLIENT restarts the session, so that EHLO is due again.
    if (item->verb == VERB_XCLIENT && reply_code_is_positive(reply->code)) {
        caps_drop(dialogue->caps);
        dialogue->caps = NULL;
    }
    if (!verb_is_hello(item->verb) || !reply_code_is_positive(reply->code)) {
        return NULL;
    }
    struct offer_edit edit = dialogue->offer_edit;
    bool as_offered =
        dialogue->view == STARTTLS_AS_OFFERED && edit.strip == NULL && edit.add == NULL;
    dialogue->offer_edit = (struct offer_edit){0};
    struct caps *offered =
        item->verb == VERB_HELO ? NULL : caps_new(reply, STARTTLS_AS_OFFERED, NULL);
    if (!item->by_proxy) { // What the proxy was offered the client does not know.
        caps_drop(dialogue->caps);
        dialogue->caps = offered == NULL ? NULL
                         : as_offered    ? caps_hold(offered)
                                         : caps_new(reply, dialogue->view, &edit);
        dialogue->lmtp = item->verb == VERB_LHLO;
    }
    return offered;
}

// ── chunks ──────────────────────────────────────────────────────────────────────────────────────

void reply_effects_end_chunks(struct dialogue *dialogue, const struct reply_effects_cause *cause) {
    const struct mail_data *mail_data = dialogue->mail_data;
    bool taken = reply_code_is_positive(cause->code) || cause->code == 354;
    bool under_way = mail_data != NULL && mail_data->number == cause->item.ends_message &&
                     dialogue->client.state != CLIENT_CHUNK;
    if (under_way && taken) {
        mail_data_give_up(dialogue, cause->at_ns);
    }
}

// ── SASL ────────────────────────────────────────────────────────────────────────────────────────

void reply_effects_emit_challenge(struct dialogue *dialogue,
                                  const struct reply_effects_cause *cause) {
    struct buf text;
    struct buf error;
    buf_init(&text, 5 * LIMIT_CHALLENGE_TEXT); // a byte that is escaped takes four
    buf_init(&error, LIMIT_CHALLENGE_TEXT);
    if (cause->code == 334 && cause->item.auth != NULL &&
        auth_error_text(&error, cause->item.auth, cause->challenge)) {
        buf_put_string(&text, "The server's challenge is an error: ");
        sentence_put_value(&text, buf_slice(&error));
        emit_note(dialogue, buf_slice(&text), cause->at_ns);
    }
    buf_wipe(&error);
    buf_wipe(&text);
}

static void stop_waiting(struct dialogue *dialogue, enum client_state state) {
    if (dialogue->client.state == state) {
        client_set_state(dialogue, CLIENT_LINES);
    }
}

// 334: the server takes the next line as a response. Where commands were taken for commands already
// because too much came at once, the next of them is that line.
static void challenge(struct dialogue *dialogue, const struct reply_effects_cause *cause) {
    struct pending_reply *next = queue_front(&dialogue->queue);
    struct auth *auth = cause->item.auth;
    if (next == NULL) {
        dialogue->client.challenge =
            auth_is_error(auth, cause->challenge) ? CHALLENGE_REFUSES : CHALLENGE_ASKS;
        stop_waiting(dialogue, CLIENT_AWAIT_SASL);
    } else if (next->auth == NULL) {
        next->auth = auth;
    }
}

static void apply_to_auth(struct dialogue *dialogue, const struct reply_effects_cause *cause) {
    struct auth *auth = cause->item.auth;
    auth->declared = auth->declared || cause->code == 334 || cause->code == 235;
    if (cause->code == 334) {
        auth_challenge(auth, cause->challenge);
        challenge(dialogue, cause);
        return;
    }
    dialogue->client.conceal = dialogue->client.conceal || !reply_code_is_positive(cause->code);
    stop_waiting(dialogue, CLIENT_AWAIT_SASL);
    emit_auth(dialogue, auth, cause->code, cause->at_ns);
}

// A SASL line of an unknown exchange, or an unsolicited 334: treat the next line as secret.
static void apply_to_stray_sasl(struct dialogue *dialogue,
                                const struct reply_effects_cause *cause) {
    struct client_stream *client = &dialogue->client;
    if (cause->item.continuation) {
        stop_waiting(dialogue, CLIENT_AWAIT_SASL);
        client->conceal = client->conceal || !reply_code_is_positive(cause->code);
    }
    if (cause->code == 334) {
        bool login = cause->item.continuation || cause->item.verb == VERB_AUTH;
        bool first = client->auth_seen && client->challenge == CHALLENGE_NONE;
        client->challenge = first ? (login ? CHALLENGE_ASKS : CHALLENGE_STRAY) : client->challenge;
        client->conceal = true;
    }
}

// ── messages ────────────────────────────────────────────────────────────────────────────────────

// The message whose text was taken on trust, while DATA was not answered.
static struct mail_data *assumed(const struct dialogue *dialogue, int exchange) {
    struct mail_data *mail_data = dialogue->mail_data_list;
    while (mail_data != NULL && (mail_data->bdat || mail_data->exchange != exchange)) {
        mail_data = mail_data->next;
    }
    return mail_data;
}

static void begin_text(struct dialogue *dialogue, const struct reply_effects_cause *cause) {
    struct mail_data *mail_data = assumed(dialogue, cause->item.exchange);
    if (mail_data != NULL && mail_data->confirmed) {
        return; // it was begun before this reply
    }
    bool early = mail_data != NULL || buf_len(&dialogue->client.held) > 0;
    bool ready = dialogue->client.state == CLIENT_AWAIT_DATA && dialogue->mail_data == NULL;
    if (mail_data == NULL && ready) {
        mail_data_begin(dialogue, cause->item.exchange, false);
        client_set_state(dialogue, CLIENT_TEXT);
        mail_data = dialogue->mail_data;
    }
    if (mail_data != NULL) {
        mail_data->confirmed = true;
    }
    if (mail_data != NULL && early) {
        emit_early_text(dialogue, mail_data, cause->at_ns);
    }
}

// What came before the 354 is text now.
void reply_effects_release_early(struct dialogue *dialogue,
                                 const struct reply_effects_cause *cause) {
    bool go_ahead =
        cause->item.kind == WAITING_COMMAND && cause->item.verb == VERB_DATA && cause->code == 354;
    if (go_ahead && dialogue->client.state == CLIENT_AWAIT_DATA &&
        buf_len(&dialogue->client.held) > 0) {
        begin_text(dialogue, cause);
        client_release(dialogue);
    }
}

static void apply_to_data(struct dialogue *dialogue, const struct reply_effects_cause *cause) {
    struct mail_data *mail_data = assumed(dialogue, cause->item.exchange);
    if (cause->code == 354) {
        begin_text(dialogue, cause);
    } else {
        dialogue->client.text_refused = true;
        if (mail_data != NULL && dialogue->mail_data == mail_data) {
            client_set_state(dialogue, CLIENT_LINES);
        }
        if (mail_data != NULL) {
            mail_data_refuse(dialogue, mail_data, cause->at_ns);
        }
        stop_waiting(dialogue, CLIENT_AWAIT_DATA);
    }
}

// ── STARTTLS ────────────────────────────────────────────────────────────────────────────────────

// RFC 3207 4: 220 and nothing else. TLS that the proxy does on one leg is not the other leg's.
static void apply_to_starttls(struct dialogue *dialogue, const struct reply_effects_cause *cause) {
    stop_waiting(dialogue, CLIENT_AWAIT_TLS);
    if (cause->code != 220) {
        return;
    }
    bool client = !cause->item.by_proxy;
    bool server = !cause->by_proxy;
    dialogue->starttls_exchange = cause->item.exchange;
    if (client) {
        dialogue->awaits_tls[SIDE_CLIENT] = dialogue->injection_due[SIDE_CLIENT] = true;
    }
    if (server) {
        dialogue->awaits_tls[SIDE_SERVER] = dialogue->injection_due[SIDE_SERVER] = true;
    }
}

// ── MAIL ────────────────────────────────────────────────────────────────────────────────────────

// A MAIL that is refused within a transaction leaves it as it was (RFC 5321 4.1.4).
static void keep_promise(struct dialogue *dialogue, const struct reply_effects_cause *cause) {
    if (!reply_code_is_positive(cause->code) && dialogue->envelope.open) {
        dialogue->client.promise = cause->item.promise;
    }
}

// ── by verb ─────────────────────────────────────────────────────────────────────────────────────

static bool ends_transaction(enum verb verb) {
    return verb_is_hello(verb) || verb == VERB_RSET || verb == VERB_XCLIENT;
}

static void apply_to_command(struct dialogue *dialogue, struct reply_effects_cause *cause) {
    bool positive = reply_code_is_positive(cause->code);
    enum verb verb = cause->item.verb;
    if (cause->item.ends_message != 0) {
        stop_waiting(dialogue, CLIENT_AWAIT_END);
    }
    if (verb == VERB_MAIL) {
        keep_promise(dialogue, cause);
        envelope_answer_mail(&dialogue->envelope, cause->item.path, cause->code);
        cause->item.path = NULL;
    } else if (verb == VERB_RCPT) {
        envelope_answer_rcpt(&dialogue->envelope, cause->item.path, cause->code);
        cause->item.path = NULL;
    } else if (verb == VERB_DATA) {
        apply_to_data(dialogue, cause);
    } else if (verb == VERB_STARTTLS) {
        apply_to_starttls(dialogue, cause);
    } else if (verb == VERB_QUIT) {
        dialogue->quit_answered = true;
    } else if (ends_transaction(verb) && positive && !cause->item.by_proxy) {
        envelope_clear(&dialogue->envelope);
    }
}

bool reply_effects_prove_client(const struct reply_effects_cause *cause) {
    const struct pending_reply *item = &cause->item;
    return item->kind == WAITING_COMMAND && !item->by_proxy && item->verb != VERB_NONE &&
           item->verb != VERB_UNKNOWN && cause->code >= 200 && cause->code < 400;
}

void reply_effects_trust_client(struct dialogue *dialogue) {
    dialogue->client.spoke_smtp = true;
    if (dialogue->stranger == PARTY_CLIENT && !dialogue->client.gave_up) {
        dialogue->stranger = PARTY_NONE;
    }
}

// Where too much was asked to remember what waits, the reply that was waited for went by unseen.
static void leave_vain_wait(struct dialogue *dialogue) {
    if (queue_due(&dialogue->queue) == 0) {
        stop_waiting(dialogue, CLIENT_AWAIT_DATA);
        stop_waiting(dialogue, CLIENT_AWAIT_SASL);
        stop_waiting(dialogue, CLIENT_AWAIT_TLS);
        stop_waiting(dialogue, CLIENT_AWAIT_END);
    }
}

void reply_effects_apply(struct dialogue *dialogue, struct reply_effects_cause *cause) {
    dialogue->client.undecided = false;
    switch (cause->item.kind) {
    case WAITING_GREETING:
        dialogue->greeted = true;
        break;
    case WAITING_COMMAND:
        if (cause->item.auth != NULL) {
            apply_to_auth(dialogue, cause);
        } else {
            apply_to_stray_sasl(dialogue, cause);
            apply_to_command(dialogue, cause);
        }
        break;
    case WAITING_FINAL:
    case WAITING_MARK:
        break;
    }
    envelope_path_free(cause->item.path);
    cause->item.path = NULL;
    leave_vain_wait(dialogue);
}
