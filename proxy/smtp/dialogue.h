// SPDX-License-Identifier: MIT
// dialogue: two streams of plaintext in, one conversation out. It splits lines, reads commands and
// replies, pairs them (pipelined or not), follows SASL exchanges and message text, and emits it all
// as events. It is a pure reader: it changes nothing, answers nothing, and whatever bytes come it
// goes on.
//
//   client bytes ─▶ line ─▶ command ─┬─▶ the queue of commands that wait ─┐
//                          content ◀─┘                                    ├─▶ events
//   server bytes ─▶ line ─▶ reply ────────────────────────────────────────┘
//
// Deliberately unknown here: sockets, TLS records, the clock (times are parameters), what is right
// or wrong (`inspect` judges), and which outputs there are. Secrets are marked, not removed.
//
// RFC 5321, 1870, 2033, 2034, 2920, 3030, 3207, 3461, 4468, 4954, 6152, 6531.
#ifndef SCOPE_SMTP_DIALOGUE_H
#define SCOPE_SMTP_DIALOGUE_H

#include "event/event.h"

struct dialogue;

struct dialogue_config {
    size_t max_line;        // bytes of a line that are kept
    bool header_lines_only; // no EVENT_TEXT for lines after the header of a message
    bool no_digests;        // no SHA-256 of messages: nothing shows it or asks for it
};

// How the proxy changes the reply to EHLO that comes next, on its way to the client.
struct offer_edit {
    const char *strip; // keywords, a blank between two; NULL for none
    const char *add;   // a line without its code; NULL for none
};

// What the proxy does to STARTTLS in the EHLO replies that the client sees (bridging).
enum starttls_view { STARTTLS_AS_OFFERED, STARTTLS_HIDDEN, STARTTLS_ADDED };

// `session` must outlive the dialogue; events go to `sink` from within the calls below.
struct dialogue *dialogue_new(const struct dialogue_config *config,
                              const struct event_session *session, struct event_sink sink);
// Lines of the client that have to wait for a reply before they are emitted go to `sink` at once
// too, as an EVENT_COMMAND with no more than its line, its marks and its words: what may be secret
// in them is to be known when the reply is emitted.
void dialogue_look_ahead(struct dialogue *dialogue, struct event_sink sink);
void dialogue_free(struct dialogue *dialogue); // wipes what it held; NULL is fine

// Plaintext of one peer, split anywhere. `at_ns` is the time of its last byte since the accept and
// never decreases.
void dialogue_feed(struct dialogue *dialogue, enum side from, struct slice bytes, int64_t at_ns);

// The next `len` bytes of the client were sent before the reply that comes next.
void dialogue_expect_early(struct dialogue *dialogue, size_t len);

// A whole line, without its CRLF, that the proxy itself said: a command to the server (its reply
// will come from the server), or a reply to the client (it answers the oldest command that waits,
// or is the greeting, or answers nothing).
void dialogue_proxy_command(struct dialogue *dialogue, struct slice line, int64_t at_ns);
void dialogue_proxy_reply(struct dialogue *dialogue, struct slice line, int64_t at_ns);

// A line that the proxy says to the server in place of one of the client's that was fed: what the
// server replies answers the client's.
void dialogue_proxy_substitute_command(struct dialogue *dialogue, struct slice line, int64_t at_ns);
// A line that the proxy says to the client in place of a reply that was recorded already: what was
// due is answered, and stays so.
void dialogue_proxy_substitute(struct dialogue *dialogue, struct slice line, int64_t at_ns);

// True from the 220 that accepts a client's (or the proxy's) STARTTLS until dialogue_tls_begun.
bool dialogue_awaits_tls(const struct dialogue *dialogue);
// The leg of `side` speaks TLS from the next byte fed on. When it is the client's, EHLO and what
// was offered are forgotten (RFC 3207 4.2), and what still waited for a reply will not get one.
void dialogue_tls_begun(struct dialogue *dialogue, enum side side);
// Neither leg spoke TLS after all, and nothing was fed since.
void dialogue_tls_withdrawn(struct dialogue *dialogue);
// Of the next reply to EHLO; borrowed until it has come.
void dialogue_edit_next_offer(struct dialogue *dialogue, const struct offer_edit *edit);
void dialogue_set_starttls_view(struct dialogue *dialogue, enum starttls_view view);

// What the relay may ask, to know whether it may speak itself, and how a session ended.
// Commands that have no reply yet (a message whose answer is due counts as one).
size_t dialogue_commands_waiting(const struct dialogue *dialogue);
// Nothing is due, and neither a message nor the switch to TLS is under way.
bool dialogue_between_commands(const struct dialogue *dialogue);
// What is due next, for a sentence about a session that ends here.
enum dialogue_due {
    DUE_NOTHING,  // between commands
    DUE_GREETING, // of the server
    DUE_REPLY,    // to a command: its verb, VERB_NONE where that is not known
    DUE_SASL,     // within an exchange of AUTH: a line of either side
    DUE_TEXT,     // the rest of a message
    DUE_FINAL,    // the reply to a message
};
enum dialogue_due dialogue_due(enum verb *out_verb, const struct dialogue *dialogue);
// The state of the conversation; after dialogue_close, the one that it ended in.
struct event_progress dialogue_progress(const struct dialogue *dialogue);
bool dialogue_greeted(const struct dialogue *dialogue);       // a greeting was seen
bool dialogue_quit_answered(const struct dialogue *dialogue); // QUIT had its reply
bool dialogue_saw_421(const struct dialogue *dialogue);       // the server said one
bool dialogue_heard_421(const struct dialogue *dialogue);     // the client got one, of anyone
// The peer whose bytes are no SMTP at all (HTTP, a TLS record, binary), PARTY_NONE while both are
// fine, and one sentence that says what they look like (valid as long as the dialogue).
enum party dialogue_not_smtp(const struct dialogue *dialogue);
const char *dialogue_not_smtp_text(const struct dialogue *dialogue);

// ── the positions of the streams ─────────────────────────────────────────────────────────────────
// What decides about bytes before they go on asks here, before feeding them.

// How many of the client's next bytes are message text, whatever they are: what is left of a chunk
// of BDAT; UINT64_MAX for DATA, whose end only the text shows; 0 where lines are due.
uint64_t dialogue_text_left(const struct dialogue *dialogue);

// Recipients of the transaction under way that were accepted.
size_t dialogue_accepted_recipients(const struct dialogue *dialogue);
// The number of the latest line of the client, or command of the proxy, that has one.
int dialogue_latest_exchange(const struct dialogue *dialogue);
// Whether these next bytes of text, a whole line of it or the rest of a chunk, are the message's
// last; and whether they may become so: the start of such a line.
bool dialogue_ends_text(const struct dialogue *dialogue, struct slice bytes);
bool dialogue_may_end_text(const struct dialogue *dialogue, struct slice bytes);

// What the client's next line is.
enum dialogue_line {
    DIALOGUE_LINE_COMMAND,
    DIALOGUE_LINE_OPAQUE,    // no command: a response to a challenge, or bytes that are no SMTP
    DIALOGUE_LINE_UNDECIDED, // a reply that is due decides: that to DATA, AUTH or STARTTLS
};
enum dialogue_line dialogue_line_kind(const struct dialogue *dialogue, struct slice line);

// What the reply under way, or else the next one, answers.
struct dialogue_next_reply {
    int exchange;
    enum verb verb;
    bool greeting;
    bool by_proxy; // it answers what the proxy itself said
    bool final;    // it is the answer to a message
};
// Its code, 0 where none is known yet, may show that a command before it got none. False where
// nothing is known to be due.
bool dialogue_next_reply(struct dialogue_next_reply *out, const struct dialogue *dialogue,
                         int code);
bool dialogue_within_reply(const struct dialogue *dialogue); // some of it came, and not all

// A TLS record came from the client where lines should be: no more commands are emitted.
bool dialogue_saw_tls_record(const struct dialogue *dialogue);
// The client's next byte begins a command.
bool dialogue_awaits_command(const struct dialogue *dialogue);

// The stream of one peer ended in good order (a FIN or a close_notify, no reset), while the other's
// may go on: a line that it left without an end is emitted now. A reply is a reply all the same.
void dialogue_end(struct dialogue *dialogue, enum side side, int64_t at_ns);

// The streams ended: lines without an end, replies half read, messages cut off and commands that
// never had an answer are emitted now. Only dialogue_free may follow.
void dialogue_close(struct dialogue *dialogue, int64_t at_ns);

#endif
