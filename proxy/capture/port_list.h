// SPDX-License-Identifier: MIT
// port_list: the ports that `run` watches, as `--ports` gives them: numbers and ranges.
#ifndef SCOPE_CAPTURE_PORT_LIST_H
#define SCOPE_CAPTURE_PORT_LIST_H

#include "base/buf.h"
#include "base/slice.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct port_range {
    uint16_t first;
    uint16_t last; // at least `first`
};

struct port_list { // all-zero is an empty one
    struct port_range *ranges;
    size_t count;
    bool all; // `all` was among them: what is no mail is only passed on
};

// Adds the ports of `text`, such as "25,8000-8999" or "all". False where it is no such list; a part
// of it may have been added.
bool port_list_add(struct port_list *list, struct slice text);
void port_list_copy(struct port_list *out, const struct port_list *list);
void port_list_cleanup(struct port_list *list);

bool port_list_has(const struct port_list *list, uint16_t port);
// Appends it as `--ports` takes it.
void port_list_put(struct buf *out, const struct port_list *list);

#endif
