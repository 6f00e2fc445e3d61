// SPDX-License-Identifier: MIT
// sentence: a text in our own words that quotes values of the wire. The mask searches the values
// for secrets and leaves our words alone: a password that is one of them would be read from the
// gap.
//
//   The name \x02mx.example\x03 after EHLO is no full host name
//            └── a value ─────┘
//
// The two marks never leave the mask, and a value cannot hold one: its control characters are
// escaped.
#ifndef SCOPE_BASE_SENTENCE_H
#define SCOPE_BASE_SENTENCE_H

#include "base/buf.h"

#include <stdbool.h>

#define SENTENCE_VALUE_BEGINS 0x02
#define SENTENCE_VALUE_ENDS   0x03
enum { SENTENCE_MARKS = 2 }; // bytes that a value takes more

// Appends `value` between its marks, escaped as text_put_printable does.
void sentence_put_value(struct buf *out, struct slice value);

// Cuts the next part off the front of `*rest`, which is returned without marks; `*out_is_value`
// says whose words they are. A value whose end was cut off goes on to the next one, or to the end.
// Call it while `rest->len` is over 0.
struct slice sentence_next(bool *out_is_value, struct slice *rest);

// Appends the sentence without its marks.
void sentence_put_plain(struct buf *out, struct slice sentence);

#endif
