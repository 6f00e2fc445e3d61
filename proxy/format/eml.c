// SPDX-License-Identifier: MIT
// eml: each message as a file of its own, SESSION-MESSAGE.eml, with exactly the bytes that the
// client meant (contract, "Outputs"). The bytes stream through; what is cut off, also by a pause of
// the recording, stays SESSION-MESSAGE.eml.partial.
#include "format/format.h"

#include "base/limits.h"
#include "base/memory.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

struct eml {
    struct outlet *outlet;
    char name[EML_NAME_MAX]; // of the message under way
    int message;             // EVENT_NO_MESSAGE between messages
    bool open;               // its file was begun
    bool missed;             // a part of it went by while the recording was paused
    uint64_t len;
};

static void *eml_new(struct outlet *outlet) {
    struct eml *eml = mem_new(sizeof(*eml));
    eml->outlet = outlet;
    return eml;
}

static void begin(struct eml *eml, const struct event_session *session, int message) {
    if (eml->message != message) {
        eml->message = message;
        eml->open = false;
        eml->missed = false;
        eml->len = 0;
        snprintf(eml->name, sizeof(eml->name), "%" PRIu64 "-%d.eml", session->id, message);
    }
}

static void open_file(struct eml *eml) {
    if (!eml->open && !eml->missed) {
        outlet_file(eml->outlet, CHUNK_FILE_OPEN, eml->name, 0, slice_of(NULL, 0));
        eml->open = true;
    }
}

static void end(struct eml *eml, bool complete) {
    if (eml->open) {
        enum chunk_kind kind = complete && !eml->missed ? CHUNK_FILE_FINISH : CHUNK_FILE_PARTIAL;
        outlet_file(eml->outlet, kind, eml->name, eml->len, slice_of(NULL, 0));
    }
    eml->message = EVENT_NO_MESSAGE;
    eml->open = false;
}

static void eml_take(void *state, const struct event *event) {
    struct eml *eml = state;
    if (event->kind == EVENT_CONTENT) {
        begin(eml, event->session, event->content.message);
        open_file(eml);
        if (eml->open && !eml->missed) {
            outlet_file(eml->outlet, CHUNK_FILE_DATA, eml->name, eml->len, event->content.bytes);
            eml->len += event->content.bytes.len;
        }
    } else if (event->kind == EVENT_CONTENT_END) {
        begin(eml, event->session, event->content_end.message);
        open_file(eml); // an empty message has a file, too
        end(eml, event->content_end.complete);
    } else if (event->kind == EVENT_CLOSE) {
        end(eml, false);
    }
}

static void eml_skip(void *state, const struct event *event) {
    struct eml *eml = state;
    if (event->kind == EVENT_CONTENT) {
        begin(eml, event->session, event->content.message);
        eml->missed = true;
    } else if (event->kind == EVENT_CONTENT_END || event->kind == EVENT_CLOSE) {
        end(eml, false);
    }
}

static void eml_free(void *state) {
    free(state);
}

static const struct framing framing = {
    .name = "eml",
    .shape = SHAPE_FOLDER,
};

const struct format_info eml_format = {
    .name = "eml",
    .framing = &framing,
    .wants_path = true,
    .session_new = eml_new,
    .take = eml_take,
    .skip = eml_skip,
    .session_free = eml_free,
};
