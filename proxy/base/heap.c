// SPDX-License-Identifier: MIT
#include "base/heap.h"

#include "base/memory.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23 // of Linux 5.14; where it is refused the pages come one by one
#endif

void heap_prepare(size_t size) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    uint8_t *block = mem_resize(NULL, size, 1);
    size_t before = (page - (uintptr_t)block % page) % page; // in front of the first whole page
    if (size >= before + page) {
        (void)madvise(block + before, (size - before) / page * page, MADV_POPULATE_WRITE);
    }
    free(block);
}
