// SPDX-License-Identifier: MIT
// command: whatever a line is, its parts lie within it, and what stands behind AUTH and a mechanism
// is marked.
#include "smtp/command_parse.h"
#include "smtp/credentials.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds) {
    if (!holds) {
        abort();
    }
}

static bool within(struct slice part, struct slice line) {
    return part.len == 0 ||
           (part.data >= line.data && part.data + part.len <= line.data + line.len);
}

static void check_parts(const struct command *command, struct slice line) {
    require(within(command->name, line));
    require(within(command->argument, line));
    require(within(command->path.raw, line));
    require(within(command->path.address, line));
    require(within(command->path.route, line));
    require(within(command->path.local, line));
    require(within(command->path.domain, line));
    require(within(command->mechanism, line));
    require(within(command->initial, line));
    require(within(command->parameters, line));
    struct slice rest = command->parameters;
    struct event_parameter parameter;
    while (command_next_parameter(&parameter, &rest)) {
        require(within(parameter.keyword, line));
        require(within(parameter.value, line));
    }
}

static void check_marks(struct slice line, bool cut) {
    struct span marks[LIMIT_SPANS];
    size_t count = credentials_find(marks, line, cut);
    size_t end = 0;
    require(count <= LIMIT_SPANS);
    for (size_t i = 0; i < count; i++) {
        require(marks[i].offset >= end && marks[i].offset + marks[i].len <= line.len);
        end = marks[i].offset + marks[i].len;
    }
    if (command_is_auth_like(line)) {
        struct slice mechanism;
        struct slice rest;
        command_auth_parts(&mechanism, &rest, line);
        size_t secret = slice_is_null(rest) ? line.len : (size_t)(rest.data - line.data);
        require(rest.len == 0 || (count == 1 && marks[0].offset <= secret && end == line.len));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct slice line = slice_of(data, size);
    struct command command;
    command_parse(&command, line);
    check_parts(&command, line);
    check_marks(line, false);
    check_marks(line, true);
    return 0;
}
