// SPDX-License-Identifier: MIT
#include "event/command.h"

const struct event_parameter *command_parameter(const struct command *command,
                                                const char *keyword) {
    for (size_t i = 0; i < command->parameter_count; i++) {
        if (slice_is_nocase(command->parameters[i].keyword, keyword)) {
            return &command->parameters[i];
        }
    }
    return NULL;
}
