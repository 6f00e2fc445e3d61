// SPDX-License-Identifier: MIT
// json_writer: writes JSON into a buf, front to back, as fast as the bytes can be copied. It puts
// the commas and escapes text; it does not check that keys and values alternate.
//
// cJSON reads JSON (`reader`); it is not used to write, because a tree for each event costs more
// than the event.
#ifndef SCOPE_TRANSCRIPT_JSON_WRITER_H
#define SCOPE_TRANSCRIPT_JSON_WRITER_H

#include "base/buf.h"

#include <stdbool.h>

struct json_writer {
    struct buf *out;
    bool comma; // the next key or value needs one in front
};

// Goes on where an object or array is already open in `out`; `comma` is whether it has members.
struct json_writer json_writer_on(struct buf *out, bool comma);

void json_open(struct json_writer *json, char bracket);      // '{' or '['
void json_open_line(struct json_writer *json, char bracket); // on a line of its own
void json_close(struct json_writer *json, char bracket);
void json_key(struct json_writer *json, const char *key); // `key` needs no escaping

void json_null(struct json_writer *json);
void json_bool(struct json_writer *json, bool value);
void json_uint(struct json_writer *json, uint64_t value);
// A time in milliseconds with up to three decimals: 8104 µs is 8.104, 8000 µs is 8.
void json_ms(struct json_writer *json, int64_t us);
// Text: NUL and bytes that are not UTF-8 are U+FFFD; controls (C0, DEL, C1) are escaped, so that a
// line of JSON cannot move a terminal either. The null slice is null. False where it has such
// bytes.
bool json_text(struct json_writer *json, struct slice text);
void json_string(struct json_writer *json, const char *string); // NULL is null
void json_base64(struct json_writer *json, struct slice bytes);
// Appends what json_text makes a reader see, without escapes: U+FFFD for what JSON cannot hold.
void json_put_shown(struct buf *out, struct slice text);

// The same with a key in front.
void json_member_bool(struct json_writer *json, const char *key, bool value);
void json_member_uint(struct json_writer *json, const char *key, uint64_t value);
bool json_member_text(struct json_writer *json, const char *key, struct slice text);
void json_member_string(struct json_writer *json, const char *key, const char *string);
// The member NAME_base64: the bytes of a text that json_text could not write.
void json_member_exact(struct json_writer *json, const char *name, struct slice text);

size_t json_text_size(struct slice text); // of its JSON, with NAME_base64

#endif
