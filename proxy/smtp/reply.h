// SPDX-License-Identifier: MIT
// reply: gathers the lines of one reply (RFC 5321 4.2.1) and knows when it is over.
//
//      250-mail.example.com        code 250, goes on
//      250-SIZE 1000               code 250, goes on
//      250 HELP                    code 250, ends
//      Welcome!                    no code: belongs to the reply that is open, or is one itself
//
// A line with no code where no reply is open may be a whole (bad) reply, or in front of one: that
// shows only by who speaks next. Until then it is `pending`.
#ifndef SCOPE_SMTP_REPLY_H
#define SCOPE_SMTP_REPLY_H

#include "event/event.h"
#include "event/reply_line.h"

struct reply {
    struct event_reply_line *lines; // slices are offsets into `bytes` until reply_finish
    size_t count;
    size_t room;
    struct buf bytes;
    size_t emitted; // so many lines were emitted as they came
    int first_code;
    int code;
    bool open;    // lines were added and the reply has not been finished
    bool pending; // … and none of them had a code
    bool cut;
};

void reply_init(struct reply *reply);
void reply_cleanup(struct reply *reply);

// Adds a line; true where it ends the reply. `line->text` is all that was kept of it.
bool reply_add(struct reply *reply, const struct event_line *line);
// Fills in what the reply alone knows: code, lines, cut. Valid until the next reply_add.
void reply_finish(struct event_reply *out, struct reply *reply);
// Leaves of each line no more than may be shown, once the reply was read.
void reply_clip(struct reply *reply, size_t max_line);
void reply_clear(struct reply *reply);     // what was finished is still valid up to the next line
void reply_give_back(struct reply *reply); // the memory, where no line is held

#endif
