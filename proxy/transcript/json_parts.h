// SPDX-License-Identifier: MIT
// json_parts: the members that `jsonl` and `json` share, each written once. A function either
// writes one whole value, or, where its name ends in `_members`, the members of an object that the
// caller has opened.
//
// Beside what the contract lists stand a few members that only odd lines have, so that `show` can
// give back every line exactly:
//   line_base64, lines_base64   the exact bytes of text that is not UTF-8
//   cut, line_bytes             the line was longer than --max-line; its whole length
//   lines_bytes                 the same for the lines of a reply: null for the whole ones
//   prefixes                    what stands in front of a reply line's text, where that is not its
//                               code and the usual separator; null for the usual ones
#ifndef SCOPE_TRANSCRIPT_JSON_PARTS_H
#define SCOPE_TRANSCRIPT_JSON_PARTS_H

#include "event/event.h"
#include "transcript/json_writer.h"

// Microseconds from the accept to `at_ns`, as the difference of two wall-clock times cut to
// microseconds: so that started + at is the very time that `jsonl` and `text` show.
int64_t json_at_us(const struct event_session *session, int64_t at_ns);
// Whether `text`, which shows milliseconds, shows the same time for both.
bool json_same_ms(const struct event_session *session, int64_t a_us, int64_t b_us);
void json_member_time(struct json_writer *json, const char *key, int64_t unix_ns);

void json_client(struct json_writer *json, const struct event_session *session);
void json_server(struct json_writer *json, const struct event_session *session); // null for `sink`

// Verb, argument, line and pipelined, with `by` in front.
void json_command_verb_members(struct json_writer *json, const struct event_command *command);
void json_command_by(struct json_writer *json, const struct event_command *command);
// By, code, enhanced and lines.
void json_reply_members(struct json_writer *json, const struct event_reply *reply);
void json_tls_members(struct json_writer *json, const struct event_tls *tls);
void json_auth_members(struct json_writer *json, const struct event_auth *auth);
void json_finding_members(struct json_writer *json, const struct event_finding *finding);

#endif
