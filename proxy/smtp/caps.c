// SPDX-License-Identifier: MIT
#include "smtp/caps.h"

#include "base/memory.h"
#include "base/text.h"

#include <stdlib.h>
#include <string.h>

static const struct slice starttls = SLICE_INIT("STARTTLS");

// `KEYWORD parameters`, as it follows code and separator.
static void add(struct caps *caps, struct slice text) {
    text = slice_trim(text);
    struct slice keyword = slice_take_word(&text);
    if (keyword.len > 0 && caps->list.count < LIMIT_CAPABILITIES) {
        caps->items[caps->list.count++] = (struct capability){keyword, text};
    }
}

static struct slice copy(uint8_t **at, struct slice text) {
    struct slice kept = slice_of(*at, text.len);
    if (text.len > 0) {
        memcpy(*at, text.data, text.len);
    }
    *at += text.len;
    return kept;
}

static size_t text_size(const struct event_reply *reply) {
    size_t size = 0;
    for (size_t i = 1; i < reply->line_count; i++) {
        size += reply->lines[i].text.len;
    }
    return size;
}

static bool is_stripped(const struct offer_edit *edit, struct slice word) {
    struct slice words = slice_of_string(edit == NULL ? NULL : edit->strip);
    while (words.len > 0) {
        if (slice_equal_nocase(slice_split(&words, ' '), word)) {
            return true;
        }
    }
    return false;
}

struct caps *caps_new(const struct event_reply *reply, enum starttls_view view,
                      const struct offer_edit *edit) {
    struct slice added = slice_of_string(edit == NULL ? NULL : edit->add);
    size_t most = reply->line_count + 2; // STARTTLS and what is added may come to it
    most = most < LIMIT_CAPABILITIES ? most : LIMIT_CAPABILITIES;
    struct caps *caps =
        mem_new(sizeof(*caps) + most * sizeof(caps->items[0]) + text_size(reply) + added.len);
    uint8_t *at = (uint8_t *)&caps->items[most];
    caps->holders = 1;
    caps->list.items = caps->items;
    for (size_t i = 1; i < reply->line_count; i++) {
        struct slice text = reply->lines[i].text;
        struct slice rest = slice_trim(text);
        struct slice word = slice_take_word(&rest);
        bool hidden = view == STARTTLS_HIDDEN && slice_equal_nocase(word, starttls);
        if (!hidden && !is_stripped(edit, word)) {
            add(caps, copy(&at, text));
        }
    }
    if (view == STARTTLS_ADDED && !capabilities_offer(&caps->list, "STARTTLS")) {
        add(caps, starttls);
    }
    add(caps, copy(&at, added));
    return caps;
}

struct caps *caps_hold(struct caps *caps) {
    if (caps != NULL) {
        caps->holders++;
    }
    return caps;
}

void caps_drop(struct caps *caps) {
    if (caps != NULL && --caps->holders == 0) {
        free(caps);
    }
}

const struct capabilities *caps_list(const struct caps *caps) {
    return caps == NULL ? NULL : &caps->list;
}
