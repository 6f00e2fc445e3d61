// SPDX-License-Identifier: MIT
// relay_state: what the files of the relay share, and no other file knows: its two state machines,
// drawn here.
//
//   client:
//     UNDECIDED ── plain bytes, a greeting, silence ──▶ PLAIN ── a 220 to STARTTLS ──▶ AWAIT_HELLO
//         │                                              ▲                                  │
//         │ ClientHello         the server has no TLS    │                                  │
//         └──────────────────────▶ HELLO ────────────────┘                      ClientHello │
//                                  ▲ │                                                      │
//                                  │ └── presented ──▶ HANDSHAKE ──▶ TLS                    │
//                                  │      HELLO, HANDSHAKE ──▶ FAILED                       │
//                                  └────────────────────────────────────────────────────────┘
//
//   server:
//     CONNECTING ─▶ CONNECTED ─┬────────────────────────────────────────────▶ READY (plain)
//                              │                                                │ STARTTLS
//                              ├─▶ GREETING ─▶ EHLO ─▶ STARTTLS ─▶ S…_ACCEPTED ─┤
//                              └────────────────────────────────────────────────┴▶ HANDSHAKE ─▶ TLS
//
// CONNECTED waits until it is known what the client is; GREETING, EHLO and STARTTLS are the proxy's
// own steps when it bridges.
#ifndef SCOPE_RELAY_RELAY_STATE_H
#define SCOPE_RELAY_RELAY_STATE_H

#include "base/limits.h"
#include "certs/describe.h"
#include "plug/far_end.h"
#include "plug/filter.h"
#include "relay/leg.h"
#include "relay/relay.h"

enum client_side_state {
    CLIENT_UNDECIDED,
    CLIENT_PLAIN,
    CLIENT_AWAIT_HELLO,
    CLIENT_HELLO,
    CLIENT_HANDSHAKE,
    CLIENT_TLS,
    CLIENT_FAILED, // its handshake did, and that is reported
};

enum server_side_state {
    SERVER_CONNECTING,
    SERVER_CONNECTED,
    SERVER_GREETING,
    SERVER_EHLO,
    SERVER_STARTTLS,
    SERVER_STARTTLS_ACCEPTED, // the handshake begins once the 220 is dealt with
    SERVER_HANDSHAKE,
    SERVER_READY,
    SERVER_TLS,
    SERVER_GONE,     // never connected
    SERVER_GONE_TLS, // its handshake failed
};

// What a session was in when it ended.
enum moment {
    MOMENT_NONE,
    MOMENT_CONNECTING,
    MOMENT_FIRST_BYTES, // the client's: whether it begins TLS decides what the proxy does next
    MOMENT_GREETING,
    MOMENT_PLAIN_GREETING, // … of a server that has said nothing yet; there is no TLS
    MOMENT_OWN_TLS,        // the proxy's own steps
    MOMENT_HANDSHAKE,
    MOMENT_STARTTLS, // a 220 was said, and no ClientHello came
    MOMENT_IDLE,
    MOMENT_REPLY,
    MOMENT_SASL,
    MOMENT_TEXT,
    MOMENT_ANSWER, // to a message
    MOMENT_QUIT,
    MOMENT_421,
    MOMENT_OWN_421, // a filter said it in the server's place
    MOMENT_COUNT,
};

// Whether the peers are waited for.
enum patience {
    PATIENCE_LASTS,
    PATIENCE_OVER,             // they have had their time
    PATIENCE_OVER_UNDELIVERED, // … and the server has not taken all that the client said
};

struct session_end {
    enum outcome outcome;
    enum party by; // PARTY_NONE until the outcome is decided
    char *error;   // NULL where nothing went wrong
    // Times, INT64_MAX while they do not run:
    int64_t linger_until_ns; // nothing is relayed any more, and the peers may read the rest
    int64_t answer_until_ns; // a server may answer a client that reads no more
    int64_t unread_until_ns; // … and take more of what the client said
    enum patience patience;
    bool by_reset;
    bool by_filter;      // a filter ended the session
    bool server_dropped; // the proxy closed the connection to the server alone
    bool resets_both;    // both peers get a reset in place of a FIN
    int64_t noted_ns;
    enum moment moment; // MOMENT_NONE until a peer closed, or the proxy ends the session
    enum verb verb;     // MOMENT_REPLY
};

// Where the next byte of a peer's plaintext is.
enum line_place {
    PLACE_LINE_START, // or anywhere in message text that no end of it can be
    PLACE_MID_LINE,   // the start of the line was passed
    PLACE_DOT_LINE,   // … and it is a line of message text that begins with a dot
};

// The end of a peer's plaintext, on its way to the other peer.
enum stream_end {
    STREAM_GOES_ON,
    STREAM_ENDED,   // no more comes
    STREAM_END_DUE, // … and the other peer is to learn it after what waits
    STREAM_END_PASSED,
};

// Plaintext of one peer on its way through the filters.
struct filter_stream {
    struct buf held;      // a line that has not come to its end, or what waits
    struct slice passing; // passed already, not sent yet
    enum line_place place;
    enum stream_end end;
};

enum { TLS_RECORD_HEAD = 5 };

// What a rule at `tls` says of the client's handshake.
struct tls_fault {
    bool decided;
    const struct fault_rule *rule; // NULL for none
    int64_t due_ns;                // a handshake that is held goes on then; INT64_MAX: none is
    // After a ClientHello that was answered in plain text: alerts of the client's, which it sends
    // for a handshake that is not there, are left out.
    bool leaves_out_alerts;
    uint8_t record_head[TLS_RECORD_HEAD];
    size_t record_head_len;
    size_t record_left; // bytes of the body of one
};

struct bridge {
    struct relay *relay;
    struct filter_port port;
    struct buf greeting;  // held until the server's side is TLS
    struct buf reply;     // lines of the reply under way, to EHLO or to the proxy
    bool reply_begun;     // … whose start went out, since it was too long to be held
    bool starttls_due;    // the client's STARTTLS waits for our answer
    int64_t hello_due_ns; // when plain text in place of a ClientHello ends the session
};

// How far the chain that the server showed is judged.
enum verdict_state {
    VERDICT_NONE,        // no chain was shown
    VERDICT_AWAIT_ROOTS, // the machine's roots are not parsed yet, and the handshake waits
    VERDICT_DONE,
};

struct server_verdict {
    enum verdict_state state;
    int64_t due_ns;          // VERDICT_AWAIT_ROOTS: when it is asked for again; else INT64_MAX
    unsigned faults;         // enum trust_fault
    bool fails;              // it does not verify
    unsigned small_key_bits; // see struct trust_verdict
    unsigned issuer_key_bits;
    bool issuer_sha1;
    char *error; // the faults in words; NULL where it verifies
    char *text;  // … with what was not checked; NULL for nothing
    struct event_certificate *certificate;
};

// What the server's side makes of a ClientHello that the client begins with.
enum hello_answer {
    HELLO_UNANSWERED, // or there was none
    HELLO_IN_TLS,
    HELLO_ON_PLAIN, // plain SMTP is under way
};

// The plaintext that came of a peer so far.
enum speech {
    SPEECH_NONE,
    SPEECH_PLAIN,
    SPEECH_TLS, // some of it inside TLS
};

struct relay {
    const struct relay_config *config;
    struct event_session *session;
    struct relay_setup setup;
    struct observer *observer;
    struct far_end far_end; // without ops where the server's side is a socket
    struct buf far_end_says;
    struct leg client;
    struct leg server;
    enum client_side_state client_state;
    enum server_side_state server_state;
    int64_t decide_at_ns; // when a silent client counts as plain; INT64_MAX once decided
    char *connect_error;  // why there is no server; NULL while there may be one
    char *local_address;  // of the leg to the server

    struct server_verdict verdict;
    int64_t client_tls_ns;   // when its handshake was over
    unsigned shown_faults;   // enum trust_fault: what is wrong with the leaf
    enum speech spoke[2];    // by side
    bool client_greeted;     // the client was sent something of the server's
    struct buf client_hello; // as it came, while it is not known how the server answers it
    enum hello_answer hello_answer;

    struct fault_session *faults; // NULL without --fault
    struct tls_fault tls_fault;

    struct filter *filters;
    size_t filter_count; // 0: bytes are passed on without a look at them
    size_t filter_room;
    struct filter_stream streams[2]; // by side
    struct bridge *bridge;           // the filter that bridges, NULL for none; owned as a filter

    enum party first_close; // who closed first
    struct session_end end;
};

struct leg *relay_leg(struct relay *relay, enum side side);
bool relay_bridges(const struct relay *relay); // the TLS of the two sides is not the same by design
enum server_tls relay_server_tls(const struct relay *relay); // the mode's URL included
bool relay_client_ready(
    const struct relay *relay); // plain or in TLS, open for what the server says

// Setters: the only places where the machines move.
void relay_set_client(struct relay *relay, enum client_side_state state);
void relay_set_server(struct relay *relay, enum server_side_state state);

// Plaintext goes on to the other peer, and a copy to the observer.
void relay_forward(struct relay *relay, enum side from, struct slice plaintext, int64_t at_ns);

// What the server said, on its way to the client.
void relay_take_server_plaintext(struct relay *relay, struct slice plaintext, int64_t at_ns);

// input.c: wire bytes of a peer on their way in.
void input_client(struct relay *relay, struct slice wire, int64_t at_ns);
void input_server(struct relay *relay, struct slice wire, int64_t at_ns);
// After an accepted STARTTLS: plain bytes go on in the clear until a ClientHello begins.
void input_before_hello(struct relay *relay, struct slice wire, int64_t at_ns);
bool input_tls_switch_is_due(const struct relay *relay); // STARTTLS was accepted

// plain_server.c: a server that answers the client's ClientHello in plain text.
void plain_server_keep_hello(struct relay *relay, struct slice wire);
// Asked of the first bytes of the server's; true where they are no TLS: then plain_server_begin.
bool plain_server_shows(struct relay *relay, struct slice wire);
void plain_server_begin(struct relay *relay, int64_t at_ns);

// tls_switch.c: handshakes.
void tls_switch_client_begin(struct relay *relay, int64_t at_ns);
void tls_switch_server_begin(struct relay *relay, bool starttls, int64_t at_ns);
// Whatever the handshakes made possible since the last call.
void tls_switch_advance(struct relay *relay, int64_t at_ns);
// The facts of a client's handshake that the proxy itself ended.
void tls_switch_report_client(struct relay *relay, int64_t at_ns);
// The client's ClientHello is not answered, and its leg is plain again; `error` says why.
void tls_switch_withdraw(struct relay *relay, const char *error, int64_t at_ns);
// The endpoint of an established leg has failed or said something late.
void tls_switch_check_late(struct relay *relay, enum side side, int64_t at_ns);
// Handshakes that the session's end cut short are reported at last.
void tls_switch_report_unfinished(struct relay *relay, int64_t at_ns);
// A client that closed after the handshake without a word distrusts the certificate.
void tls_switch_check_silent_close(struct relay *relay, enum relay_fin fin, int64_t at_ns);

// (tls_fault.c) An EVENT_FAULT outside the dialogue.
void relay_report_fault(struct relay *relay, const struct fault_rule *rule, int64_t at_ns);

// tls_fault.c: what a rule of --fault at `tls` does to the client's handshake.
// Called when the leaf is due. True: the handshake goes on later, or not at all; the client's
// endpoint may have been refused.
bool tls_fault_act(struct relay *relay, const char *server_name, int64_t at_ns);
// What is left of the client's plain text where alerts are left out.
struct slice tls_fault_without_alerts(struct relay *relay, struct slice wire);
bool tls_fault_shapes_leaf(const struct relay *relay);
bool tls_fault_pins_version(const struct relay *relay);
// Gives the leaf that is asked for the rule's fault; returns what the client sees, enum
// trust_fault.
unsigned tls_fault_edit_leaf(struct leaf_request *request, const struct relay *relay);

// far_side.c: a far end that is no socket.
bool far_side_is_socket(const struct relay *relay);
void far_side_open(struct relay *relay, struct far_end far_end, int64_t at_ns); // takes it
void far_side_cleanup(struct relay *relay);
// Gives it what the client said, as far as there is room for what it says, and then the end.
void far_side_run(struct relay *relay, int64_t at_ns);
void far_side_tls_begun(struct relay *relay); // the client's leg is in TLS
int64_t far_side_deadline_ns(const struct relay *relay);

// filters.c: lines on their way through the filters.
void filters_init(struct relay *relay);
void filters_cleanup(struct relay *relay);
void filters_add(struct relay *relay, struct filter filter); // takes it
struct filter_port filters_port(struct relay *relay);
void filters_feed(struct relay *relay, enum side from, struct slice plaintext, int64_t at_ns);
// The only place where a stream's end moves, and only forward.
void filter_stream_set_end(struct filter_stream *stream, enum stream_end end);
// Asks again about what waits.
void filters_progress(struct relay *relay, int64_t at_ns);
// The peer's stream has ended: half a line goes out as it is. May come again.
void filters_end(struct relay *relay, enum side side, int64_t at_ns);
bool filters_hold(const struct relay *relay, enum side side); // bytes of this peer wait
// What waits is the caller's.
struct buf filters_take_held(struct relay *relay, enum side side);
void filters_observe_unsent(struct relay *relay, int64_t at_ns); // the client said it all the same
int64_t filters_deadline_ns(const struct relay *relay);
bool filters_guard(const struct relay *relay); // one of them must be asked about all that goes on

// bridge.c: the filter that bridges.
void bridge_add(struct relay *relay);
// The client's side has changed.
void bridge_update_view(struct relay *relay);
// The client sent plain text after our 220, where it can go nowhere: a ClientHello is to follow.
void bridge_await_hello(struct relay *relay, int64_t at_ns);
// What was held of the client's plain stream goes before TLS; no answer of ours is due inside it.
void bridge_client_tls_begins(struct relay *relay, int64_t at_ns);
// The greeting that was held goes to the client, through the filters on its way.
void bridge_release_greeting(struct relay *relay, int64_t at_ns);
bool bridge_holds_greeting(const struct relay *relay); // it was said to the proxy alone
bool bridge_holds_reply(const struct relay *relay);    // the start of a reply was not sent on

// half_close.c: the ends of the two streams.

// Passes on what has ended and held nothing back any more.
void half_close_pass_on(struct relay *relay, int64_t at_ns);

// upstream_starttls.c: the proxy's own STARTTLS.
void upstream_starttls_begin(struct relay *relay);
bool upstream_starttls_under_way(const struct relay *relay);
// A whole reply of the server's to what the proxy said; the greeting is the first.
void upstream_starttls_take(struct relay *relay, struct slice reply, int code, int64_t at_ns);
// The server accepted STARTTLS.
void upstream_starttls_finish(struct relay *relay, int64_t at_ns);
// Where the server closed on the way, the client is to learn it.
void upstream_starttls_check_gone(struct relay *relay, int64_t at_ns);

// session_end.c (with relay_idle and relay_stop), session_end_text.c: how a session ends.
void session_end_decide(struct relay *relay, enum outcome outcome, enum party by,
                        const char *format, ...) __attribute__((format(printf, 4, 5)));
// Stops relaying: sends what is left, closes both sides.
void session_end_close_both(struct relay *relay, int64_t at_ns);
// The connection to the server alone, with nothing that waits for it: what it may yet say is lost.
void session_end_drop_server(struct relay *relay, int64_t at_ns);
// The same, with a reset to both peers after what was sent.
void session_end_reset_both(struct relay *relay, int64_t at_ns);
void session_end_init(struct session_end *end);
bool session_end_is_over(const struct relay *relay);    // nothing is relayed any more
bool session_end_is_decided(const struct relay *relay); // the proxy or a failure ended it
// The client is gone: what it said is the server's for so long as that takes some of it.
void session_end_await_delivery(struct relay *relay, int64_t at_ns);
// The server took none of it in time.
void session_end_give_up_delivery(struct relay *relay);
// The same for peers that get no longer than this to read the rest and close.
void session_end_close_within(struct relay *relay, int64_t at_ns, int64_t linger_ns);
// No server: the client learns it, as soon as it is known how.
void session_end_refuse_client(struct relay *relay, int64_t at_ns);
// The session ends here, or begins to: remembers what was due. The first call counts.
void session_end_note_moment(struct relay *relay, int64_t at_ns);
// The sentence for an end that nothing but its moment explains; empty for other outcomes.
void session_end_put_text(char out[static FAILURE_MAX], const struct relay *relay,
                          enum outcome outcome);
struct event_close session_end_summary(struct relay *relay, int64_t at_ns);

#endif
