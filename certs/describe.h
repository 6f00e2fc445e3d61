// SPDX-License-Identifier: MIT
// describe: what a certificate says, as the facts that an event carries.
#ifndef SCOPE_CERTS_DESCRIBE_H
#define SCOPE_CERTS_DESCRIBE_H

#include "event/event.h"

#include <openssl/base.h>

// A description owns its strings; free it with certificate_facts_free. NULL where `der` is no
// certificate.
struct event_certificate *certificate_facts_new(struct slice der);
// The same of a certificate as it came in a handshake.
struct event_certificate *certificate_facts_of(const CRYPTO_BUFFER *certificate);
// The same description for one more who lets go of it with certificate_facts_free, on any thread.
struct event_certificate *certificate_facts_share(struct event_certificate *facts);
void certificate_facts_free(struct event_certificate *facts);

#endif
