// SPDX-License-Identifier: MIT
// bridge: the filter for sessions in which the TLS of the two sides differs by the user's wish.
// STARTTLS between client and proxy is the proxy's own: added to the reply to EHLO or taken out of
// it, and answered here; and where the server's side begins with STARTTLS of the proxy's own
// (`upstream_starttls`) the replies to that are taken here. Nothing else is touched.
#include "base/limits.h"
#include "base/memory.h"
#include "event/reply_line.h"
#include "relay/relay_state.h"
#include "smtp/command_parse.h"
#include "smtp/ehlo_reply.h"

#include <stdlib.h>

enum { CODE_LEN = 3 }; // of a reply

static const struct slice starttls = SLICE_INIT("STARTTLS");

static struct dialogue *dialogue_of(const struct bridge *bridge) {
    return observer_dialogue(bridge->relay->observer);
}

static bool offers_starttls(const struct relay *relay) {
    return relay->config->client_tls == CLIENT_TLS_AUTO && relay->client.tls == NULL;
}

static void say(struct bridge *bridge, const char *line, int64_t at_ns) {
    bridge->port.say(&bridge->port, SIDE_CLIENT, line, at_ns);
}

static void send(struct bridge *bridge, struct slice bytes) {
    bridge->port.send(&bridge->port, SIDE_CLIENT, bytes);
}

static void note(struct bridge *bridge, const char *text, int64_t at_ns) {
    bridge->port.note(&bridge->port, text, at_ns);
}

void bridge_update_view(struct relay *relay) {
    if (relay->bridge != NULL) {
        relay->bridge->hello_due_ns = INT64_MAX;
        dialogue_set_starttls_view(observer_dialogue(relay->observer),
                                   offers_starttls(relay) ? STARTTLS_ADDED : STARTTLS_HIDDEN);
    }
}

// ── what is the bridge's ────────────────────────────────────────────────────────────────────────

// Whether these first bytes of a line may become STARTTLS.
static bool may_be_starttls(struct slice line) {
    bool cr = line.len > 0 && line.data[line.len - 1] == '\r'; // the first byte of its end
    line.len -= cr ? 1 : 0;
    struct slice word = command_word(line);
    bool goes_on = word.len == 0 || word.data + word.len == line.data + line.len;
    return slice_equal_nocase(word, starttls) ||
           (goes_on && slice_starts_with_nocase(starttls, word));
}

// It may be the end of a chunk, with a command after that: a reply that is due says so.
static enum filter_verdict judge_undecided(const struct filter_line *line) {
    if (!line->whole) {
        return FILTER_MORE;
    }
    bool has_it = slice_find_nocase(line->bytes, starttls) != SLICE_NONE;
    return has_it ? FILTER_HOLD : FILTER_PASS;
}

static enum filter_verdict judge_command(const struct bridge *bridge,
                                         const struct filter_line *line) {
    const struct relay *relay = bridge->relay;
    bool ready = relay->server_state == SERVER_READY || relay->server_state == SERVER_TLS;
    if (!ready || bridge->starttls_due) {
        return FILTER_HOLD;
    }
    if (line->kind == FILTER_TEXT) {
        return FILTER_PASS;
    }
    if (line->kind == FILTER_UNDECIDED) {
        return judge_undecided(line);
    }
    if (!line->whole) {
        return may_be_starttls(line->bytes) ? FILTER_MORE : FILTER_PASS;
    }
    bool is_starttls = line->verb == VERB_STARTTLS && line->kind == FILTER_COMMAND;
    return is_starttls ? FILTER_TAKE : FILTER_PASS;
}

static enum filter_verdict judge_reply(const struct bridge *bridge,
                                       const struct filter_line *line) {
    if (bridge->relay->server_state == SERVER_STARTTLS_ACCEPTED) {
        return FILTER_HOLD; // It is not known yet whether that is TLS.
    }
    if (upstream_starttls_under_way(bridge->relay)) { // That goes nowhere, not even as half a line.
        return line->whole ? FILTER_TAKE : FILTER_HOLD;
    }
    if (!line->whole && line->bytes.len < CODE_LEN) {
        return FILTER_MORE; // Without the code it is not known what is answered.
    }
    bool hello = verb_is_ehlo(line->due.verb);
    if (!hello || line->due.by_proxy) {
        return FILTER_PASS;
    }
    if (!line->whole) {
        return FILTER_MORE;
    }
    // A line without a code may be a reply by itself, where none is under way.
    bool alone = line->reply.code == 0 && buf_len(&bridge->reply) == 0;
    return alone ? FILTER_PASS : FILTER_TAKE;
}

static enum filter_verdict judge(void *filter, const struct filter_line *line) {
    return line->from == SIDE_CLIENT ? judge_command(filter, line) : judge_reply(filter, line);
}

// ── the client's STARTTLS ───────────────────────────────────────────────────────────────────────

static void answer_starttls(struct bridge *bridge, int64_t at_ns) {
    struct relay *relay = bridge->relay;
    bridge->starttls_due = false;
    if (offers_starttls(relay)) {
        say(bridge, "220 2.0.0 Ready to start TLS", at_ns);
        struct buf held = filters_take_held(relay, SIDE_CLIENT);
        buf_put(&relay->client.unread, buf_slice(&held));
        buf_wipe(&held);
        return;
    }
    say(bridge, "502 5.5.1 STARTTLS is not available here", at_ns);
    dialogue_expect_early(dialogue_of(bridge), buf_len(&relay->streams[SIDE_CLIENT].held));
}

// Our answer must not overtake the greeting, nor the server's answers to what the client sent
// before.
static bool answer_is_due(const struct bridge *bridge) {
    return bridge->starttls_due && bridge->port.replies_before(&bridge->port) == 0;
}

void bridge_await_hello(struct relay *relay, int64_t at_ns) {
    if (relay->bridge->hello_due_ns == INT64_MAX) {
        relay->bridge->hello_due_ns = at_ns + RELAY_PLAIN_WAIT_NS;
    }
}

static void refuse_plain_text(struct relay *relay, int64_t at_ns) {
    session_end_decide(
        relay, OUTCOME_TLS_CLIENT_FAILED, PARTY_PROXY,
        "the client went on in plain text after the 220 to its STARTTLS, where the "
        "server's side is in TLS and nothing may enter it from outside TLS: the client "
        "is to begin the handshake at once");
    say(relay->bridge, "421 4.7.0 smtpscope: a TLS handshake is due after STARTTLS, not plain text",
        at_ns);
    session_end_close_both(relay, at_ns);
}

static int64_t deadline_ns(const void *filter) {
    const struct bridge *bridge = filter;
    return bridge->hello_due_ns;
}

static void progress(void *filter, int64_t at_ns) {
    struct bridge *bridge = filter;
    if (answer_is_due(bridge)) {
        answer_starttls(bridge, at_ns);
    }
    if (at_ns >= bridge->hello_due_ns && !session_end_is_over(bridge->relay)) {
        refuse_plain_text(bridge->relay, at_ns);
    }
    if (bridge->relay->server_state == SERVER_STARTTLS_ACCEPTED) {
        upstream_starttls_finish(bridge->relay, at_ns);
    }
}

void bridge_client_tls_begins(struct relay *relay, int64_t at_ns) {
    if (relay->bridge != NULL) {
        struct buf held = filters_take_held(relay, SIDE_CLIENT);
        relay->bridge->starttls_due = false;
        if (filters_guard(relay)) {
            observer_feed(relay->observer, SIDE_CLIENT, buf_slice(&held), at_ns);
        } else {
            relay_forward(relay, SIDE_CLIENT, buf_slice(&held), at_ns);
        }
        buf_wipe(&held);
    }
}

// ── the server's replies ────────────────────────────────────────────────────────────────────────

// Where the start of the reply went out already, another first line takes its place.
static const struct slice first_line = SLICE_INIT("250-\r\n");

// Its last line is the one that is taken now.
static void send_edited(struct bridge *bridge, const struct filter_line *line, struct slice edited,
                        int64_t at_ns) {
    bool spare = bridge->reply_begun && slice_starts_with(edited, first_line);
    struct slice lines = slice_from(edited, spare ? first_line.len : 0);
    bridge->port.substitute(&bridge->port, line, lines, at_ns);
}

static void edit_reply(struct bridge *bridge, const struct filter_line *line, struct slice reply,
                       int64_t at_ns) {
    struct buf edited;
    buf_init(&edited, reply.len + LIMIT_REPLY_LINE);
    if (offers_starttls(bridge->relay)) {
        ehlo_reply_add(&edited, reply, starttls);
        note(bridge, "STARTTLS added by the proxy to the EHLO reply that the client sees", at_ns);
    } else {
        ehlo_reply_take_out(&edited, reply, starttls);
        note(bridge, "STARTTLS taken out by the proxy of the EHLO reply that the client sees",
             at_ns);
    }
    send_edited(bridge, line, buf_slice(&edited), at_ns);
    buf_cleanup(&edited);
}

static void send_ehlo_reply(struct bridge *bridge, const struct filter_line *line, int64_t at_ns) {
    struct buf reply;
    buf_init(&reply, buf_len(&bridge->reply) + first_line.len);
    buf_put(&reply, bridge->reply_begun ? first_line : SLICE(""));
    buf_put(&reply, buf_slice(&bridge->reply));
    if (offers_starttls(bridge->relay) == ehlo_reply_offers(buf_slice(&reply), starttls)) {
        bridge->port.substitute(&bridge->port, line, buf_slice(&bridge->reply), at_ns);
    } else {
        edit_reply(bridge, line, buf_slice(&reply), at_ns);
    }
    buf_cleanup(&reply);
}

// A reply that answers the proxy is not for the client.
static void let_go_of_reply(struct bridge *bridge) {
    if (!upstream_starttls_under_way(bridge->relay)) {
        send(bridge, buf_slice(&bridge->reply));
    }
    bridge->reply_begun = true;
    buf_clear(&bridge->reply);
}

static void end_reply(struct bridge *bridge, const struct filter_line *line, int64_t at_ns) {
    int code = line->reply.code;
    if (upstream_starttls_under_way(bridge->relay)) {
        struct buf reply = bridge->reply;
        buf_init(&bridge->reply, reply.max);
        upstream_starttls_take(bridge->relay, buf_slice(&reply), code, at_ns);
        buf_cleanup(&reply);
    } else if (reply_code_is_positive(code)) {
        send_ehlo_reply(bridge, line, at_ns);
        buf_clear(&bridge->reply);
    } else {
        let_go_of_reply(bridge);
    }
    bridge->reply_begun = false;
}

static void take(void *filter, const struct filter_line *line, int64_t at_ns) {
    struct bridge *bridge = filter;
    if (line->from == SIDE_CLIENT) {
        bridge->starttls_due = true;
        return;
    }
    if (buf_room(&bridge->reply) < line->bytes.len) {
        let_go_of_reply(bridge); // Too long to be looked at as a whole.
    }
    buf_put(&bridge->reply, line->bytes);
    if (reply_line_is_last(&line->reply)) {
        end_reply(bridge, line, at_ns);
    }
}

static void let_go(void *filter, enum side side, int64_t at_ns) {
    (void)at_ns;
    if (side == SIDE_SERVER) {
        let_go_of_reply(filter);
    }
}

void bridge_release_greeting(struct relay *relay, int64_t at_ns) {
    struct bridge *bridge = relay->bridge;
    if (bridge == NULL || buf_len(&bridge->greeting) == 0) {
        return;
    }
    struct filter_line line = {.from = SIDE_SERVER,
                               .kind = FILTER_REPLY,
                               .whole = true,
                               .due = {.greeting = true, .exchange = 0},
                               .at_ns = at_ns};
    bridge->port.substitute(&bridge->port, &line, buf_slice(&bridge->greeting), at_ns);
    buf_cleanup(&bridge->greeting);
}

bool bridge_holds_greeting(const struct relay *relay) {
    return relay->bridge != NULL && buf_len(&relay->bridge->greeting) > 0;
}

bool bridge_holds_reply(const struct relay *relay) {
    return relay->bridge != NULL && buf_len(&relay->bridge->reply) > 0;
}

// ── making ──────────────────────────────────────────────────────────────────────────────────────

static void bridge_free(void *filter) {
    struct bridge *bridge = filter;
    buf_wipe(&bridge->greeting);
    buf_wipe(&bridge->reply);
    free(bridge);
}

void bridge_add(struct relay *relay) {
    static const struct filter_ops ops = {.judge = judge,
                                          .take = take,
                                          .progress = progress,
                                          .let_go = let_go,
                                          .deadline_ns = deadline_ns,
                                          .free = bridge_free};
    struct bridge *bridge = mem_new(sizeof(*bridge));
    bridge->relay = relay;
    bridge->hello_due_ns = INT64_MAX;
    bridge->port = filters_port(relay);
    buf_init(&bridge->greeting, LIMIT_REPLY_BYTES);
    buf_init(&bridge->reply, LIMIT_REPLY_BYTES);
    relay->bridge = bridge;
    filters_add(relay, (struct filter){&ops, bridge});
}
