// SPDX-License-Identifier: MIT
// facts_store: what certificates say (describe.h), kept by the certificate, since a server shows
// the same one in every session. Safe for use by many threads.
#ifndef SCOPE_CERTS_FACTS_STORE_H
#define SCOPE_CERTS_FACTS_STORE_H

#include "event/event.h"

#include <openssl/base.h>

struct facts_store;

struct facts_store *facts_store_new(void);
void facts_store_free(struct facts_store *store);

// A description that others may hold too; let go of it with certificate_facts_free. NULL where the
// bytes are no certificate.
struct event_certificate *facts_store_get(struct facts_store *store,
                                          const CRYPTO_BUFFER *certificate);

#endif
