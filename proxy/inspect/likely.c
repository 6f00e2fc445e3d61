// SPDX-License-Identifier: MIT
#include "inspect/likely.h"

#include "base/limits.h"
#include "base/memory.h"
#include "base/sentence.h"
#include "base/text.h"
#include "event/reply_line.h"
#include "inspect/bonds.h"

#include <stdlib.h>

static bool is_near(enum bond_scope scope, struct place finding,
                    const struct likely_refusal *refusal) {
    switch (scope) {
    case SAME_EXCHANGE:
        return finding.exchange == refusal->place.exchange;
    case SAME_LOGIN:
        return finding.exchange >= refusal->login_exchange &&
               finding.exchange <= refusal->place.exchange;
    case SAME_MESSAGE:
        return finding.message == refusal->place.message;
    case SAME_SESSION:
        return true;
    }
    return false;
}

const struct likely_note *likely_note_of(const struct likely *likely, enum rule rule) {
    static const struct likely_note none = {.text = NULL};
    for (size_t i = 0; i < likely->note_count; i++) {
        if (likely->notes[i].rule == rule) {
            return &likely->notes[i];
        }
    }
    return &none;
}

static const char *explanation_of(const struct likely *likely) {
    const struct bond *bond;
    for (size_t i = 0; (bond = bond_at(i)) != NULL; i++) {
        const struct likely_note *note = likely_note_of(likely, bond->rule);
        if ((likely->refusal.bonds & UINT64_C(1) << i) != 0 && note->text != NULL &&
            is_near(bond->scope, note->place, &likely->refusal)) {
            return note->text;
        }
    }
    return NULL;
}

// ── gathering ───────────────────────────────────────────────────────────────────────────────────

// A part of a secret may be quoted by a finding, and the mask finds it by the line that it is of.
// Here that line is long gone, so nothing is quoted of a session in which credentials have passed.
static char *copy_for(const struct analysis *analysis, const char *text) {
    struct slice rest = slice_of_string(text);
    struct buf out;
    buf_init(&out, LIKELY_TEXT_MAX);
    while (rest.len > 0) {
        bool is_value = false;
        struct slice part = sentence_next(&is_value, &rest);
        if (is_value && analysis->facts.credentials_seen) {
            // What a sentence begins with is the line of a command.
            buf_append_some(&out, buf_len(&out) == 0 ? SLICE("The command") : SLICE("(not shown)"));
        } else if (is_value) {
            buf_put_byte(&out, SENTENCE_VALUE_BEGINS);
            buf_append_some(&out, part);
            buf_put_byte(&out, SENTENCE_VALUE_ENDS);
        } else {
            buf_append_some(&out, part);
        }
    }
    buf_put_byte(&out, 0);
    char *copy = mem_string((const char *)buf_slice(&out).data);
    buf_wipe(&out);
    return copy;
}

// Rules that say by themselves why a session failed.
static bool is_an_end(enum rule rule) {
    return rule == RULE_AUTH_UNANSWERED || rule == RULE_OUT_OF_STEP || rule == RULE_TEXT_STALLED ||
           rule == RULE_CLOSED_IN_DATA || rule == RULE_GAVE_UP_EARLY ||
           rule == RULE_TLS_CLIENT_DISTRUSTS || rule == RULE_TLS_SERVER_CERTIFICATE ||
           rule == RULE_SERVER_CLOSED || rule == RULE_REPLY_UNEXPECTED ||
           rule == RULE_COMMANDS_AFTER_421 || rule == RULE_TEXT_AS_COMMAND ||
           rule == RULE_REPLY_MALFORMED || rule == RULE_STARTTLS_INJECTION;
}

static bool is_of_preface(const struct analysis *analysis, enum rule rule, struct place place) {
    return rule == RULE_UNKNOWN_COMMAND && analysis->preface.said &&
           place.exchange == analysis->preface.first_exchange;
}

static bool is_kept(enum rule rule) {
    const struct bond *bond;
    for (size_t i = 0; (bond = bond_at(i)) != NULL; i++) {
        if (bond->rule == rule) {
            return true;
        }
    }
    return is_an_end(rule);
}

static void keep_note(struct likely *likely, const struct likely_note *note) {
    for (size_t i = 0; i < likely->note_count; i++) {
        if (likely->notes[i].rule == note->rule) {
            free(likely->notes[i].text);
            likely->notes[i] = *note;
            return;
        }
    }
    size_t count = likely->note_count + 1;
    likely->notes = mem_resize(likely->notes, count, sizeof(likely->notes[0]));
    likely->notes[likely->note_count] = *note;
    likely->note_count = count;
}

void likely_take_finding(struct analysis *analysis, enum rule rule, struct place place,
                         const char *text) {
    if (is_kept(rule) || is_of_preface(analysis, rule, place)) {
        struct likely_note note = {rule, place, copy_for(analysis, text)};
        keep_note(&analysis->likely, &note);
    }
}

void likely_move_finding(struct analysis *analysis, enum rule rule, struct place place) {
    struct likely *likely = &analysis->likely;
    for (size_t i = 0; i < likely->note_count; i++) {
        if (likely->notes[i].rule == rule) {
            likely->notes[i].place = place;
        }
    }
}

static void forget_refusal(struct likely *likely) {
    free(likely->refusal.explanation);
    free(likely->refusal.enhanced);
    likely->refusal = (struct likely_refusal){0};
}

// MAIL within a transaction, as where a client goes on to its next message without RSET.
static bool is_nested_mail(const struct likely *likely, const struct refusal *refusal,
                           struct place place) {
    const struct likely_note *note = likely_note_of(likely, RULE_BAD_SEQUENCE);
    return refusal->stage == STAGE_MAIL && refusal->code == 503 && note->text != NULL &&
           note->place.exchange == place.exchange;
}

// Whether the new refusal says more than the one that is kept: what is said of a command after a
// refused one follows from that, but neither the message nor the next one is refused because of
// one recipient.
static bool replaces(const struct likely *likely, const struct refusal *refusal,
                     struct place place) {
    const struct likely_refusal *kept = &likely->refusal;
    bool message = refusal->stage == STAGE_MESSAGE || refusal->stage == STAGE_BDAT;
    return !kept->set || (kept->stage == STAGE_RCPT && ((message && refusal->code != 503) ||
                                                        is_nested_mail(likely, refusal, place)));
}

void likely_take_refusal(struct analysis *analysis, const struct refusal *refusal,
                         struct place place, const struct reply_words *words) {
    struct likely *likely = &analysis->likely;
    if (analysis_ignores(analysis, RULE_REJECTED) || !replaces(likely, refusal, place)) {
        return;
    }
    forget_refusal(likely);
    struct quote enhanced = quote_of(analysis, refusal->enhanced);
    likely->refusal = (struct likely_refusal){.set = true,
                                              .stage = refusal->stage,
                                              .code = refusal->code,
                                              .place = place,
                                              .login_exchange = analysis->facts.auth_exchange,
                                              .words = words,
                                              .bonds = bonds_of(refusal)};
    const char *explanation = explanation_of(likely);
    likely->refusal.explanation = explanation == NULL ? NULL : mem_string(explanation);
    likely->refusal.enhanced = refusal->enhanced.len > 0 ? mem_string(enhanced.text) : NULL;
}

static void make_good(struct likely *likely, int stages) {
    if (likely->refusal.set && (stages & 1 << likely->refusal.stage) != 0) {
        forget_refusal(likely);
    }
}

void likely_learn(struct analysis *analysis, const struct event *event) {
    const struct event_reply *reply = &event->reply;
    if (event->kind != EVENT_REPLY || !reply_code_is_positive(reply->code)) {
        return;
    }
    switch ((int)reply->verb) {
    case VERB_EHLO:
    case VERB_HELO:
    case VERB_LHLO:
        make_good(&analysis->likely, AT_GREETING | AT_HELLO);
        break;
    case VERB_AUTH:
        make_good(&analysis->likely, AT_AUTH);
        break;
    case VERB_MAIL:
        make_good(&analysis->likely, AT_HELLO | AT_MAIL);
        break;
    case VERB_RCPT:
        make_good(&analysis->likely, AT_STARTTLS | AT_AUTH | AT_XCLIENT);
        break;
    default:
        break;
    }
}

// ── the sentence ────────────────────────────────────────────────────────────────────────────────

static void put_text(struct buf *out, const char *text) {
    buf_append_some(out, slice_of_string(text));
}

// Within a sentence a first word of ours is no longer the first.
static void put_within(struct buf *out, const char *text) {
    static const char *const firsts[] = {"The ", "A ", "An ", "Line ", "To ", "No ", "What "};
    for (size_t i = 0; i < sizeof(firsts) / sizeof(firsts[0]); i++) {
        if (slice_starts_with(slice_of_string(text), slice_of_string(firsts[i]))) {
            buf_put_byte(out, (uint8_t)(text[0] - 'A' + 'a'));
            text++;
            break;
        }
    }
    put_text(out, text);
}

static const char *end_of(const struct event_close *close) {
    if (close->outcome == OUTCOME_SERVER_CLOSED) {
        return ", and the server closed the connection";
    }
    return close->outcome == OUTCOME_CLIENT_CLOSED ? ", and the client left" : "";
}

// "Message 2" where another one came before it.
static void put_refused(struct buf *out, const struct likely_refusal *refusal) {
    static const struct slice message = SLICE_INIT("The message");
    const char *name = refusal_name(refusal->stage);
    if (refusal->place.message > 1 && slice_starts_with(slice_of_string(name), message)) {
        buf_putf(out, "Message %d%s", refusal->place.message, name + message.len);
    } else {
        put_text(out, name);
    }
}

static void put_refusal(struct buf *out, const struct likely *likely,
                        const struct event_close *close) {
    const struct likely_refusal *refusal = &likely->refusal;
    const char *explanation =
        refusal->explanation != NULL ? refusal->explanation : explanation_of(likely);
    bool enhanced = refusal->enhanced != NULL;
    put_refused(out, refusal);
    buf_putf(out, " was refused with %d%s%s%s", refusal->code, enhanced ? " " : "",
             enhanced ? refusal->enhanced : "", end_of(close));
    if (explanation != NULL) {
        put_text(out, ", because ");
        put_within(out, explanation);
    } else if (refusal->words != NULL) {
        buf_putf(out, ": %s; %s", refusal->words->meaning, refusal->words->advice);
    }
}

// An error goes on from `Connection closed by …: `, this begins a sentence.
static void put_error(struct buf *out, const struct event_close *close) {
    struct slice error = close->error;
    if (error.len > 0 && text_is_alpha(error.data[0])) {
        buf_put_byte(out, error.data[0] & 0xDF);
        error = slice_from(error, 1);
    }
    buf_append_some(out, error);
}

// A session that failed before its dialogue, or within TLS. Under --verify mirror the client was
// shown what is wrong with the server's certificate, and that is the cause.
static void put_failure(struct buf *out, const struct analysis *analysis,
                        const struct event_close *close) {
    const struct likely *likely = &analysis->likely;
    const char *distrusts = likely_note_of(likely, RULE_TLS_CLIENT_DISTRUSTS)->text;
    const char *certificate = likely_note_of(likely, RULE_TLS_SERVER_CERTIFICATE)->text;
    bool refused = close->outcome == OUTCOME_TLS_CLIENT_FAILED && distrusts != NULL;
    if (refused && analysis->config.verify_mirror && certificate != NULL) {
        put_text(out, "The client refused the certificate that it was shown, which has the faults "
                      "of the server's own: ");
        put_within(out, certificate);
    } else if (refused) {
        put_text(out, distrusts);
    } else {
        put_error(out, close);
    }
}

// The fault of the client in the command or message after which the server closed.
static const char *fault_before_close(const struct analysis *analysis) {
    const struct facts *facts = &analysis->facts;
    static const enum rule faults[] = {
        RULE_TALKS_BEFORE_GREETING,
        RULE_PIPELINING_PAST_SYNC,
        RULE_PIPELINING_NOT_OFFERED,
        RULE_NUL_BYTE,
        RULE_BARE_LF,
        RULE_BARE_CR,
        RULE_COMMAND_TOO_LONG,
        RULE_TEXT_LINE_TOO_LONG,
        RULE_NO_EHLO_AFTER_STARTTLS,
    };
    const struct likely_note *injected = likely_note_of(&analysis->likely, RULE_STARTTLS_INJECTION);
    if (facts->tls_due && injected->text != NULL && injected->place.side == PARTY_CLIENT) {
        return injected->text;
    }
    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
        const struct likely_note *note = likely_note_of(&analysis->likely, faults[i]);
        if (note->text != NULL && note->place.exchange == facts->last.exchange) {
            return note->text;
        }
    }
    return NULL;
}

static void put_first(struct buf *out, const struct likely *likely, const enum rule *rules,
                      size_t count) {
    for (size_t i = 0; i < count; i++) {
        const char *text = likely_note_of(likely, rules[i])->text;
        if (text != NULL) {
            put_text(out, text);
            return;
        }
    }
}

// A client that left before a reply that no rule asks it to wait for, such as that to EHLO, or
// before one to a line that has no end.
static bool left_unanswered(const struct facts *facts, const struct event_close *close) {
    return close->outcome == OUTCOME_CLIENT_CLOSED && !facts->quit_sent &&
           (!close->progress.greeted || close->progress.due.count > 0 || facts->half_line_cr ||
            facts->tls_due);
}

static void put_unanswered(struct buf *out, const struct analysis *analysis,
                           const struct event_close *close) {
    const char *fault = fault_before_close(analysis);
    put_text(out, fault == NULL ? "" : "The server did not answer, perhaps because ");
    fault == NULL ? put_error(out, close) : put_within(out, fault);
}

// What went wrong within a session that nothing was refused in.
static void put_fault(struct buf *out, const struct analysis *analysis,
                      const struct event_close *close) {
    static const enum rule faults[] = {
        RULE_UNKNOWN_COMMAND, RULE_AUTH_UNANSWERED, RULE_OUT_OF_STEP,    RULE_CLOSED_IN_DATA,
        RULE_GAVE_UP_EARLY,   RULE_TEXT_AS_COMMAND, RULE_REPLY_MALFORMED};
    const struct likely *likely = &analysis->likely;
    const char *unexpected = likely_note_of(likely, RULE_REPLY_UNEXPECTED)->text;
    const char *cut_short = likely_note_of(likely, RULE_SMUGGLING)->text;
    // A client that took one reply for another has not lost its patience.
    if (unexpected != NULL && likely_note_of(likely, RULE_GAVE_UP_EARLY)->text != NULL) {
        put_text(out, unexpected);
    } else if (cut_short != NULL && analysis->facts.out_of_step) {
        put_text(out, "The message was cut short: ");
        put_within(out, cut_short);
    } else {
        put_first(out, likely, faults, sizeof(faults) / sizeof(faults[0]));
    }
    if (buf_len(out) == 0 && left_unanswered(&analysis->facts, close)) {
        put_unanswered(out, analysis, close);
    }
}

// The end of data as a client sent it that waited in vain for the answer; NULL for none.
static const char *false_end_of_text(const struct analysis *analysis) {
    const struct facts *facts = &analysis->facts;
    const struct likely_note *end = likely_note_of(&analysis->likely, RULE_SMUGGLING);
    bool cut = facts->text_cut && facts->text_message == end->place.message && !facts->out_of_step;
    return cut ? end->text : NULL;
}

static void put_end(struct buf *out, const struct analysis *analysis,
                    const struct event_close *close) {
    const struct likely *likely = &analysis->likely;
    const char *late = likely_note_of(likely, RULE_COMMANDS_AFTER_421)->text;
    const char *stalled = likely_note_of(likely, RULE_TEXT_STALLED)->text;
    const char *closed = likely_note_of(likely, RULE_SERVER_CLOSED)->text;
    const char *fault = fault_before_close(analysis);
    const char *false_end = false_end_of_text(analysis);
    if (false_end != NULL) {
        put_text(out, "The message never ended: ");
        put_within(out, false_end);
    } else if (stalled != NULL) {
        put_text(out, stalled);
    } else if (close->outcome == OUTCOME_SERVER_CLOSED && !close->progress.saw_421 &&
               (closed != NULL || fault != NULL)) {
        put_text(out,
                 fault == NULL ? closed : "The server closed the connection, perhaps because ");
        if (fault != NULL) {
            put_within(out, fault);
        }
    } else if (close->outcome == OUTCOME_SERVER_CLOSED && late != NULL) {
        put_text(out, late);
        put_text(out, "; the text of the 421 says why, and a client that goes on needs a new "
                      "connection");
    } else if (close->outcome == OUTCOME_SERVER_CLOSED && close->progress.saw_421) {
        put_error(out, close);
    } else {
        put_fault(out, analysis, close);
    }
}

static void put_timeout(struct buf *out, const struct analysis *analysis,
                        const struct event_close *close) {
    bool in_text = false_end_of_text(analysis) != NULL ||
                   likely_note_of(&analysis->likely, RULE_TEXT_STALLED)->text != NULL;
    if (in_text) {
        put_end(out, analysis, close);
    } else if (analysis->facts.half_line_cr) {
        put_unanswered(out, analysis, close);
    } else {
        put_failure(out, analysis, close);
    }
}

// Whether the session went wrong after a rule of --fault had acted, and nothing else explains it.
static bool is_put_in(const struct analysis *analysis, const struct event_close *close) {
    const struct put_in *put_in = &analysis->facts.put_in;
    bool wrong = put_in->refused || close->outcome != OUTCOME_COMPLETED;
    return put_in->rule != NULL && wrong && !analysis->likely.refusal.set;
}

static void put_put_in(struct buf *out, const struct analysis *analysis) {
    put_text(out, "The proxy put in what --fault '");
    sentence_put_value(out, slice_of_string(analysis->facts.put_in.rule));
    put_text(out, "' wants; no peer is to blame for that");
}

static void put_cause(struct buf *out, const struct analysis *analysis,
                      const struct event_close *close) {
    const struct likely *likely = &analysis->likely;
    if (is_put_in(analysis, close)) {
        put_put_in(out, analysis);
        return;
    }
    switch (close->outcome) {
    case OUTCOME_PROTOCOL:
    case OUTCOME_CONNECT_FAILED:
    case OUTCOME_TLS_CLIENT_FAILED:
        put_failure(out, analysis, close);
        break;
    case OUTCOME_TIMEOUT:
        put_timeout(out, analysis, close);
        break;
    case OUTCOME_TLS_SERVER_FAILED:
        likely->refusal.set ? put_refusal(out, likely, close) : put_failure(out, analysis, close);
        break;
    case OUTCOME_COMPLETED:
    case OUTCOME_PROXY_STOPPED:
    case OUTCOME_CLIENT_CLOSED:
    case OUTCOME_SERVER_CLOSED:
        likely->refusal.set ? put_refusal(out, likely, close) : put_end(out, analysis, close);
        break;
    }
}

void likely_conclude(struct analysis *analysis, const struct event_close *close) {
    struct buf out;
    buf_init(&out, LIKELY_TEXT_MAX);
    put_cause(&out, analysis, close);
    if (buf_len(&out) > 0) {
        buf_put_byte(&out, 0);
        analysis->likely.sentence = mem_string((const char *)buf_slice(&out).data);
    }
    buf_wipe(&out);
}

void likely_forget(struct analysis *analysis) {
    struct likely *likely = &analysis->likely;
    for (size_t i = 0; i < likely->note_count; i++) {
        free(likely->notes[i].text);
    }
    free(likely->notes);
    likely->notes = NULL;
    likely->note_count = 0;
    forget_refusal(likely);
}

void likely_free(struct analysis *analysis) {
    likely_forget(analysis);
    free(analysis->likely.sentence);
    analysis->likely.sentence = NULL;
}
