// SPDX-License-Identifier: MIT
// alert: TLS alerts (RFC 8446 6, RFC 5246 7.2) by number: their names, and what each means in a
// sentence about the side that sent it.
#ifndef SCOPE_TLS_ALERT_H
#define SCOPE_TLS_ALERT_H

#include "base/slice.h"

#include <stdbool.h>

enum { ALERT_NONE = -1 };

const char *tls_alert_name(int alert);    // "unknown_ca"; "unknown" for numbers without a name
int tls_alert_find(struct slice name);    // ASCII case folded; ALERT_NONE where it is none
const char *tls_alert_meaning(int alert); // "it does not know the issuer of the certificate …"
// Whether a client that sends it says that it does not accept the certificate it was shown.
bool tls_alert_is_about_certificate(int alert);

#endif
