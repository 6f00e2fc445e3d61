// SPDX-License-Identifier: MIT
#include "fault/certain.h"

#include "base/limits.h"
#include "base/lines.h"
#include "smtp/command_parse.h"

#include <stdio.h>

// A bare CR is the end of a line to some servers, and a NUL the end of a string.
static bool is_read_in_two_ways(struct slice text) {
    return slice_find_byte(text, '\r') != SLICE_NONE || slice_find_byte(text, '\0') != SLICE_NONE;
}

static bool has_size(struct slice text) {
    struct command command;
    command_parse(&command, text);
    return command.chunk_valid;
}

// NULL where a server reads the line as the proxy does; else why it may not, as a sentence.
static const char *why_not(const struct filter_line *line, bool in_auth) {
    struct slice text = lines_text(line->bytes);
    if (line->bytes.len >= LIMIT_CERTAIN_LINE) {
        return "a command was longer than the proxy waits for";
    }
    if (line->whole && is_read_in_two_ways(text)) {
        return "a command had a bare CR or a NUL in it, which servers read in different ways";
    }
    if (line->whole && line->verb == VERB_BDAT && !has_size(text)) {
        return "a BDAT did not say how many bytes follow";
    }
    if (line->kind != FILTER_OPAQUE) {
        return NULL;
    }
    enum verb verb = command_verb(text);
    bool mail = verb == VERB_DATA || verb == VERB_BDAT || verb == VERB_RCPT || verb == VERB_BURL;
    if (!in_auth) {
        return "what the client sent is not SMTP";
    }
    return line->whole && mail ? "a line of the login looks like a command" : NULL;
}

enum filter_verdict certain_judge(struct certain *certain, const struct filter_line *line) {
    if (line->kind == FILTER_UNDECIDED) {
        return FILTER_HOLD;
    }
    certain->unsure = why_not(line, certain->in_auth);
    if (certain->unsure != NULL || (!line->whole && certain->stream_over)) {
        return FILTER_TAKE;
    }
    if (!line->whole) {
        return FILTER_HOLD;
    }
    if (line->kind == FILTER_COMMAND) {
        certain->in_auth = line->verb == VERB_AUTH;
    }
    return FILTER_PASS;
}

bool certain_ends_session(const struct certain *certain, const struct filter_port *port,
                          const char *promise, int64_t at_ns) {
    char why[FAILURE_MAX];
    if (certain->unsure == NULL) {
        return false;
    }
    snprintf(why, sizeof(why), "the proxy ended the session: %s, and %s", promise, certain->unsure);
    port->end(port, FILTER_END_FIN, why, at_ns);
    return true;
}
