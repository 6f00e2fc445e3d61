// SPDX-License-Identifier: MIT
// mime: the structure of a message after its header (RFC 2046 5.1): which boundaries are open, and
// whether each part decodes. Lines go in, faults come out; the parts themselves are not kept.
//
//      Content-Type: multipart/mixed; boundary=a        level 0 opens
//
//      --a                                              a part's header
//      Content-Type: multipart/alternative; boundary=b
//
//      --b                                              level 1
//      …
//      --b--                                            level 1 closes
//      --a--                                            level 0 closes
#ifndef SCOPE_MESSAGE_MIME_H
#define SCOPE_MESSAGE_MIME_H

#include "base/limits.h"
#include "event/event.h"
#include "message/content_type.h"
#include "message/header.h"
#include "message/transfer_encoding.h"

struct mime_sink {
    void (*flaw)(void *context, enum event_flaw_kind kind, struct slice detail);
    void *context;
};

struct mime_level {
    char boundary[LIMIT_BOUNDARY + 1];
    size_t len;
};

struct mime {
    struct mime_sink sink;
    struct mime_level levels[LIMIT_MIME_DEPTH];
    size_t depth;
    bool in_header; // of a part
    struct header header;
    struct mime_transfer transfer; // of the part under way
    // What the header under way said, the message's own or a part's.
    bool has_type;
    bool has_version;
    struct content_type type;
    enum transfer_encoding encoding;
};

void mime_begin(struct mime *mime, struct mime_sink sink);
void mime_cleanup(struct mime *mime);

// A field of the message's header, and that header's end.
void mime_field(struct mime *mime, struct slice name, struct slice value);
void mime_header_end(struct mime *mime);

// Whether a line of the body must be whole to be read: it may be a boundary, or a part's header.
bool mime_wants_line(const struct mime *mime, struct slice start);
// A line of the body without its end, of which at most the first `len` bytes are there.
void mime_line(struct mime *mime, struct slice line, size_t len);
// A run of bytes of the body that is no boundary, line ends included.
void mime_text(struct mime *mime, struct slice bytes);
// Nothing of the rest could make a difference: no boundary is open, nothing is encoded.
bool mime_is_idle(const struct mime *mime);

// The message's last byte was seen.
void mime_end(struct mime *mime);

#endif
