// SPDX-License-Identifier: MIT
#include "base/buf.h"

#include "base/limits.h"
#include "base/memory.h"
#include "base/text.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    FIRST_CAPACITY = 256,
    FORMAT_ROOM = 512, // what is longer is written in a second go
};

void buf_init(struct buf *buf, size_t max) {
    *buf = (struct buf){.max = max};
}

void buf_cleanup(struct buf *buf) {
    free(buf->data);
    *buf = (struct buf){.max = buf->max};
}

void buf_wipe(struct buf *buf) {
    mem_wipe(buf->data, buf->capacity);
    buf_cleanup(buf);
}

void buf_wipe_bytes(struct buf *buf) {
    mem_wipe(buf->data, buf->end);
    buf_clear(buf);
}

struct slice buf_slice(const struct buf *buf) {
    return buf->data == NULL ? SLICE("") : slice_of(buf->data + buf->start, buf_len(buf));
}

size_t buf_len(const struct buf *buf) {
    return buf->end - buf->start;
}

size_t buf_room(const struct buf *buf) {
    return buf->max - buf_len(buf);
}

static void move_to_front(struct buf *buf) {
    if (buf->start > 0) {
        memmove(buf->data, buf->data + buf->start, buf_len(buf));
        buf->end -= buf->start;
        mem_wipe(buf->data + buf->end, buf->start); // no second copy
        buf->start = 0;
    }
}

static void set_capacity(struct buf *buf, size_t capacity) {
    bool wiped = buf->capacity <= LIMIT_WIPED;
    buf->data =
        wiped ? mem_move(buf->data, buf->end, capacity) : mem_resize(buf->data, capacity, 1);
    buf->capacity = capacity;
}

static void grow(struct buf *buf, size_t needed) {
    size_t capacity = buf->capacity > 0 ? buf->capacity : FIRST_CAPACITY;
    while (capacity < needed) {
        capacity *= 2;
    }
    if (capacity > buf->max && needed <= buf->max) {
        capacity = buf->max;
    }
    set_capacity(buf, capacity);
}

uint8_t *buf_reserve(struct buf *buf, size_t len) {
    if (len > buf_room(buf)) {
        return NULL;
    }
    if (len > buf->capacity - buf->end) {
        move_to_front(buf);
        if (len > buf->capacity - buf->end) {
            grow(buf, buf->end + len);
        }
    }
    return buf->data == NULL ? NULL : buf->data + buf->end;
}

void buf_commit(struct buf *buf, size_t len) {
    assert(len <= buf->capacity - buf->end);
    buf->end += len;
}

enum err buf_append(struct buf *buf, struct slice s) {
    if (s.len == 0) {
        return OK;
    }
    uint8_t *room = buf_reserve(buf, s.len);
    if (room == NULL) {
        return ERR_LIMIT;
    }
    memcpy(room, s.data, s.len);
    buf_commit(buf, s.len);
    return OK;
}

size_t buf_append_some(struct buf *buf, struct slice s) {
    struct slice fits = slice_sub(s, 0, buf_room(buf));
    buf_put(buf, fits);
    return fits.len;
}

void buf_put(struct buf *buf, struct slice s) {
    // Most puts are short and fit; capacity is never over max.
    if (s.len > 0 && s.len <= buf->capacity - buf->end) {
        memcpy(buf->data + buf->end, s.data, s.len);
        buf->end += s.len;
        return;
    }
    enum err err = buf_append(buf, slice_sub(s, 0, buf_room(buf)));
    assert(err == OK);
    (void)err;
}

void buf_put_byte(struct buf *buf, uint8_t byte) {
    if (buf->end < buf->capacity) {
        buf->data[buf->end++] = byte;
        return;
    }
    buf_put(buf, slice_of(&byte, 1));
}

void buf_put_string(struct buf *buf, const char *string) {
    buf_put(buf, slice_of_string(string));
}

void buf_put_u64(struct buf *buf, uint64_t number) {
    char digits[LIMIT_U64_DIGITS];
    buf_put(buf, slice_of(digits, text_write_u64(digits, number)));
}

void buf_putf(struct buf *buf, const char *format, ...) {
    char fixed[FORMAT_ROOM];
    va_list args;
    va_start(args, format);
    int len = vsnprintf(fixed, sizeof(fixed), format, args);
    va_end(args);
    assert(len >= 0);
    if ((size_t)len < sizeof(fixed)) {
        buf_put(buf, slice_of(fixed, (size_t)len));
        return;
    }
    char *text = mem_new((size_t)len + 1);
    va_start(args, format);
    vsnprintf(text, (size_t)len + 1, format, args);
    va_end(args);
    buf_put(buf, slice_of(text, (size_t)len));
    free(text);
}

void buf_consume(struct buf *buf, size_t len) {
    assert(len <= buf_len(buf));
    buf->start += len;
    if (buf->start == buf->end) {
        buf_clear(buf);
    }
}

void buf_consume_wiped(struct buf *buf, size_t len) {
    assert(len <= buf_len(buf));
    mem_wipe(buf->data + buf->start, len);
    buf_consume(buf, len);
}

void buf_truncate(struct buf *buf, size_t len) {
    assert(len <= buf_len(buf));
    buf->end = buf->start + len;
}

void buf_clear(struct buf *buf) {
    buf->start = 0;
    buf->end = 0;
}

void buf_shrink(struct buf *buf) {
    if (buf_len(buf) == 0) {
        buf_cleanup(buf);
    }
}

// Into another block: what is left of one that shrinks in its place is rarely of use to others.
void buf_fit(struct buf *buf) {
    move_to_front(buf);
    buf_shrink(buf);
    if (buf->capacity > buf->end) {
        set_capacity(buf, buf->end);
    }
}

uint8_t *buf_take(struct buf *buf, size_t *out_len) {
    move_to_front(buf);
    uint8_t *data = buf->data;
    *out_len = buf->end;
    *buf = (struct buf){.max = buf->max};
    return data;
}
