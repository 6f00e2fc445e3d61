// SPDX-License-Identifier: MIT
// sample: events of made-up sessions, for the tests of the outputs. Each call makes one event and
// sends it; `at_us` is when, and stays until it is set again.
#ifndef SCOPE_TEST_OUTPUT_SAMPLE_H
#define SCOPE_TEST_OUTPUT_SAMPLE_H

#include "event/event.h"

struct sample {
    struct event_session session;
    struct event_sink sink;
    int64_t at_us;
    bool tls;
    uint64_t message_lines; // of each message that is sent
};

void sample_init(struct sample *sample, struct event_sink sink); // the contract's session
void sample_send(const struct sample *sample, struct event *event);

void sample_connect(const struct sample *sample);
void sample_tls(struct sample *sample, enum side side);
struct event sample_command_event(const struct sample *sample, int exchange, const char *line);
void sample_command(const struct sample *sample, int exchange, const char *line);
void sample_continuation(const struct sample *sample, int exchange, const char *line);

// A reply of lines divided by '\n', as they stood on the wire; the lines live in `out`.
enum { SAMPLE_LINES_MAX = 8 };
struct sample_reply {
    struct event event;
    struct event_reply_line lines[SAMPLE_LINES_MAX];
};
void sample_reply_make(struct sample_reply *out, const struct sample *sample, int to,
                       const char *lines);
void sample_reply(const struct sample *sample, int to, const char *lines);
void sample_final(const struct sample *sample, int to, const char *lines);

void sample_auth(const struct sample *sample, enum auth_outcome outcome, int code);
// The whole text of message `n` (CRLF or LF lines, dots stuffed, with the final dot), as the lines
// and content that the decoder makes of it, and a field for each header line.
void sample_message_text(const struct sample *sample, int n, const char *text);
void sample_message(const struct sample *sample, int n, int exchange, int code);
void sample_finding(const struct sample *sample, enum severity severity, const char *text);
void sample_note(const struct sample *sample, const char *text);
void sample_close(const struct sample *sample, enum party by, enum outcome outcome,
                  const char *error);

// A whole session: STARTTLS, AUTH, a message, a finding, QUIT.
void sample_session(struct sample *sample);

#endif
