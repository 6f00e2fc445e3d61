// SPDX-License-Identifier: MIT
// not_smtp: what bytes that are no SMTP look like, in words for a person.
#ifndef SCOPE_SMTP_NOT_SMTP_H
#define SCOPE_SMTP_NOT_SMTP_H

#include "base/limits.h"
#include "event/event.h"

enum { NOT_SMTP_HEAD = 64 };

// The first bytes of a line are a TLS record (RFC 8446 5.1: type, then version 3.x).
bool not_smtp_is_tls(struct slice head);

// Both judge the first bytes that a peer sent. `ended`: the line is complete, or more than `head`
// came of it. They write one sentence to `out` and return true where it is clear that this is no
// SMTP; false where it is, or where more bytes are needed to tell.
bool not_smtp_is_server(char out[NOT_SMTP_TEXT_MAX], struct slice head, bool ended);
bool not_smtp_is_client(char out[NOT_SMTP_TEXT_MAX], struct slice head, bool ended);

#endif
