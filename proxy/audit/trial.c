// SPDX-License-Identifier: MIT
#include "audit/trial.h"

#include <signal.h>

// A line of the SASL dialogue, or an initial response: each may hold a credential. AUTH without
// one only names a mechanism.
static bool gives_credential(const struct record_exchange *exchange) {
    const struct record_command *command = exchange->command;
    if (command->continuation || exchange->continuation) {
        return !slice_is(slice_trim(command->line.text), "*"); // the client cancels
    }
    if (!slice_equal_nocase(command->verb, SLICE("AUTH"))) {
        return false;
    }
    struct slice rest = slice_trim(command->argument);
    (void)slice_split(&rest, ' ');
    return slice_trim(rest).len > 0;
}

static void look_at(struct audit_deeds *deeds, const struct record_exchange *exchange) {
    const struct record_command *command = exchange->command;
    deeds->credential = deeds->credential || gives_credential(exchange);
    deeds->mail = deeds->mail || slice_equal_nocase(command->verb, SLICE("MAIL"));
    bool asked = exchange->reply != NULL && exchange->reply->code == 354;
    bool text = exchange->bdat || (slice_equal_nocase(command->verb, SLICE("DATA")) && asked) ||
                slice_equal_nocase(command->verb, SLICE("BDAT"));
    deeds->message = deeds->message || text;
}

static void look_through(struct audit_deeds *deeds, const struct record *session,
                         enum audit_part part) {
    for (size_t i = 0; i < session->exchange_count; i++) {
        const struct record_exchange *exchange = &session->exchanges[i];
        bool here = exchange->tls == (part == AUDIT_IN_TLS);
        if (here && exchange->command != NULL && !exchange->command->by_proxy) {
            look_at(deeds, exchange);
        }
    }
}

struct audit_deeds audit_deeds_in(const struct audit_trial *trial, enum audit_part part) {
    struct audit_deeds deeds = {0};
    for (size_t i = 0; i < trial->session_count; i++) {
        look_through(&deeds, trial->sessions[i], part);
    }
    return deeds;
}

size_t audit_accepted(const struct audit_trial *trial) {
    size_t accepted = 0;
    for (size_t i = 0; i < trial->session_count; i++) {
        for (size_t j = 0; j < trial->sessions[i]->message_count; j++) {
            accepted += trial->sessions[i]->messages[j].event.accepted ? 1 : 0;
        }
    }
    return accepted;
}

static const struct record_message *first_accepted(const struct record *session) {
    size_t i = 0;
    while (i < session->message_count && !session->messages[i].event.accepted) {
        i++;
    }
    return i < session->message_count ? &session->messages[i] : NULL;
}

const struct record_message *audit_delivered(const struct audit_trial *trial) {
    const struct record_message *message = NULL;
    for (size_t i = 0; i < trial->session_count && message == NULL; i++) {
        message = first_accepted(trial->sessions[i]);
    }
    return message;
}

const struct event_tls *audit_client_tls(const struct audit_trial *trial) {
    for (size_t i = 0; i < trial->session_count; i++) {
        if (trial->sessions[i]->tls[SIDE_CLIENT] != NULL) {
            return trial->sessions[i]->tls[SIDE_CLIENT];
        }
    }
    return NULL;
}

// `run` gives a signal as the shell does; a command may exit with more, as Perl's `die` with 255.
enum { SIGNAL_STATUS = 128, SIGNAL_LAST = 64 };

int audit_signal(const struct audit_trial *trial) {
    int number = trial->timed_out ? 0 : trial->status - SIGNAL_STATUS;
    return number > 0 && number <= SIGNAL_LAST ? number : 0;
}

bool audit_crashed(const struct audit_trial *trial) {
    int number = audit_signal(trial);
    return number == SIGSEGV || number == SIGBUS || number == SIGABRT || number == SIGFPE ||
           number == SIGILL;
}

static const struct event_finding *first_finding(const struct record *session, const char *rule) {
    for (size_t i = 0; i < session->finding_count; i++) {
        if (slice_is(slice_of_string(session->findings[i].rule), rule)) {
            return &session->findings[i];
        }
    }
    return NULL;
}

const struct event_finding *audit_finding(const struct audit_trial *trial, const char *rule) {
    const struct event_finding *finding = NULL;
    for (size_t i = 0; i < trial->session_count && finding == NULL; i++) {
        finding = first_finding(trial->sessions[i], rule);
    }
    return finding;
}

static size_t count_commands(const struct record *session, const char *verb) {
    size_t count = 0;
    for (size_t i = 0; i < session->exchange_count; i++) {
        const struct record_command *command = session->exchanges[i].command;
        count += command != NULL && slice_is_nocase(command->verb, verb) ? 1 : 0;
    }
    return count;
}

size_t audit_command_count(const struct audit_trial *trial, const char *verb) {
    size_t count = 0;
    for (size_t i = 0; i < trial->session_count; i++) {
        count += count_commands(trial->sessions[i], verb);
    }
    return count;
}

static bool is_pipelined(const struct record_exchange *exchange) {
    return exchange->command != NULL && exchange->command->pipelined;
}

bool audit_pipelined(const struct audit_trial *trial) {
    bool pipelined = false;
    for (size_t i = 0; i < trial->session_count; i++) {
        for (size_t j = 0; j < trial->sessions[i]->exchange_count; j++) {
            pipelined = pipelined || is_pipelined(&trial->sessions[i]->exchanges[j]);
        }
    }
    return pipelined;
}
