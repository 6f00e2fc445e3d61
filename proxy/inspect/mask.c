// SPDX-License-Identifier: MIT
#include "inspect/mask.h"

#include "base/memory.h"
#include "inspect/mask_bytes.h"
#include "inspect/mask_event.h"
#include "inspect/mask_learn.h"
#include "inspect/secret_set.h"
#include "inspect/text_rewriter.h"

#include <stdlib.h>

enum { SIDES = 2 };

struct mask {
    enum auth_view view;
    struct event_sink sink;
    struct secret_set secrets_known;
    struct text_rewriter rewriter;
    // The words of what was hidden in the latest command: a finding may quote one of them.
    struct secret_set words;
    struct text_rewriter words_veil;
    struct sasl_progress progress;
    struct sasl_progress *ahead; // where the lines looked at since the latest command have got to
    struct mask_stream *streams[SIDES]; // made with the first bytes that have something to hide
    struct mask_run run;
    bool puts_in;     // a fault was seen: what the proxy says need not be our own words
    bool run_is_owed; // a SASL line was cut; its bytes will teach the whole of it
};

struct mask *mask_new(enum auth_view view, struct event_sink sink) {
    struct mask *mask = mem_new(sizeof(*mask));
    mask->view = view;
    mask->sink = sink;
    text_rewriter_init(&mask->rewriter, &mask->secrets_known);
    text_rewriter_init(&mask->words_veil, &mask->words);
    mask_run_init(&mask->run);
    return mask;
}

void mask_free(struct mask *mask) {
    if (mask == NULL) {
        return;
    }
    for (size_t i = 0; i < SIDES; i++) {
        mask_stream_free(mask->streams[i]);
    }
    free(mask->ahead);
    mask_run_cleanup(&mask->run);
    text_rewriter_cleanup(&mask->rewriter);
    text_rewriter_cleanup(&mask->words_veil);
    secret_set_cleanup(&mask->secrets_known);
    secret_set_cleanup(&mask->words);
    free(mask);
}

const struct secret_set *mask_secrets(const struct mask *mask) {
    return &mask->secrets_known;
}

// ── learning ────────────────────────────────────────────────────────────────────────────────────

// A marked line that was cut is known whole only by its bytes, which may come before or after it.
static void learn_cut_line(struct mask *mask, const struct event_line *line) {
    struct span last = line->secrets[line->secret_count - 1];
    struct slice begun = slice_sub(line->text, last.offset, last.len);
    struct slice run = buf_slice(&mask->run.bytes);
    if (run.len > begun.len && slice_starts_with(run, begun) && mask->run.closed) {
        struct sasl_progress again = mask->progress;
        again.lines -= again.lines > 0 ? 1 : 0;
        mask_learn_run(&mask->secrets_known, &again, slice_trim(run), mask->run.open);
        return;
    }
    mask->run_is_owed = true;
}

static void learn_from_command(struct mask *mask, const struct event_command *command) {
    const struct event_line *line = &command->line;
    mask_learn_command(&mask->secrets_known, &mask->progress, command);
    if (line->len > line->text.len && line->secret_count > 0) {
        learn_cut_line(mask, line);
    }
}

// The client's line is not whole, and the server speaks.
static void learn_from_begun_run(struct mask *mask) {
    struct sasl_progress progress = {.layout = SASL_UNNAMED};
    switch (mask_run_look(&mask->run)) {
    case RUN_KNOWN:
        break;
    case RUN_GREW:
        mask_learn_run(&mask->secrets_known, &progress, slice_trim(buf_slice(&mask->run.bytes)),
                       true);
        break;
    case RUN_TOO_MUCH:
        secret_set_give_up(&mask->secrets_known);
        break;
    }
}

// The bytes may come before the lines, and teach what later bytes of the same event repeat; they
// do not say which mechanism it is.
static void learn_from_bytes(struct mask *mask, const struct event_bytes *bytes) {
    size_t index = 0;
    if (bytes->from == SIDE_SERVER) {
        learn_from_begun_run(mask);
        return;
    }
    while (mask_run_next(&mask->run, bytes, &index)) {
        struct slice run = slice_trim(buf_slice(&mask->run.bytes));
        struct sasl_progress progress = {.layout = SASL_UNNAMED};
        if (mask->run_is_owed) {
            progress = mask->progress;
            progress.lines -= progress.lines > 0 ? 1 : 0;
            mask->run_is_owed = false;
        }
        mask_learn_run(&mask->secrets_known, &progress, run, mask->run.open);
        if (mask->run.open) { // what was cut off may be the password
            secret_set_give_up(&mask->secrets_known);
        }
    }
}

void mask_look_ahead(struct mask *mask, const struct event_command *command) {
    if (mask->view == AUTH_VIEW_REVEAL) {
        return;
    }
    if (command->unread) {
        secret_set_give_up(&mask->secrets_known);
        return;
    }
    if (command->line.len > command->line.text.len) { // a part of a line, which will come whole
        struct sasl_progress progress = mask->ahead != NULL ? *mask->ahead : mask->progress;
        mask_learn_command(&mask->secrets_known, &progress, command);
        return;
    }
    if (mask->ahead == NULL) {
        mask->ahead = mem_new(sizeof(*mask->ahead));
        *mask->ahead = mask->progress;
    }
    mask_learn_command(&mask->secrets_known, mask->ahead, command);
}

static void learn(struct mask *mask, const struct event *event) {
    if (event->kind == EVENT_COMMAND) {
        const struct event_line *line = &event->command.line;
        learn_from_command(mask, &event->command);
        if (mask->ahead != NULL && line->len > line->text.len) { // it was seen whole
            mask->progress = *mask->ahead;
        }
        free(mask->ahead);
        mask->ahead = NULL;
        mask_run_forget(&mask->run);
    } else if (event->kind == EVENT_REPLY) {
        mask_learn_reply(&mask->progress, &event->reply);
    } else if (event->kind == EVENT_BYTES) {
        learn_from_bytes(mask, &event->bytes);
    }
}

// ── passing on ──────────────────────────────────────────────────────────────────────────────────

static void take_bytes(struct mask *mask, const struct event *event) {
    struct mask_stream **stream = &mask->streams[event->bytes.from];
    const struct event_bytes *bytes = &event->bytes;
    bool plain = bytes->secret_count == 0 && !bytes->secret_goes_on;
    if (bytes->message_text) {
        mask_stream_flush(*stream, &mask->rewriter, event, &mask->sink);
    }
    bool untouched = mask->view == AUTH_VIEW_REVEAL || bytes->message_text;
    if (untouched || (plain && !secret_set_is_active(&mask->secrets_known))) {
        event_send(&mask->sink, event);
        return;
    }
    if (*stream == NULL) {
        *stream = mask_stream_new();
    }
    mask_stream_take(*stream, &mask->rewriter, event, &mask->sink);
}

static void flush_bytes(struct mask *mask, const struct event *event) {
    for (size_t i = 0; i < SIDES; i++) {
        mask_stream_flush(mask->streams[i], &mask->rewriter, event, &mask->sink);
    }
}

static void mask_auth(struct mask *mask, struct event_auth *auth) {
    if (mask->view == AUTH_VIEW_MASK) {
        auth->identity = (struct slice){0};
    }
    text_rewriter_slice(&mask->rewriter, &auth->identity);
    text_rewriter_slice(&mask->rewriter, &auth->mechanism);
}

// What of an event is a sentence of ours, whatever may be shown of secrets.
static bool rewrite_sentences(struct mask *mask, struct event *event) {
    struct text_rewriter *rewriter = &mask->rewriter;
    if (event->kind == EVENT_FINDING) {
        return text_rewriter_sentence(rewriter, &mask->words_veil, &event->finding.text);
    }
    if (event->kind == EVENT_NOTE) {
        return text_rewriter_sentence(rewriter, NULL, &event->note.text);
    }
    if (event->kind == EVENT_CLOSE) {
        bool error = text_rewriter_sentence(rewriter, NULL, &event->close.error);
        return text_rewriter_sentence(rewriter, NULL, &event->close.likely) || error;
    }
    if (event->kind == EVENT_TLS) {
        return mask_tls_error(rewriter, &event->tls);
    }
    if (event->kind == EVENT_BYTES && event->bytes.by_proxy) {
        return text_rewriter_sentence(rewriter, NULL, &event->bytes.data);
    }
    return event->kind == EVENT_REPLY && event->reply.by_proxy &&
           mask_proxy_reply(rewriter, &event->reply);
}

static void rewrite(struct mask *mask, struct event *event) {
    switch (event->kind) {
    case EVENT_TLS:
        mask_tls(&mask->rewriter, &event->tls);
        break;
    case EVENT_COMMAND:
        mask_command(&mask->rewriter, &event->command);
        break;
    case EVENT_REPLY:
        mask_reply(&mask->rewriter, &event->reply);
        break;
    case EVENT_AUTH:
        mask_auth(mask, &event->auth);
        break;
    case EVENT_MESSAGE:
        mask_message(&mask->rewriter, &event->message);
        break;
    case EVENT_FAULT: // the user's words, which may be the secret's all the same
        text_rewriter_slice(&mask->rewriter, &event->fault.action);
        text_rewriter_slice(&mask->rewriter, &event->fault.rule);
        break;
    case EVENT_BYTES: // the proxy's own; a peer's have their stream
        text_rewriter_slice(&mask->rewriter, &event->bytes.data);
        break;
    case EVENT_FINDING: // sentences, see there
    case EVENT_NOTE:
    case EVENT_CLOSE:
    case EVENT_LOST: // our own words alone
    case EVENT_CONNECT:
    case EVENT_GREETING: // before the client has said anything
    case EVENT_TEXT:     // a message's own text is never touched
    case EVENT_CONTENT:
    case EVENT_FIELD:
    case EVENT_FLAW:
    case EVENT_DATA:
    case EVENT_CONTENT_END:
    case EVENT_WIRE: // encrypted, and only where --with-secrets asked for it
    case EVENT_PAUSED:
    case EVENT_KIND_COUNT:
        break;
    }
}

// A secret with blanks in it may be quoted in part. `line` is as it was sent, its redaction still
// there.
static void note_hidden_words(struct mask *mask, struct slice line) {
    const struct redaction *redaction = &mask->rewriter.redaction;
    secret_set_cleanup(&mask->words);
    for (size_t i = 0; i < redaction->count; i++) {
        struct slice hidden = slice_sub(line, redaction->spans[i].offset, redaction->spans[i].len);
        while (slice_find_byte(hidden, ' ') != SLICE_NONE) {
            secret_set_learn(&mask->words, slice_split(&hidden, ' '), false);
            secret_set_learn(&mask->words, slice_sub(hidden, 0, slice_find_byte(hidden, ' ')),
                             false);
        }
    }
}

static bool reply_has_secrets(const struct event_reply *reply) {
    for (size_t i = 0; i < reply->line_count; i++) {
        if (reply->lines[i].line.secret_count > 0) {
            return true;
        }
    }
    return false;
}

// True where the event may hold something to hide. A session without AUTH has nothing, and its
// events pass as they are. What the proxy says is our own, until a rule puts in the user's words or
// repeats a peer's.
static bool may_hold_secrets(const struct mask *mask, const struct event *event) {
    bool by_proxy = (event->kind == EVENT_COMMAND && event->command.by_proxy) ||
                    (event->kind == EVENT_REPLY && event->reply.by_proxy) ||
                    event->kind == EVENT_BYTES;
    if ((by_proxy && !mask->puts_in) || mask->view == AUTH_VIEW_REVEAL) {
        return false;
    }
    if (secret_set_is_active(&mask->secrets_known) || event->kind == EVENT_AUTH) {
        return true;
    }
    if (event->kind == EVENT_COMMAND) {
        return event->command.line.secret_count > 0 || event->command.concealed;
    }
    return event->kind == EVENT_REPLY && reply_has_secrets(&event->reply);
}

// Most events have nothing to rewrite; those are passed on without a copy.
static bool has_sentence(const struct event *event) {
    return event->kind == EVENT_FINDING || event->kind == EVENT_NOTE ||
           event->kind == EVENT_CLOSE || event->kind == EVENT_TLS ||
           (event->kind == EVENT_REPLY && event->reply.by_proxy) ||
           (event->kind == EVENT_BYTES && event->bytes.by_proxy);
}

void mask_take(struct mask *mask, const struct event *event) {
    if (mask->view != AUTH_VIEW_REVEAL) {
        learn(mask, event);
    }
    mask->puts_in = mask->puts_in || event->kind == EVENT_FAULT;
    if (event->kind == EVENT_BYTES && !event->bytes.by_proxy) {
        take_bytes(mask, event);
        return;
    }
    if (event->kind == EVENT_TLS || event->kind == EVENT_CLOSE || event->kind == EVENT_BYTES) {
        flush_bytes(mask, event);
    }
    bool secrets = may_hold_secrets(mask, event);
    if (!secrets && !has_sentence(event)) {
        event_send(&mask->sink, event);
        return;
    }
    struct event copy = *event;
    bool rewritten = rewrite_sentences(mask, &copy);
    if (secrets) {
        rewrite(mask, &copy);
    }
    if (secrets && event->kind == EVENT_COMMAND) {
        bool quotable = !event->command.concealed && !event->command.continuation;
        note_hidden_words(mask, quotable ? event->command.line.text : SLICE(""));
    }
    event_send(&mask->sink, rewritten || secrets ? &copy : event);
    text_rewriter_clear(&mask->rewriter);
    text_rewriter_clear(&mask->words_veil);
}
