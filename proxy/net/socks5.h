// SPDX-License-Identifier: MIT
// socks5: the server's side of SOCKS5 (RFC 1928) as a machine of bytes: no authentication, CONNECT,
// all three address types. It owns no socket, resolves no name and dials nothing.
//
//   EXPECT_METHODS ─ 05 n m… ─▶ EXPECT_REQUEST ─ 05 01 00 … ─▶ CONNECTING ─ answer ─▶ CONNECTED
//         │                          │                              │
//         └────── wrong ─────────────┴──────────── wrong ───────────┴──▶ REFUSED: send the output,
//                                                                        then close
#ifndef SCOPE_NET_SOCKS5_H
#define SCOPE_NET_SOCKS5_H

#include "base/slice.h"

#include <sys/socket.h>

enum socks5_state {
    SOCKS5_EXPECT_METHODS,
    SOCKS5_EXPECT_REQUEST,
    SOCKS5_CONNECTING, // the request is whole: dial `host` and `port`, then answer
    SOCKS5_CONNECTED,  // the success reply is in the output; from here the stream is the client's
    SOCKS5_REFUSED,    // the output holds the last word; close behind it
};

// RFC 1928 6, the reply field.
enum socks5_reply {
    SOCKS5_SUCCEEDED = 0,
    SOCKS5_GENERAL_FAILURE = 1,
    SOCKS5_UNREACHABLE = 4, // no route, or no such name
    SOCKS5_CONNECTION_REFUSED = 5,
    SOCKS5_TIMED_OUT = 6,
    SOCKS5_COMMAND_NOT_SUPPORTED = 7,
    SOCKS5_ADDRESS_NOT_SUPPORTED = 8,
};

enum {
    SOCKS5_INPUT_MAX = 2 + 255 > 4 + 1 + 255 + 2 ? 2 + 255 : 4 + 1 + 255 + 2,
    SOCKS5_OUTPUT_MAX = 32,
    SOCKS5_HOST_MAX = 256, // with its end
};

// All-zero is a machine at its start.
struct socks5 {
    enum socks5_state state;
    uint8_t input[SOCKS5_INPUT_MAX]; // of the message that is not whole yet
    size_t input_len;
    uint8_t output[SOCKS5_OUTPUT_MAX]; // not yet taken
    size_t output_len;
    char host[SOCKS5_HOST_MAX]; // from CONNECTING on: a name, or an address as text, no brackets
    bool host_is_name;          // else `host` is an address
    uint16_t port;
};

// Takes the negotiation's bytes off the front of `bytes` and returns how many those were: what
// stands behind the request is the client's stream already and is not taken.
size_t socks5_feed(struct socks5 *socks5, struct slice bytes);

// Bytes for the client; valid until the next call. Empty after socks5_output_sent.
struct slice socks5_output(const struct socks5 *socks5);
void socks5_output_sent(struct socks5 *socks5);

// The answers to CONNECTING. `local` is our end of the connection to the server (RFC 1928 6:
// BND.ADDR), NULL where it is not known.
void socks5_answer_connected(struct socks5 *socks5, const struct sockaddr *local);
void socks5_answer_failed(struct socks5 *socks5, enum socks5_reply reply);

// The reply for the errno (positive) of a failed connect.
enum socks5_reply socks5_reply_of_errno(int error);

#endif
