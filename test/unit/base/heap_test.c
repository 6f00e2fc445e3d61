// SPDX-License-Identifier: MIT
#include "base/heap.h"

#include "base/memory.h"
#include "check.h"

#include <malloc.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>

enum { BLOCKS = 80, BLOCK_SIZE = 1000 };

static long faults(void) {
    struct rusage usage;
    getrusage(RUSAGE_THREAD, &usage);
    return usage.ru_minflt;
}

// Faults that so many new blocks bring.
static long allocate(void *blocks[static BLOCKS]) {
    long before = faults();
    for (size_t i = 0; i < BLOCKS; i++) {
        blocks[i] = mem_new(BLOCK_SIZE);
    }
    return faults() - before;
}

static bool can_populate(void) {
    void *page = mmap(NULL, 1, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    bool can = madvise(page, 1, MADV_POPULATE_WRITE) == 0;
    munmap(page, 1);
    return can;
}

static void release(void *blocks[static BLOCKS]) {
    for (size_t i = 0; i < BLOCKS; i++) {
        free(blocks[i]);
    }
}

static void blocks_that_were_prepared_bring_no_faults(void **state) {
    (void)state;
    void *first[BLOCKS];
    void *second[BLOCKS];
    if (mallinfo2().uordblks == 0 || !can_populate()) {
        skip(); // the allocator of a sanitizer, or a kernel before 5.14
    }
    long without = allocate(first);
    heap_prepare((size_t)BLOCKS * (BLOCK_SIZE + 2 * sizeof(size_t)));
    long with = allocate(second);
    release(first);
    release(second);
    assert_true(without > 0);
    assert_true(4 * with <= without);
}

static void less_than_a_page_is_fine(void **state) {
    (void)state;
    heap_prepare(1);
    heap_prepare(4096);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_that_were_prepared_bring_no_faults),
        cmocka_unit_test(less_than_a_page_is_fine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
