// SPDX-License-Identifier: MIT
// reader_timeline: the items of one session of a json document. Its `timeline` gives the order;
// where there is none (another program wrote the document anew), it is made up from the times of
// the exchanges.
#ifndef SCOPE_TRANSCRIPT_READER_TIMELINE_H
#define SCOPE_TRANSCRIPT_READER_TIMELINE_H

#include "transcript/reader_parts.h"

struct node_list {
    const cJSON **nodes;
    size_t count;
};

// One session while its items are made.
struct json_index {
    struct reader *reader;
    size_t session;
    const cJSON *object;
    int64_t started_us;
    int64_t last_us; // the latest time of the items so far: that of an item without one
    struct node_list exchanges;
    struct node_list auths;
    struct node_list messages;
    struct node_list findings;
    size_t first_item;
};

void timeline_add_event(struct json_index *index, enum event_kind kind, const cJSON *node,
                        int64_t at_us);
void timeline_add_command(struct json_index *index, const cJSON *exchange);
void timeline_add_reply(struct json_index *index, const cJSON *exchange);
// The answer to a message; of LMTP's the next that was not told yet. False if there is none left.
bool timeline_add_final(struct json_index *index, const cJSON *exchange);
// `object` is NULL for the document's own of this side.
void timeline_add_tls(struct json_index *index, const char *side, const cJSON *object,
                      int64_t at_us);
void timeline_add_close(struct json_index *index, const char *by, int64_t at_us);

void timeline_read(struct json_index *index, const cJSON *timeline);
void timeline_make_up(struct json_index *index);
// Once all other items are there: the lines of the messages among them.
void timeline_add_message_lines(struct json_index *index);

#endif
