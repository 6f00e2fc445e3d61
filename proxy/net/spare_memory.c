// SPDX-License-Identifier: MIT
#include "net/spare_memory.h"

#include "base/limits.h"
#include "base/memory.h"

#include <stdbool.h>

static void look(uv_timer_t *timer);

static void look_later(uv_timer_t *timer) {
    uv_timer_start(timer, look, SPARE_MEMORY_LOOK_MS, 0);
}

// Of several loops one looks.
static void look(uv_timer_t *timer) {
    struct spare_memory *shared = timer->data;
    uint64_t now_ms = uv_now(timer->loop);
    uint64_t last_ms = atomic_load(&shared->looked_ms);
    if (now_ms < last_ms + SPARE_MEMORY_LOOK_MS) {
        look_later(timer); // what this loop's sessions left may have come after that look
    } else if (atomic_compare_exchange_strong(&shared->looked_ms, &last_ms, now_ms)) {
        mem_give_back(SPARE_MEMORY);
    }
}

void spare_memory_init(uv_timer_t *timer, uv_loop_t *loop, struct spare_memory *shared) {
    uv_timer_init(loop, timer);
    timer->data = shared;
}

// What a session has left to the writer's thread is freed later than the session itself.
void spare_memory_expect(uv_timer_t *timer) {
    if (!uv_is_active((uv_handle_t *)timer) && !uv_is_closing((uv_handle_t *)timer)) {
        look_later(timer);
    }
}
