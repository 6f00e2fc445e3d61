// SPDX-License-Identifier: MIT
// records: the connections that were steered to the proxy's listener and that it has not claimed
// yet, by the loopback address that each was steered to. Any thread.
//
// The 24 bits of 127.x.y.z are random, so that another user of this machine cannot guess one and
// take the connection over.
#ifndef SCOPE_CAPTURE_RECORDS_H
#define SCOPE_CAPTURE_RECORDS_H

#include "capture/capture.h"

#include <netinet/in.h>

struct records;

struct records *records_new(void);
void records_free(struct records *records); // closes the servers that nobody claimed

// Keeps a copy; `server_fd` belongs to the records from here on. Returns the address to steer to.
struct in_addr records_add(struct records *records, const struct capture_connection *connection);
// Takes a record out; false where there is none at `address`.
bool records_take(struct records *records, struct in_addr address, struct capture_connection *out);
// Takes a record out and closes its server: nobody will come for it.
void records_drop(struct records *records, struct in_addr address);

#endif
