// SPDX-License-Identifier: MIT
// facts: what the events of a session have shown so far, as the client could know it. Rules read
// it; only facts_learn writes it, after the rules, event by event.
//
// The transaction is the client's view of RFC 5321 3.3. A reply that is still out is taken to
// become a yes, because a client that pipelines must assume so (RFC 2920 3.1):
//
//              MAIL sent            MAIL accepted
//      NONE ─────────────▶ ASKED ─────────────────▶ OPEN
//       ▲                    │ MAIL refused           │ DATA or BDAT refused
//       ├────────────────────┘                        ▼
//       └──────── RSET, EHLO, message over ──────── UNCLEAR: the RFC does not say, so neither
//                                                            side is blamed
#ifndef SCOPE_INSPECT_FACTS_H
#define SCOPE_INSPECT_FACTS_H

#include "base/limits.h"
#include "event/event.h"
#include "inspect/stray_text.h"

enum transaction_state {
    TRANSACTION_NONE,
    TRANSACTION_ASKED,
    TRANSACTION_OPEN,
    TRANSACTION_UNCLEAR
};

struct transaction {
    enum transaction_state state;
    int mail_exchange;
    unsigned recipients_asked; // RCPTs whose reply is out
    unsigned recipients_accepted;
    bool bdat;   // a BDAT was sent in it
    bool binary; // MAIL has BODY=BINARYMIME
    bool smtputf8;
    bool path_8bit; // MAIL or RCPT has bytes over 127
    bool has_size;
    uint64_t size;       // declared by SIZE=
    uint64_t size_limit; // the server's SIZE when MAIL was sent; 0 for none or unknown
    bool size_said;      // size-over-limit was said of MAIL
};

// The latest line of the client.
struct last_command {
    enum verb verb; // VERB_NONE before the first
    int exchange;
    bool continuation;
    bool mechanism;      // AUTH that names one
    bool first_answer;   // AUTH with an initial response
    bool parameters;     // MAIL or RCPT with parameters, all of extensions that are offered
    bool bare;           // without an argument; MAIL or RCPT without parameters
    bool one_round_auth; // AUTH with an initial response that settles it (RFC 4954 4)
    bool answered;       // for DATA: 354 came, so that what follows is text
    int64_t idle_ns;     // nothing had come from either side for so long
};

// What was open when the client's stream ended.
struct end_state {
    int64_t at_ns;
    struct event_progress progress; // as the decoder has it
    bool held;                      // a reply came, and --fault keeps it from the client
};

// What --fault has put in.
struct put_in {
    char *rule;            // the latest that acted; NULL for none
    unsigned ordinal;      // of the reply before that
    int64_t held_until_ns; // an answer is kept from the client till then; 0 for none
    bool refused;          // the client was refused something in the server's place
    bool changed;          // something was not as the peers had it, and not only later
};

struct facts {
    int64_t ready_ns; // since when a greeting could come
    bool connected;
    bool connect_failed;
    unsigned greeting_ordinal; // EVENT_UNHEARD before it
    bool greeting_lmtp;        // … and it says LMTP
    bool lhlo_accepted;
    bool client_tls;
    bool server_tls;
    bool tls_failed;
    bool tls_shown_bad;          // --verify mirror: the client took a certificate with a fault,
    bool tls_shown_by_fault;     // … which --fault has put in
    char *shown_faults;          // this one; NULL for none
    bool server_offers_starttls; // by itself, in its latest EHLO reply
    bool no_check_said;          // … and a command has shown that it did not mind
    bool ehlo_tried;             // in the session
    bool hello_accepted;         // on this layer
    bool hello_forgiven;         // a new TLS layer: another rule says what is missing
    int hello_exchange;          // an EHLO, HELO or LHLO whose reply is out; else EVENT_NO_EXCHANGE
    struct transaction interrupted; // by that, and resumed where it is refused
    int undo_exchange;              // of the latest RSET or BURL LAST; 0 for none
    struct transaction undone;      // … by it, unless it is refused
    bool ehlo_due;                  // STARTTLS was done and nothing has been said since
    bool starttls_tried;
    bool authenticated;
    unsigned ordinal_235;
    int auth_exchange;   // of the latest AUTH
    unsigned auth_heard; // what the client had heard when it sent the latest AUTH
    int auth_refused; // … the exchange whose response was refused, up to the next known command
    int auth_cancel;  // the latest SASL line that is a lone * (RFC 4954 4)
    bool auth_cancel_late;    // … in answer to a 334 that had refused the login
    unsigned latest_ordinal;  // of the replies
    unsigned refusal_ordinal; // … of the latest that refused EHLO, MAIL or RCPT
    bool credentials_seen;
    bool greeting_lines;   // of several, of which the last has not come
    bool tls_due;          // STARTTLS was answered 220, and TLS has not begun
    bool server_injects;   // plain bytes after its 220 to STARTTLS, up to the handshake
    enum verb ended_by;    // a transaction, if no MAIL has come since; VERB_DATA: its message
    bool tried;            // MAIL, AUTH or another command that wants something
    bool hello_last;       // nothing came after the latest EHLO that was accepted, but QUIT
    char auth_offer[96];   // what that offers after AUTH, shortened; empty for nothing
    bool greeting_blanked; // the greeting is nothing but asterisks
    bool quit_sent;
    int quit_exchange;
    bool half_line;      // the client's stream ended within a line
    bool half_line_quit; // … of QUIT
    bool half_line_cr;   // … that ends in a CR
    struct transaction transaction;
    struct transaction second; // of a MAIL inside that one: begun where the server takes it
    struct last_command last;
    // The server ended a message earlier than the client, or it answers lines that were none:
    // neither side is judged by what it says.
    bool out_of_step;
    int accepted_rcpt; // exchange of the latest recipient that was accepted
    int refused_chunk; // … and of the latest BDAT that was refused
    int text_exchange; // of the latest DATA or BDAT
    int text_mail;     // … and of the MAIL of its transaction; its own where there is none
    int text_message;  // the message under way, or the latest
    bool text_by_bdat;
    bool text_cut; // that message has no end, and the client was within it
    bool text_cut_in_chunk;
    int content_exchange; // whose message text was seen
    int early_text;       // the latest message whose text came before the 354
    int refused_text;     // … and the latest that was refused before the client had ended it
    uint64_t chunk_len;   // of the latest BDAT, as it was declared
    uint64_t text_len;    // how much came of that chunk, or of the message by DATA
    int64_t text_ns;      // … and when the last of it came
    uint8_t text_tail[5]; // … and its last bytes, 0 where it is shorter
    bool half_dot;        // … and its last line is a dot without its CR LF
    int64_t latest_ns;    // of the latest command, reply or content
    int parting_code;     // a refusal for which no command waited, if it came last
    struct stray_text stray;
    struct put_in put_in;
    bool client_left;      // the client's stream has ended …
    struct end_state left; // … in this state
    bool server_left;      // the server's stream has ended; who speaks now knows it, or will
    bool left_by_quit;     // … and the client had asked it to
    struct end_state server_left_at; // … in this state
};

void facts_init(struct facts *facts);
void facts_cleanup(struct facts *facts);
void facts_learn(struct facts *facts, const struct event *event);

void facts_learn_half_line(struct facts *facts, const struct event_command *command);

// The stream of the first to close ends now; what the other one sends may not arrive.
void facts_peer_left(struct facts *facts, enum side side, const struct event_progress *progress,
                     int64_t at_ns);
struct end_state facts_end_state(const struct facts *facts, const struct event_progress *progress,
                                 int64_t at_ns);

// Whether the line begins with Telnet's IAC and one of WILL, WONT, DO, DONT (RFC 854).
bool facts_is_telnet(const struct event_command *command);

// Whether the line has no end but a CR.
bool facts_ends_in_cr(const struct event_line *line);

// Whether the transaction of the latest DATA or BDAT has a recipient that was accepted.
bool facts_recipient_accepted(const struct facts *facts);

// Whether it is no wrong port that refuses LHLO.
bool facts_server_speaks_lmtp(const struct facts *facts);

// Whether the client had got that reply when it sent the command.
bool facts_heard(unsigned ordinal, const struct event_command *command);

// A line of base64 after a response that was refused: the rest of one broken over two lines.
bool facts_is_rest_of_response(const struct facts *facts, const struct event_command *command);

// The 334 that waits for an answer, as the client got it; `challenge` as the decoder knows it.
enum event_challenge facts_challenge(const struct facts *facts, enum event_challenge challenge);

// Whether this line is the text of a message after a DATA that was refused, or never answered: the
// decoder, which goes by the replies, sees commands in it.
bool facts_is_stray_text(const struct facts *facts, const struct event_command *command);

#endif
