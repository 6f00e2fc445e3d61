// SPDX-License-Identifier: MIT
// queue: what waits for a reply, in the order in which the replies come (RFC 2920 3.1: the order of
// the commands). The first of all is the greeting.
//
//      answered ◀── GREETING ◀── COMMAND ◀── COMMAND ◀── FINAL ◀── asked
#ifndef SCOPE_SMTP_QUEUE_H
#define SCOPE_SMTP_QUEUE_H

#include "smtp/auth.h"
#include "smtp/envelope.h"

struct mail_data; // a message on its way, see transfer.h

// What MAIL says of the message's bytes.
struct body_promise {
    bool eight_bits; // BODY=8BITMIME
    bool binary;     // BODY=BINARYMIME
    bool smtputf8;
};

enum waiting_kind {
    WAITING_GREETING,
    WAITING_COMMAND,
    WAITING_FINAL, // the answer to a message text that is over
    WAITING_MARK,  // no reply: a message was given up here, and is emitted when its turn comes
};

struct pending_reply {
    enum waiting_kind kind;
    int exchange;
    enum verb verb;
    bool by_proxy;
    bool continuation; // a SASL line
    bool chunk_last;   // BDAT … LAST
    bool path_lost;    // MAIL or RCPT whose path could not be kept
    bool early;        // it came before the greeting; set by queue_push
    bool unended;      // a line that the stream ended in: a server may answer it, and need not
    int ends_message;  // one in chunks, which this command gives up where the server takes it; or 0
    struct body_promise promise; // MAIL: what held before it, and holds again where it is refused
    int64_t at_ns;
    struct envelope_path *path;  // owned: of MAIL or RCPT
    struct auth *auth;           // borrowed: the SASL exchange that this line is part of
    struct mail_data *mail_data; // borrowed: BDAT, FINAL, MARK
};

struct queue {
    struct pending_reply *items;
    size_t start;
    size_t end;
    size_t room;
    size_t mark_count;
    size_t awaited_count; // of what the client waits for
    size_t path_bytes;
    // Past LIMIT_PIPELINE only the numbers of the commands are known.
    int lost_first;
    size_t lost_count;
};

void queue_cleanup(struct queue *queue);
void queue_give_back(struct queue *queue); // the memory, where nothing waits

// No more is remembered than a command's number; a message cannot wait here any longer.
bool queue_full(const struct queue *queue);
// Takes `item` with its path. Where the queue is full only a command may be pushed.
void queue_push(struct queue *queue, const struct pending_reply *item);
struct pending_reply *queue_front(const struct queue *queue); // NULL where nothing is due
struct pending_reply *queue_back(const struct queue *queue);
// Turns an item of the queue into a mark: no reply is due there any longer.
void queue_mark(struct queue *queue, struct pending_reply *item);
// Takes the front off: into `*out`, whose path is then the caller's. A lost one has verb NONE.
bool queue_pop(struct pending_reply *out, struct queue *queue);
size_t queue_due(const struct queue *queue); // replies that are due, the greeting's too
// Those that the client waits for: none to the proxy's own commands.
struct event_due queue_awaited(const struct queue *queue);

// The message that the reply to `item` answers, or EVENT_NO_MESSAGE.
int queue_message_of(const struct pending_reply *item);

#endif
