// SPDX-License-Identifier: MIT
#include "event/command.h"

#include "base/text.h"

// `KEYWORD` or `KEYWORD=value` (RFC 5321 4.1.2, esmtp-param).
bool command_next_parameter(struct event_parameter *out, struct slice *rest) {
    *rest = slice_trim_left(*rest);
    if (rest->len == 0) {
        return false;
    }
    struct slice value = slice_take_word(rest);
    out->keyword = slice_split(&value, '=');
    out->value = value;
    return true;
}

bool command_parameter(struct event_parameter *out, const struct command *command,
                       const char *keyword) {
    struct slice rest = command->parameters;
    while (command_next_parameter(out, &rest)) {
        if (slice_is_nocase(out->keyword, keyword)) {
            return true;
        }
    }
    return false;
}

bool command_has_parameter(const struct command *command, const char *keyword) {
    struct event_parameter parameter;
    return command_parameter(&parameter, command, keyword);
}
