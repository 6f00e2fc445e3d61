// SPDX-License-Identifier: MIT
// record_fields: the members of json and jsonl, each once, in the contract's order. The schemas say
// the same for other programs; a test compares them.
#ifndef SCOPE_TRANSCRIPT_RECORD_FIELDS_H
#define SCOPE_TRANSCRIPT_RECORD_FIELDS_H

#include "transcript/fields.h"
#include "transcript/record.h"

extern const struct field_table record_table;   // struct record
extern const struct field_table exchange_table; // struct record_exchange
extern const struct field_table command_table;  // struct record_command
extern const struct field_table reply_table;    // struct record_reply
extern const struct field_table message_table;  // struct record_message

// Events that are the struct itself.
extern const struct field_table tls_table;     // struct event_tls
extern const struct field_table auth_table;    // struct event_auth
extern const struct field_table finding_table; // struct event_finding
extern const struct field_table fault_table;   // struct event_fault
extern const struct field_table connect_table; // struct event_session
extern const struct field_table data_table;    // struct event_data
extern const struct field_table close_table;   // struct event_close
extern const struct field_table lost_table;    // struct event_lost
extern const struct field_table paused_table;  // struct event_paused
// Of an event that is a member of the event's union just so; NULL for the others.
const struct field_table *record_event_table(enum event_kind kind);

#endif
