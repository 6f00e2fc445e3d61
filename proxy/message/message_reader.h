// SPDX-License-Identifier: MIT
// message_reader: one message read as it streams by. It is fed the bytes that the client meant and
// gives header fields (RFC 5322 2.2, folded lines joined, RFC 2047 words decoded) and what is wrong
// in header and MIME structure (RFC 2045, 2046), in memory that does not grow with the message.
//
// Knows nothing of SMTP or of rules: it says EVENT_FIELD and EVENT_FLAW, `inspect` judges them.
#ifndef SCOPE_MESSAGE_MESSAGE_READER_H
#define SCOPE_MESSAGE_MESSAGE_READER_H

#include "event/event.h"

struct message_reader;

// Events go to `sink`.
struct message_reader *message_reader_new(const struct event_session *session,
                                          struct event_sink sink);
void message_reader_free(struct message_reader *reader);

// Takes the decoder's EVENT_CONTENT and EVENT_CONTENT_END, and nothing of other events. Only a
// message that is whole is judged to its end.
void message_reader_take(struct message_reader *reader, const struct event *event);

#endif
