// SPDX-License-Identifier: MIT
// edit: the one place where the proxy changes a line or speaks in the dialogue, because the TLS of
// the two sides differs by the user's wish. Lines go to the decoder one at a time, and what it made
// of each (the tap) decides what becomes of the bytes. Nothing else is ever touched.
#include "base/limits.h"
#include "base/lines.h"
#include "event/reply_line.h"
#include "relay/ehlo_reply.h"
#include "relay/state.h"

enum { STARTTLS_LINE_MAX = 512 };

static const struct slice starttls = SLICE_INIT("STARTTLS");

static struct dialogue *dialogue_of(const struct relay *relay) {
    return observer_dialogue(relay->observer);
}

void edit_tap(void *context, const struct event *event) {
    struct relay *relay = context;
    struct tapped *tapped = &relay->tapped;
    if (event->kind == EVENT_COMMAND) {
        const struct event_command *command = &event->command;
        if (command->by_proxy) {
            relay->proxy_exchange = command->exchange;
        } else if (command->command.verb == VERB_STARTTLS) {
            tapped->starttls_command = true;
        }
    } else if (event->kind == EVENT_REPLY && !event->reply.by_proxy) {
        const struct event_reply *reply = &event->reply;
        tapped->reply = true;
        tapped->code = reply->code;
        tapped->reply_to_proxy = reply->to > 0 && reply->to == relay->proxy_exchange;
        tapped->reply_to_ehlo = reply->offered != NULL;
        tapped->offers_starttls = capabilities_offer(reply->offered, "STARTTLS");
    }
}

bool edit_offers_starttls(const struct relay *relay) {
    return relay->config->client_tls == CLIENT_TLS_AUTO && relay->client.tls == NULL;
}

void edit_update_view(struct relay *relay) {
    if (relay->edits) {
        dialogue_set_starttls_view(dialogue_of(relay),
                                   edit_offers_starttls(relay) ? STARTTLS_ADDED : STARTTLS_HIDDEN);
    }
}

// ── the client's lines ──────────────────────────────────────────────────────────────────────────

// Whether these first bytes of a line are, or may become, STARTTLS.
static bool may_be_starttls(struct slice line) {
    while (line.len > 0 && (line.data[0] == ' ' || line.data[0] == '\t')) {
        line = slice_from(line, 1);
    }
    struct slice start = slice_sub(line, 0, starttls.len);
    return line.len < STARTTLS_LINE_MAX && slice_starts_with_nocase(starttls, start);
}

static void answer_starttls(struct relay *relay, int64_t at_ns) {
    relay->starttls_due = false;
    if (edit_offers_starttls(relay)) {
        ending_say(relay, "220 2.0.0 Ready to start TLS", at_ns);
        buf_put(&relay->client.unread, buf_slice(&relay->behind_starttls));
        buf_clear(&relay->behind_starttls);
        return;
    }
    ending_say(relay, "502 5.5.1 STARTTLS is not available here", at_ns);
    struct buf behind = relay->behind_starttls;
    buf_init(&relay->behind_starttls, behind.max);
    dialogue_expect_early(dialogue_of(relay), buf_len(&behind));
    edit_client(relay, buf_slice(&behind), at_ns);
    buf_cleanup(&behind);
}

// Our answer must not overtake the greeting, nor the server's answers to what the client sent
// before.
static void answer_when_due(struct relay *relay, int64_t at_ns) {
    const struct dialogue *dialogue = dialogue_of(relay);
    if (relay->starttls_due && dialogue_greeted(dialogue) &&
        dialogue_commands_waiting(dialogue) <= 1) {
        answer_starttls(relay, at_ns);
    }
}

// A line that looks like STARTTLS goes to the decoder alone: it may be a SASL line after all.
static bool takes_starttls(struct relay *relay, struct slice line, int64_t at_ns) {
    relay->tapped = (struct tapped){0};
    observer_feed(relay->observer, SIDE_CLIENT, line, at_ns);
    if (relay->tapped.starttls_command) {
        return true;
    }
    leg_send(&relay->server, line);
    return false;
}

// How much of the text stands in front of the first line that begins with a dot.
static size_t len_before_dot_line(struct slice text) {
    size_t at = 0;
    for (;;) {
        size_t dot = slice_find_byte(slice_from(text, at), '.');
        if (dot == SLICE_NONE) {
            return text.len;
        }
        at += dot;
        if (at > 0 && text.data[at - 1] == '\n') {
            return at;
        }
        at++;
    }
}

// Message text in pieces as long as they can be: a chunk of BDAT by its size, text of DATA up to a
// line that begins with a dot, which may be its end.
static struct slice next_text(struct slice *rest, uint64_t text_left) {
    bool by_size = text_left != UINT64_MAX;
    if (!by_size && rest->data[0] == '.') {
        return lines_next(rest);
    }
    size_t chunk_len = text_left < rest->len ? (size_t)text_left : rest->len;
    struct slice text = slice_sub(*rest, 0, by_size ? chunk_len : len_before_dot_line(*rest));
    *rest = slice_from(*rest, text.len);
    return text;
}

static struct slice next_piece(const struct relay *relay, struct slice *rest) {
    uint64_t text_left = dialogue_text_left(dialogue_of(relay));
    return text_left > 0 ? next_text(rest, text_left) : lines_next(rest);
}

// Takes lines off `rest` up to one that may be STARTTLS, tells them to the decoder, and sends them
// to the server at once, as one piece.
static void pass_harmless_lines(struct relay *relay, struct slice *rest, int64_t at_ns) {
    struct slice start = *rest;
    while (rest->len > 0) {
        struct slice before = *rest;
        bool text = dialogue_text_left(dialogue_of(relay)) > 0;
        struct slice piece = next_piece(relay, rest);
        if (!text && !relay->client_mid_line && may_be_starttls(piece)) {
            *rest = before;
            break;
        }
        observer_feed(relay->observer, SIDE_CLIENT, piece, at_ns);
        // Behind a chunk of BDAT a command begins, wherever the chunk ended.
        relay->client_mid_line = !text && !lines_ended(piece);
    }
    leg_send(&relay->server, slice_sub(start, 0, start.len - rest->len));
}

// What was held of a line that has not come to its end yet, and this much more of it.
static struct slice take_held_line(struct relay *relay, struct slice *rest) {
    buf_put(&relay->client_line, lines_next(rest));
    return buf_slice(&relay->client_line);
}

static bool hold_line(struct slice line) {
    return !lines_ended(line) && may_be_starttls(line);
}

static bool server_is_ready(const struct relay *relay) {
    return relay->server_state == SERVER_READY || relay->server_state == SERVER_TLS;
}

void edit_release_early(struct relay *relay, int64_t at_ns) {
    if (buf_len(&relay->early) == 0 || !server_is_ready(relay) ||
        dialogue_awaits_sasl(dialogue_of(relay))) {
        return;
    }
    struct buf early = relay->early;
    buf_init(&relay->early, early.max);
    edit_client(relay, buf_slice(&early), at_ns);
    buf_wipe(&early);
}

bool edit_holds_client(const struct relay *relay) {
    return buf_len(&relay->early) > 0 || buf_len(&relay->behind_starttls) > 0;
}

// What was never sent is told all the same: the client said it.
void edit_tell_unsent(struct relay *relay, int64_t at_ns) {
    observer_feed(relay->observer, SIDE_CLIENT, buf_slice(&relay->early), at_ns);
    observer_feed(relay->observer, SIDE_CLIENT, buf_slice(&relay->behind_starttls), at_ns);
}

// The decoder pairs replies with commands in their order on the wire, so it may not see the
// client's commands before those that the proxy sends ahead of them.
void edit_client(struct relay *relay, struct slice plaintext, int64_t at_ns) {
    struct slice rest = plaintext;
    if (!server_is_ready(relay) || buf_len(&relay->early) > 0) {
        buf_put(&relay->early, plaintext);
        return;
    }
    while (rest.len > 0 && !relay->starttls_due) {
        if (buf_len(&relay->client_line) == 0) {
            pass_harmless_lines(relay, &rest, at_ns);
        }
        if (rest.len == 0) {
            return;
        }
        struct slice line = take_held_line(relay, &rest);
        if (hold_line(line)) {
            return;
        }
        if (dialogue_awaits_sasl(dialogue_of(relay))) { // Behind AUTH it may be a response.
            buf_put(&relay->early, line);
            buf_put(&relay->early, rest);
            buf_clear(&relay->client_line);
            return;
        }
        relay->client_mid_line = !lines_ended(line);
        relay->starttls_due = takes_starttls(relay, line, at_ns);
        buf_clear(&relay->client_line);
    }
    buf_put(&relay->behind_starttls, rest);
    answer_when_due(relay, at_ns);
}

static void forget_reply_lines(struct relay *relay) {
    relay->reply_line_at = 0;
    relay->reply_coded = false;
}

// Lines of a reply that are not held any longer. What answers the proxy is not for the client.
static void let_go_of_reply(struct relay *relay) {
    if (!own_steps_under_way(relay)) {
        leg_send(&relay->client, buf_slice(&relay->reply));
    }
    buf_clear(&relay->reply);
    forget_reply_lines(relay);
}

// A line without an end goes out as it is when its sender's stream ends. A reply that answers the
// proxy itself goes nowhere.
void edit_flush(struct relay *relay, enum side side, int64_t at_ns) {
    struct slice line = buf_slice(&relay->client_line);
    if (side == SIDE_SERVER) {
        let_go_of_reply(relay);
    } else if (side == SIDE_CLIENT && line.len > 0) {
        relay_forward(relay, SIDE_CLIENT, line, at_ns);
        buf_clear(&relay->client_line);
    }
}

// What was held of the plain stream goes ahead of TLS; no answer of ours is due inside it.
void edit_client_tls_begins(struct relay *relay, int64_t at_ns) {
    edit_flush(relay, SIDE_CLIENT, at_ns);
    relay->starttls_due = false;
    relay->client_mid_line = false;
    if (buf_len(&relay->behind_starttls) > 0) {
        relay_forward(relay, SIDE_CLIENT, buf_slice(&relay->behind_starttls), at_ns);
        buf_clear(&relay->behind_starttls);
    }
}

// ── the server's replies ────────────────────────────────────────────────────────────────────────

static void send_ehlo_reply(struct relay *relay, struct slice reply, int64_t at_ns) {
    bool wanted = edit_offers_starttls(relay);
    struct buf edited;
    if (wanted == ehlo_reply_offers(reply, starttls)) {
        leg_send(&relay->client, reply);
        return;
    }
    buf_init(&edited, reply.len + STARTTLS_LINE_MAX);
    if (wanted) {
        ehlo_reply_add(&edited, reply, starttls);
        observer_note(relay->observer, at_ns,
                      "STARTTLS added by the proxy to the EHLO reply that the client sees");
    } else {
        ehlo_reply_take_out(&edited, reply, starttls);
        observer_note(relay->observer, at_ns,
                      "STARTTLS taken out by the proxy of the EHLO reply that the client sees");
    }
    leg_send(&relay->client, buf_slice(&edited));
    buf_cleanup(&edited);
}

// ── … as they come ──────────────────────────────────────────────────────────────────────────────

static void take_reply(struct relay *relay, int64_t at_ns) {
    struct buf reply = relay->reply;
    buf_init(&relay->reply, reply.max);
    forget_reply_lines(relay);
    if (own_steps_under_way(relay)) {
        own_steps_take(relay, buf_slice(&reply), at_ns);
    } else if (relay->tapped.reply_to_ehlo && !relay->tapped.reply_to_proxy) {
        send_ehlo_reply(relay, buf_slice(&reply), at_ns);
    } else {
        leg_send(&relay->client, buf_slice(&reply));
    }
    buf_cleanup(&reply);
}

// A line without a code may be a reply by itself, so it is not held unless a reply is under way.
static bool may_hold_reply(struct relay *relay) {
    struct reply_line line;
    struct slice text = lines_text(slice_from(buf_slice(&relay->reply), relay->reply_line_at));
    reply_line_parse(&line, text);
    relay->reply_coded = relay->reply_coded || line.code != 0;
    relay->reply_line_at = buf_len(&relay->reply);
    bool ends = line.code != 0 && !line.goes_on;
    return own_steps_under_way(relay) || (relay->reply_coded && !ends);
}

// `piece` ends with its line, or with what has come of it.
static void take_server_piece(struct relay *relay, struct slice piece, int64_t at_ns) {
    relay->tapped = (struct tapped){0};
    buf_put(&relay->reply, piece);
    observer_feed(relay->observer, SIDE_SERVER, piece, at_ns);
    if (relay->tapped.reply) {
        take_reply(relay, at_ns);
    } else if ((lines_ended(piece) && !may_hold_reply(relay)) ||
               buf_room(&relay->reply) < LIMIT_READ) {
        let_go_of_reply(relay);
    }
    answer_when_due(relay, at_ns);
}

void edit_server(struct relay *relay, struct slice plaintext, int64_t at_ns) {
    struct slice rest = plaintext;
    while (rest.len > 0 && !relay->own_starttls_accepted) {
        take_server_piece(relay, lines_next(&rest), at_ns);
    }
    edit_release_early(relay, at_ns);
    if (relay->own_starttls_accepted) {
        own_steps_finish(relay, rest, at_ns);
    }
}

void edit_release_greeting(struct relay *relay) {
    leg_send(&relay->client, buf_slice(&relay->greeting));
    buf_cleanup(&relay->greeting);
}
