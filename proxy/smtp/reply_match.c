// SPDX-License-Identifier: MIT
#include "smtp/reply_match.h"

#include "event/reply_line.h"
#include "smtp/reply_effects.h"
#include "smtp/resync.h"

// ── what a reply answers ────────────────────────────────────────────────────────────────────────

enum match {
    MATCH_NONE,  // nothing was due
    MATCH_ITEM,  // the front of the queue
    MATCH_EARLY, // a message whose text has not ended
};

static bool is_message(const struct pending_reply *item) {
    return item->kind == WAITING_FINAL || item->chunk_last;
}

// The text runs, nothing else is due: the server answers what it takes for a whole message. 421 is
// the one reply that may come at any time (RFC 5321 3.8).
static bool is_early(const struct dialogue *dialogue, const struct answer *answer, int code) {
    const struct mail_data *mail_data = dialogue->mail_data;
    bool verdict = reply_code_is_positive(code) || (code >= 400 && code < 600 && code != 421);
    return verdict && mail_data != NULL && !mail_data->bdat && mail_data->confirmed &&
           !mail_data->answered && !answer->by_proxy && !answer->incomplete;
}

static enum match find_match(struct pending_reply *out, struct dialogue *dialogue,
                             const struct answer *answer, int code) {
    if (!answer->by_proxy && !answer->incomplete) {
        resync_to(dialogue, code, answer->at_ns);
    }
    if (queue_due(&dialogue->queue) == 0 && code != 421 && !answer->by_proxy && !answer->plain) {
        client_answer_begun(dialogue, answer->at_ns);
    }
    const struct pending_reply *front = queue_front(&dialogue->queue);
    *out = (struct pending_reply){.kind = WAITING_COMMAND, .exchange = EVENT_NO_EXCHANGE};
    if (front == NULL && dialogue->queue.lost_count == 0) {
        if (!is_early(dialogue, answer, code)) {
            return MATCH_NONE;
        }
        *out = (struct pending_reply){.kind = WAITING_FINAL,
                                      .exchange = dialogue->mail_data->exchange,
                                      .verb = VERB_DATA,
                                      .at_ns = answer->at_ns,
                                      .mail_data = dialogue->mail_data};
        return MATCH_EARLY;
    }
    if (front != NULL && front->by_proxy && answer->by_proxy) {
        return MATCH_NONE; // What the proxy asked the server it does not answer to the client.
    }
    bool stays = front != NULL && (answer->incomplete || is_message(front));
    if (stays) {
        *out = *front;
    } else {
        queue_pop(out, &dialogue->queue);
    }
    return MATCH_ITEM;
}

void server_pass_marks(struct dialogue *dialogue, int64_t at_ns) {
    const struct pending_reply *front = queue_front(&dialogue->queue);
    while (front != NULL && front->kind == WAITING_MARK) {
        struct pending_reply mark;
        queue_pop(&mark, &dialogue->queue);
        mail_data_emit(dialogue, mark.mail_data, true, at_ns);
        front = queue_front(&dialogue->queue);
    }
}

// ── emitting it ──────────────────────────────────────────────────────────────────────────────────

static bool has_enhanced(const struct pending_reply *item, enum match match, int code) {
    if (match == MATCH_NONE) {
        return true;
    }
    bool hello = item->kind == WAITING_COMMAND && verb_is_hello(item->verb);
    return !hello && !(item->kind == WAITING_GREETING && code == 220);
}

static int64_t latency(const struct pending_reply *item, enum match match,
                       const struct answer *answer) {
    if (match == MATCH_NONE || item->kind == WAITING_GREETING || item->at_ns < 0) {
        return -1;
    }
    bool text_over = item->mail_data != NULL && item->mail_data->text_over;
    return answer->at_ns - (text_over ? item->mail_data->end_ns : item->at_ns);
}

static unsigned ordinal(struct dialogue *dialogue, const struct pending_reply *item,
                        const struct answer *answer) {
    return answer->incomplete || item->by_proxy ? EVENT_UNHEARD : ++dialogue->heard_count;
}

static void describe(struct event_reply *event, struct dialogue *dialogue,
                     const struct reply_effects_cause *cause, const struct answer *answer,
                     enum match match) {
    const struct pending_reply *item = &cause->item;
    event->by_proxy = answer->by_proxy;
    event->ordinal = ordinal(dialogue, item, answer);
    event->to = match == MATCH_NONE ? EVENT_NO_EXCHANGE : item->exchange;
    event->incomplete = answer->incomplete;
    event->final = match != MATCH_NONE && is_message(item);
    event->message = event->final ? queue_message_of(item) : EVENT_NO_MESSAGE;
    event->in_text = mail_data_is_open(dialogue);
    event->verb = item->verb;
    event->continuation_reply = item->continuation;
    event->proves_client =
        match == MATCH_ITEM && !answer->incomplete && reply_effects_prove_client(cause);
    event->login = item->auth != NULL ? auth_login(item->auth) : (struct event_login){0};
    event->latency_ns = latency(item, match, answer);
    event->tls = dialogue->tls[item->by_proxy ? SIDE_SERVER : SIDE_CLIENT] && !answer->plain;
    if (event->line_count > 0 && has_enhanced(item, match, event->code)) {
        event->enhanced = reply_line_enhanced(event->lines[0].text);
    }
}

static void emit_smuggled(struct dialogue *dialogue, int64_t at_ns) {
    const struct mail_data *mail_data = dialogue->mail_data;
    if (!mail_data->content.smuggling) {
        return;
    }
    emit_event(dialogue)->flaw = (struct event_flaw){.side = SIDE_CLIENT,
                                                     .message = mail_data->number,
                                                     .exchange = mail_data->exchange,
                                                     .kind = FLAW_SMUGGLED_ANSWER};
    emit(dialogue, EVENT_FLAW, at_ns);
}

// ── messages ────────────────────────────────────────────────────────────────────────────────────

// After the reply: the message itself, where that was the last answer and its text is over.
static void end_message(struct dialogue *dialogue, const struct pending_reply *item,
                        enum match match, int64_t at_ns) {
    struct mail_data *mail_data = item->mail_data;
    if (mail_data->answered && match == MATCH_ITEM) {
        struct pending_reply done;
        queue_pop(&done, &dialogue->queue);
    }
    mail_data_emit(dialogue, mail_data, false, at_ns);
}

// ── the whole ───────────────────────────────────────────────────────────────────────────────────

static void emit_starttls(struct dialogue *dialogue, const struct pending_reply *item, int code) {
    if (item->kind == WAITING_COMMAND && item->verb == VERB_STARTTLS) {
        client_emit_starttls(dialogue, code == 220);
        server_emit_held(dialogue, code == 220);
    }
}

static void emit_reply(struct dialogue *dialogue, struct event_reply *event,
                       const struct reply_effects_cause *cause) {
    struct caps *offered = NULL;
    if (!event->incomplete) {
        offered = reply_effects_learn_caps(dialogue, event, &cause->item);
    }
    event->offered = caps_list(offered);
    event->current = caps_list(dialogue->caps);
    reply_clip(&dialogue->server.reply, dialogue->config.max_line);
    emit_event(dialogue)->reply = *event;
    emit(dialogue, EVENT_REPLY, cause->at_ns);
    caps_drop(offered);
    if (!event->incomplete) {
        reply_effects_emit_challenge(dialogue, cause);
    }
}

void reply_match_answer(struct dialogue *dialogue, const struct answer *answer) {
    struct event_reply event = {0};
    struct reply_effects_cause cause = {.by_proxy = answer->by_proxy, .at_ns = answer->at_ns};
    reply_finish(&event, &dialogue->server.reply);
    server_pass_marks(dialogue, answer->at_ns);
    enum match match = find_match(&cause.item, dialogue, answer, event.code);
    bool message = match != MATCH_NONE && is_message(&cause.item) && !answer->incomplete;
    if (match == MATCH_EARLY) {
        emit_smuggled(dialogue, answer->at_ns);
    }
    if (match != MATCH_NONE) {
        emit_starttls(dialogue, &cause.item, event.code);
    }
    cause.code = event.code;
    if (match == MATCH_ITEM && !answer->incomplete) {
        reply_effects_end_chunks(dialogue, &cause);
        reply_effects_release_early(dialogue, &cause);
    }
    describe(&event, dialogue, &cause, answer, match);
    dialogue_note_heard(dialogue, event.code, event.ordinal);
    if (message) {
        transfer_answer(dialogue, cause.item.mail_data, event.code, &event.recipient);
    }
    cause.challenge = event.line_count > 0 ? event.lines[0].text : SLICE("");
    emit_reply(dialogue, &event, &cause);
    if (event.proves_client) {
        reply_effects_trust_client(dialogue);
    }
    dialogue->saw_421 = dialogue->saw_421 || (event.code == 421 && !answer->by_proxy);
    reply_clear(&dialogue->server.reply);
    bool refused =
        match == MATCH_ITEM && !answer->incomplete && !reply_code_is_positive(event.code);
    if (refused && cause.item.verb == VERB_BDAT) {
        mail_data_abandon(dialogue);
    }
    if (message) {
        end_message(dialogue, &cause.item, match, answer->at_ns);
    } else if (!answer->incomplete) {
        reply_effects_apply(dialogue, &cause);
    }
    server_pass_marks(dialogue, answer->at_ns);
    client_release(dialogue);
}
