// SPDX-License-Identifier: MIT
// records: the connections that were steered to the proxy's listener and that it has not claimed
// yet. Any thread.
//
// The key is the loopback address that a connection was steered to, 127.x.y.z with 24 random bits,
// so that another user of this machine cannot guess one and take the connection over. A socket that
// is bound to an IPv6 address can only be steered to ::1; there its own address and port are the
// key.
#ifndef SCOPE_CAPTURE_RECORDS_H
#define SCOPE_CAPTURE_RECORDS_H

#include "capture/capture.h"

#include <netinet/in.h>

struct records;

struct record_key {
    struct in6_addr address; // 127.x.y.z in its mapped form, or the client's
    in_port_t port;          // 0, or the client's
};

struct record_key record_key_of_loopback(struct in_addr address);
struct record_key record_key_of_client(const struct sockaddr_in6 *client);
// The key of a connection that the listener accepted.
bool record_key_of_accepted(struct record_key *out, int accepted_fd);

struct records *records_new(void);
void records_free(struct records *records); // closes the servers that nobody claimed

// Keeps a copy; `server_fd` belongs to the records from here on. Returns the address to steer to.
struct in_addr records_add(struct records *records, const struct capture_connection *connection);
// The same under a key that is given.
void records_add_at(struct records *records, const struct capture_connection *connection,
                    const struct record_key *key);
// Takes a record out; false where there is none of that key.
bool records_take(struct records *records, const struct record_key *key,
                  struct capture_connection *out);
// A dial is under way that may become a record, or a failure to report; and it is over.
void records_dial_begun(struct records *records);
void records_dial_ended(struct records *records);
// Waits until no dial is under way and every record was taken, for at most this long.
void records_wait_taken(struct records *records, int64_t wait_ms);

#endif
