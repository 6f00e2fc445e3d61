// SPDX-License-Identifier: MIT
// dialogue_state: what a dialogue remembers, for the files that make it up only.
//
//   dialogue.c       the public calls
//   client_stream.c  client bytes: text, chunks and lines; where the stream must wait
//   lookahead.c      … and what may be secret in what waits
//   client_lines.c   client lines: commands, SASL lines, what is concealed
//   server_stream.c  server bytes: lines, gathered to replies
//   reply_match.c    what a reply answers
//   resync.c         … where a command before it got none
//   reply_effects.c  … and what it changes
//   mail_data.c      message text from its first byte to the last answer
//   emit.c           events
//
// The client's stream has a state, named by what its next bytes are. Where a reply that is due
// decides that, the bytes are held until it came (AWAIT_…), so that nothing has to be guessed:
//
//              DATA                354                   CRLF . CRLF
//   LINES ───────────▶ AWAIT_DATA ─────▶ TEXT ────────────────────────▶ LINES
//     │  AUTH, a SASL line    │ refused
//     ├──────────▶ AWAIT_SASL │           334: the next line is a SASL line, whatever it looks like
//     │  MAIL, RSET, EHLO between chunks: refused, the message goes on
//     ├──────────▶ AWAIT_END ─────▶ LINES
//     │  STARTTLS             ▼
//     ├──────────▶ AWAIT_TLS ─────▶ LINES
//     │  BDAT n               n bytes
//     └──────────▶ CHUNK ─────────▶ LINES
#ifndef SCOPE_SMTP_DIALOGUE_STATE_H
#define SCOPE_SMTP_DIALOGUE_STATE_H

#include "base/limits.h"
#include "smtp/caps.h"
#include "smtp/dialogue.h"
#include "smtp/line.h"
#include "smtp/mail_data.h"
#include "smtp/not_smtp.h"
#include "smtp/queue.h"
#include "smtp/reply.h"

enum client_state {
    CLIENT_LINES,
    CLIENT_AWAIT_DATA,
    CLIENT_AWAIT_SASL,
    CLIENT_AWAIT_TLS,
    CLIENT_AWAIT_END,
    CLIENT_TEXT,
    CLIENT_CHUNK,
};

// What the next line that waits is taken for, before it is known.
enum lookahead { LOOKAHEAD_SASL, LOOKAHEAD_COMMANDS, LOOKAHEAD_TEXT };

enum client_line {
    CLIENT_LINE_COMMAND,
    CLIENT_LINE_SASL,      // a response, whatever it looks like
    CLIENT_LINE_CONCEALED, // may hold credentials; nothing of it is shown
};

// What is to be said of the SASL response in the line that is taken; words, or NULL.
struct sasl_judgement {
    const char *flaw, *doubt;
};

struct client_stream {
    enum client_state state;
    struct line_reader line;
    enum client_line line_kind; // of a line whose prefix was emitted
    bool line_emitted;   // the line's prefix was emitted as bytes already, since it is over the cap
    bool line_secret;    // … and what is after the prefix is secret
    bool answering;      // the line that is taken was answered before its end
    bool rest_due;       // … and what comes next may be the rest of it
    bool rest_secret;    // … which is secret
    bool line_pipelined; // of the line under way: a reply was due when it began
    size_t early_len;    // bytes to come that were sent before a reply that is here now …
    unsigned early_heard;   // … when the client had got so many
    bool line_in_reply;     // … and a part of its reply had come
    unsigned line_heard;    // … and how many replies the client had got
    struct caps *line_caps; // … and what the client knew then
    struct buf held;        // bytes that wait for a reply
    size_t ahead_len;       // so many of them were looked at
    enum lookahead ahead;
    size_t looked_len; // so much of a line that is under way was looked at
    unsigned looks;
    bool looked_secret;             // … and held a secret
    struct caps *held_caps;         // what the client knew when they came
    unsigned held_heard;            // … and how many replies it had got
    int64_t held_ns;                // when the last of them came
    bool releasing;                 // the bytes being read were held
    bool stream_over;               // nothing more comes of it: what waits is read as it is
    bool undecided;                 // too much was held: go on without the reply
    uint64_t chunk_left;            // of a BDAT
    bool chunk_last;                // … LAST
    enum event_challenge challenge; // but for NONE the next line is a SASL line
    bool conceal;                   // AUTH was refused: lines are concealed up to a known command
    bool auth_seen;
    bool doubt;        // replies were missed: which of them answers AUTH was uncertain
    bool text_refused; // DATA was refused: lines that are no commands may be the message's
    struct sasl_judgement sasl;
    struct body_promise promise; // of the latest MAIL that was not refused
    bool gave_up;    // TLS or binary where lines should be: no more commands are emitted
    bool spoke_smtp; // a command of SMTP was accepted
};

struct server_stream {
    struct line_reader line;
    bool line_emitted;
    int64_t line_ns; // when the latest line came
    struct reply reply;
    struct buf raw;  // the bytes of a reply to STARTTLS, emitted when it is known what it is
    bool spoke_smtp; // a line with a code came
    bool speaks_tls; // an alert, say, though the client has not begun the handshake: no lines
};

struct dialogue {
    struct dialogue_config config;
    const struct event_session *session;
    struct event_sink sink;
    struct event_sink ahead; // of dialogue_look_ahead; may be empty
    struct event *event;     // the one that is being emitted; NULL while the session waits
    int64_t now_ns;          // of the latest feed
    struct client_stream client;
    struct server_stream server;
    struct queue queue;
    struct auth *auths; // exchanges that have not ended, oldest first
    struct envelope envelope;
    struct caps *caps;                // what the client was offered; NULL before EHLO was answered
    struct mail_data *mail_data;      // the message whose text comes, or has chunks to come
    struct mail_data *mail_data_list; // all that have not been emitted, newest first
    int exchange_count;
    int message_count;
    unsigned heard_count;         // replies that the client got
    unsigned ordinal_421;         // … of the first 421 among them; EVENT_UNHEARD before
    struct offer_edit offer_edit; // of the reply to EHLO that comes next
    enum starttls_view view;
    bool tls[2];           // by side
    bool awaits_tls[2];    // by side: a STARTTLS was accepted
    bool injection_due[2]; // … and nothing was said of plain bytes after it
    int starttls_exchange;
    struct buf starttls_bytes; // the STARTTLS line, emitted when its answer is known
    bool lmtp;
    bool greeted;
    bool quit_answered;
    bool saw_421;
    bool closed;                   // nothing more is fed
    struct event_progress left_at; // … and the state that it ended in
    enum party stranger;
    char *not_smtp_text; // NULL while both speak SMTP
};

// ── dialogue.c ──────────────────────────────────────────────────────────────────────────────────

void dialogue_say_not_smtp(struct dialogue *dialogue, const char *text); // why it is not SMTP
int dialogue_next_exchange(struct dialogue *dialogue);                   // numbers the next command
// The client has got a reply of this code, its `ordinal`th.
void dialogue_note_heard(struct dialogue *dialogue, int code, unsigned ordinal);

// ── client_stream.c ─────────────────────────────────────────────────────────────────────────────

void client_feed(struct dialogue *dialogue, struct slice bytes, int64_t at_ns);
// Goes on with held bytes, as far as they can be read now.
void client_release(struct dialogue *dialogue);
void client_set_state(struct dialogue *dialogue, enum client_state state);
// The client's stream ends here: what is held, or half a line, is emitted as well as can be.
// Whether it ends within a message.
bool client_finish(struct dialogue *dialogue, int64_t at_ns);
// A reply came though nothing waits: it answers the line that is under way, if there is one.
void client_answer_begun(struct dialogue *dialogue, int64_t at_ns);
void client_end(struct dialogue *dialogue, int64_t at_ns);       // half a line will not go on
void client_begin_tls(struct dialogue *dialogue, int64_t at_ns); // … and goes on inside TLS
void client_cleanup(struct client_stream *client);
// Emits the STARTTLS line that was held back.
void client_emit_starttls(struct dialogue *dialogue, bool accepted);

// ── client_lines.c ──────────────────────────────────────────────────────────────────────────────

// What the line under way is, and which bytes of it are secret. `text` is all that was kept of it.
enum client_line client_line_classify(const struct dialogue *dialogue, struct slice text);
size_t client_line_secrets(struct span out[LIMIT_SPANS], enum client_line kind, struct slice text,
                           bool cut);
// Whether it begins with a known verb, or like AUTH.
bool client_line_is_known(struct slice text);
// Whether what may yet come of a line, of which `text` is the beginning, is secret.
bool client_line_goes_on_secret(enum client_line kind, struct slice text);
// The reader holds a whole line: emits it and what follows from it.
void client_line_take(struct dialogue *dialogue, int64_t at_ns);

// ── server_stream.c ─────────────────────────────────────────────────────────────────────────────

void server_feed(struct dialogue *dialogue, struct slice bytes, int64_t at_ns);
// A line of the server, or one that the proxy said in its name.
void server_take_line(struct dialogue *dialogue, const struct event_line *line, bool by_proxy,
                      int64_t at_ns);
// The client goes on: a line without a code was a whole reply.
void server_settle_reply(struct dialogue *dialogue);
// Emits the bytes of a reply to STARTTLS that were held back.
void server_emit_held(struct dialogue *dialogue, bool starttls);
void server_end(struct dialogue *dialogue, int64_t at_ns); // in good order
void server_finish(struct dialogue *dialogue, int64_t at_ns);
void server_begin_tls(struct dialogue *dialogue, int64_t at_ns); // … and goes on inside TLS
void server_cleanup(struct server_stream *server);
// (reply_match.c) Emits the messages that were given up and are first in the queue.
void server_pass_marks(struct dialogue *dialogue, int64_t at_ns);

// ── emit.c ──────────────────────────────────────────────────────────────────────────────────────

// The event to be filled in for `emit`.
struct event *emit_event(struct dialogue *dialogue);
void emit(struct dialogue *dialogue, enum event_kind kind, int64_t at_ns);
// The line that `reader` holds, at most --max-line of it, with its marks.
struct event_line emit_line_of(const struct dialogue *dialogue, const struct line_reader *reader,
                               const struct span *secrets, size_t secret_count);

// Plaintext as it came; `marks` may be NULL.
struct emit_bytes {
    enum side from;
    struct slice data;
    const struct span *secrets;
    size_t secret_count;
    bool secret_goes_on;
    bool message_text;
    bool starttls;
    bool by_proxy;
};
void emit_bytes(struct dialogue *dialogue, const struct emit_bytes *bytes, int64_t at_ns);
void emit_line_bytes(struct dialogue *dialogue, enum side from, const struct line_reader *reader,
                     const struct span *secrets, size_t secret_count);
void emit_injection(struct dialogue *dialogue, enum side side, int64_t at_ns);
void emit_early_text(struct dialogue *dialogue, const struct mail_data *mail_data, int64_t at_ns);
void emit_tls_record(struct dialogue *dialogue, int64_t at_ns);
void emit_auth(struct dialogue *dialogue, struct auth *auth, int code, int64_t at_ns);
void emit_note(struct dialogue *dialogue, struct slice text, int64_t at_ns);

#endif
