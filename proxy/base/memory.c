// SPDX-License-Identifier: MIT
#include "base/memory.h"

#include "base/limits.h"

#include <malloc.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *must(void *block) {
    if (block == NULL) {
        fputs("smtpscope: out of memory\n", stderr);
        abort();
    }
    return block;
}

// The calloc of glibc before 2.41 has no cache for each thread: malloc and memset cost half of it
// where the block is small. A large one comes zeroed from the system.
void *mem_new(size_t size) {
    if (size > MEMORY_CACHED_MAX) {
        return must(calloc(1, size));
    }
    void *block = must(malloc(size));
    memset(block, 0, size);
    return block;
}

void *mem_new_array(size_t count, size_t size) {
    return must(calloc(count > 0 ? count : 1, size));
}

void *mem_resize(void *block, size_t count, size_t size) {
    return must(reallocarray(block, count > 0 ? count : 1, size));
}

void *mem_move(void *block, size_t used, size_t size) {
    void *moved = must(malloc(size));
    if (block != NULL) {
        memcpy(moved, block, used);
        mem_wipe(block, used);
        free(block);
    }
    return moved;
}

char *mem_string(const char *string) {
    return string == NULL ? NULL : must(strdup(string));
}

char *mem_string_of(struct slice s) {
    if (slice_is_null(s)) {
        return NULL;
    }
    char *copy = mem_new(s.len + 1);
    memcpy(copy, s.data, s.len);
    return copy;
}

char *mem_format(const char *format, ...) {
    char *text = NULL;
    va_list args;
    va_start(args, format);
    int len = vasprintf(&text, format, args);
    va_end(args);
    return must(len < 0 ? NULL : text);
}

void mem_wipe(void *block, size_t size) {
    if (size > 0) {
        explicit_bzero(block, size);
    }
}

void mem_give_back(size_t spare) {
    struct mallinfo2 held = mallinfo2();
    if (held.fordblks > spare) {
        malloc_trim(0);
    }
}
