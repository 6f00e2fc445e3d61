// SPDX-License-Identifier: MIT
// Which command may come when (RFC 5321 4.1.4), by what the client knew: a command whose reply is
// still out counts as accepted.
#include "base/text.h"
#include "inspect/themes.h"

#include <inttypes.h>

// ── unknown commands ────────────────────────────────────────────────────────────────────────────

// RFC 5321's own, and those that other rules judge by what was offered, or by the reply (LHLO).
static bool verb_is_judged_elsewhere(enum verb verb) {
    return verb == VERB_LHLO || verb == VERB_AUTH || verb == VERB_BDAT || verb == VERB_BURL ||
           slice_is_null(verb_info(verb)->extension);
}

static bool is_offered(const struct capabilities *offered, struct slice keyword) {
    for (size_t i = 0; offered != NULL && i < offered->count; i++) {
        if (slice_equal_nocase(offered->items[i].keyword, keyword)) {
            return true;
        }
    }
    return false;
}

// A name with such a byte is another rule's: RULE_NUL_BYTE, RULE_BARE_CR or RULE_COMMAND_8BIT,
// which knows Telnet's.
static bool has_odd_byte(const struct facts *facts, struct slice name) {
    return slice_find_byte(name, '\0') != SLICE_NONE || slice_find_byte(name, '\r') != SLICE_NONE ||
           (!text_is_ascii(name) && !facts->transaction.smtputf8);
}

static void judge_unknown(struct analysis *analysis, const struct event_command *command) {
    struct slice name = command->command.name;
    bool named_by_server = name.len > 0 && is_offered(command->offered, name);
    if (named_by_server || facts_is_telnet(command) || has_odd_byte(&analysis->facts, name)) {
        return;
    }
    bool empty = slice_trim(command->line.text).len == 0;
    analysis_say(analysis, RULE_UNKNOWN_COMMAND, place_of_command(command),
                 empty ? "The client sent an empty line%s where a command was due"
                       : "%s is no command that SMTP knows or that the server offered",
                 empty ? "" : quote_of(analysis, name).text);
}

static void judge_verb(struct analysis *analysis, const struct event_command *command) {
    enum verb verb = command->command.verb;
    if (verb == VERB_UNKNOWN || verb == VERB_NONE) {
        judge_unknown(analysis, command);
        return;
    }
    if (verb_is_judged_elsewhere(verb) || command->offered == NULL ||
        is_offered(command->offered, verb_info(verb)->extension)) {
        return;
    }
    if (verb == VERB_STARTTLS && analysis->starttls_overwritten) {
        return; // RULE_MIDDLEBOX says where it is
    }
    bool hidden = verb == VERB_STARTTLS && analysis->facts.server_offers_starttls;
    analysis_say(analysis, RULE_UNKNOWN_COMMAND, place_of_command(command),
                 hidden ? "%s was sent, but the proxy has taken it out of the server's EHLO reply, "
                          "as --client-tls none or a rule of --fault asks"
                        : "%s is a command of an extension that the server's EHLO reply does not "
                          "offer",
                 quote_of(analysis, command->command.name).text);
}

// ── the sequence ────────────────────────────────────────────────────────────────────────────────

static bool hello_said(const struct facts *facts) {
    return facts->hello_accepted || facts->hello_forgiven ||
           facts->hello_exchange != EVENT_NO_EXCHANGE;
}

static void judge_mail(struct analysis *analysis, const struct event_command *command) {
    const struct facts *facts = &analysis->facts;
    enum transaction_state state = facts->transaction.state;
    if (!hello_said(facts)) {
        analysis_say(analysis, RULE_BAD_SEQUENCE, place_of_command(command),
                     "MAIL came before an EHLO or HELO that the server accepted; greet the server "
                     "first");
    } else if (state == TRANSACTION_ASKED || state == TRANSACTION_OPEN) {
        analysis_say(analysis, RULE_BAD_SEQUENCE, place_of_command(command),
                     "MAIL came inside the transaction that an earlier MAIL began; finish that "
                     "message or send RSET first");
    }
}

static const char *undone(const struct analysis *analysis) {
    switch ((int)analysis->facts.ended_by) {
    case VERB_NONE:
        return "";
    case VERB_RSET:
        return ", since RSET had undone the MAIL that was there";
    case VERB_EHLO:
        return ", since EHLO had undone the MAIL that was there";
    case VERB_HELO:
        return ", since HELO had undone the MAIL that was there";
    case VERB_LHLO:
        return ", since LHLO had undone the MAIL that was there";
    case VERB_STARTTLS:
        return ", since TLS had undone the MAIL that was there";
    default:
        return ", since the end of the message had ended the transaction that was there";
    }
}

static void judge_rcpt(struct analysis *analysis, const struct event_command *command) {
    if (analysis->facts.transaction.state == TRANSACTION_NONE) {
        analysis_say(analysis, RULE_BAD_SEQUENCE, place_of_command(command),
                     "RCPT came with no accepted MAIL before it%s; a recipient needs a transaction "
                     "that MAIL began",
                     undone(analysis));
    }
}

static void judge_text_command(struct analysis *analysis, const struct event_command *command) {
    const struct transaction *transaction = &analysis->facts.transaction;
    const char *name = command->command.verb == VERB_DATA ? "DATA" : "BDAT";
    bool recipient = transaction->recipients_asked + transaction->recipients_accepted > 0;
    if (command->command.verb == VERB_DATA && transaction->bdat) {
        analysis_say(analysis, RULE_BAD_SEQUENCE, place_of_command(command),
                     "DATA came after BDAT in the same transaction; a message is sent by one or "
                     "the other");
    } else if (transaction->state == TRANSACTION_NONE) {
        analysis_say(analysis, RULE_BAD_SEQUENCE, place_of_command(command),
                     "%s came with no accepted MAIL and RCPT before it%s", name, undone(analysis));
    } else if (!recipient && transaction->state != TRANSACTION_UNCLEAR) {
        analysis_say(analysis, RULE_BAD_SEQUENCE, place_of_command(command),
                     "%s came though the server has accepted no recipient; at least one RCPT must "
                     "be answered 250 first",
                     name);
    }
}

static void judge_sequence(struct analysis *analysis, const struct event_command *command) {
    enum verb verb = command->command.verb;
    if (!facts_heard(analysis->facts.refusal_ordinal, command)) {
        return; // An earlier command of its group was refused after it was sent.
    }
    if (verb == VERB_MAIL) {
        judge_mail(analysis, command);
    } else if (verb == VERB_RCPT) {
        judge_rcpt(analysis, command);
    } else if (verb == VERB_DATA || verb == VERB_BDAT) {
        judge_text_command(analysis, command);
    }
}

// ── after a no ──────────────────────────────────────────────────────────────────────────────────

static void judge_after_421(struct analysis *analysis, const struct event_command *command) {
    if (command->after_421 && command->command.verb != VERB_QUIT) {
        analysis_say(analysis, RULE_COMMANDS_AFTER_421, place_of_command(command),
                     "%s was sent after a 421 had said that the connection closes; only QUIT makes "
                     "sense then",
                     quote_of_command(analysis, command).text);
    }
}

static void say_refused_text(struct analysis *analysis, int exchange) {
    analysis_say(analysis, RULE_DATA_AFTER_REFUSAL, place_of_exchange(PARTY_CLIENT, exchange),
                 "The client sent the text of a message though DATA was not answered 354; the "
                 "server reads each of its lines as a command");
}

static void say_behind_dot(struct analysis *analysis, const struct event_command *command) {
    bool in_one_piece = analysis->facts.early_text != EVENT_NO_MESSAGE &&
                        analysis->facts.early_text == analysis->facts.text_message;
    analysis_say(analysis, RULE_TEXT_AS_COMMAND, place_of_command(command),
                 in_one_piece
                     ? "'%s' came where a command was due, in one piece with the commands and the "
                       "text of the message before it, as where a line break in an address injects "
                       "them; put nothing into MAIL and RCPT that may have one"
                     : "'%s' came where a command was due, together with the end of the message; "
                       "where it is more of the text, a line with a single dot has ended the "
                       "message, and the client must double the dot that begins a line",
                 quote_of_command(analysis, command).text);
}

static void say_stray_text(struct analysis *analysis, enum stray_cause cause,
                           const struct event_command *command) {
    switch (cause) {
    case STRAY_REFUSED:
        say_refused_text(analysis, analysis->facts.stray.exchange);
        break;
    case STRAY_DOT:
        say_behind_dot(analysis, command);
        message_is_cut(analysis);
        break;
    case STRAY_CHUNK:
        analysis_say(analysis, RULE_TEXT_AS_COMMAND, place_of_command(command),
                     "BDAT declared %" PRIu64 " bytes, but more came, and the rest, '%s', is read "
                     "as a command; count each line end as the two bytes CR LF",
                     analysis->facts.chunk_len, quote_of_command(analysis, command).text);
        message_is_cut(analysis);
        break;
    case STRAY_HEADER:
        analysis_say(analysis, RULE_TEXT_AS_COMMAND, place_of_command(command),
                     "'%s' is of the header of a message, but came where a command was due; the "
                     "client must send DATA and wait for the 354 before the message",
                     quote_of_command(analysis, command).text);
        break;
    case STRAY_NONE:
        break;
    }
}

static void judge_command(struct analysis *analysis, const struct event_command *command) {
    enum stray_cause cause = stray_cause_of(&analysis->facts.stray, command);
    if (cause != STRAY_NONE) {
        if (!analysis->facts.stray.running) {
            say_stray_text(analysis, cause, command);
        }
        return;
    }
    judge_after_421(analysis, command);
    if (command->continuation || command->concealed || command->after_421) {
        return; // After a 421 no command is in order.
    }
    judge_verb(analysis, command);
    judge_sequence(analysis, command);
}

// So much text came before the refusal that the decoder took it for a message.
static void judge_data_reply(struct analysis *analysis, const struct event_reply *reply) {
    if (reply->verb == VERB_DATA && !reply->final && !reply->incomplete && reply->code != 354 &&
        reply->to == analysis->facts.content_exchange) {
        say_refused_text(analysis, reply->to);
    }
}

void order_judge(struct analysis *analysis, const struct event *event) {
    if (event->kind == EVENT_COMMAND) {
        judge_command(analysis, &event->command);
    } else if (event->kind == EVENT_REPLY) {
        judge_data_reply(analysis, &event->reply);
    }
}
