// SPDX-License-Identifier: MIT
// mail_data: one message on its way: its text, and the answers to it.
//
//   DATA 354 ─▶ text ─▶ CRLF . CRLF ─▶ answer       BDAT ─▶ chunk ─▶ … ─▶ BDAT LAST ─▶ chunk
//                          │             │                     │                 │
//                          └─── emitted with both known ─────┴──── answer ─────┘
//
// The answer may come first (a server that does not read to the end), or never.
#ifndef SCOPE_SMTP_MAIL_DATA_H
#define SCOPE_SMTP_MAIL_DATA_H

#include "smtp/content.h"
#include "smtp/dialogue.h"

struct mail_data {
    int number;   // from 1 in the session
    int exchange; // of DATA or the latest BDAT
    bool bdat;
    bool confirmed; // DATA was answered 354; a BDAT needs no answer
    bool text_over; // the last byte was seen, or will not come
    bool complete;
    bool answered;  // all its answers came
    bool unheard;   // its answer cannot be waited for: too much waits
    bool abandoned; // RSET was sent, or a chunk refused, and no more of it came
    bool given_up;  // DATA was refused without a reply that we saw: there is no message
    int64_t end_ns;
    struct event_content_end numbers;
    struct content content;
    int code;                // 0 while unanswered
    bool accepted;           // for at least one recipient
    size_t answers_due;      // 0 until the first comes
    size_t answers;          // that came
    size_t recipient;        // cursor over the accepted recipients (LMTP)
    struct mail_data *next;  // of all that have not been emitted
    struct mail_data **link; // what points here
};

struct dialogue;

// Begins the next message of the session, by DATA or BDAT of `exchange`.
void mail_data_begin(struct dialogue *dialogue, int exchange, bool bdat);
// Feeds the text; how many bytes of it were the message's.
size_t mail_data_feed(struct dialogue *dialogue, struct slice bytes, int64_t at_ns);
// The text is over, well or not.
void mail_data_end_text(struct dialogue *dialogue, bool complete, int64_t at_ns);
// The client turned to something else in the middle of its chunks.
void mail_data_give_up(struct dialogue *dialogue, int64_t at_ns);
// DATA was refused though its text had been taken for a message.
void mail_data_refuse(struct dialogue *dialogue, struct mail_data *mail_data, int64_t at_ns);
// One answer to the message. Fills the recipient that it is for (LMTP); true when it was the last.
bool transfer_answer(struct dialogue *dialogue, struct mail_data *mail_data, int code,
                     struct slice *out_recipient);
// Emits the message where text and answers are there, and frees it. `force`: no more will come.
void mail_data_emit(struct dialogue *dialogue, struct mail_data *mail_data, bool force,
                    int64_t at_ns);
// The client is within a message, or between the chunks of one.
bool mail_data_is_open(const struct dialogue *dialogue);
void mail_data_abandon(struct dialogue *dialogue);
void mail_data_free_all(struct dialogue *dialogue);

#endif
