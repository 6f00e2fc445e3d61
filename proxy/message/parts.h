// SPDX-License-Identifier: MIT
// parts: a whole message cut into the parts that a reader of mail sees: text, HTML, attachments
// (RFC 2045, 2046). What is broken is read as far as it goes: a boundary that is never closed ends
// with the message, a multipart without one is a part like any other. Linear in the message, and
// bounded in depth and number.
//
//   multipart/mixed ─┬─ multipart/alternative ─┬─ 1 text/plain
//                    │                         └─ 2 text/html
//                    └─ 3 application/pdf
#ifndef SCOPE_MESSAGE_PARTS_H
#define SCOPE_MESSAGE_PARTS_H

#include "base/buf.h"
#include "message/content_type.h"

struct message_part {
    char *type;        // lower case, "text/plain"; well formed whatever the message says
    char *charset;     // of a text; NULL where none is said. A token.
    char *name;        // of a file, decoded, as the sender wrote it: any bytes; NULL for none
    char *cid;         // Content-ID without its brackets; NULL for none
    char *disposition; // lower case, "attachment"; NULL for none
    enum transfer_encoding encoding;
    struct slice text; // of the message, not decoded
};

struct message_parts {
    struct message_part *parts;
    size_t count;
    size_t room;
    bool cut; // there are more
};

// `message` outlives the parts.
void message_parts_read(struct message_parts *out, struct slice message);
void message_parts_cleanup(struct message_parts *parts);
// Appends what the part is, decoded; in the character set that it has.
void message_part_put(struct buf *out, const struct message_part *part);

#endif
