// SPDX-License-Identifier: MIT
// api_parts: what the files of the api share: api.c has the routes and what needs no session,
// api_sessions.c the sessions, api_messages.c their messages.
#ifndef SCOPE_WEB_API_PARTS_H
#define SCOPE_WEB_API_PARTS_H

#include "web/api.h"

// A request whose path has matched, and the numbers in it.
struct api_call {
    struct api *api;
    const struct api_request *request;
    uint64_t numbers[3];
};

typedef void api_handler(struct api_response *response, const struct api_call *call);

// A new response with a body to be filled.
void api_begin(struct api_response *response, enum status status, const char *type);
#define TYPE_JSON "application/json; charset=utf-8"
#define TYPE_TEXT "text/plain; charset=utf-8"

// The first parameter of that name; the null slice where there is none.
struct slice api_parameter(const struct api_request *request, const char *name);
// Reads a parameter that is a number from `min` to `max`; leaves `*inout` where it is not there.
// False, with the response made, where it is none.
bool api_number(uint64_t *inout, struct api_response *response, const struct api_request *request,
                const char *name, uint64_t max);

api_handler answer_sessions;
api_handler answer_session;
api_handler answer_session_text;
api_handler answer_session_json;
api_handler answer_session_pcap;
api_handler answer_clear;
api_handler answer_message;
api_handler answer_message_source;
api_handler answer_part;

#endif
