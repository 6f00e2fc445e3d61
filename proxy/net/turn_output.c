// SPDX-License-Identifier: MIT
#include "net/turn_output.h"

#include "base/limits.h"

#include <stddef.h>

void turn_outputs_init(struct turn_outputs *outputs) {
    *outputs = (struct turn_outputs){.end = &outputs->first};
}

bool turn_output_add(struct turn_outputs *outputs, struct turn_output *output, size_t received,
                     int64_t at_ns) {
    if (outputs->first == NULL) {
        outputs->since_ns = at_ns;
        outputs->received = 0;
    }
    outputs->received += received;
    if (output->link == NULL) {
        output->next = NULL;
        output->link = outputs->end;
        *outputs->end = output;
        outputs->end = &output->next;
    }
    return at_ns - outputs->since_ns >= TURN_OUTPUT_NS || outputs->received >= TURN_OUTPUT_READ;
}

void turn_output_remove(struct turn_outputs *outputs, struct turn_output *output) {
    if (output->link == NULL) {
        return;
    }
    *output->link = output->next;
    if (output->next != NULL) {
        output->next->link = output->link;
    } else {
        outputs->end = output->link;
    }
    output->link = NULL;
}

void turn_outputs_send(struct turn_outputs *outputs) {
    while (outputs->first != NULL) {
        struct turn_output *output = outputs->first;
        turn_output_remove(outputs, output);
        output->send(output->owner);
    }
}
