// SPDX-License-Identifier: MIT
#include "spool/backlog.h"

#include "base/clock.h"
#include "base/limits.h"

#include <assert.h>

void backlog_init(struct backlog *backlog, size_t max) {
    *backlog = (struct backlog){.max = max};
}

static bool gets_ahead(const struct backlog *backlog, int64_t now_ns) {
    return !atomic_load(&backlog->failing) && now_ns - atomic_load(&backlog->ahead_ns) < AHEAD_NS;
}

static bool is_over(struct backlog *backlog, size_t cost, int64_t now_ns) {
    size_t waiting = atomic_load(&backlog->waiting);
    if (atomic_load(&backlog->losing)) {
        bool room = waiting < backlog->max / 2;
        atomic_store(&backlog->losing, !room);
        return !room;
    }
    bool over = waiting + cost > backlog->max && waiting > 0 && !gets_ahead(backlog, now_ns);
    if (over) {
        atomic_store(&backlog->losing, true);
    }
    return over;
}

bool backlog_admit(struct backlog *backlog, uint64_t *out_unreported, size_t cost, int64_t now_ns) {
    *out_unreported = 0;
    if (is_over(backlog, cost, now_ns)) {
        return false;
    }
    *out_unreported = backlog_take_unreported(backlog);
    if (atomic_fetch_add(&backlog->waiting, cost) == 0) {
        atomic_store(&backlog->ahead_ns, now_ns);
    }
    return true;
}

bool backlog_is_congested(const struct backlog *backlog, int64_t now_ns) {
    return atomic_load(&backlog->waiting) > backlog->max / 2 && gets_ahead(backlog, now_ns);
}

void backlog_release(struct backlog *backlog, size_t cost) {
    size_t before = atomic_fetch_sub(&backlog->waiting, cost);
    assert(before >= cost);
    (void)before;
}

void backlog_wrote(struct backlog *backlog, size_t len, int64_t now_ns) {
    backlog->window_bytes += len;
    if (backlog->window_bytes >= AHEAD_BYTES) {
        backlog->window_bytes = 0;
        atomic_store(&backlog->ahead_ns, now_ns);
    }
}

void backlog_set_failing(struct backlog *backlog, bool failing) {
    atomic_store(&backlog->failing, failing);
}

void backlog_lose(struct backlog *backlog, uint64_t lines) {
    atomic_fetch_add(&backlog->lost, lines);
    atomic_fetch_add(&backlog->unreported, lines);
}

uint64_t backlog_take_unreported(struct backlog *backlog) {
    return atomic_load(&backlog->unreported) == 0 ? 0 : atomic_exchange(&backlog->unreported, 0);
}

void backlog_add_unreported(struct backlog *backlog, uint64_t lines) {
    atomic_fetch_add(&backlog->unreported, lines);
}

void backlog_add(struct backlog *backlog, size_t cost) {
    atomic_fetch_add(&backlog->waiting, cost);
}
