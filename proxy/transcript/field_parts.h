// SPDX-License-Identifier: MIT
// field_parts: what the files of `fields` share: fields.c writes and copies, field_lines.c writes
// the kinds that are more than one member, fields_read.c reads.
#ifndef SCOPE_TRANSCRIPT_FIELD_PARTS_H
#define SCOPE_TRANSCRIPT_FIELD_PARTS_H

#include "event/command.h"
#include "transcript/fields.h"
#include "transcript/record.h"

bool field_is_in(const struct field *field, unsigned output);
struct field field_item(const struct field *array); // what each of its items is; `size` is its own

void field_write_line(struct json_writer *json, const struct record_line *line);
void field_write_lines(struct json_writer *json, const struct record_line *lines, size_t count);
void field_write_parameters(struct json_writer *json, const struct event_parameter *parameters,
                            size_t count);
void record_write_timeline(struct json_writer *json, const struct record *record);

#endif
