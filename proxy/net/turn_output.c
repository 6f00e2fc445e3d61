// SPDX-License-Identifier: MIT
#include "net/turn_output.h"

#include "base/limits.h"

#include <stddef.h>

void turn_outputs_init(struct turn_outputs *outputs) {
    *outputs = (struct turn_outputs){0};
    fifo_init(&outputs->waiting);
}

bool turn_output_waits(const struct turn_output *output) {
    return fifo_has(&output->waiting);
}

bool turn_output_add(struct turn_outputs *outputs, struct turn_output *output, size_t received,
                     int64_t at_ns) {
    if (fifo_is_empty(&outputs->waiting)) {
        outputs->since_ns = at_ns;
        outputs->received = 0;
    }
    outputs->received += received;
    fifo_add(&outputs->waiting, &output->waiting);
    return at_ns - outputs->since_ns >= TURN_OUTPUT_NS || outputs->received >= TURN_OUTPUT_READ;
}

void turn_output_remove(struct turn_output *output) {
    fifo_remove(&output->waiting);
}

void turn_outputs_send(struct turn_outputs *outputs) {
    struct turn_output *output = NULL;
    while ((output = (struct turn_output *)fifo_oldest(&outputs->waiting)) != NULL) {
        turn_output_remove(output);
        output->send(output->owner);
    }
}
