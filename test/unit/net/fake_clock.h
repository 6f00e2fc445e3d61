// SPDX-License-Identifier: MIT
// fake_clock: the time of a test. uv_hrtime, uv_now and the timers of libuv are called here (the
// linker's --wrap, see CMakeLists.txt): time passes when the test says so, and sockets stay real.
#ifndef SCOPE_TEST_NET_FAKE_CLOCK_H
#define SCOPE_TEST_NET_FAKE_CLOCK_H

#include <stddef.h>
#include <stdint.h>

void fake_clock_reset(void);
// Calls each timer that is due until then, in order.
void fake_clock_pass_ms(uint64_t ms);
// A turn of the loop takes so long: no timer is called, and the loop's own clock shows the
// beginning of the turn until time passes.
void fake_clock_late_ms(uint64_t ms);
uint64_t fake_clock_now_ms(void);
size_t fake_clock_armed(void); // timers that wait

#endif
