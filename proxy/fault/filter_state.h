// SPDX-License-Identifier: MIT
// filter_state: what the files of the fault filter share, and no other file knows.
//
//   fault_filter.c   a client's command: decided, kept here or passed on
//   message_fault.c  message text: counted, its Subject read, decided at its end
//   reply_fault.c    a reply that a rule waits for, and an answer in the server's place
#ifndef SCOPE_FAULT_FILTER_STATE_H
#define SCOPE_FAULT_FILTER_STATE_H

#include "base/buf.h"
#include "fault/faults.h"
#include "fault/pace.h"
#include "plug/filter.h"

// A reply that a rule waits for.
struct plan {
    int exchange; // of due.exchange: the greeting's is 0
    bool final;   // the answer to the message of this exchange
    const struct fault_rule *rule;
};

struct message_watch {
    bool under_way;
    bool bdat;
    bool cut_off;                   // by a rule: the session is over
    bool decided;                   // the rules have seen its Subject
    struct buf header;              // … until then it waits here
    size_t header_sent;             // so much of it went on
    int64_t header_due_ns;          // … and all of it does then; INT64_MAX: nothing waits
    const struct fault_rule *rule;  // for its answer; NULL for none
    const struct fault_rule *close; // after so many bytes; NULL for none
    uint64_t len;                   // bytes passed so far
    bool elsewhere;                 // another filter has taken it, and will answer it
};

struct fault_filter {
    const struct faults *faults;
    struct fault_session *session;
    struct filter_port port;
    int decided; // exchanges up to this one were
    bool greeting_decided;
    const struct fault_rule *kept; // answers the line that was decided last; NULL: it goes on
    bool in_auth;                  // client lines that are no commands belong to AUTH
    struct buf auth;               // … the argument of its command
    int64_t undecided_until_ns;    // a line waits for what it is till then; INT64_MAX: none does
    bool undecided_past;           // … and that has passed
    struct plan *plans;
    size_t plan_count;
    size_t plan_room;
    // An answer in the server's place that waits for its turn.
    const struct fault_rule *answer;
    int answer_exchange;
    bool cancels_auth; // … after which the server must leave its exchange of AUTH
    bool cancelling;   // the server's answer to that is due
    bool drops_text;   // of a chunk whose BDAT was answered here
    bool lost_server;  // it was dropped within a message
    struct message_watch message;
    struct buf reply;    // lines of a reply to act on, until it is whole
    struct pace pace[2]; // by the side that it goes to
    bool silent;         // nothing goes to the client any more
};

// fault_filter.c
void fault_filter_report(struct fault_filter *filter, const struct fault_rule *rule, int exchange,
                         int64_t at_ns);
void fault_filter_end(struct fault_filter *filter, const struct fault_rule *rule,
                      enum filter_end how, int64_t at_ns);
// These bytes go out after what waits to go the same way.
void fault_filter_send(struct fault_filter *filter, enum side to, struct slice bytes,
                       int64_t at_ns);
// What is due of what waits for this side goes out.
void fault_filter_release(struct fault_filter *filter, enum side to, int64_t at_ns);
// A line of the proxy's own for the client, after what waits.
void fault_filter_say(struct fault_filter *filter, const char *line, int64_t at_ns);
// The same for one that is recorded already.
void fault_filter_send_line(struct fault_filter *filter, const char *line, int64_t at_ns);
// The server is to have no more of this session.
void fault_filter_lose_server(struct fault_filter *filter, int64_t at_ns);

// message_fault.c
void message_watch_init(struct message_watch *message);
void message_watch_cleanup(struct message_watch *message);
// A command that may begin a message, or a chunk of it.
void message_fault_begin(struct fault_filter *filter, const struct filter_line *line);
// `BDAT 0 LAST` ends a message without a byte of text. Call it once the BDAT is decided.
void message_fault_end_empty(struct fault_filter *filter, const struct filter_line *line);
enum filter_verdict message_fault_judge(const struct fault_filter *filter,
                                        const struct filter_line *line);
void message_fault_take(struct fault_filter *filter, const struct filter_line *line, int64_t at_ns);
// What waits of a header goes on as it is: at the end of the client's stream, and where the client
// stalls.
void message_fault_progress(struct fault_filter *filter, int64_t at_ns);
void message_fault_let_go(struct fault_filter *filter, int64_t at_ns);
// As text_max of struct filter_ops.
uint64_t message_fault_text_max(const struct fault_filter *filter);

// reply_fault.c
// The rule acts on the reply to this exchange; `final`: on the answer to its message.
void reply_fault_plan(struct fault_filter *filter, int exchange, bool final,
                      const struct fault_rule *rule);
enum filter_verdict reply_fault_judge(struct fault_filter *filter, const struct filter_line *line);
void reply_fault_take(struct fault_filter *filter, const struct filter_line *line, int64_t at_ns);
// What a rule says in place of a reply of another filter's; NULL for nothing.
const char *reply_fault_in_place(void *self, const struct filter_line *line, int64_t at_ns);
// The start of a reply that will not be whole goes on.
void reply_fault_let_go(struct fault_filter *filter, int64_t at_ns);
// The rule answers this line of the client in the server's place, when it is its turn.
void reply_fault_begin_answer(struct fault_filter *filter, const struct fault_rule *rule,
                              const struct filter_line *line, int64_t at_ns);
// Gives an answer whose turn it is.
void reply_fault_progress(struct fault_filter *filter, int64_t at_ns);

#endif
