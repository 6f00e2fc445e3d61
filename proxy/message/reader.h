// SPDX-License-Identifier: MIT
// reader: one message read as it streams by. It is fed the bytes that the client meant and gives
// header fields (RFC 5322 2.2, folded lines joined, RFC 2047 words decoded) and what is wrong in
// header and MIME structure (RFC 2045, 2046), in memory that does not grow with the message.
//
// Knows nothing of SMTP or of rules: it says EVENT_FIELD and EVENT_FLAW, `inspect` judges them.
#ifndef SCOPE_MESSAGE_READER_H
#define SCOPE_MESSAGE_READER_H

#include "event/event.h"

struct message_reader;

// Events go to `sink` with `session`, `message` and `exchange` filled in; `smtputf8` is whether the
// transaction allows raw UTF-8 in header fields.
struct message_reader *message_reader_new(const struct event_session *session,
                                          struct event_sink sink);
void message_reader_free(struct message_reader *reader);

// Starts message `n`, sent by the command of `exchange`.
void message_reader_begin(struct message_reader *reader, int message, int exchange);
void message_reader_feed(struct message_reader *reader, struct slice bytes, int64_t at_ns);
// The message is whole (`complete`) or was cut off; only a whole one is judged to its end.
void message_reader_end(struct message_reader *reader, bool complete, int64_t at_ns);

#endif
