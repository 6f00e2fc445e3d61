// SPDX-License-Identifier: MIT
#include "fake_clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <uv.h>

enum { TIMERS_MAX = 32, NS_PER_MS = 1000000, BEGIN_MS = 1000 };

struct armed {
    uv_timer_t *timer;
    uv_timer_cb due;
    uint64_t at_ms;
};

static uint64_t now_ms;
static uint64_t loop_ms; // when its turn began
static struct armed armed[TIMERS_MAX];
static size_t armed_count;

uint64_t __wrap_uv_hrtime(void);
uint64_t __wrap_uv_now(const uv_loop_t *loop);
int __wrap_uv_timer_start(uv_timer_t *timer, uv_timer_cb due, uint64_t timeout, uint64_t repeat);
int __wrap_uv_timer_stop(uv_timer_t *timer);
void __wrap_uv_close(uv_handle_t *handle, uv_close_cb closed);
void __real_uv_close(uv_handle_t *handle, uv_close_cb closed);

uint64_t __wrap_uv_hrtime(void) {
    return now_ms * NS_PER_MS;
}

uint64_t __wrap_uv_now(const uv_loop_t *loop) {
    (void)loop;
    return loop_ms;
}

static void disarm(const void *timer) {
    for (size_t i = 0; i < armed_count; i++) {
        if (armed[i].timer == timer) {
            armed[i] = armed[--armed_count];
            return;
        }
    }
}

int __wrap_uv_timer_start(uv_timer_t *timer, uv_timer_cb due, uint64_t timeout, uint64_t repeat) {
    assert_int_equal(repeat, 0);
    disarm(timer);
    assert_true(armed_count < TIMERS_MAX);
    armed[armed_count++] = (struct armed){.timer = timer, .due = due, .at_ms = loop_ms + timeout};
    return 0;
}

int __wrap_uv_timer_stop(uv_timer_t *timer) {
    disarm(timer);
    return 0;
}

void __wrap_uv_close(uv_handle_t *handle, uv_close_cb closed) {
    disarm(handle);
    __real_uv_close(handle, closed);
}

void fake_clock_reset(void) {
    now_ms = loop_ms = BEGIN_MS;
    armed_count = 0;
}

static struct armed *earliest(void) {
    struct armed *found = NULL;
    for (size_t i = 0; i < armed_count; i++) {
        if (found == NULL || armed[i].at_ms < found->at_ms) {
            found = &armed[i];
        }
    }
    return found;
}

void fake_clock_pass_ms(uint64_t ms) {
    uint64_t end_ms = now_ms + ms;
    for (struct armed *next = earliest(); next != NULL && next->at_ms <= end_ms;
         next = earliest()) {
        struct armed due = *next;
        now_ms = due.at_ms > now_ms ? due.at_ms : now_ms;
        loop_ms = now_ms;
        disarm(due.timer);
        due.due(due.timer);
    }
    now_ms = loop_ms = end_ms;
}

void fake_clock_late_ms(uint64_t ms) {
    now_ms += ms;
}

uint64_t fake_clock_now_ms(void) {
    return now_ms;
}

size_t fake_clock_armed(void) {
    return armed_count;
}
