// SPDX-License-Identifier: MIT
#include "audit/case.h"

#include <assert.h>

static const char *const group_names[AUDIT_GROUP_COUNT] = {
    [AUDIT_CONTROL] = "control",     [AUDIT_CERTIFICATE] = "certificate",
    [AUDIT_VERSION] = "version",     [AUDIT_DOWNGRADE] = "downgrade",
    [AUDIT_INJECTION] = "injection", [AUDIT_AUTH] = "auth",
    [AUDIT_REPLY] = "reply",         [AUDIT_EXTENSION] = "extension",
    [AUDIT_DELIVERY] = "delivery",   [AUDIT_MESSAGE] = "message",
};

static const struct audit_cases *const parts[] = {&audit_cases_tls, &audit_cases_dialogue,
                                                  &audit_cases_reply, &audit_cases_delivery};
enum { PART_COUNT = sizeof(parts) / sizeof(parts[0]) };

const struct audit_case audit_control_case = {
    .id = "control",
    .server = "does everything right",
    .right = "delivers the mail",
    .reference = "RFC 5321",
    .why = "A client that cannot send to a good server shows nothing by failing at a bad one.",
};

const char *audit_group_name(enum audit_group group) {
    return group_names[group];
}

enum audit_group audit_case_group(const struct audit_case *of) {
    struct slice rest = slice_of_string(of->id);
    struct slice name = slice_split(&rest, '.');
    size_t group = 0;
    while (group < AUDIT_GROUP_COUNT && !slice_is(name, group_names[group])) {
        group++;
    }
    assert(group < AUDIT_GROUP_COUNT);
    return (enum audit_group)group;
}

size_t audit_case_count(void) {
    size_t count = 0;
    for (size_t i = 0; i < PART_COUNT; i++) {
        count += parts[i]->count;
    }
    return count;
}

const struct audit_case *audit_case_at(size_t index) {
    size_t part = 0;
    while (part + 1 < PART_COUNT && index >= parts[part]->count) {
        index -= parts[part]->count;
        part++;
    }
    return &parts[part]->rows[index];
}

const struct audit_case *audit_case_find(struct slice id) {
    for (size_t i = 0; i < audit_case_count(); i++) {
        if (slice_is(id, audit_case_at(i)->id)) {
            return audit_case_at(i);
        }
    }
    return NULL;
}
