// SPDX-License-Identifier: MIT
// hello_bytes: makes the body of a ClientHello out of lists, for tests of its readers.
#ifndef SCOPE_TEST_TLS_HELLO_BYTES_H
#define SCOPE_TEST_TLS_HELLO_BYTES_H

#include "base/buf.h"

void put_u16(struct buf *out, unsigned number);
// An extension with this body.
void put_extension(struct buf *out, unsigned type, struct slice body);
// A body with the version, suites (`count` of them) and ready-made extensions; no extension block
// at all where those are empty.
void put_hello(struct buf *out, unsigned version, const uint16_t *suites, size_t count,
               struct slice extensions);
// A 16-bit length and then the numbers.
void put_list16(struct buf *out, const uint16_t *numbers, size_t count);

#endif
