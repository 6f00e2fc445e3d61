// SPDX-License-Identifier: MIT
// field_parts: what the files of `fields` share: fields.c walks the tables, field_lines.c has the
// kinds that are more than one member, fields_read.c reads.
#ifndef SCOPE_TRANSCRIPT_FIELD_PARTS_H
#define SCOPE_TRANSCRIPT_FIELD_PARTS_H

#include "event/command.h"
#include "transcript/fields.h"
#include "transcript/record.h"

bool field_is_in(const struct field *field, unsigned output);

void field_write_line(struct json_writer *json, const struct record_line *line);
void field_write_lines(struct json_writer *json, const struct record_line *lines, size_t count);
void field_write_parameters(struct json_writer *json, const struct event_parameter *parameters,
                            size_t count);
void field_keep_line(struct arena *arena, struct record_line *line);
const struct record_line *field_keep_lines(struct arena *arena, const struct record_line *lines,
                                           size_t count);
const struct event_parameter *
field_keep_parameters(struct arena *arena, const struct event_parameter *parameters, size_t count);
size_t field_size_of_lines(const struct record_line *lines, size_t count);
size_t field_size_of_parameters(const struct event_parameter *parameters, size_t count);

void record_write_timeline(struct json_writer *json, const struct record *record);

#endif
