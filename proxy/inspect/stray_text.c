// SPDX-License-Identifier: MIT
#include "inspect/stray_text.h"

#include "base/text.h"

void stray_expect(struct stray_text *stray, enum stray_cause cause, int exchange) {
    stray->cause = cause;
    stray->exchange = exchange;
    stray->running = false;
}

void stray_forget(struct stray_text *stray) {
    stray_expect(stray, STRAY_NONE, EVENT_NO_EXCHANGE);
}

// A word that could be the verb of some extension: all in capitals.
static bool looks_like_verb(struct slice name) {
    bool verb = name.len >= 2;
    for (size_t i = 0; verb && i < name.len; i++) {
        verb = text_upper(name.data[i]) == name.data[i] &&
               (text_is_alnum(name.data[i]) || name.data[i] == '-');
    }
    return verb;
}

// Within text only what is a command beyond doubt ends it.
static bool is_true_command(const struct event_command *event) {
    enum verb verb = event->command.verb;
    if (verb == VERB_MAIL || verb == VERB_RCPT) {
        return event->command.path.keyword;
    }
    if (verb == VERB_EHLO || verb == VERB_HELO) {
        struct slice name = event->command.name;
        bool capitals = slice_is(name, "EHLO") || slice_is(name, "HELO");
        return capitals && slice_find_byte(event->command.argument, ' ') == SLICE_NONE;
    }
    return (verb == VERB_RSET || verb == VERB_QUIT || verb == VERB_DATA || verb == VERB_STARTTLS) &&
           slice_is_null(event->command.argument);
}

// `Subject: hello`: a name used in headers, and a colon right after it.
static bool is_header_field(struct slice line) {
    static const char *const names[] = {
        "From",
        "To",
        "Cc",
        "Bcc",
        "Subject",
        "Date",
        "Received",
        "Return-Path",
        "Sender",
        "Reply-To",
        "Message-ID",
        "MIME-Version",
        "X-Mailer",
        "References",
        "X-PHP-Originating-Script",
        "Content-Type",
        "DKIM-Signature",
    };
    size_t colon = slice_find_byte(line, ':');
    struct slice name = slice_sub(line, 0, colon);
    for (size_t i = 0; colon != SLICE_NONE && i < sizeof(names) / sizeof(names[0]); i++) {
        if (slice_is_nocase(name, names[i])) {
            return true;
        }
    }
    return false;
}

enum stray_cause stray_cause_of(const struct stray_text *stray,
                                const struct event_command *command) {
    if (command->continuation || command->concealed) {
        return STRAY_NONE;
    }
    if (stray->running) {
        return is_true_command(command) ? STRAY_NONE : stray->cause;
    }
    bool unknown = command->command.verb == VERB_UNKNOWN || command->command.verb == VERB_NONE;
    if (!unknown || looks_like_verb(command->command.name)) {
        return STRAY_NONE;
    }
    if (stray->cause == STRAY_REFUSED || (stray->cause != STRAY_NONE && command->pipelined)) {
        return stray->cause;
    }
    return is_header_field(command->line.text) ? STRAY_HEADER : STRAY_NONE;
}

bool stray_was_line(const struct stray_text *stray, int exchange) {
    return exchange > 0 && exchange >= stray->first_line && exchange <= stray->last_line;
}

static void note_line(struct stray_text *stray, int exchange) {
    bool goes_on = stray->first_line > 0 && exchange == stray->last_line + 1;
    stray->first_line = goes_on ? stray->first_line : exchange;
    stray->last_line = exchange;
}

void stray_learn(struct stray_text *stray, const struct event_command *command) {
    enum stray_cause cause = stray_cause_of(stray, command);
    if (cause == STRAY_NONE) {
        bool known = command->command.verb != VERB_UNKNOWN || command->continuation;
        stray->running = false;
        if (known) {
            stray_forget(stray);
        }
        return;
    }
    note_line(stray, command->exchange);
    if (slice_is(command->line.text, ".")) {
        stray_forget(stray);
    } else if (!stray->running) {
        stray_expect(stray, cause, cause == STRAY_HEADER ? command->exchange : stray->exchange);
        stray->running = true;
    }
}
