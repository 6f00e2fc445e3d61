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
    int64_t now_ns = (int64_t)uv_hrtime();
    int64_t wait_ns = at_ns > now_ns ? at_ns - now_ns : 0;
    deadline->armed_ns = at_ns;
    uv_update_time(deadline->timer.loop);
    uv_timer_start(&deadline->timer, on_timer, (uint64_t)(wait_ns / NS_PER_MS + 1), 0);
}

static void free_deadline(uv_handle_t *handle) {
    free(handle->data);
}

void deadline_close(struct deadline *deadline) {
    uv_close((uv_handle_t *)&deadline->timer, free_deadline);
}
