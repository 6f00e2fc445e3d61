// SPDX-License-Identifier: MIT
#include "embedded/embedded_state.h"

static void answer_ehlo(struct embedded *embedded, const struct command *command, struct buf *out) {
    const struct embedded_traits *traits = embedded->config.traits;
    if (traits != NULL && traits->refuses_ehlo) {
        embedded_reply(embedded, out, "502 5.5.1 Command not implemented");
        return;
    }
    if (command->argument.len == 0) {
        embedded_reply(embedded, out, "501 5.5.4 EHLO needs a name or an address literal");
        return;
    }
    embedded_forget_mail(embedded);
    embedded->hello = HELLO_EHLO;
    embedded_begin_offer(embedded, out);
}

static void answer_helo(struct embedded *embedded, const struct command *command, struct buf *out) {
    if (command->argument.len == 0) {
        embedded_reply(embedded, out, "501 5.5.4 HELO needs a name");
        return;
    }
    embedded_forget_mail(embedded);
    embedded->hello = HELLO_HELO;
    buf_putf(out, "250 %s\r\n", embedded->config.name);
}

static void answer_starttls(struct embedded *embedded, const struct command *command,
                            struct buf *out) {
    const struct embedded_traits *traits = embedded->config.traits;
    if (command->argument.len > 0) {
        embedded_reply(embedded, out, "501 5.5.4 STARTTLS takes no argument");
    } else if (embedded->tls) {
        embedded_reply(embedded, out, "503 5.5.1 TLS is up already");
    } else if (!embedded->config.offer_starttls) {
        embedded_reply(embedded, out, "502 5.5.1 STARTTLS is not offered");
    } else if (embedded->hello == HELLO_NONE) {
        embedded_reply(embedded, out, "503 5.5.1 EHLO first");
    } else {
        embedded_expect(embedded, EXPECT_TLS);
        embedded_reply(embedded, out, "220 2.0.0 Ready to start TLS");
        buf_put(out, slice_of_string(traits == NULL ? NULL : traits->after_starttls));
    }
}

static void answer_quit(struct embedded *embedded, const struct command *command, struct buf *out) {
    if (command->argument.len > 0) {
        embedded_reply(embedded, out, "501 5.5.4 QUIT takes no argument");
        return;
    }
    embedded_expect(embedded, EXPECT_NOTHING);
    embedded_reply(embedded, out, "221 2.0.0 Bye");
}

static void answer_rset(struct embedded *embedded, const struct command *command, struct buf *out) {
    if (command->argument.len > 0) {
        embedded_reply(embedded, out, "501 5.5.4 RSET takes no argument");
        return;
    }
    embedded_forget_mail(embedded);
    embedded_reply(embedded, out, "250 2.0.0 Ok");
}

static void answer_vrfy(struct embedded *embedded, const struct command *command, struct buf *out) {
    embedded_reply(embedded, out,
                   command->argument.len > 0
                       ? "252 2.1.5 Not verified, but mail to it would be taken"
                       : "501 5.5.4 VRFY needs a name");
}

// Where it depends on nothing.
static const char *fixed_answer(enum verb verb) {
    switch ((unsigned)verb) {
    case VERB_NOOP:
        return "250 2.0.0 Ok";
    case VERB_HELP:
        return "214 2.0.0 Commands are those of RFC 5321, 3030, 3207 and 4954";
    case VERB_NONE:
    case VERB_UNKNOWN:
    case VERB_LHLO: // LMTP's, and this is not it (RFC 2033 4.1)
        return "500 5.5.1 Command not known";
    }
    return "502 5.5.1 Command not implemented";
}

void embedded_answer(struct embedded *embedded, struct slice line, struct buf *out) {
    static void (*const answers[VERB_COUNT])(struct embedded *, const struct command *,
                                             struct buf *) = {
        [VERB_EHLO] = answer_ehlo,   [VERB_HELO] = answer_helo,   [VERB_STARTTLS] = answer_starttls,
        [VERB_AUTH] = embedded_auth, [VERB_MAIL] = embedded_mail, [VERB_RCPT] = embedded_rcpt,
        [VERB_DATA] = embedded_data, [VERB_BDAT] = embedded_bdat, [VERB_RSET] = answer_rset,
        [VERB_QUIT] = answer_quit,   [VERB_VRFY] = answer_vrfy,
    };
    struct command command;
    command_parse(&command, line);
    if (command.name.data != line.data) { // blanks before the verb
        command.verb = VERB_UNKNOWN;
    }
    if (embedded->refused && command.verb != VERB_QUIT) {
        embedded_reply(embedded, out, "503 5.5.1 No service here, as the greeting said");
    } else if (answers[command.verb] != NULL) {
        answers[command.verb](embedded, &command, out);
    } else {
        embedded_reply(embedded, out, fixed_answer(command.verb));
    }
}
