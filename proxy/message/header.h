// SPDX-License-Identifier: MIT
// header: the fields of a header (RFC 5322 2.2), fed line by line. Folded lines are joined; a field
// is handed over when the line after it, or the header's end, shows that it is whole.
//
//      Subject: a long       ┐
//       subject              ┘ one field, name "Subject", value "a long subject"
//      To: bob@example.com
//                            ← the empty line ends the header
#ifndef SCOPE_MESSAGE_HEADER_H
#define SCOPE_MESSAGE_HEADER_H

#include "base/buf.h"

enum header_flaw {
    HEADER_LINE_MALFORMED, // neither `Name: value` nor folded; the detail is the line
    HEADER_SPACE_IN_NAME,  // before the colon; the detail is the name
    HEADER_LINE_8BIT,      // the detail is the name, the number the first such byte
    HEADER_LINE_LONG,      // the number is its length, the detail the name if it is of a field
};

struct header_sink {
    void (*field)(void *context, struct slice name, struct slice raw, bool cut);
    // May be NULL where it is not wanted.
    void (*flaw)(void *context, enum header_flaw flaw, struct slice detail, uint64_t number);
    void *context;
};

struct header {
    struct buf field; // the field under way: its name, a colon, its value with the folds taken out
    size_t name_len;
    bool open;        // a field is under way
    bool cut;         // … and longer than what is kept
    bool passes_over; // a malformed line was the last one, what is folded after it belongs to it
};

void header_begin(struct header *header);
void header_cleanup(struct header *header);
// A line without its end, of `len` bytes in all, of which `line` holds the first.
// True for the empty line that ends the header.
bool header_line(struct header *header, struct slice line, size_t len,
                 const struct header_sink *sink);
// The header is over: hands the last field over and gives the memory back.
void header_end(struct header *header, const struct header_sink *sink);

#endif
