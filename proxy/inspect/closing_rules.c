// SPDX-License-Identifier: MIT
// How a session ends: who closed, when, and what was still due (RFC 5321 3.8, 4.1.1.10, 4.5.3.2).
#include "base/clock.h"
#include "base/limits.h"
#include "inspect/themes.h"

#include <inttypes.h>
#include <stdio.h>

#define MINUTE (60 * NS_PER_S)

enum { IDLE_S = 30 }; // that a server may have taken for too long

// What RFC 5321 4.5.3.2 asks a client to wait at least; 0 where it asks for nothing.
static int64_t patience_of(const struct event_due *due) {
    enum verb verb = due->verb;
    if (verb == VERB_BDAT) {
        return 3 * MINUTE;
    }
    if (due->final) {
        return 10 * MINUTE;
    }
    if (verb == VERB_MAIL || verb == VERB_RCPT) {
        return 5 * MINUTE;
    }
    return verb == VERB_DATA ? 2 * MINUTE : 0;
}

static const char *name_of(const struct event_due *due) {
    if (due->verb == VERB_BDAT) {
        return "the reply to a BDAT chunk";
    }
    if (due->final) {
        return "the reply to the final dot of a message";
    }
    return due->verb == VERB_MAIL   ? "the reply to MAIL"
           : due->verb == VERB_RCPT ? "the reply to RCPT"
                                    : "the reply to DATA";
}

struct waited_for {
    const char *what;
    int64_t waited_ns;
    int64_t due_ns;
    bool came; // when the client had gone
};

static void say_impatient(struct analysis *analysis, struct place place,
                          const struct waited_for *wait) {
    analysis_say(analysis, RULE_GAVE_UP_EARLY, place,
                 "The client %s the connection %.1f seconds into its wait for %s%s; it should "
                 "wait at least %d minutes for that",
                 wait->came ? "had closed" : "closed", (double)wait->waited_ns / (double)NS_PER_S,
                 wait->what, wait->came ? ", which came only after that" : "",
                 (int)(wait->due_ns / MINUTE));
}

static void judge_wait_for_greeting(struct analysis *analysis, int64_t now_ns) {
    // Who has gone before the server was reached has waited since the start of the session.
    const struct facts *facts = &analysis->facts;
    int64_t waited_ns = facts->connected ? now_ns - facts->ready_ns : now_ns;
    if (waited_ns < 5 * MINUTE) {
        say_impatient(analysis, place_of_session(PARTY_CLIENT),
                      &(struct waited_for){.what = "the server's greeting",
                                           .waited_ns = waited_ns,
                                           .due_ns = 5 * MINUTE,
                                           .came = analysis->now->close.progress.greeted});
    }
}

static void judge_wait(struct analysis *analysis, const struct end_state *end) {
    const struct event_due *due = &end->progress.due;
    int64_t waited_ns = end->at_ns - due->since_ns;
    int64_t due_ns = patience_of(due);
    const struct facts *facts = &analysis->facts;
    bool unsaid = facts->text_cut_in_chunk && due->exchange == facts->text_exchange;
    if (due->count > 0 && !unsaid && waited_ns < due_ns && !end->progress.saw_421) {
        const struct event_due *at_close = &analysis->now->close.progress.due;
        bool came = at_close->count == 0 || at_close->exchange > due->exchange;
        say_impatient(
            analysis, (struct place){PARTY_CLIENT, due->exchange, due->message},
            &(struct waited_for){
                .what = name_of(due), .waited_ns = waited_ns, .due_ns = due_ns, .came = came});
    }
}

static const char *how_it_left(const struct facts *facts) {
    if (facts->half_line) {
        return facts->half_line_quit ? "after a QUIT with no line end, which the server does not "
                                       "read as a command"
                                     : "within a command line, before its line end, and without "
                                       "QUIT";
    }
    bool bare = facts->hello_last && facts->auth_offer[0] == '\0' && !facts->client_tls &&
                !facts->server_offers_starttls;
    return bare ? "without QUIT, right after an EHLO reply that offers neither STARTTLS nor AUTH, "
                  "one of which it may want"
                : "without QUIT";
}

// After the 220 to STARTTLS a QUIT in the clear would be wrong (RFC 3207 4).
static void say_no_quit(struct analysis *analysis) {
    const struct facts *facts = &analysis->facts;
    if (facts->tls_due && !facts->half_line) {
        analysis_say(analysis, RULE_NO_QUIT, place_of_session(PARTY_CLIENT),
                     "The client closed the connection after the 220 to STARTTLS, without TLS and "
                     "without QUIT; it must begin TLS there, and should say QUIT inside it");
        return;
    }
    analysis_say(analysis, RULE_NO_QUIT, place_of_session(PARTY_CLIENT),
                 "The client closed the connection %s; it should say QUIT and wait for the 221",
                 how_it_left(facts));
}

static void judge_quit(struct analysis *analysis, const struct end_state *end) {
    const struct facts *facts = &analysis->facts;
    // QUIT would be taken for a response.
    bool challenged = facts_challenge(facts, end->progress.challenge) != CHALLENGE_NONE;
    bool owes_nothing =
        end->progress.due.count == 0 && !end->progress.in_text && !end->held && !challenged;
    // A 421 after the client's end (exim says one to a client that leaves) is its answer, not its
    // cause.
    bool asked_to_go = (facts->client_left ? &facts->left : end)->progress.saw_421;
    if (facts->quit_sent && !end->progress.quit_answered) {
        analysis_say(analysis, RULE_QUIT_WITHOUT_WAIT,
                     place_of_exchange(PARTY_CLIENT, facts->quit_exchange),
                     "The client closed the connection right after QUIT; it should wait for the "
                     "221");
    } else if (owes_nothing && !facts->quit_sent && !asked_to_go) {
        say_no_quit(analysis);
    }
}

static void say_closed_in_text(struct analysis *analysis) {
    const struct facts *facts = &analysis->facts;
    char chunk[96] = "";
    if (facts->text_by_bdat && facts->text_len < facts->chunk_len) {
        snprintf(chunk, sizeof(chunk),
                 " (BDAT declared %" PRIu64 " bytes, of which %" PRIu64 " came)", facts->chunk_len,
                 facts->text_len);
    }
    const char *false_end = stall_false_end(facts, facts->half_dot);
    analysis_say(analysis, RULE_CLOSED_IN_DATA,
                 (struct place){PARTY_CLIENT, facts->text_exchange, facts->text_message},
                 "The client closed the connection within a message, before its end%s%s%s; the "
                 "server must throw it away",
                 chunk, false_end == NULL ? "" : ": ", false_end == NULL ? "" : false_end);
}

static void judge_client_close(struct analysis *analysis, const struct event *event) {
    const struct facts *facts = &analysis->facts;
    // What came after its close the client did not wait for. One that closed its sending half
    // alone has read it.
    bool gone = facts->client_left && event->close.client_gone;
    struct end_state end =
        gone ? facts->left : facts_end_state(facts, &event->close.progress, event->at_ns);
    // After a 421, or a refusal of the message that is under way, there is no end to wait for.
    bool refused =
        facts->refused_text != EVENT_NO_MESSAGE && facts->refused_text == facts->text_message;
    if (end.progress.in_text && !end.progress.saw_421 && !refused) {
        say_closed_in_text(analysis);
    }
    if (end.held) { // by --fault: the client waited for what did not come
        return;
    }
    if (!end.progress.greeted) {
        judge_wait_for_greeting(analysis, end.at_ns);
    } else {
        judge_wait(analysis, &end);
    }
    judge_quit(analysis, &end);
}

// What the client was still waiting for, as the end of a sentence.
static void put_still_due(struct buf *out, const struct end_state *end) {
    const struct event_due *due = &end->progress.due;
    if (!end->progress.greeted) {
        buf_put(out, SLICE("; its greeting was due"));
    } else if (end->progress.in_text) {
        buf_put(out, SLICE("; a message was under way"));
    } else if (due->count > 0 && due->final) {
        buf_put(out, SLICE("; the answer to a message was due, so it is not known whether the "
                           "server has taken it"));
    } else if (due->count > 0) {
        struct slice name = verb_info(due->verb)->name;
        if (name.len == 0) {
            name = SLICE("a command");
        }
        buf_putf(out, "; the reply to %.*s was due", (int)name.len, (const char *)name.data);
    }
}

// What may be why, where no 421 says it.
static void put_reason(struct buf *out, const struct facts *facts, const struct event *event) {
    double idle_s = (double)(event->at_ns - facts->latest_ns) / (double)NS_PER_S;
    bool waits = event->close.progress.due.count > 0;
    if (facts->parting_code != 0) {
        buf_putf(out,
                 "; its reply %d, for which no command waited, says why, but the code for "
                 "that is 421",
                 facts->parting_code);
        return;
    }
    buf_put(out, SLICE(" and without a 421 that says why"));
    if (!waits && idle_s >= IDLE_S) {
        buf_putf(out, "; nothing had been sent for %.0f s, perhaps longer than it waits", idle_s);
    }
}

static void judge_server_close(struct analysis *analysis, const struct event *event) {
    const struct facts *facts = &analysis->facts;
    bool asked = facts->server_left ? facts->left_by_quit : facts->quit_sent;
    if (event->close.progress.saw_421 || asked) {
        return;
    }
    struct buf rest;
    buf_init(&rest, LIST_TEXT_MAX);
    struct end_state end = facts->server_left
                               ? facts->server_left_at
                               : facts_end_state(facts, &event->close.progress, event->at_ns);
    put_reason(&rest, facts, event);
    put_still_due(&rest, &end);
    buf_put(&rest, facts->quit_sent ? SLICE("; the client's QUIT came too late") : SLICE(""));
    analysis_say(analysis, RULE_SERVER_CLOSED, place_of_session(PARTY_SERVER),
                 "The server closed the connection without being asked to by QUIT%.*s",
                 (int)buf_len(&rest), (const char *)buf_slice(&rest).data);
    buf_cleanup(&rest);
}

// The client wants something that was not offered, and does not say what.
static void judge_leave_after_hello(struct analysis *analysis, const struct event_close *close) {
    const struct facts *facts = &analysis->facts;
    bool left = close->outcome == OUTCOME_COMPLETED || close->outcome == OUTCOME_CLIENT_CLOSED;
    if (left && facts->hello_last && !facts->tried && facts->auth_offer[0] != '\0') {
        analysis_say(analysis, RULE_LEFT_AFTER_EHLO, place_of_session(PARTY_CLIENT),
                     "The client left right after the EHLO reply, which offers AUTH %s, and tried "
                     "neither AUTH nor MAIL; if it was to send mail, it may want a mechanism or "
                     "extension that is not offered%s",
                     quote_of(analysis, slice_of_string(facts->auth_offer)).text,
                     facts->client_tls ? "" : ", or offered only inside TLS");
    }
}

// A session that never was SMTP, or failed in TLS or at the connect, is judged by that alone.
static bool is_judged(const struct analysis *analysis, enum outcome outcome) {
    const struct facts *facts = &analysis->facts;
    return !facts->connect_failed && !facts->tls_failed && !facts->out_of_step &&
           outcome != OUTCOME_CONNECT_FAILED && outcome != OUTCOME_TLS_CLIENT_FAILED &&
           outcome != OUTCOME_TLS_SERVER_FAILED && outcome != OUTCOME_PROTOCOL;
}

// ── what failed ─────────────────────────────────────────────────────────────────────────────────

static bool is_said(const struct analysis *analysis, enum rule rule) {
    return analysis_tally(analysis, rule)->count > 0;
}

// Whether a finding says already why the session ended so.
static bool cause_is_said(const struct analysis *analysis, enum outcome outcome) {
    if (outcome == OUTCOME_TLS_CLIENT_FAILED) {
        return is_said(analysis, RULE_TLS_CLIENT_DISTRUSTS);
    }
    bool refused = analysis->config.verify_strict && is_said(analysis, RULE_TLS_SERVER_CERTIFICATE);
    return outcome == OUTCOME_TLS_SERVER_FAILED && (refused || analysis->starttls_rejected);
}

static void judge_failure(struct analysis *analysis, const struct event_close *close) {
    bool failed = close->outcome == OUTCOME_CONNECT_FAILED ||
                  close->outcome == OUTCOME_TLS_CLIENT_FAILED ||
                  close->outcome == OUTCOME_TLS_SERVER_FAILED ||
                  close->outcome == OUTCOME_TIMEOUT || close->outcome == OUTCOME_PROTOCOL;
    if (!failed || cause_is_said(analysis, close->outcome)) {
        return;
    }
    // After a rule of --fault has changed what a peer saw, no peer is to blame for the end.
    bool put_in = analysis->facts.put_in.changed;
    bool of_client = close->outcome == OUTCOME_TLS_CLIENT_FAILED ||
                     (close->turned_away && close->outcome != OUTCOME_CONNECT_FAILED);
    struct slice error =
        close->error.len > 0 ? close->error : slice_of_string(outcome_name(close->outcome));
    analysis_say(analysis, RULE_SESSION_FAILED,
                 place_of_session(put_in      ? PARTY_PROXY
                                  : of_client ? PARTY_CLIENT
                                              : PARTY_SERVER),
                 "%.*s", (int)error.len, (const char *)error.data);
}

void closing_judge(struct analysis *analysis, const struct event *event) {
    if (event->kind != EVENT_CLOSE) {
        return;
    }
    judge_failure(analysis, &event->close);
    if (event->close.turned_away || !is_judged(analysis, event->close.outcome)) {
        return;
    }
    judge_leave_after_hello(analysis, &event->close);
    if (event->close.by == PARTY_CLIENT) {
        judge_client_close(analysis, event);
    } else if (event->close.by == PARTY_SERVER) {
        judge_server_close(analysis, event);
    }
}
