// SPDX-License-Identifier: MIT
#include "net/deadline.h"

#include "base/clock.h"
#include "base/memory.h"

#include <stdlib.h>

struct deadline {
    uv_timer_t timer;
    int64_t armed_ns; // INT64_MAX for never
    void (*due)(void *context);
    void *context;
};

// Without uv_update_time: with that a timer may be due in the pass of timers that has started it.
void deadline_start_timer(uv_timer_t *timer, uv_timer_cb due, int64_t at_ns) {
    uint64_t at_ms = (uint64_t)((at_ns + NS_PER_MS - 1) / NS_PER_MS);
    uint64_t now_ms = uv_now(timer->loop);
    uv_timer_start(timer, due, at_ms > now_ms ? at_ms - now_ms : 1, 0);
}

struct deadline *deadline_new(uv_loop_t *loop, void (*due)(void *context), void *context) {
    struct deadline *deadline = mem_new(sizeof(*deadline));
    deadline->armed_ns = INT64_MAX;
    deadline->due = due;
    deadline->context = context;
    uv_timer_init(loop, &deadline->timer);
    deadline->timer.data = deadline;
    return deadline;
}

static void on_timer(uv_timer_t *timer) {
    struct deadline *deadline = timer->data;
    deadline->armed_ns = INT64_MAX;
    deadline->due(deadline->context);
}

void deadline_arm(struct deadline *deadline, int64_t at_ns) {
    if (at_ns >= deadline->armed_ns) {
        return;
    }
    deadline->armed_ns = at_ns;
    deadline_start_timer(&deadline->timer, on_timer, at_ns);
}

static void free_deadline(uv_handle_t *handle) {
    free(handle->data);
}

void deadline_close(struct deadline *deadline) {
    uv_close((uv_handle_t *)&deadline->timer, free_deadline);
}
