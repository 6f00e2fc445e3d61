// SPDX-License-Identifier: MIT
#include "fault/rewrite.h"

#include "base/array.h"
#include "base/limits.h"
#include "base/lines.h"
#include "base/memory.h"
#include "fault/certain.h"
#include "smtp/command_parse.h"
#include "verdict/pattern.h"

#include <stdlib.h>

enum rewrite_state {
    REWRITE_RELAYS,
    REWRITE_AWAITS_TURN, // an RCPT after the first was taken: its answer is due in its turn
    REWRITE_ENDED,
};

struct recipient {
    int exchange;
    bool joined; // it became the first one, and the server has no RCPT for it
    bool accepted;
};

// The recipients of a transaction in their order, in which LMTP answers its message, once for each
// that was accepted (RFC 2033 4.2).
struct recipients {
    struct recipient *items;
    size_t count;
    size_t room;
    size_t replied;  // so many have their reply to RCPT
    size_t answered; // … and so many the answer to the message
    size_t joined;
};

struct rewrite {
    const struct rewrite_rule *rule;
    struct filter_port port;
    enum rewrite_state state;
    int first;          // the RCPT of this transaction that went to the server; 0 for none
    struct buf reply;   // … what the server said to it,
    struct buf message; // … and of the message to its recipient
    int exchange;       // REWRITE_AWAITS_TURN: the one that is to be answered
    struct recipients recipients;
    struct certain certain;
};

// ── the rule ────────────────────────────────────────────────────────────────────────────────────

static bool is_address(struct slice address) {
    size_t at = slice_find_byte(address, '@');
    for (size_t i = 0; i < address.len; i++) {
        uint8_t byte = address.data[i];
        if (byte <= ' ' || byte == '<' || byte == '>' || byte == 0x7f) {
            return false;
        }
    }
    return at != SLICE_NONE && at > 0 && at + 1 < address.len && address.len < LIMIT_PATH;
}

enum err rewrite_rule_init(struct rewrite_rule *out, struct failure *failure, const char *to,
                           const char *keep) {
    struct failure reason;
    *out = (struct rewrite_rule){.to = to};
    if (!is_address(slice_of_string(to))) {
        return fail(failure, ERR_USAGE,
                    "--rewrite-to: '%s' is not an address, such as me@example.org", to);
    }
    if (keep != NULL && pattern_new(&out->keep, &reason, keep) != OK) {
        return fail(failure, ERR_USAGE, "--keep-to: '%s' %s", keep, reason.text);
    }
    return OK;
}

void rewrite_rule_cleanup(struct rewrite_rule *rule) {
    pattern_free(rule->keep);
    *rule = (struct rewrite_rule){0};
}

// ── the recipients of a transaction ─────────────────────────────────────────────────────────────

static void begin_transaction(struct rewrite *rewrite) {
    struct recipients *all = &rewrite->recipients;
    *all = (struct recipients){.items = all->items, .room = all->room};
    rewrite->first = 0;
    buf_clear(&rewrite->reply);
    buf_clear(&rewrite->message);
}

// Once for each, however often its line is judged.
static void note_recipient(struct recipients *all, int exchange, bool joined) {
    bool known = all->count > 0 && all->items[all->count - 1].exchange >= exchange;
    if (known || all->count >= LIMIT_RECIPIENTS) {
        return;
    }
    all->items = array_grown(all->items, all->count, &all->room, sizeof(all->items[0]));
    all->items[all->count++] = (struct recipient){.exchange = exchange, .joined = joined};
    all->joined += joined ? 1 : 0;
}

static void note_reply(struct recipients *all, int exchange, bool accepted) {
    while (all->replied < all->count && all->items[all->replied].exchange < exchange) {
        all->replied++;
    }
    if (all->replied < all->count && all->items[all->replied].exchange == exchange) {
        all->items[all->replied].accepted = accepted;
    }
}

// Whose answer to the message is next; NULL where that is not known.
static const struct recipient *next_to_answer(struct recipients *all) {
    while (all->answered < all->count && !all->items[all->answered].accepted) {
        all->answered++;
    }
    return all->answered < all->count ? &all->items[all->answered] : NULL;
}

// ── judging ─────────────────────────────────────────────────────────────────────────────────────

static bool is_kept(const struct rewrite *rewrite, struct slice text) {
    struct command command;
    command_parse(&command, text);
    if (rewrite->rule->keep == NULL || !command.path.present) {
        return false;
    }
    char *address = mem_string_of(command.path.address);
    bool kept = address != NULL && pattern_matches(rewrite->rule->keep, address);
    free(address);
    return kept;
}

static enum filter_verdict judge_client(struct rewrite *rewrite, const struct filter_line *line) {
    if (line->kind == FILTER_TEXT) {
        return FILTER_PASS;
    }
    if (rewrite->state != REWRITE_RELAYS) {
        return FILTER_HOLD;
    }
    enum filter_verdict verdict = certain_judge(&rewrite->certain, line);
    if (verdict != FILTER_PASS || line->kind == FILTER_OPAQUE) {
        return verdict;
    }
    bool begins = line->verb == VERB_MAIL || line->verb == VERB_RSET;
    struct dialogue_next_reply due;
    if (begins && rewrite->recipients.joined > 0 &&
        rewrite->port.next_reply(&rewrite->port, &due)) {
        return FILTER_HOLD; // the answers of the transaction before it
    }
    if (begins) {
        begin_transaction(rewrite);
    }
    bool rcpt = line->verb == VERB_RCPT && !is_kept(rewrite, lines_text(line->bytes));
    if (line->verb == VERB_RCPT) {
        note_recipient(&rewrite->recipients, line->exchange, rcpt && rewrite->first != 0);
    }
    return rcpt ? FILTER_TAKE : FILTER_PASS;
}

static enum filter_verdict judge_server(struct rewrite *rewrite, const struct filter_line *line) {
    bool of_first = rewrite->first != 0 && line->due.exchange == rewrite->first;
    bool of_message = line->due.final && rewrite->recipients.joined > 0;
    bool of_recipient = line->due.verb == VERB_RCPT;
    if (!line->whole) {
        return of_first || of_message || of_recipient ? FILTER_MORE : FILTER_PASS;
    }
    note_reply(&rewrite->recipients, line->due.exchange, line->reply.code / 100 == 2);
    return of_first || of_message ? FILTER_TAKE : FILTER_PASS;
}

static enum filter_verdict judge(void *self, const struct filter_line *line) {
    return line->from == SIDE_CLIENT ? judge_client(self, line) : judge_server(self, line);
}

// ── acting ──────────────────────────────────────────────────────────────────────────────────────

static const char promise[] = "with --rewrite-to no other recipient may reach the server";

static void report(struct rewrite *rewrite, int exchange, int64_t at_ns) {
    char *action = mem_format("rewritten to %s", rewrite->rule->to);
    char *rule = mem_format("--rewrite-to %s", rewrite->rule->to);
    struct event_fault fault = {.point = SLICE("RCPT"),
                                .action = slice_of_string(action),
                                .rule = slice_of_string(rule),
                                .exchange = exchange};
    rewrite->port.fault(&rewrite->port, &fault, at_ns);
    free(action);
    free(rule);
}

// ORCPT (RFC 3461 4.2) names the recipient as it was.
static void put_parameters(struct buf *out, const struct command *command) {
    struct slice rest = command->parameters;
    struct event_parameter parameter;
    while (command_next_parameter(&parameter, &rest)) {
        if (slice_is_nocase(parameter.keyword, "ORCPT")) {
            continue;
        }
        buf_put_byte(out, ' ');
        buf_put(out, parameter.keyword);
        if (!slice_is_null(parameter.value)) {
            buf_put_byte(out, '=');
            buf_put(out, parameter.value);
        }
    }
}

static void send_first(struct rewrite *rewrite, const struct filter_line *line, int64_t at_ns) {
    struct command command;
    struct buf ours;
    command_parse(&command, lines_text(line->bytes));
    buf_init(&ours, LIMIT_CERTAIN_LINE + LIMIT_PATH + sizeof("RCPT TO:<>\r\n"));
    buf_putf(&ours, "RCPT TO:<%s>", rewrite->rule->to);
    put_parameters(&ours, &command);
    char *text = mem_string_of(buf_slice(&ours));
    rewrite->first = line->exchange;
    rewrite->port.record_command(&rewrite->port, text, at_ns);
    buf_put_string(&ours, "\r\n");
    rewrite->port.substitute(&rewrite->port, line, buf_slice(&ours), at_ns);
    free(text);
    buf_cleanup(&ours);
}

static void take_rcpt(struct rewrite *rewrite, const struct filter_line *line, int64_t at_ns) {
    report(rewrite, line->exchange, at_ns);
    if (rewrite->first == 0) {
        send_first(rewrite, line, at_ns);
    } else {
        rewrite->exchange = line->exchange;
        rewrite->state = REWRITE_AWAITS_TURN;
    }
}

static bool is_turn(const struct rewrite *rewrite) {
    return filter_port_is_turn(&rewrite->port, rewrite->exchange);
}

// What the server said of ours is said to the client, line by line.
static void say_again(struct rewrite *rewrite, const struct buf *reply, int64_t at_ns) {
    struct slice rest = buf_slice(reply);
    while (rest.len > 0) {
        char *line = mem_string_of(lines_text(lines_next(&rest)));
        rewrite->port.say(&rewrite->port, SIDE_CLIENT, line == NULL ? "" : line, at_ns);
        free(line);
    }
}

static void answer(struct rewrite *rewrite, int64_t at_ns) {
    bool accepted = slice_starts_with(buf_slice(&rewrite->reply), SLICE("2"));
    note_reply(&rewrite->recipients, rewrite->exchange, accepted);
    rewrite->port.held_was_early(&rewrite->port);
    say_again(rewrite, &rewrite->reply, at_ns);
    rewrite->state = REWRITE_RELAYS;
}

static void pass_reply(struct rewrite *rewrite, const struct filter_line *line, int64_t at_ns) {
    if (!rewrite->port.offer(&rewrite->port, line, at_ns)) {
        rewrite->port.send(&rewrite->port, SIDE_CLIENT, line->bytes);
    }
}

// The answer to a message. In LMTP those that joined the first recipient have its answer, in their
// turn; else there is no other turn.
static void take_answer(struct rewrite *rewrite, const struct filter_line *line, int64_t at_ns) {
    struct recipients *all = &rewrite->recipients;
    const struct recipient *next = next_to_answer(all);
    if (next != NULL && next->exchange == rewrite->first) {
        buf_append_some(&rewrite->message, line->bytes);
    }
    pass_reply(rewrite, line, at_ns);
    if (!reply_line_is_last(&line->reply)) {
        return;
    }
    all->answered++;
    for (next = next_to_answer(all);
         next != NULL && next->joined && filter_port_is_turn(&rewrite->port, line->due.exchange);
         next = next_to_answer(all)) {
        say_again(rewrite, &rewrite->message, at_ns);
        all->answered++;
    }
}

static void take_reply(struct rewrite *rewrite, const struct filter_line *line, int64_t at_ns) {
    if (line->due.final) {
        take_answer(rewrite, line, at_ns);
        return;
    }
    buf_append_some(&rewrite->reply, line->bytes);
    pass_reply(rewrite, line, at_ns);
}

static void take(void *self, const struct filter_line *line, int64_t at_ns) {
    struct rewrite *rewrite = self;
    if (line->from == SIDE_SERVER) {
        take_reply(rewrite, line, at_ns);
    } else if (certain_ends_session(&rewrite->certain, &rewrite->port, promise, at_ns)) {
        rewrite->state = REWRITE_ENDED;
    } else if (line->whole) {
        take_rcpt(rewrite, line, at_ns);
    }
}

static void progress(void *self, int64_t at_ns) {
    struct rewrite *rewrite = self;
    if (rewrite->state == REWRITE_AWAITS_TURN && is_turn(rewrite)) {
        answer(rewrite, at_ns);
    }
}

static void let_go(void *self, enum side side, int64_t at_ns) {
    struct rewrite *rewrite = self;
    (void)at_ns;
    rewrite->certain.stream_over = rewrite->certain.stream_over || side == SIDE_CLIENT;
}

static void rewrite_free(void *self) {
    struct rewrite *rewrite = self;
    buf_cleanup(&rewrite->reply);
    buf_cleanup(&rewrite->message);
    free(rewrite->recipients.items);
    free(rewrite);
}

struct filter rewrite_new(const struct rewrite_rule *rule, struct filter_port port) {
    static const struct filter_ops ops = {.judge = judge,
                                          .take = take,
                                          .progress = progress,
                                          .let_go = let_go,
                                          .free = rewrite_free,
                                          .guards = true};
    struct rewrite *rewrite = mem_new(sizeof(*rewrite));
    rewrite->rule = rule;
    rewrite->port = port;
    buf_init(&rewrite->reply, LIMIT_REPLY_BYTES);
    buf_init(&rewrite->message, LIMIT_REPLY_BYTES);
    return (struct filter){&ops, rewrite};
}
