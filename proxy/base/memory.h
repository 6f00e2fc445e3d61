// SPDX-License-Identifier: MIT
// memory: allocation that cannot fail. Every buffer of the program is capped (`limits.h`), so
// running out of memory is not a state to handle in a hundred branches: it says so and aborts.
#ifndef SCOPE_BASE_MEMORY_H
#define SCOPE_BASE_MEMORY_H

#include "base/slice.h"

#include <stddef.h>

void *mem_new(size_t size);                     // zeroed; owned by the caller, freed by free()
void *mem_new_array(size_t count, size_t size); // zeroed
// Moves the first `used` bytes into a block of `size` and wipes those that they leave.
void *mem_move(void *block, size_t used, size_t size);
void *mem_resize(void *block, size_t count, size_t size); // like reallocarray
char *mem_string(const char *string);                     // a copy; NULL gives NULL
char *mem_string_of(struct slice s); // a terminated copy; null slice gives NULL
char *mem_format(const char *format, ...) __attribute__((format(printf, 1, 2)));
// Gives freed memory back to the system where the C library holds more than `spare` bytes of it.
void mem_give_back(size_t spare);
void mem_wipe(void *block, size_t size); // for secrets: not optimised away

#endif
