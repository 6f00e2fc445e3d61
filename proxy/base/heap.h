// SPDX-License-Identifier: MIT
// heap: asks the system ahead for memory that the program will need. The heap of a thread grows
// page by page, with a system call and a page fault for each; what grows steadily asks for many at
// once.
#ifndef SCOPE_BASE_HEAP_H
#define SCOPE_BASE_HEAP_H

#include <stddef.h>

// The next blocks that this thread allocates, of `size` bytes together, need no new page. Nothing
// is allocated.
void heap_prepare(size_t size);

#endif
