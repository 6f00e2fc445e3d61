// SPDX-License-Identifier: MIT
#include "web/kept.h"

#include "base/array.h"
#include "base/limits.h"
#include "base/memory.h"
#include "format/flow_log.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct kept_message {
    int n;
    bool over; // nothing comes any more: others may look
    bool cut;
    struct buf text;
};

// A run of the log that its packets are made from (format/flow_log). It may get more at its end,
// which those that look at its first `len` do not see.
struct capture_piece {
    uint8_t *bytes;
    size_t len;
    size_t room;
};

enum { PIECE_ROOM = 512 }; // of a piece, where the log has less

// So many findings wait for a record; the next one makes it.
enum { EARLY_FINDINGS = 4 };

// A finding that came before there is a record. It goes with its session, as a view may show it.
struct early_finding {
    struct early_finding *next;
    struct event_finding finding;
    int64_t at_ns;
    char text[];
};

struct kept {
    atomic_uint owners;
    atomic_bool ended;
    atomic_size_t bytes;
    uint64_t id;
    bool borrowed; // the record is another's
    enum kept_detail detail;
    const struct budget_share *share;
    pthread_mutex_t lock; // of what follows
    bool begun;
    char tls_versions[2][TLS_VERSION_SIZE]; // by side; before there is a record
    struct early_finding *early;            // in the order in which they came
    struct record *record;                  // NULL: nothing else is known yet
    struct kept_message **messages;
    size_t message_count;
    size_t message_room;
    struct capture_piece *pieces;
    size_t piece_count;
    size_t piece_room;
    size_t piece_bytes;
    // The session's thread alone: bytes of messages, and of early findings.
    size_t text_bytes;
    size_t early_bytes;
};

static struct kept *kept_with(struct record *record, uint64_t id) {
    struct kept *kept = mem_new(sizeof(*kept));
    atomic_init(&kept->owners, 1);
    pthread_mutex_init(&kept->lock, NULL);
    kept->id = id;
    kept->record = record;
    return kept;
}

struct kept *kept_new(const struct event_session *session, const struct budget_share *share,
                      enum kept_detail detail) {
    struct kept *kept = kept_with(NULL, session->id);
    kept->record = detail == KEPT_FOR_PAGE ? record_new(share) : NULL;
    kept->detail = detail;
    kept->share = share;
    return kept;
}

struct kept *kept_of_record(struct record *record, uint64_t id) {
    struct kept *kept = kept_with(record, id);
    kept->borrowed = true;
    kept->begun = record->begun;
    kept->detail = KEPT_FOR_PAGE;
    atomic_init(&kept->bytes, record_reserved(record));
    atomic_init(&kept->ended, true);
    return kept;
}

struct kept *kept_hold(struct kept *kept) {
    atomic_fetch_add(&kept->owners, 1);
    return kept;
}

static void free_message(struct kept_message *message) {
    buf_cleanup(&message->text);
    free(message);
}

static void free_early(struct early_finding *early) {
    while (early != NULL) {
        struct early_finding *next = early->next;
        free(early);
        early = next;
    }
}

void kept_release(struct kept *kept) {
    if (kept == NULL || atomic_fetch_sub(&kept->owners, 1) > 1) {
        return;
    }
    free_early(kept->early);
    for (size_t i = 0; i < kept->message_count; i++) {
        free_message(kept->messages[i]);
    }
    for (size_t i = 0; i < kept->piece_count; i++) {
        free(kept->pieces[i].bytes);
    }
    if (!kept->borrowed) {
        record_free(kept->record);
    }
    free((void *)kept->messages);
    free(kept->pieces);
    pthread_mutex_destroy(&kept->lock);
    free(kept);
}

uint64_t kept_id(const struct kept *kept) {
    return kept->id;
}

bool kept_has_ended(const struct kept *kept) {
    return atomic_load(&kept->ended);
}

size_t kept_bytes(const struct kept *kept) {
    return atomic_load(&kept->bytes);
}

// ── what expectations ask for ───────────────────────────────────────────────────────────────────

static void note_tls(struct kept *kept, const struct event_tls *tls) {
    snprintf(kept->tls_versions[tls->side], TLS_VERSION_SIZE, "%s",
             tls->version == NULL ? "" : tls->version);
}

static void give_tls(struct kept *kept, const struct event *event, enum side side) {
    struct event tls = {.kind = EVENT_TLS, .session = event->session, .at_ns = event->at_ns};
    if (kept->tls_versions[side][0] != '\0') {
        tls.tls = (struct event_tls){.side = side, .version = kept->tls_versions[side]};
        record_take(kept->record, &tls, NULL);
    }
}

static void give_early(struct kept *kept, const struct event *event) {
    for (const struct early_finding *early = kept->early; early != NULL; early = early->next) {
        struct event finding = {.kind = EVENT_FINDING, .session = event->session};
        finding.at_ns = early->at_ns;
        finding.finding = early->finding;
        record_take(kept->record, &finding, NULL);
    }
}

static void need_record(struct kept *kept, const struct event *event) {
    if (kept->record == NULL) {
        kept->record = record_new(kept->share);
        give_tls(kept, event, SIDE_CLIENT);
        give_tls(kept, event, SIDE_SERVER);
        give_early(kept, event);
    }
}

// Where the list ends; NULL where there is no more room in it.
static struct early_finding **early_end(struct kept *kept) {
    struct early_finding **end = &kept->early;
    int count = 0;
    while (*end != NULL) {
        end = &(*end)->next;
        count++;
    }
    return count < EARLY_FINDINGS ? end : NULL;
}

// False where the finding has to go into a record.
static bool keep_early(struct kept *kept, const struct event *event) {
    const struct slice text = event->finding.text;
    struct early_finding **end = kept->record == NULL ? early_end(kept) : NULL;
    if (end == NULL) {
        return false;
    }
    struct early_finding *early = mem_new(sizeof(*early) + text.len);
    early->finding = event->finding;
    early->at_ns = event->at_ns;
    if (text.len > 0) {
        memcpy(early->text, text.data, text.len);
    }
    early->finding.text = slice_of(early->text, text.len);
    kept->early_bytes += sizeof(*early) + text.len;
    *end = early;
    return true;
}

static void take_for_expectations(struct kept *kept, const struct event *event,
                                  const struct record_message *message) {
    switch ((unsigned)event->kind) {
    case EVENT_TLS:
        note_tls(kept, &event->tls);
        if (kept->record != NULL) {
            give_tls(kept, event, event->tls.side);
        }
        return;
    case EVENT_AUTH:
    case EVENT_MESSAGE:
    case EVENT_FINDING:
    case EVENT_CLOSE:
        if (event->kind != EVENT_FINDING || !keep_early(kept, event)) {
            need_record(kept, event);
            record_take(kept->record, event, message);
        }
        return;
    }
}

// A session of which no more is known than what its `kept` says.
static const struct record *record_without(struct kept_view *view, const struct kept *kept) {
    struct record *record = &view->copy;
    *record = (struct record){.session = {.id = kept->id}, .begun = true};
    memcpy(view->tls_versions, kept->tls_versions, sizeof(view->tls_versions));
    for (int side = SIDE_CLIENT; side <= SIDE_SERVER; side++) {
        if (view->tls_versions[side][0] != '\0') {
            view->tls[side].version = view->tls_versions[side];
            record->tls[side] = &view->tls[side];
        }
    }
    record->findings = mem_new_array(EARLY_FINDINGS, sizeof(*record->findings));
    for (const struct early_finding *early = kept->early; early != NULL; early = early->next) {
        record->findings[record->finding_count++] = early->finding;
    }
    return record;
}

// ── the session's thread ────────────────────────────────────────────────────────────────────────

void kept_take(struct kept *kept, const struct event *event, struct message_log *messages) {
    const struct record_message *message = message_log_message(messages);
    pthread_mutex_lock(&kept->lock);
    kept->begun = true;
    if (kept->detail == KEPT_FOR_PAGE) {
        record_take_logged(kept->record, event, messages);
    } else {
        take_for_expectations(kept, event, message);
    }
    pthread_mutex_unlock(&kept->lock);
}

void kept_skip(struct kept *kept, const struct event *event) {
    pthread_mutex_lock(&kept->lock);
    if (kept->begun) {
        need_record(kept, event);
        record_skip(kept->record, event);
    }
    pthread_mutex_unlock(&kept->lock);
}

static struct kept_message *message_of(struct kept *kept, int n) {
    size_t count = kept->message_count;
    struct kept_message *last = count > 0 ? kept->messages[count - 1] : NULL;
    if (last != NULL && last->n == n) {
        return last;
    }
    if (count == LIMIT_MESSAGES) { // as many as the record has
        return NULL;
    }
    struct kept_message *message = mem_new(sizeof(*message));
    message->n = n;
    buf_init(&message->text, LIMIT_WEB_MESSAGE);
    pthread_mutex_lock(&kept->lock);
    kept->messages = (struct kept_message **)array_grown(
        (void *)kept->messages, count, &kept->message_room, sizeof(struct kept_message *));
    kept->messages[kept->message_count++] = message;
    pthread_mutex_unlock(&kept->lock);
    return message;
}

static void add_text(struct kept *kept, struct kept_message *message, struct slice bytes) {
    size_t before = message->text.capacity; // which is doubled where there is no room
    bool fits =
        message->text.end + bytes.len <= before || budget_allows(kept->share, before + bytes.len);
    size_t taken = fits && !message->cut ? buf_append_some(&message->text, bytes) : 0;
    message->cut |= taken < bytes.len;
    kept->text_bytes += message->text.capacity - before;
}

// The text has its end: it takes no more memory than it needs.
static void end_text(struct kept *kept, struct kept_message *message, bool complete) {
    size_t before = message->text.capacity;
    buf_fit(&message->text);
    kept->text_bytes -= before - message->text.capacity;
    pthread_mutex_lock(&kept->lock);
    message->cut |= !complete;
    message->over = true;
    pthread_mutex_unlock(&kept->lock);
}

void kept_take_content(struct kept *kept, const struct event *event, bool missed) {
    bool ends = event->kind == EVENT_CONTENT_END;
    struct kept_message *message =
        message_of(kept, ends ? event->content_end.message : event->content.message);
    if (message == NULL || message->over) {
        return;
    }
    message->cut |= missed;
    if (ends) {
        end_text(kept, message, event->content_end.complete);
    } else if (!missed) {
        add_text(kept, message, event->content.bytes);
    }
}

// The piece with room for so much more: the last one, or one after it.
static struct capture_piece *piece_for(struct kept *kept, size_t len) {
    struct capture_piece *last =
        kept->piece_count == 0 ? NULL : &kept->pieces[kept->piece_count - 1];
    if (last != NULL && last->room - last->len >= len) {
        return last;
    }
    kept->pieces =
        array_grown(kept->pieces, kept->piece_count, &kept->piece_room, sizeof(*kept->pieces));
    struct capture_piece *piece = &kept->pieces[kept->piece_count++];
    *piece = (struct capture_piece){.room = len > PIECE_ROOM ? len : PIECE_ROOM};
    piece->bytes = mem_resize(NULL, piece->room, 1);
    kept->piece_bytes += piece->room;
    return piece;
}

void kept_take_capture(struct kept *kept, struct slice log) {
    if (log.len == 0) {
        return;
    }
    pthread_mutex_lock(&kept->lock);
    struct capture_piece *piece = piece_for(kept, log.len);
    memcpy(piece->bytes + piece->len, log.data, log.len);
    piece->len += log.len;
    pthread_mutex_unlock(&kept->lock);
}

// Its lists, and where they are, count as a block each.
static size_t block_count(const struct kept *kept) {
    enum { LISTS = 8, ARENA_BLOCKS = 4 };
    return LISTS + ARENA_BLOCKS + 2 * kept->message_count + kept->piece_count;
}

size_t kept_count(struct kept *kept) {
    size_t record = kept->record == NULL ? 0 : record_reserved(kept->record);
    size_t blocks = kept->record == NULL ? 1 : block_count(kept);
    size_t bytes = sizeof(*kept) + record + kept->text_bytes + kept->early_bytes +
                   kept->message_count * sizeof(struct kept_message) +
                   kept->message_room * sizeof(struct kept_message *) +
                   kept->piece_room * sizeof(struct capture_piece) + kept->piece_bytes +
                   blocks * MEMORY_BLOCK_BYTES;
    atomic_store(&kept->bytes, bytes);
    return bytes;
}

// The lists take no more memory than they need.
static void *exact(void *list, size_t count, size_t *inout_room, size_t size) {
    if (*inout_room > count && count > 0) {
        *inout_room = count;
        return mem_resize(list, count, size);
    }
    return list;
}

static void end_record(struct record *record) {
    arena_cleanup(&record->scratch);
    record->share = NULL;
    record->exchanges = exact(record->exchanges, record->exchange_count, &record->exchange_room,
                              sizeof(*record->exchanges));
    record->moments = exact(record->moments, record->moment_count, &record->moment_room,
                            sizeof(*record->moments));
    record->messages = exact(record->messages, record->message_count, &record->message_room,
                             sizeof(*record->messages));
    record->findings = exact(record->findings, record->finding_count, &record->finding_room,
                             sizeof(*record->findings));
}

void kept_end(struct kept *kept) {
    pthread_mutex_lock(&kept->lock);
    if (kept->record != NULL) {
        end_record(kept->record);
    }
    kept->pieces = exact(kept->pieces, kept->piece_count, &kept->piece_room, sizeof(*kept->pieces));
    kept->share = NULL;
    for (size_t i = 0; i < kept->message_count; i++) {
        struct kept_message *message = kept->messages[i];
        message->cut |= !message->over;
        message->over = true;
    }
    pthread_mutex_unlock(&kept->lock);
    atomic_store(&kept->ended, true);
}

// ── those that look ─────────────────────────────────────────────────────────────────────────────

static void *copy_of(const void *list, size_t count, size_t size) {
    void *copy = mem_new_array(count + 1, size);
    return count == 0 ? copy : memcpy(copy, list, count * size);
}

// The lists of a record move when they grow, what they point at does not.
static void copy_lists(struct record *copy, const struct record *record) {
    *copy = *record;
    copy->exchanges =
        copy_of(record->exchanges, record->exchange_count, sizeof(*record->exchanges));
    copy->auths = copy_of(record->auths, record->auth_count, sizeof(*record->auths));
    copy->messages = copy_of(record->messages, record->message_count, sizeof(*record->messages));
    copy->findings = copy_of(record->findings, record->finding_count, sizeof(*record->findings));
    copy->faults = copy_of(record->faults, record->fault_count, sizeof(*record->faults));
    copy->moments = copy_of(record->moments, record->moment_count, sizeof(*record->moments));
}

bool kept_view_open(struct kept_view *view, struct kept *kept) {
    *view = (struct kept_view){0};
    pthread_mutex_lock(&kept->lock);
    bool begun = kept->begun;
    if (begun && kept->record == NULL) {
        view->record = record_without(view, kept);
    } else if (begun && kept_has_ended(kept)) { // nothing of it changes any more
        view->record = kept->record;
    } else if (begun) {
        copy_lists(&view->copy, kept->record);
        view->record = &view->copy;
    }
    pthread_mutex_unlock(&kept->lock);
    return begun;
}

void kept_view_close(struct kept_view *view) {
    if (view->record == &view->copy) {
        free(view->copy.exchanges);
        free(view->copy.auths);
        free(view->copy.messages);
        free(view->copy.findings);
        free(view->copy.faults);
        free(view->copy.moments);
    }
}

struct slice kept_message_text(bool *out_cut, struct kept *kept, int n) {
    struct slice text = {0};
    *out_cut = false;
    pthread_mutex_lock(&kept->lock);
    for (size_t i = 0; i < kept->message_count; i++) {
        const struct kept_message *message = kept->messages[i];
        if (message->n == n && message->over) {
            text = buf_len(&message->text) > 0 ? buf_slice(&message->text) : SLICE("");
            *out_cut = message->cut;
        }
    }
    pthread_mutex_unlock(&kept->lock);
    return text;
}

bool kept_put_capture(struct buf *out, struct kept *kept) {
    size_t before = buf_len(out);
    pthread_mutex_lock(&kept->lock);
    size_t count = kept->piece_count;
    struct capture_piece *pieces = copy_of(kept->pieces, count, sizeof(*pieces));
    pthread_mutex_unlock(&kept->lock);
    struct flow flow = {0};
    for (size_t i = 0; i < count; i++) {
        flow_log_play(&flow, out, slice_of(pieces[i].bytes, pieces[i].len));
    }
    free(pieces);
    return buf_len(out) > before;
}
