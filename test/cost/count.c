// SPDX-License-Identifier: MIT
// The modules are built with -fsanitize-coverage=trace-pc and linked with --wrap for the functions
// below, which do in one call what may be much work.
#include "count.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

// Bytes that such a function walks at the price of a basic block.
enum { BYTES_OF_BLOCK = 8 };

void __sanitizer_cov_trace_pc(void);

static _Thread_local uint64_t blocks;

uint64_t count_now(void) {
    return blocks;
}

void __sanitizer_cov_trace_pc(void) {
    blocks++;
}

static void walk(size_t len) {
    blocks += 1 + len / BYTES_OF_BLOCK;
}

#define WRAP(type, name, parameters)                                                               \
    type __real_##name parameters;                                                                 \
    type __wrap_##name parameters;                                                                 \
    type __wrap_##name parameters

WRAP(void *, memchr, (const void *s, int byte, size_t len)) {
    void *found = __real_memchr(s, byte, len);
    walk(found == NULL ? len : (size_t)((const char *)found - (const char *)s));
    return found;
}

WRAP(void *, memrchr, (const void *s, int byte, size_t len)) {
    void *found = __real_memrchr(s, byte, len);
    walk(found == NULL ? len : len - (size_t)((const char *)found - (const char *)s));
    return found;
}

WRAP(void *, memmem, (const void *s, size_t len, const void *part, size_t part_len)) {
    void *found = __real_memmem(s, len, part, part_len);
    walk(found == NULL ? len : (size_t)((const char *)found - (const char *)s));
    return found;
}

static int compare(const unsigned char *a, const unsigned char *b, size_t len) {
    size_t same = 0;
    while (same < len && a[same] == b[same]) {
        same++;
    }
    walk(same);
    return same == len ? 0 : a[same] - b[same];
}

WRAP(int, memcmp, (const void *a, const void *b, size_t len)) {
    return compare(a, b, len);
}

WRAP(int, bcmp, (const void *a, const void *b, size_t len)) {
    return compare(a, b, len);
}

WRAP(void *, memcpy, (void *to, const void *from, size_t len)) {
    walk(len);
    return __real_memcpy(to, from, len);
}

WRAP(void *, memmove, (void *to, const void *from, size_t len)) {
    walk(len);
    return __real_memmove(to, from, len);
}

WRAP(void *, memset, (void *to, int byte, size_t len)) {
    walk(len);
    return __real_memset(to, byte, len);
}

WRAP(void, explicit_bzero, (void *to, size_t len)) {
    walk(len);
    __real_explicit_bzero(to, len);
}

WRAP(void *, calloc, (size_t count, size_t size)) {
    walk(count * size);
    return __real_calloc(count, size);
}

WRAP(void *, realloc, (void *old, size_t size)) {
    walk(size);
    return __real_realloc(old, size);
}

WRAP(size_t, strlen, (const char *s)) {
    size_t len = __real_strlen(s);
    walk(len);
    return len;
}
