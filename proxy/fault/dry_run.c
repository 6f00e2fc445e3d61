// SPDX-License-Identifier: MIT
#include "fault/dry_run.h"

#include "base/lines.h"
#include "base/memory.h"
#include "fault/certain.h"
#include "smtp/command_parse.h"

#include <stdlib.h>

enum dry_run_state {
    DRY_RUN_RELAYS,
    DRY_RUN_AWAITS_TURN, // DATA or BDAT was taken; its answer is due after those before it
    DRY_RUN_TEXT,        // … of DATA, after our 354
    DRY_RUN_AWAITS_END,  // all of it is here: the answer to the message is due
    DRY_RUN_AWAITS_RSET, // the server's answer to our RSET
    DRY_RUN_ENDED,
};

struct dry_run {
    struct filter_port port;
    enum dry_run_state state;
    struct filter_line taken; // the line that is answered, without its bytes
    bool last;                // BDAT … LAST, or DATA
    struct certain certain;
};

static const char kept[] = "250 2.0.0 Ok, kept by smtpscope and delivered to nobody";

static const char promise[] = "with --dry-run no message may reach the server";

static const char no_recipient[] = "554 5.5.1 smtpscope: the server has accepted no recipient";

static void set(struct dry_run *dry_run, enum dry_run_state state) {
    dry_run->state = state;
}

static bool is_mail(enum verb verb) {
    return verb == VERB_DATA || verb == VERB_BDAT || verb == VERB_BURL;
}

// ── judging ─────────────────────────────────────────────────────────────────────────────────────

static enum filter_verdict judge_text(const struct dry_run *dry_run,
                                      const struct filter_line *line) {
    bool half_an_end = line->may_be_last && !line->last && !dry_run->certain.stream_over;
    if (half_an_end) {
        return FILTER_HOLD;
    }
    bool due = dry_run->state == DRY_RUN_TEXT || dry_run->state == DRY_RUN_AWAITS_TURN;
    return due ? FILTER_TAKE : FILTER_HOLD;
}

static enum filter_verdict judge_client(struct dry_run *dry_run, const struct filter_line *line) {
    if (line->kind == FILTER_TEXT) {
        return judge_text(dry_run, line);
    }
    if (dry_run->state != DRY_RUN_RELAYS) {
        return FILTER_HOLD;
    }
    enum filter_verdict verdict = certain_judge(&dry_run->certain, line);
    bool mail = line->kind == FILTER_COMMAND && is_mail(line->verb);
    return verdict == FILTER_PASS && mail ? FILTER_TAKE : verdict;
}

static enum filter_verdict judge_server(struct dry_run *dry_run, const struct filter_line *line) {
    if (line->due.by_proxy && dry_run->state == DRY_RUN_AWAITS_RSET) {
        return line->whole ? FILTER_TAKE : FILTER_MORE;
    }
    return FILTER_PASS;
}

static enum filter_verdict judge(void *self, const struct filter_line *line) {
    return line->from == SIDE_CLIENT ? judge_client(self, line) : judge_server(self, line);
}

// ── what is taken ───────────────────────────────────────────────────────────────────────────────

static void report(struct dry_run *dry_run, int exchange, int64_t at_ns) {
    struct event_fault fault = {.point = SLICE("message"),
                                .action = SLICE("kept"),
                                .rule = SLICE("--dry-run"),
                                .exchange = exchange};
    dry_run->port.fault(&dry_run->port, &fault, at_ns);
}

static void take_command(struct dry_run *dry_run, const struct filter_line *line) {
    struct command command;
    command_parse(&command, lines_text(line->bytes));
    dry_run->taken = *line;
    dry_run->taken.bytes = SLICE("");
    dry_run->last = line->verb != VERB_BDAT || command.chunk_last;
    set(dry_run, DRY_RUN_AWAITS_TURN);
}

static void take(void *self, const struct filter_line *line, int64_t at_ns) {
    struct dry_run *dry_run = self;
    if (line->from == SIDE_SERVER) {
        set(dry_run, reply_line_is_last(&line->reply) ? DRY_RUN_RELAYS : DRY_RUN_AWAITS_RSET);
    } else if (certain_ends_session(&dry_run->certain, &dry_run->port, promise, at_ns)) {
        set(dry_run, DRY_RUN_ENDED);
    } else if (line->kind == FILTER_TEXT) {
        if (dry_run->state == DRY_RUN_TEXT && line->last) {
            set(dry_run, DRY_RUN_AWAITS_END);
        }
    } else if (line->whole) {
        take_command(dry_run, line);
    }
}

// ── answering ───────────────────────────────────────────────────────────────────────────────────

static bool is_turn(const struct dry_run *dry_run) {
    return filter_port_is_turn(&dry_run->port, dry_run->taken.exchange);
}

static void say(struct dry_run *dry_run, const char *line, int64_t at_ns) {
    dry_run->port.held_was_early(&dry_run->port);
    dry_run->port.say(&dry_run->port, SIDE_CLIENT, line, at_ns);
}

static bool has_recipient(const struct dry_run *dry_run) {
    return dry_run->port.accepted_recipients(&dry_run->port) > 0;
}

// The message is whole: the server forgets its envelope, too.
static void end_message(struct dry_run *dry_run, int64_t at_ns) {
    if (!has_recipient(dry_run)) {
        say(dry_run, no_recipient, at_ns);
        set(dry_run, DRY_RUN_RELAYS);
        return;
    }
    report(dry_run, dry_run->taken.exchange, at_ns);
    do { // LMTP has an answer for each recipient (RFC 2033 4.2).
        say(dry_run, kept, at_ns);
    } while (is_turn(dry_run));
    set(dry_run, DRY_RUN_AWAITS_RSET);
    dry_run->port.say(&dry_run->port, SIDE_SERVER, "RSET", at_ns);
}

static void answer_command(struct dry_run *dry_run, int64_t at_ns) {
    enum verb verb = dry_run->taken.verb;
    if (verb == VERB_BURL) {
        say(dry_run, "554 5.7.0 smtpscope: no BURL with --dry-run", at_ns);
        set(dry_run, DRY_RUN_RELAYS);
    } else if (verb == VERB_DATA) {
        // Without a recipient, too: the text may be on its way already, and must not become
        // commands.
        set(dry_run, DRY_RUN_TEXT);
        say(dry_run, "354 Go ahead, the message stays with smtpscope", at_ns);
    } else if (!has_recipient(dry_run)) {
        say(dry_run, no_recipient, at_ns);
        set(dry_run, DRY_RUN_RELAYS);
    } else if (dry_run->last) {
        end_message(dry_run, at_ns);
    } else {
        say(dry_run, "250 2.0.0 Ok, the chunk stays with smtpscope", at_ns);
        set(dry_run, DRY_RUN_RELAYS);
    }
}

static void progress(void *self, int64_t at_ns) {
    struct dry_run *dry_run = self;
    if (!is_turn(dry_run)) {
        return;
    }
    bool chunk_is_over =
        dry_run->taken.verb != VERB_BDAT || dry_run->port.text_left(&dry_run->port) == 0;
    if (dry_run->state == DRY_RUN_AWAITS_TURN && chunk_is_over) {
        answer_command(dry_run, at_ns);
    } else if (dry_run->state == DRY_RUN_AWAITS_END) {
        end_message(dry_run, at_ns);
    }
}

// ── as a filter ─────────────────────────────────────────────────────────────────────────────────

static void let_go(void *self, enum side side, int64_t at_ns) {
    struct dry_run *dry_run = self;
    (void)at_ns;
    dry_run->certain.stream_over = dry_run->certain.stream_over || side == SIDE_CLIENT;
}

struct filter dry_run_new(struct filter_port port) {
    static const struct filter_ops ops = {.judge = judge,
                                          .take = take,
                                          .progress = progress,
                                          .let_go = let_go,
                                          .free = free,
                                          .guards = true};
    struct dry_run *dry_run = mem_new(sizeof(*dry_run));
    dry_run->port = port;
    return (struct filter){&ops, dry_run};
}
