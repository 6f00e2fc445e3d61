// SPDX-License-Identifier: MIT
// conn_state: what the files of a connection share, and nobody outside.
//
//   conn_accept ─▶ identify the client ─▶ (SOCKS5) ─▶ start the session ─▶ update … update ─▶ end
//        └──────── dial the server meanwhile ───────────────┘
#ifndef SCOPE_NET_CONN_STATE_H
#define SCOPE_NET_CONN_STATE_H

#include "net/address.h"
#include "net/conn.h"
#include "net/dial.h"
#include "net/peer.h"
#include "net/socks5.h"
#include "net/worker.h"
#include "relay/relay.h"

struct identification;

struct conn {
    struct conn *previous;
    struct conn *next;
    struct worker *worker;
    const struct listen_spec *spec;
    struct event_session session;
    struct sockaddr_storage client_name; // the client's socket as this machine sees it …
    struct sockaddr_storage client_peer; // … and what the client connected to
    struct address_text client_text;
    struct address_text client_local_text;
    struct address_text server_text;
    struct address_text destination_text; // of `destination`
    struct address_text server_local_text;
    char *server_host; // the name asked for; NULL where there is none
    uint16_t server_port;
    struct sockaddr_storage destination; // transparent and run: where the client was going
    struct process_identity client_process;
    struct identification *identification; // under way
    bool identify_last;
    int64_t identify_by_ns; // until when the session waits for it; 0 when it does not
    struct peer *client;
    struct peer *server;
    struct share shares[2]; // by side
    struct dial *dial;
    bool dialled; // the dial has ended, `dial_result` holds
    struct dial_result dial_result;
    struct socks5 *socks5; // NULL in other modes, and once it is done
    struct slice early;    // what stood behind the request, while the session starts
    struct relay *relay;   // NULL until the client is known
    uv_timer_t *timer;     // heap: frees itself in its close callback
    int64_t armed_ns;      // when the timer fires; INT64_MAX for never
    int64_t accepted_ns;   // of the loop's clock
    int64_t active_ns;     // the last byte of either side, since the accept
    const char *refusal;   // why this client gets no server; NULL where it may have one
    int64_t reset_by_ns;   // until when a reset waits for what was sent before it; 0 for no reset
    int64_t look_at_ns;    // when it is looked next whether the client is gone; INT64_MAX for never
    int64_t look_wait_ns;  // … and how long was waited for that
    bool client_ended;     // its stream has ended, and nothing shows whether it still reads
    bool client_gone;
    bool stopped; // the grace is over
    bool updating;
    struct observer_counts counted; // what the service's counts have of this session
};

int64_t conn_now_ns(const struct conn *conn); // since the accept
const struct proxy_options *conn_options(const struct conn *conn);

// conn.c
// The peer's stream was broken off: reads what it may have said before that. True if there was
// anything.
bool conn_lose_peer(struct conn *conn, enum side side);
// Brings sockets and timer in line with what the relay wants. Ends the connection when it is done:
// nothing may touch it after this.
void conn_update(struct conn *conn);
void conn_end(struct conn *conn); // frees it
void conn_arm(struct conn *conn); // the timer
struct peer *conn_adopt(struct conn *conn, enum side side, int fd);

// conn_dial.c
void conn_start_dial(struct conn *conn);
void conn_use_dial_result(struct conn *conn);

// conn_socks5.c
void conn_take_socks5(struct conn *conn, struct slice bytes);
void conn_answer_socks5(struct conn *conn); // what became of the dial

// conn_identify.c: who the client is, found on another thread.
// Calls conn_begin when it is known, or at once where it need not be found.
void conn_identify(struct conn *conn);
void conn_end_identification(struct conn *conn);    // `identify_by_ns` has come
void conn_forget_identification(struct conn *conn); // the connection ends before it is known

// conn_gone.c: a client that can no longer be noticed by reading from it, since its stream has
// ended or is not read, is looked at now and then.
void conn_watch_client(struct conn *conn);
void conn_look_at_client(struct conn *conn); // when `look_at_ns` has come
bool conn_client_is_local(const struct conn *conn);

// conn_accept.c
void conn_begin(struct conn *conn); // the client is known
void conn_start_session(struct conn *conn);
void conn_show_process(struct conn *conn); // what is known of the client's process

#endif
