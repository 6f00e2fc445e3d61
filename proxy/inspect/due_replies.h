// SPDX-License-Identifier: MIT
// due_replies: what waits for a reply, oldest first, as the rules need it: the commands of the
// client and its messages. It knows nothing of what a reply says.
#ifndef SCOPE_INSPECT_DUE_REPLIES_H
#define SCOPE_INSPECT_DUE_REPLIES_H

#include "event/event.h"

struct due_reply {
    int exchange;
    enum verb verb;
    bool text;  // the answer to a message, else to the command itself
    bool stray; // a line of text, see facts_is_stray_text
    int message;
    int64_t at_ns;
};

struct waiting_queue { // all-zero is empty
    struct due_reply *items;
    size_t start, end, room;
};

void waiting_cleanup(struct waiting_queue *queue);
void waiting_push(struct waiting_queue *queue, struct due_reply item); // at most LIMIT_PIPELINE
void waiting_clear(struct waiting_queue *queue);
// Takes out what this reply answers, to a message's `text` or to the command itself. Replies come
// in the order of the commands, so what comes before it is over too.
void waiting_answer(struct waiting_queue *queue, int exchange, bool text);

// NULL where there is none; valid until the queue changes.
size_t waiting_count(const struct waiting_queue *queue);
const struct due_reply *waiting_front(const struct waiting_queue *queue);
const struct due_reply *waiting_find(const struct waiting_queue *queue, int exchange, bool text);

#endif
