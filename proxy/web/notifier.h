// SPDX-License-Identifier: MIT
// notifier: calls back on a loop after the store has changed, for those that wait for something to
// happen. Changes that come close together are one call; while nothing changes nothing runs.
//
//   store_changed, any thread ──▶ uv_async ──▶ WEB_GATHER_MS later: look
#ifndef SCOPE_WEB_NOTIFIER_H
#define SCOPE_WEB_NOTIFIER_H

#include "web/store.h"

#include <uv.h>

struct notifier;

// `look` is called on the loop. The store outlives it.
struct notifier *notifier_new(uv_loop_t *loop, struct store *store, void (*look)(void *context),
                              void *context);
// Calls `look` after the next change. To be asked for before one looks, so that none is missed.
void notifier_await(struct notifier *notifier);
// Calls `look` after so many milliseconds at the latest, changed or not.
void notifier_look_within(struct notifier *notifier, uint64_t ms);
// Calls no more. It is freed when the loop has run its close callbacks, the last of which calls
// `closed`; NULL for none.
void notifier_close(struct notifier *notifier, void (*closed)(void *context));

#endif
