// SPDX-License-Identifier: MIT
#include "certs/facts_store.h"

#include "base/boringssl.h"
#include "base/digest.h"
#include "base/limits.h"
#include "base/memory.h"
#include "certs/describe.h"

#include <openssl/pool.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct stored_facts {
    uint8_t id[SHA256_LEN]; // of the certificate
    struct event_certificate *facts;
};

// A certificate has one place, which the next that has the same takes from it.
struct facts_store {
    pthread_mutex_t mutex; // guards what follows
    struct stored_facts kept[LIMIT_FACTS_KEPT];
};

static struct event_certificate *find(struct facts_store *store, const uint8_t id[SHA256_LEN]) {
    struct event_certificate *found = NULL;
    pthread_mutex_lock(&store->mutex);
    const struct stored_facts *kept = &store->kept[id[0] % LIMIT_FACTS_KEPT];
    if (kept->facts != NULL && memcmp(kept->id, id, SHA256_LEN) == 0) {
        found = certificate_facts_share(kept->facts);
    }
    pthread_mutex_unlock(&store->mutex);
    return found;
}

static void keep(struct facts_store *store, const uint8_t id[SHA256_LEN],
                 struct event_certificate *facts) {
    pthread_mutex_lock(&store->mutex);
    struct stored_facts *kept = &store->kept[id[0] % LIMIT_FACTS_KEPT];
    certificate_facts_free(kept->facts);
    memcpy(kept->id, id, SHA256_LEN);
    kept->facts = certificate_facts_share(facts);
    pthread_mutex_unlock(&store->mutex);
}

struct event_certificate *facts_store_get(struct facts_store *store,
                                          const CRYPTO_BUFFER *certificate) {
    uint8_t id[SHA256_LEN];
    sha256_of(id, slice_of(CRYPTO_BUFFER_data(certificate), CRYPTO_BUFFER_len(certificate)));
    struct event_certificate *facts = find(store, id);
    if (facts == NULL) {
        facts = certificate_facts_of(certificate);
        if (facts != NULL) {
            keep(store, id, facts);
        }
    }
    return facts;
}

struct facts_store *facts_store_new(void) {
    struct facts_store *store = mem_new(sizeof(*store));
    pthread_mutex_init(&store->mutex, NULL);
    return store;
}

void facts_store_free(struct facts_store *store) {
    if (store == NULL) {
        return;
    }
    for (size_t i = 0; i < LIMIT_FACTS_KEPT; i++) {
        certificate_facts_free(store->kept[i].facts);
    }
    pthread_mutex_destroy(&store->mutex);
    free(store);
}
