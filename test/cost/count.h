// SPDX-License-Identifier: MIT
// count: what the program has done so far, in basic blocks executed and bytes walked by the C
// library, counted in the calling thread. Unlike time it is the same on every machine and in every
// run, and unlike a simulated processor it costs little, so thousands of shapes can be measured.
#ifndef TEST_COST_COUNT_H
#define TEST_COST_COUNT_H

#include <stdint.h>

uint64_t count_now(void);

#endif
