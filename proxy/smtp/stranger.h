// SPDX-License-Identifier: MIT
// stranger: what bytes that are no SMTP look like, in words for a person.
#ifndef SCOPE_SMTP_STRANGER_H
#define SCOPE_SMTP_STRANGER_H

#include "event/event.h"

enum { STRANGER_HEAD = 64, STRANGER_TEXT_MAX = 512 };

// The first bytes of a line are a TLS record (RFC 8446 5.1: type, then version 3.x).
bool stranger_is_tls(struct slice head);

// Both judge the first bytes that a peer sent. `ended`: the line is complete, or more than `head`
// came of it. They write one sentence to `out` and return true where it is clear that this is no
// SMTP; false where it is, or where more bytes are needed to tell.
bool stranger_is_server(char out[STRANGER_TEXT_MAX], struct slice head, bool ended);
bool stranger_is_client(char out[STRANGER_TEXT_MAX], struct slice head, bool ended);

#endif
