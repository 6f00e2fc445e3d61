// SPDX-License-Identifier: MIT
#include "capture/port_list.h"

#include "base/memory.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

static bool parse_port(uint16_t *out, struct slice text) {
    uint64_t number = 0;
    if (!text_parse_u64(&number, text, UINT16_MAX) || number == 0) {
        return false;
    }
    *out = (uint16_t)number;
    return true;
}

// "25" or "8000-8999".
static bool parse_range(struct port_range *out, struct slice text) {
    struct slice last = text;
    struct slice first = slice_split(&last, '-');
    if (!parse_port(&out->first, first)) {
        return false;
    }
    out->last = out->first;
    return slice_is_null(last) || (parse_port(&out->last, last) && out->first <= out->last);
}

bool port_list_add(struct port_list *list, struct slice text) {
    if (slice_is(text, "all")) {
        list->all = true;
        text = SLICE("1-65535");
    }
    while (!slice_is_null(text)) {
        struct port_range range;
        if (!parse_range(&range, slice_split(&text, ','))) {
            return false;
        }
        list->ranges = mem_resize(list->ranges, list->count + 1, sizeof(range));
        list->ranges[list->count++] = range;
    }
    return true;
}

void port_list_copy(struct port_list *out, const struct port_list *list) {
    *out = (struct port_list){.count = list->count, .all = list->all};
    out->ranges = mem_new_array(list->count, sizeof(list->ranges[0]));
    for (size_t i = 0; i < list->count; i++) {
        out->ranges[i] = list->ranges[i];
    }
}

void port_list_cleanup(struct port_list *list) {
    free(list->ranges);
    *list = (struct port_list){0};
}

bool port_list_has(const struct port_list *list, uint16_t port) {
    for (size_t i = 0; i < list->count; i++) {
        if (list->ranges[i].first <= port && port <= list->ranges[i].last) {
            return true;
        }
    }
    return false;
}

void port_list_put(struct buf *out, const struct port_list *list) {
    if (list->all) {
        buf_put_string(out, "all");
        return;
    }
    for (size_t i = 0; i < list->count; i++) {
        const struct port_range *range = &list->ranges[i];
        buf_putf(out, "%s%u", i == 0 ? "" : ",", (unsigned)range->first);
        if (range->last != range->first) {
            buf_putf(out, "-%u", (unsigned)range->last);
        }
    }
}
