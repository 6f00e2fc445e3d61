// SPDX-License-Identifier: MIT
// leg: one of the two sides of a relayed connection: wire bytes towards one peer, plain or inside
// TLS. It knows how bytes get out and in, not why.
//
//            leg_send                                leg_output
//   plaintext ──▶ pending ──▶ [ tls endpoint ] ──▶ output ──▶ the peer
//                   ▲ waits while the gate is shut
//
// Plain bytes that are still in `output` when TLS begins go out before TLS.
#ifndef SCOPE_RELAY_LEG_H
#define SCOPE_RELAY_LEG_H

#include "tls/endpoint.h"

// What has come of the peer's stream.
enum leg_input { LEG_INPUT_OPEN, LEG_INPUT_ENDED, LEG_INPUT_RESET };

// Our own end towards the peer.
enum leg_ending {
    LEG_ENDING_NONE,
    LEG_ENDING_DUE, // once everything is sent
    LEG_ENDING_SENT,
};

struct leg {
    enum side side;
    struct tls_endpoint *tls; // NULL while the leg is plain
    bool starttls;            // how its TLS began, else implicit
    bool open;                // the gate: shut while it is not known, or not possible, how to send
    struct buf pending;       // plaintext that waits for the gate or for room
    struct buf output;        // plain wire bytes
    struct buf unread;        // wire bytes that the endpoint has not taken yet
    enum leg_input input;
    enum leg_ending ending;
    bool close_notify_due;    // goes out after what is pending
    bool close_notify_passed; // the peer's close_notify was made one of the other leg's
};

void leg_init(struct leg *leg, enum side side);
void leg_cleanup(struct leg *leg);

bool leg_has_ended(const struct leg *leg); // nothing comes of the peer any more
bool leg_is_reset(const struct leg *leg);

void leg_open(struct leg *leg); // opens the gate and sends what waited
void leg_shut(struct leg *leg);

// Sends plaintext to the peer, or keeps it while the gate is shut.
void leg_send(struct leg *leg, struct slice plaintext);
// Reads wire bytes: their plaintext is appended to `out`.
void leg_receive(struct leg *leg, struct slice wire, struct buf *out, int64_t at_ns);

// Wire bytes to send, valid until the next call; leg_sent consumes them.
struct slice leg_output(const struct leg *leg);
void leg_sent(struct leg *leg, size_t len);
size_t leg_backlog(const struct leg *leg); // bytes that wait to be sent, in any form
bool leg_is_flushed(const struct leg *leg);

// Forgets what waits for a gate that will not open any more.
void leg_drop_waiting(struct leg *leg);
// Ends our side towards the peer once everything is sent: with a close_notify where the leg is TLS
// and `close_notify` is set.
void leg_end(struct leg *leg, bool close_notify);
void leg_close_notify(struct leg *leg); // only the TLS half-close

#endif
