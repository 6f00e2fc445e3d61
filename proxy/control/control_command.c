// SPDX-License-Identifier: MIT
#include "control/control.h"

static const char *const names[CONTROL_COMMAND_COUNT] = {
    [CONTROL_STATUS] = "status",         [CONTROL_FAULTS_ON] = "faults on",
    [CONTROL_FAULTS_OFF] = "faults off", [CONTROL_PAUSE] = "pause",
    [CONTROL_RESUME] = "resume",         [CONTROL_ROTATE] = "rotate",
    [CONTROL_SESSIONS] = "sessions",     [CONTROL_STOP] = "stop",
};

const char *control_command_name(enum control_command command) {
    return names[command];
}

bool control_command_parse(enum control_command *out, struct slice name) {
    for (unsigned i = 0; i < CONTROL_COMMAND_COUNT; i++) {
        if (slice_is(name, names[i])) {
            *out = (enum control_command)i;
            return true;
        }
    }
    return false;
}

int control_result_status(enum control_result result) {
    switch (result) {
    case CONTROL_ANSWERED:
        return 0;
    case CONTROL_SEVERAL:
        return 2;
    case CONTROL_REFUSED:
    case CONTROL_NONE:
        return 3;
    }
    return 3;
}
