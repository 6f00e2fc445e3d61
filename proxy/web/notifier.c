// SPDX-License-Identifier: MIT
#include "web/notifier.h"

#include "base/limits.h"
#include "base/memory.h"

#include <stdlib.h>

enum { HANDLES = 2 };

struct notifier {
    struct store *store;
    struct store_listener listener;
    uv_async_t changed;
    uv_timer_t timer;
    unsigned open_handles;
    void (*look)(void *context);
    void *context;
    void (*closed)(void *context);
};

static void ring(void *context) {
    struct notifier *notifier = context;
    uv_async_send(&notifier->changed);
}

static void on_changed(uv_async_t *async) {
    notifier_look_within(async->data, WEB_GATHER_MS);
}

static void on_time(uv_timer_t *timer) {
    struct notifier *notifier = timer->data;
    notifier->look(notifier->context);
}

struct notifier *notifier_new(uv_loop_t *loop, struct store *store, void (*look)(void *context),
                              void *context) {
    struct notifier *notifier = mem_new(sizeof(*notifier));
    notifier->store = store;
    notifier->look = look;
    notifier->context = context;
    notifier->listener = (struct store_listener){.ring = ring, .context = notifier};
    notifier->open_handles = HANDLES;
    notifier->changed.data = notifier;
    notifier->timer.data = notifier;
    uv_async_init(loop, &notifier->changed, on_changed);
    uv_timer_init(loop, &notifier->timer);
    store_listen(store, &notifier->listener);
    return notifier;
}

void notifier_await(struct notifier *notifier) {
    store_await(notifier->store);
}

void notifier_look_within(struct notifier *notifier, uint64_t ms) {
    bool sooner = uv_is_active((uv_handle_t *)&notifier->timer) != 0 &&
                  uv_timer_get_due_in(&notifier->timer) <= ms;
    if (!sooner && !uv_is_closing((uv_handle_t *)&notifier->timer)) {
        uv_timer_start(&notifier->timer, on_time, ms, 0);
    }
}

static void on_closed(uv_handle_t *handle) {
    struct notifier *notifier = handle->data;
    if (--notifier->open_handles > 0) {
        return;
    }
    if (notifier->closed != NULL) {
        notifier->closed(notifier->context);
    }
    free(notifier);
}

void notifier_close(struct notifier *notifier, void (*closed)(void *context)) {
    notifier->closed = closed;
    store_unlisten(notifier->store, &notifier->listener);
    uv_close((uv_handle_t *)&notifier->changed, on_closed);
    uv_close((uv_handle_t *)&notifier->timer, on_closed);
}
