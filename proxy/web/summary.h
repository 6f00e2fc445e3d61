// SPDX-License-Identifier: MIT
// summary: a session in one line of the list that the page shows.
#ifndef SCOPE_WEB_SUMMARY_H
#define SCOPE_WEB_SUMMARY_H

#include "transcript/json_writer.h"
#include "transcript/record.h"

// Writes it as an object; `id` is its number on the page.
void summary_write(struct json_writer *json, const struct record *record, uint64_t id);

#endif
