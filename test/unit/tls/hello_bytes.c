// SPDX-License-Identifier: MIT
#include "hello_bytes.h"

void put_u16(struct buf *out, unsigned number) {
    buf_put_byte(out, (uint8_t)(number >> 8));
    buf_put_byte(out, (uint8_t)number);
}

void put_extension(struct buf *out, unsigned type, struct slice body) {
    put_u16(out, type);
    put_u16(out, (unsigned)body.len);
    buf_put(out, body);
}

void put_list16(struct buf *out, const uint16_t *numbers, size_t count) {
    put_u16(out, (unsigned)count * 2);
    for (size_t i = 0; i < count; i++) {
        put_u16(out, numbers[i]);
    }
}

void put_hello(struct buf *out, unsigned version, const uint16_t *suites, size_t count,
               struct slice extensions) {
    put_u16(out, version);
    for (unsigned i = 0; i < 32; i++) {
        buf_put_byte(out, (uint8_t)i);
    }
    buf_put_byte(out, 0); // session id
    put_list16(out, suites, count);
    buf_put_byte(out, 1); // compression: none
    buf_put_byte(out, 0);
    if (extensions.len > 0) {
        put_u16(out, (unsigned)extensions.len);
        buf_put(out, extensions);
    }
}
