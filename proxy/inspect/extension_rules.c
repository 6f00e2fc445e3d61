// SPDX-License-Identifier: MIT
// Extensions that MAIL, RCPT, BDAT and BURL use: were they offered, are their parameters of the
// right form, and do the sizes agree (RFC 5321 2.2.1, RFC 1870)?
#include "inspect/esmtp_parameter.h"
#include "inspect/themes.h"

#include "base/limits.h"
#include "base/text.h"

#include <inttypes.h>

static bool offer_is_known(const struct event_command *command) {
    return command->offered != NULL;
}

// ── offered ─────────────────────────────────────────────────────────────────────────────────────

static bool parameter_is_offered(const struct event_command *command,
                                 const struct event_parameter *parameter) {
    const struct parameter_info *info = parameter_find(command->command.verb, parameter->keyword);
    return info == NULL ||
           capabilities_offer(command->offered, parameter_extension(info, parameter->value));
}

// One finding names all that were not offered.
static void judge_offered_parameters(struct analysis *analysis,
                                     const struct event_command *command) {
    struct buf list;
    buf_init(&list, LIST_TEXT_MAX);
    struct slice rest = command->command.parameters;
    struct event_parameter parameter;
    while (command_next_parameter(&parameter, &rest)) {
        if (!parameter_is_offered(command, &parameter)) {
            const struct parameter_info *info =
                parameter_find(command->command.verb, parameter.keyword);
            buf_putf(&list, "%s%s (%s)", buf_len(&list) > 0 ? ", " : "", info->keyword,
                     parameter_extension(info, parameter.value));
        }
    }
    if (buf_len(&list) > 0) {
        struct slice text = buf_slice(&list);
        analysis_say(analysis, RULE_EXTENSION_NOT_OFFERED, place_of_command(command),
                     "%s uses a parameter of an extension that the server's EHLO reply does not "
                     "offer: %.*s",
                     command->command.verb == VERB_MAIL ? "MAIL" : "RCPT", (int)text.len,
                     (const char *)text.data);
    }
    buf_cleanup(&list);
}

static void judge_offered_verb(struct analysis *analysis, const struct event_command *command) {
    const char *extension = command->command.verb == VERB_BDAT ? "CHUNKING" : "BURL";
    if (!capabilities_offer(command->offered, extension)) {
        analysis_say(analysis, RULE_EXTENSION_NOT_OFFERED, place_of_command(command),
                     "%s was used, but the server's EHLO reply does not offer %s",
                     command->command.verb == VERB_BDAT ? "BDAT" : "BURL", extension);
    }
}

// ── well formed ─────────────────────────────────────────────────────────────────────────────────

static bool came_before(const struct command *command, const struct event_parameter *parameter) {
    struct slice rest = command->parameters;
    struct event_parameter other;
    while (command_next_parameter(&other, &rest) && other.keyword.data != parameter->keyword.data) {
        if (slice_equal_nocase(other.keyword, parameter->keyword)) {
            return true;
        }
    }
    return false;
}

// Says the first fault of a command, since a rule fires once for an exchange.
static void judge_form(struct analysis *analysis, const struct event_command *command) {
    const char *verb = command->command.verb == VERB_MAIL ? "MAIL" : "RCPT";
    bool secret = command->line.secret_count > 0;
    struct slice rest = command->command.parameters;
    struct event_parameter parameter;
    while (command_next_parameter(&parameter, &rest)) {
        const struct parameter_info *info =
            parameter_find(command->command.verb, parameter.keyword);
        if (info == NULL) {
            continue;
        }
        if (came_before(&command->command, &parameter)) {
            analysis_say(analysis, RULE_PARAMETER_MALFORMED, place_of_command(command),
                         "%s has the parameter %s twice; it is allowed once", verb, info->keyword);
            return;
        }
        if (!info->well_formed(parameter.value)) {
            bool bare = slice_is_null(parameter.value);
            analysis_say(analysis, RULE_PARAMETER_MALFORMED, place_of_command(command),
                         "%s has %s%s%s; what is due there is %s", verb, info->keyword,
                         bare ? " with no value" : "=",
                         bare || secret ? "" : quote_of(analysis, parameter.value).text,
                         info->form);
            return;
        }
    }
}

static void judge_no_argument(struct analysis *analysis, const struct event_command *command) {
    const struct verb_info *info = verb_info(command->command.verb);
    if (info->sent_alone && slice_trim(command->command.argument).len > 0) {
        struct slice name = info->name;
        analysis_say(analysis, RULE_ARGUMENT_UNEXPECTED, place_of_command(command),
                     "'%s' has an argument; %.*s takes none, and strict servers refuse it with 501",
                     quote_of_command(analysis, command).text, (int)name.len,
                     (const char *)name.data);
    }
}

// ── sizes ───────────────────────────────────────────────────────────────────────────────────────

static void judge_declared_size(struct analysis *analysis, const struct event_command *command) {
    const struct capability *offer = capabilities_find(command->offered, "SIZE");
    struct event_parameter size;
    uint64_t limit = 0;
    uint64_t declared = 0;
    if (offer == NULL || !command_parameter(&size, &command->command, "SIZE") ||
        !text_parse_u64(&limit, slice_trim(offer->parameters), UINT64_MAX) || limit == 0 ||
        !text_parse_u64(&declared, size.value, UINT64_MAX) || declared <= limit) {
        return;
    }
    analysis_say(analysis, RULE_SIZE_OVER_LIMIT, place_of_command(command),
                 "MAIL declares a message of %" PRIu64
                 " bytes, but the server takes at most %" PRIu64,
                 declared, limit);
}

static void judge_real_size(struct analysis *analysis, const struct event_content_end *end) {
    const struct transaction *transaction = &analysis->facts.transaction;
    struct place place = {PARTY_CLIENT, end->exchange, end->message};
    if (!end->complete) {
        return;
    }
    if (transaction->size_limit > 0 && end->bytes > transaction->size_limit &&
        !transaction->size_said) {
        analysis_say(analysis, RULE_SIZE_OVER_LIMIT, place,
                     "The message has %" PRIu64 " bytes, but the server takes at most %" PRIu64,
                     end->bytes, transaction->size_limit);
    }
    if (transaction->has_size && transaction->size < end->bytes) {
        analysis_say(analysis, RULE_SIZE_DECLARED_WRONG, place,
                     "MAIL declared %" PRIu64 " bytes, but the message has %" PRIu64
                     "; count it with CR LF at the end of each line and without the doubled dots",
                     transaction->size, end->bytes);
    }
}

void extension_judge(struct analysis *analysis, const struct event *event) {
    if (event->kind == EVENT_CONTENT_END) {
        judge_real_size(analysis, &event->content_end);
        return;
    }
    if (event->kind != EVENT_COMMAND || event->command.continuation) {
        return;
    }
    const struct event_command *command = &event->command;
    enum verb verb = command->command.verb;
    bool path = verb == VERB_MAIL || verb == VERB_RCPT;
    if (path && offer_is_known(command)) {
        judge_offered_parameters(analysis, command);
    } else if ((verb == VERB_BDAT || verb == VERB_BURL) && offer_is_known(command)) {
        judge_offered_verb(analysis, command);
    }
    if (path) {
        judge_form(analysis, command);
    }
    if (verb == VERB_MAIL) {
        judge_declared_size(analysis, command);
    }
    judge_no_argument(analysis, command);
}
