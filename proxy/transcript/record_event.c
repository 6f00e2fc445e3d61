// SPDX-License-Identifier: MIT
#include "transcript/record_event.h"

#include "base/clock.h"
#include "base/limits.h"
#include "base/text.h"

// ── times ───────────────────────────────────────────────────────────────────────────────────────

static int64_t floor_us(int64_t ns) {
    return ns / NS_PER_US - (ns % NS_PER_US < 0);
}

int64_t record_at_ns(const struct event_session *session, int64_t at_ns) {
    int64_t started_ns = session == NULL ? 0 : session->started_unix_ns;
    return (floor_us(started_ns + at_ns) - floor_us(started_ns)) * NS_PER_US;
}

bool record_same_ms(const struct event_session *session, int64_t a_ns, int64_t b_ns) {
    int64_t started_us = session == NULL ? 0 : floor_us(session->started_unix_ns);
    return (started_us + a_ns / NS_PER_US) / 1000 == (started_us + b_ns / NS_PER_US) / 1000;
}

// ── commands ────────────────────────────────────────────────────────────────────────────────────

// What a line without any bytes is: empty, not unknown.
static struct slice present(struct slice s) {
    return slice_is_null(s) ? SLICE("") : s;
}

static size_t cut_len(const struct event_line *line) {
    return line->len > line->text.len ? line->len : 0;
}

static struct slice verb_of(struct arena *arena, const struct event_command *command) {
    struct slice name = slice_sub(command->command.name, 0, VERB_TEXT_MAX);
    if (command->command.verb != VERB_UNKNOWN) {
        return verb_info(command->command.verb)->name;
    }
    if (name.len == 0) {
        return (struct slice){0};
    }
    uint8_t *upper = arena_new(arena, name.len, 1);
    for (size_t i = 0; i < name.len; i++) {
        upper[i] = text_upper(name.data[i]);
    }
    return slice_of(upper, name.len);
}

struct record_command record_command_of(struct arena *arena, const struct event *event) {
    const struct event_command *command = &event->command;
    bool plain = !command->continuation && !command->concealed;
    bool has_verb = plain && command->command.verb != VERB_NONE;
    return (struct record_command){
        .by_proxy = command->by_proxy,
        .exchange = command->exchange,
        .verb = has_verb ? verb_of(arena, command) : (struct slice){0},
        .argument = plain ? command->command.argument : (struct slice){0},
        .line = {.text = present(command->line.text),
                 .len = cut_len(&command->line),
                 .was_no_utf8 = command->line.was_no_utf8},
        .pipelined = command->pipelined,
        .continuation = command->continuation,
        .at_ns = record_at_ns(event->session, event->at_ns),
    };
}

static struct event_line line_of(struct slice text, size_t whole_len) {
    return (struct event_line){
        .text = text, .len = whole_len > text.len ? whole_len : text.len, .ending = ENDING_CRLF};
}

void event_of_command(struct event_command *out, const struct record_command *command) {
    *out = (struct event_command){
        .by_proxy = command->by_proxy,
        .exchange = command->exchange,
        .line = line_of(command->line.text, command->line.len),
        .pipelined = command->pipelined,
        .continuation = command->continuation,
        .concealed = slice_is_null(command->verb) && !command->continuation,
    };
    out->line.was_no_utf8 = command->line.was_no_utf8;
    if (!slice_is_null(command->verb)) {
        out->command.verb = verb_find(command->verb);
        out->command.name = command->verb;
        out->command.argument = command->argument;
    }
}

// ── replies ─────────────────────────────────────────────────────────────────────────────────────

// What is before the text of the line; the null slice where the two do not fit together.
static struct slice prefix_of(const struct event_reply_line *line) {
    size_t text_len = line->text.len;
    struct slice whole = line->line.text;
    if (text_len > whole.len || !slice_equal(slice_from(whole, whole.len - text_len), line->text)) {
        return (struct slice){0};
    }
    return slice_sub(present(whole), 0, whole.len - text_len);
}

static bool is_usual(struct slice prefix, int reply_code, bool last) {
    uint64_t code = 0;
    return prefix.len == 4 && text_parse_u64(&code, slice_sub(prefix, 0, 3), 999) &&
           code == (uint64_t)reply_code && prefix.data[3] == (last ? ' ' : '-');
}

struct record_reply record_reply_of(struct arena *arena, const struct event *event) {
    const struct event_reply *reply = &event->reply;
    struct record_line *lines = arena_new(arena, reply->line_count + 1, sizeof(*lines));
    for (size_t i = 0; i < reply->line_count; i++) {
        const struct event_reply_line *line = &reply->lines[i];
        struct slice prefix = prefix_of(line);
        bool usual = is_usual(prefix, reply->code, i + 1 == reply->line_count);
        lines[i] = (struct record_line){.text = present(line->text),
                                        .prefix = !usual ? prefix : (struct slice){0},
                                        .len = cut_len(&line->line),
                                        .was_no_utf8 = line->line.was_no_utf8};
    }
    return (struct record_reply){
        .by_proxy = reply->by_proxy,
        .to = reply->to,
        .code = reply->code,
        .enhanced = reply->enhanced,
        .lines = lines,
        .line_count = reply->line_count,
        .lines_cut = reply->cut,
        .final = reply->final,
        .recipient = reply->recipient,
        .at_ns = record_at_ns(event->session, event->at_ns),
    };
}

static struct slice whole_line(struct arena *arena, const struct record_line *line, int code,
                               bool last) {
    struct buf whole;
    buf_init(&whole, line->prefix.len + line->text.len + 16);
    if (slice_is_null(line->prefix)) {
        buf_putf(&whole, "%03d%c", code, last ? ' ' : '-');
    } else {
        buf_put(&whole, line->prefix);
    }
    buf_put(&whole, line->text);
    struct slice copy = present(arena_copy(arena, buf_slice(&whole)));
    buf_cleanup(&whole);
    return copy;
}

void event_of_reply(struct event_reply *out, struct arena *arena,
                    const struct record_reply *reply) {
    struct event_reply_line *lines = arena_new(arena, reply->line_count + 1, sizeof(*lines));
    int code = reply->code % 1000;
    for (size_t i = 0; i < reply->line_count; i++) {
        const struct record_line *line = &reply->lines[i];
        struct slice whole = whole_line(arena, line, code, i + 1 == reply->line_count);
        bool odd = !slice_is_null(line->prefix);
        lines[i] = (struct event_reply_line){.line = line_of(whole, line->len),
                                             .text = line->text,
                                             .malformed = odd && line->prefix.len < 3,
                                             .code_differs = odd && line->prefix.len == 4};
        lines[i].line.was_no_utf8 = line->was_no_utf8;
    }
    *out = (struct event_reply){
        .by_proxy = reply->by_proxy,
        .to = reply->to,
        .code = code,
        .enhanced = reply->enhanced,
        .lines = lines,
        .line_count = reply->line_count,
        .cut = reply->lines_cut,
        .final = reply->final,
        .recipient = reply->recipient,
        .latency_ns = -1, // known by its command's time
    };
}

const struct record_reply *record_moment_reply(const struct record_exchange *exchange,
                                               const struct record_moment *moment) {
    if (!moment->final) {
        return exchange->reply;
    }
    return exchange->final_reply != NULL ? exchange->final_reply
                                         : &exchange->final_replies[moment->nth];
}

int64_t record_moment_at(const struct record *record, const struct record_moment *moment) {
    if (moment->kind == EVENT_COMMAND) {
        return record->exchanges[moment->which].command->at_ns;
    }
    if (moment->kind == EVENT_REPLY) {
        return record_moment_reply(&record->exchanges[moment->which], moment)->at_ns;
    }
    return moment->kind == EVENT_CLOSE && moment->at_ns < 0 ? record->close.duration_ns
                                                            : moment->at_ns;
}

// ── messages ────────────────────────────────────────────────────────────────────────────────────

void event_of_message(struct event_message *out, const struct record_message *message) {
    *out = message->event;
    out->exchange = EVENT_NO_EXCHANGE;
    out->code %= 1000;
    out->content.message = out->message;
}
