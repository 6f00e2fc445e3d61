// SPDX-License-Identifier: MIT
#include "web/api_parts.h"

void answer_message(struct api_response *response, const struct api_call *call) {
    (void)call;
    api_fail(response, STATUS_NOT_FOUND, "messages are not shown yet");
}

void answer_message_source(struct api_response *response, const struct api_call *call) {
    answer_message(response, call);
}

void answer_part(struct api_response *response, const struct api_call *call) {
    answer_message(response, call);
}
