// SPDX-License-Identifier: MIT
#include "capture/elsewhere.h"

enum { PORT_DNS = 53 };

void elsewhere_add(struct elsewhere *elsewhere, uint16_t port) {
    bool known = port == 0 || elsewhere->port_count == LIMIT_ELSEWHERE_PORTS;
    for (size_t i = 0; i < elsewhere->port_count; i++) {
        known = known || elsewhere->ports[i] == port;
    }
    if (port == PORT_DNS) {
        elsewhere->looked_up = true;
    } else if (!known) {
        elsewhere->ports[elsewhere->port_count++] = port;
    }
}
