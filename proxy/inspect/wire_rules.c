// SPDX-License-Identifier: MIT
// The client's bytes and lines (RFC 5321 2.3.8, 4.5.3.1): what is wrong whatever they mean.
#include "base/limits.h"
#include "base/text.h"
#include "inspect/themes.h"

#include <inttypes.h>

// ── lines that are too long ─────────────────────────────────────────────────────────────────────

// How far an extension that the server offers stretches a command line.
static const struct {
    const char *keyword;
    enum verb verb;
    size_t bytes;
} stretches[] = {
    {"SIZE", VERB_MAIL, 26},     // RFC 1870 3
    {"8BITMIME", VERB_MAIL, 17}, // RFC 6152 2
    {"DSN", VERB_MAIL, 131},     // RFC 3461 4: RET, ENVID
    {"DSN", VERB_RCPT, 500},     // RFC 3461 4: NOTIFY, ORCPT
    {"AUTH", VERB_MAIL, 500},    // RFC 4954 3
    {"SMTPUTF8", VERB_MAIL, 10}, // RFC 6531 3.4
    {"SMTPUTF8", VERB_VRFY, 10},      {"SMTPUTF8", VERB_EXPN, 10},
    {"DELIVERBY", VERB_MAIL, 17},     // RFC 2852 3
    {"FUTURERELEASE", VERB_MAIL, 34}, // RFC 4865 3
    {"MT-PRIORITY", VERB_MAIL, 15},   // RFC 6710 3
    {"REQUIRETLS", VERB_MAIL, 11},    // RFC 8689 2
    {"RRVS", VERB_RCPT, 59},          // RFC 7293 5
    {"SUBMITTER", VERB_MAIL, 266},    // RFC 4405 4
};

static size_t command_limit(const struct event_command *command) {
    size_t limit = LIMIT_COMMAND_LINE;
    for (size_t i = 0; i < sizeof(stretches) / sizeof(stretches[0]); i++) {
        if (stretches[i].verb == command->command.verb &&
            capabilities_offer(command->offered, stretches[i].keyword)) {
            limit += stretches[i].bytes;
        }
    }
    return limit;
}

static size_t ending_len(enum line_ending ending) {
    switch (ending) {
    case ENDING_NONE:
        return 0;
    case ENDING_CRLF:
        return 2;
    case ENDING_LF:
        return 1;
    }
    return 0;
}

// RFC 4954 4 lets no command line grow for an initial response, but every OAuth client has one of a
// thousand bytes and no server minds.
static void say_long_auth(struct analysis *analysis, const struct event_command *command,
                          size_t len, size_t limit) {
    static const char text[] =
        "The AUTH command is %zu bytes long with its line end, where RFC 4954 allows %zu; servers "
        "take that, but a strict client leaves the initial response out and sends it after the 334";
    bool initial = !slice_is_null(command->command.initial) || command->line.secret_count > 0;
    if (initial && len <= LIMIT_SASL_LINE) {
        analysis_say_mild(analysis, RULE_COMMAND_TOO_LONG, place_of_command(command), text, len,
                          limit);
        return;
    }
    analysis_say(analysis, RULE_COMMAND_TOO_LONG, place_of_command(command),
                 "The AUTH command is %zu bytes long with its line end, where %zu are allowed; "
                 "leave the initial response out and send it when the server answers 334",
                 len, limit);
}

static void judge_length(struct analysis *analysis, const struct event_command *command) {
    size_t len = command->line.len + ending_len(command->line.ending);
    if (len <= LIMIT_COMMAND_LINE) {
        return;
    }
    size_t limit = command_limit(command);
    if (len <= limit) {
        return;
    }
    if (command->line.ending == ENDING_NONE) {
        analysis_say(
            analysis, RULE_COMMAND_TOO_LONG, place_of_command(command),
            "This command is %zu bytes long and has no line end yet, where %zu are allowed "
            "with it",
            len, limit);
        return;
    }
    if (command->command.verb == VERB_AUTH) {
        say_long_auth(analysis, command, len, limit);
        return;
    }
    analysis_say(analysis, RULE_COMMAND_TOO_LONG, place_of_command(command),
                 "This command is %zu bytes long with its line end, where %zu are allowed", len,
                 limit);
}

// ── bytes that do not belong ────────────────────────────────────────────────────────────────────

static void say_bare_cr(struct analysis *analysis, const struct event_command *command) {
    bool taken = command->begun || analysis->facts.out_of_step;
    analysis_say(analysis, RULE_BARE_CR, place_of_command(command),
                 !facts_ends_in_cr(&command->line)
                     ? "%s has a CR with no LF after it; CR may only come before LF, at the end "
                       "of a line"
                 : taken ? "%s ends in a CR with no LF after it, which the server takes for the "
                           "end of a line; a line ends in CR LF"
                         : "%s ends in a CR with no LF after it, so the server still waits for "
                           "its end; a line ends in CR LF",
                 quote_of_command(analysis, command).text);
}

static void judge_ending(struct analysis *analysis, const struct event_command *command) {
    struct place place = place_of_command(command);
    if (command->line.ending == ENDING_LF) {
        analysis_say(analysis, RULE_BARE_LF, place,
                     "%s ends in a bare LF; a line ends in CR LF, and strict servers refuse or "
                     "ignore anything else",
                     quote_of_command(analysis, command).text);
    }
    if (command->line.has_bare_cr) {
        say_bare_cr(analysis, command);
    }
    if (command->line.has_nul) {
        analysis_say(analysis, RULE_NUL_BYTE, place,
                     "%s has a NUL byte in it; no command may hold one",
                     quote_of_command(analysis, command).text);
    }
}

// VRFY and EXPN say by a parameter of their own that an address is UTF-8 (RFC 6531 3.7.4.2).
static bool is_utf8_query(const struct event_command *command) {
    enum verb verb = command->command.verb;
    return (verb == VERB_VRFY || verb == VERB_EXPN) &&
           slice_ends_with_nocase(command->command.argument, SLICE(" SMTPUTF8"));
}

// Only a line that is whole asks for a reply; one over the limit gets its own finding.
static void judge_begun(struct analysis *analysis, const struct event_command *command) {
    if (command->begun && !facts_ends_in_cr(&command->line) &&
        command->line.len <= command_limit(command)) {
        analysis_say(analysis, RULE_REPLY_UNEXPECTED,
                     place_of_exchange(PARTY_SERVER, command->exchange),
                     "The server answered '%s' though that line had no line end yet; a command "
                     "ends with CR LF",
                     quote_of_command(analysis, command).text);
    }
}

static const char *ascii_is_due(enum verb verb) {
    if (verb_is_hello(verb)) {
        return "a host name is plain ASCII there, and one of other letters is written as in "
               "xn--bcher-kva.example";
    }
    if (verb == VERB_VRFY || verb == VERB_EXPN) {
        return "without the parameter SMTPUTF8 at its end it must be plain ASCII";
    }
    return "outside a transaction that MAIL opened with the parameter SMTPUTF8 commands are plain "
           "ASCII";
}

static void judge_8bit(struct analysis *analysis, const struct event_command *command) {
    enum verb verb = command->command.verb;
    bool smtputf8 = analysis->facts.transaction.smtputf8 && !verb_is_hello(verb);
    if (verb == VERB_MAIL) {
        smtputf8 = command_has_parameter(&command->command, "SMTPUTF8");
    }
    if (!command->line.has_8bit || smtputf8 || is_utf8_query(command)) {
        return;
    }
    if (facts_is_telnet(command)) {
        analysis_say(analysis, RULE_COMMAND_8BIT, place_of_command(command),
                     "The line begins with a negotiation of Telnet (byte 255, IAC), which SMTP "
                     "does not have; use a program that sends nothing by itself, such as nc or "
                     "openssl s_client");
        return;
    }
    analysis_say(analysis, RULE_COMMAND_8BIT, place_of_command(command),
                 "%s has bytes over 127; %s", quote_of_command(analysis, command).text,
                 ascii_is_due(verb));
}

static void judge_trailing_space(struct analysis *analysis, const struct event_command *command) {
    struct slice text = command->line.text;
    bool cut = command->line.len > text.len;
    if (cut || command->concealed || text.len == 0 || command->line.ending == ENDING_NONE) {
        return;
    }
    uint8_t last = text.data[text.len - 1];
    if (text_is_blank(last) && slice_trim(text).len > 0) {
        analysis_say(
            analysis, RULE_TRAILING_SPACE, place_of_command(command),
            "The %s command has white space in front of its line end; there should be none",
            quote_of(analysis, command->command.name).text);
    }
}

static void judge_command(struct analysis *analysis, const struct event_command *command) {
    judge_ending(analysis, command);
    if (command->continuation) {
        return; // a SASL line is no command: its length is the mechanism's, its form auth_rules.c's
    }
    judge_length(analysis, command);
    judge_8bit(analysis, command);
    judge_trailing_space(analysis, command);
}

void wire_judge_half_line(struct analysis *analysis, const struct event_command *command) {
    judge_begun(analysis, command);
    judge_ending(analysis, command);
    if (!command->continuation) {
        judge_length(analysis, command);
    }
}

// ── the same within a message, as the decoder found it ──────────────────────────────────────────

static struct place place_of_flaw(const struct event_flaw *flaw) {
    return (struct place){party_of(flaw->side), flaw->exchange, flaw->message};
}

static void say_line(struct analysis *analysis, enum rule rule, const struct event_flaw *flaw,
                     const char *what) {
    if (!analysis_first_of_message(analysis, rule, flaw->message)) {
        return;
    }
    if (flaw->number == 0) {
        analysis_say(analysis, rule, place_of_flaw(flaw), "A line of the message %s", what);
        return;
    }
    analysis_say(analysis, rule, place_of_flaw(flaw), "Line %" PRIu64 " of the message %s",
                 flaw->number, what);
}

static void say_long_line(struct analysis *analysis, const struct event_flaw *flaw) {
    if (!analysis_first_of_message(analysis, RULE_TEXT_LINE_TOO_LONG, flaw->message)) {
        return;
    }
    analysis_say(analysis, RULE_TEXT_LINE_TOO_LONG, place_of_flaw(flaw),
                 "A line of the message is %" PRIu64
                 " bytes long with its line end, where 1000 are allowed; servers break or refuse "
                 "it, so encode the text (quoted-printable or base64)",
                 flaw->number);
}

static void say_injection(struct analysis *analysis, const struct event_flaw *flaw) {
    const char *who = flaw->side == SIDE_CLIENT ? "client" : "server";
    const char *where = flaw->side == SIDE_CLIENT ? "STARTTLS" : "the 220 to STARTTLS";
    analysis_say(analysis, RULE_STARTTLS_INJECTION, place_of_flaw(flaw),
                 "The %s sent plain bytes after %s and before the TLS handshake; who takes them "
                 "for bytes of the TLS session lets an attacker slip commands in",
                 who, where);
}

static void judge_flaw(struct analysis *analysis, const struct event_flaw *flaw) {
    if (flaw->kind == FLAW_BARE_LF) {
        say_line(analysis, RULE_BARE_LF, flaw,
                 "ends in a bare LF; a line ends in CR LF, and strict servers refuse anything "
                 "else");
    } else if (flaw->kind == FLAW_BARE_CR) {
        say_line(analysis, RULE_BARE_CR, flaw,
                 "has a CR with no LF after it; CR may only come before LF, at the end of a "
                 "line");
    } else if (flaw->kind == FLAW_NUL) {
        say_line(analysis, RULE_NUL_BYTE, flaw,
                 "has a NUL byte in it; only BINARYMIME, sent by BDAT, may carry one");
    } else if (flaw->kind == FLAW_DOT) {
        say_line(analysis, RULE_DOT_NOT_STUFFED, flaw,
                 "begins with a single dot and goes on; it should have been sent with two, since "
                 "the receiver takes one away");
    } else if (flaw->kind == FLAW_DOTS_DOUBLED) {
        say_line(analysis, RULE_DOTS_DOUBLED, flaw,
                 "begins with two dots, and none that begins with a dot has only one; in BDAT dots "
                 "are not doubled, so where the client did that (dot stuffing) the receiver keeps "
                 "both");
    } else if (flaw->kind == FLAW_LINE_LONG) {
        say_long_line(analysis, flaw);
    } else if (flaw->kind == FLAW_8BIT &&
               analysis_first_of_message(analysis, RULE_DATA_8BIT, flaw->message)) {
        analysis_say(analysis, RULE_DATA_8BIT, place_of_flaw(flaw),
                     "The message has bytes over 127, but MAIL did not say BODY=8BITMIME; declare "
                     "it, or encode the text as ASCII");
    } else if (flaw->kind == FLAW_INJECTION) {
        say_injection(analysis, flaw);
    }
}

void wire_judge(struct analysis *analysis, const struct event *event) {
    if (event->kind == EVENT_COMMAND) {
        judge_command(analysis, &event->command);
    } else if (event->kind == EVENT_FLAW) {
        judge_flaw(analysis, &event->flaw);
    }
}
