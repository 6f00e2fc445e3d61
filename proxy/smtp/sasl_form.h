// SPDX-License-Identifier: MIT
// sasl_form: whether a decoded SASL response has the form that its mechanism asks for (RFC 4616,
// RFC 7628, Google's XOAUTH2), and what in it is most likely a slip though the form is right: white
// space at an edge, a byte order mark, an expired token. The answers are words of ours, static,
// without any byte of the response.
#ifndef SCOPE_SMTP_SASL_FORM_H
#define SCOPE_SMTP_SASL_FORM_H

#include "smtp/sasl_mechanism.h"

#include <stdint.h>

// What is malformed in the client's `nth` response (from 1); NULL for nothing.
const char *sasl_form_flaw(enum sasl_mechanism mechanism, unsigned nth, struct slice response);
// What may be the reason if the server refuses it; NULL for nothing. `now_s` is the time of the
// login, in seconds of Unix.
const char *sasl_form_doubt(enum sasl_mechanism mechanism, struct slice response, int64_t now_s);

#endif
