// SPDX-License-Identifier: MIT
// MAIL and RCPT: every address is taken; what is refused is a wrong sequence, a line that is none,
// and a parameter that was not offered.
#include "embedded/embedded_state.h"

#include "base/limits.h"
#include "base/text.h"

// What a value must be for a parameter to be taken.
enum value_form { VALUE_ANY, VALUE_NONE, VALUE_SIZE, VALUE_BODY, VALUE_RET };

struct parameter_form {
    struct slice keyword;
    enum value_form form;
};

static const struct parameter_form mail_parameters[] = {
    {SLICE_INIT("SIZE"), VALUE_SIZE},                                      // RFC 1870
    {SLICE_INIT("BODY"), VALUE_BODY},                                      // RFC 6152
    {SLICE_INIT("SMTPUTF8"), VALUE_NONE},                                  // RFC 6531
    {SLICE_INIT("RET"), VALUE_RET},                                        // RFC 3461
    {SLICE_INIT("ENVID"), VALUE_ANY},     {SLICE_INIT("AUTH"), VALUE_ANY}, // RFC 4954 5
};

static const struct parameter_form rcpt_parameters[] = {
    {SLICE_INIT("NOTIFY"), VALUE_ANY}, // RFC 3461
    {SLICE_INIT("ORCPT"), VALUE_ANY},
};

static const char *check_size(struct slice value, uint64_t max) {
    uint64_t size = 0;
    if (!text_parse_u64(&size, value, UINT64_MAX)) {
        return "501 5.5.4 SIZE needs a number";
    }
    return size > max ? "552 5.3.4 Message too big" : NULL;
}

// Why the value cannot be taken, or NULL.
static const char *check_value(const struct embedded *embedded, enum value_form form,
                               struct slice value) {
    bool empty = value.len == 0;
    switch (form) {
    case VALUE_ANY:
        return empty ? "501 5.5.4 The parameter needs a value" : NULL;
    case VALUE_NONE:
        return slice_is_null(value) ? NULL : "501 5.5.4 The parameter takes no value";
    case VALUE_SIZE:
        return check_size(value, embedded_size_max(embedded));
    case VALUE_BODY:
        return slice_is_nocase(value, "7BIT") || slice_is_nocase(value, "8BITMIME")
                   ? NULL
                   : "501 5.5.4 BODY is 7BIT or 8BITMIME";
    case VALUE_RET:
        return slice_is_nocase(value, "FULL") || slice_is_nocase(value, "HDRS")
                   ? NULL
                   : "501 5.5.4 RET is FULL or HDRS";
    }
    return NULL;
}

static const char *check_parameter(const struct embedded *embedded,
                                   const struct event_parameter *parameter,
                                   const struct parameter_form *known, size_t known_count) {
    for (size_t i = 0; i < known_count; i++) {
        if (slice_equal_nocase(parameter->keyword, known[i].keyword)) {
            return check_value(embedded, known[i].form, parameter->value);
        }
    }
    return "555 5.5.4 Parameter not known";
}

static const char *check_parameters(const struct embedded *embedded, const struct command *command,
                                    const struct parameter_form *known, size_t known_count) {
    struct slice rest = command->parameters;
    struct event_parameter parameter;
    const char *no = NULL;
    while (no == NULL && command_next_parameter(&parameter, &rest)) {
        no = check_parameter(embedded, &parameter, known, known_count);
    }
    return no;
}

// Lenient where every server is: a space after the colon, no brackets.
static bool has_path(const struct command *command, struct slice keyword) {
    const struct event_path *path = &command->path;
    size_t end = (size_t)(path->raw.data - command->argument.data) + path->raw.len;
    struct slice after = slice_from(command->argument, end);
    return path->present && slice_starts_with_nocase(command->argument, keyword) &&
           (path->brackets || path->raw.data[0] != '<') &&
           (after.len == 0 || text_is_blank(after.data[0]));
}

void embedded_mail(struct embedded *embedded, const struct command *command, struct buf *out) {
    if (embedded->hello == HELLO_NONE) {
        embedded_reply(embedded, out, "503 5.5.1 EHLO first");
        return;
    }
    const struct embedded_traits *traits = embedded->config.traits;
    if (traits != NULL && traits->wants_login && !embedded->logged_in) {
        embedded_reply(embedded, out, "530 5.7.0 Authentication required");
        return;
    }
    if (embedded->has_mail) {
        embedded_reply(embedded, out, "503 5.5.1 A transaction is under way already");
        return;
    }
    if (!has_path(command, SLICE("FROM:"))) {
        embedded_reply(embedded, out, "501 5.5.4 Syntax: MAIL FROM:<address>");
        return;
    }
    const char *no = check_parameters(embedded, command, mail_parameters,
                                      sizeof(mail_parameters) / sizeof(mail_parameters[0]));
    if (no != NULL) {
        embedded_reply(embedded, out, no);
        return;
    }
    embedded_forget_mail(embedded);
    embedded->has_mail = true;
    embedded_reply(embedded, out, "250 2.1.0 Ok");
}

void embedded_rcpt(struct embedded *embedded, const struct command *command, struct buf *out) {
    if (!embedded->has_mail) {
        embedded_reply(embedded, out, "503 5.5.1 MAIL first");
        return;
    }
    if (embedded->has_chunks) {
        embedded_reply(embedded, out, "503 5.5.1 The message has begun");
        return;
    }
    if (!has_path(command, SLICE("TO:")) || slice_is(command->path.raw, "<>")) {
        embedded_reply(embedded, out, "501 5.5.4 Syntax: RCPT TO:<address>");
        return;
    }
    const char *no = check_parameters(embedded, command, rcpt_parameters,
                                      sizeof(rcpt_parameters) / sizeof(rcpt_parameters[0]));
    if (no != NULL) {
        embedded_reply(embedded, out, no);
        return;
    }
    embedded->recipients++;
    embedded_reply(embedded, out, "250 2.1.5 Ok");
}
