// SPDX-License-Identifier: MIT
#include "event/capabilities.h"

static const struct slice old_auth = SLICE_INIT("AUTH=");

const struct capability *capabilities_find(const struct capabilities *caps, const char *keyword) {
    for (size_t i = 0; caps != NULL && i < caps->count; i++) {
        if (slice_is_nocase(caps->items[i].keyword, keyword)) {
            return &caps->items[i];
        }
    }
    return NULL;
}

bool capabilities_offer(const struct capabilities *caps, const char *keyword) {
    return capabilities_find(caps, keyword) != NULL;
}

static bool lists(struct slice mechanisms, struct slice mechanism) {
    while (mechanisms.len > 0) {
        struct slice word = slice_split(&mechanisms, ' ');
        if (word.len > 0 && slice_equal_nocase(word, mechanism)) {
            return true;
        }
    }
    return false;
}

bool capabilities_offer_mechanism(const struct capabilities *caps, struct slice mechanism) {
    for (size_t i = 0; caps != NULL && i < caps->count; i++) {
        const struct capability *item = &caps->items[i];
        bool old = slice_starts_with_nocase(item->keyword, old_auth);
        if (old && slice_equal_nocase(slice_from(item->keyword, old_auth.len), mechanism)) {
            return true;
        }
        if ((old || slice_is_nocase(item->keyword, "AUTH")) && lists(item->parameters, mechanism)) {
            return true;
        }
    }
    return false;
}
