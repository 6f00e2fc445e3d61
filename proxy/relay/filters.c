// SPDX-License-Identifier: MIT
// filters: cuts the plaintext of both peers into what filters decide about, asks them, and does
// what they say.
#include "base/array.h"
#include "base/lines.h"
#include "relay/relay_state.h"
#include "smtp/command_parse.h"

#include <stdlib.h>

void filters_init(struct relay *relay) {
    buf_init(&relay->streams[SIDE_CLIENT].held, 4 * LIMIT_READ + LIMIT_LEG_OUTPUT);
    buf_init(&relay->streams[SIDE_SERVER].held, 4 * LIMIT_READ);
}

void filters_add(struct relay *relay, struct filter filter) {
    relay->filters = array_grown(relay->filters, relay->filter_count, &relay->filter_room,
                                 sizeof(*relay->filters));
    relay->filters[relay->filter_count++] = filter;
}

void filters_cleanup(struct relay *relay) {
    for (size_t i = 0; i < relay->filter_count; i++) {
        relay->filters[i].ops->free(relay->filters[i].self);
    }
    free(relay->filters);
    buf_wipe(&relay->streams[SIDE_CLIENT].held);
    buf_wipe(&relay->streams[SIDE_SERVER].held);
}

void filter_stream_set_end(struct filter_stream *stream, enum stream_end end) {
    stream->end = end > stream->end ? end : stream->end;
}

// What was passed goes out before anything else that goes the same way.
static void let_pass(struct relay *relay, enum side from) {
    struct slice bytes = relay->streams[from].passing;
    if (bytes.len == 0) {
        return;
    }
    relay->streams[from].passing = SLICE("");
    leg_send(relay_leg(relay, side_other(from)), bytes);
}

// ── what a filter may do ────────────────────────────────────────────────────────────────────────

// The filters are in the order in which a reply meets them; `nth` is that of this line.
static const struct filter *nth_filter(const struct relay *relay, enum side from, size_t nth) {
    return &relay->filters[from == SIDE_SERVER ? nth : relay->filter_count - 1 - nth];
}

static size_t nth_of_place(const struct relay *relay, enum side from, size_t place) {
    return from == SIDE_SERVER ? place : relay->filter_count - 1 - place;
}

static bool is_queued(const struct filter_port *port, enum side to, struct slice bytes) {
    const struct relay *relay = port->relay;
    enum side from = side_other(to);
    for (size_t i = nth_of_place(relay, from, port->place) + 1; i < relay->filter_count; i++) {
        const struct filter *filter = nth_filter(relay, from, i);
        if (filter->ops->queue != NULL && filter->ops->queue(filter->self, to, bytes)) {
            return true;
        }
    }
    return false;
}

static void port_send(const struct filter_port *port, enum side to, struct slice bytes) {
    struct relay *relay = port->relay;
    let_pass(relay, side_other(to));
    if (!is_queued(port, to, bytes)) {
        leg_send(relay_leg(relay, to), bytes);
    }
}

// What was taken once does not wait again: a filter after this one may only take it.
static bool port_offer(const struct filter_port *port, const struct filter_line *line,
                       int64_t at_ns) {
    const struct relay *relay = port->relay;
    size_t nth = nth_of_place(relay, line->from, port->place);
    for (size_t i = nth + 1; i < relay->filter_count; i++) {
        const struct filter *filter = nth_filter(relay, line->from, i);
        if (filter->ops->judge(filter->self, line) == FILTER_TAKE) {
            filter->ops->take(filter->self, line, at_ns);
            return true;
        }
    }
    return false;
}

static enum filter_verdict port_next_verdict(const struct filter_port *port,
                                             const struct filter_line *line) {
    const struct relay *relay = port->relay;
    size_t nth = nth_of_place(relay, line->from, port->place);
    enum filter_verdict verdict = FILTER_PASS;
    for (size_t i = nth + 1; i < relay->filter_count && verdict == FILTER_PASS; i++) {
        const struct filter *filter = nth_filter(relay, line->from, i);
        verdict = filter->ops->judge(filter->self, line);
    }
    return verdict;
}

static void port_substitute(const struct filter_port *port, const struct filter_line *line,
                            struct slice lines, int64_t at_ns) {
    struct filter_line next = *line;
    while (lines.len > 0) {
        next.bytes = lines_next(&lines);
        if (line->kind == FILTER_REPLY) {
            reply_line_parse(&next.reply, lines_text(next.bytes));
        }
        if (!port_offer(port, &next, at_ns)) {
            port_send(port, side_other(line->from), next.bytes);
        }
    }
}

// `bytes` has the line then.
static void put_reply(struct filter_line *out, struct buf *bytes, struct slice text,
                      const struct dialogue *dialogue) {
    buf_cleanup(bytes);
    buf_init(bytes, text.len + 2);
    buf_put(bytes, text);
    buf_put_string(bytes, "\r\n");
    out->bytes = buf_slice(bytes);
    reply_line_parse(&out->reply, lines_text(out->bytes));
    dialogue_next_reply(&out->due, dialogue, out->reply.code);
}

// What the first filter that has something better says in place of the line, with its place; else
// NULL.
static const char *in_place(size_t *out_place, const struct filter_port *port,
                            const struct filter_line *line, int64_t at_ns) {
    const struct relay *relay = port->relay;
    const char *text = NULL;
    for (size_t i = port->place + 1; i < relay->filter_count && text == NULL; i++) {
        const struct filter *filter = &relay->filters[i];
        *out_place = i;
        text =
            filter->ops->in_place == NULL ? NULL : filter->ops->in_place(filter->self, line, at_ns);
    }
    return text;
}

// It meets the filters on its way as a line of the server's would; what one of them says instead,
// those after that one.
static void say_to_client(const struct filter_port *port, struct slice text, int64_t at_ns) {
    struct relay *relay = port->relay;
    struct dialogue *dialogue = observer_dialogue(relay->observer);
    struct filter_port from = *port;
    struct filter_line reply = {
        .from = SIDE_SERVER, .kind = FILTER_REPLY, .whole = true, .at_ns = at_ns};
    struct buf bytes = {0};
    put_reply(&reply, &bytes, text, dialogue);
    size_t place;
    const char *better = in_place(&place, port, &reply, at_ns);
    if (better != NULL) {
        put_reply(&reply, &bytes, slice_of_string(better), dialogue);
        from.place = place;
    }
    dialogue_proxy_reply(dialogue, lines_text(reply.bytes), at_ns);
    if (!port_offer(&from, &reply, at_ns)) {
        port_send(port, SIDE_CLIENT, reply.bytes);
    }
    buf_cleanup(&bytes);
}

static void port_say(const struct filter_port *port, enum side to, const char *line,
                     int64_t at_ns) {
    struct relay *relay = port->relay;
    struct dialogue *dialogue = observer_dialogue(relay->observer);
    struct slice text = slice_of_string(line);
    if (session_end_is_over(relay)) {
        return;
    }
    if (to == SIDE_CLIENT) {
        say_to_client(port, text, at_ns);
        return;
    }
    dialogue_proxy_command(dialogue, text, at_ns);
    port_send(port, to, text);
    port_send(port, to, SLICE("\r\n"));
}

static void port_record_command(const struct filter_port *port, const char *line, int64_t at_ns) {
    struct relay *relay = port->relay;
    dialogue_proxy_substitute_command(observer_dialogue(relay->observer), slice_of_string(line),
                                      at_ns);
}

static void port_record_reply(const struct filter_port *port, const char *line, int64_t at_ns) {
    struct relay *relay = port->relay;
    dialogue_proxy_reply(observer_dialogue(relay->observer), slice_of_string(line), at_ns);
}

static void port_record_substitute(const struct filter_port *port, const char *line,
                                   int64_t at_ns) {
    struct relay *relay = port->relay;
    dialogue_proxy_substitute(observer_dialogue(relay->observer), slice_of_string(line), at_ns);
}

static void port_fault(const struct filter_port *port, const struct event_fault *fault,
                       int64_t at_ns) {
    struct relay *relay = port->relay;
    struct event event = {.kind = EVENT_FAULT, .session = relay->session, .at_ns = at_ns};
    event.fault = *fault;
    observer_event(relay->observer, &event);
}

static void port_edit_offer(const struct filter_port *port, const struct offer_edit *edit) {
    struct relay *relay = port->relay;
    dialogue_edit_next_offer(observer_dialogue(relay->observer), edit);
}

static void port_held_was_early(const struct filter_port *port) {
    struct relay *relay = port->relay;
    dialogue_expect_early(observer_dialogue(relay->observer),
                          buf_len(&relay->streams[SIDE_CLIENT].held));
}

static bool port_next_reply(const struct filter_port *port, struct dialogue_next_reply *out) {
    const struct relay *relay = port->relay;
    return !session_end_is_over(relay) &&
           dialogue_next_reply(out, observer_dialogue(relay->observer), 0);
}

static size_t port_accepted_recipients(const struct filter_port *port) {
    const struct relay *relay = port->relay;
    return dialogue_accepted_recipients(observer_dialogue(relay->observer));
}

static uint64_t port_text_left(const struct filter_port *port) {
    const struct relay *relay = port->relay;
    return dialogue_text_left(observer_dialogue(relay->observer));
}

static void port_drop_server(const struct filter_port *port, int64_t at_ns) {
    let_pass(port->relay, SIDE_CLIENT);
    session_end_drop_server(port->relay, at_ns);
}

static void port_note(const struct filter_port *port, const char *text, int64_t at_ns) {
    struct relay *relay = port->relay;
    observer_note(relay->observer, at_ns, "%s", text);
}

static size_t port_replies_before(const struct filter_port *port) {
    const struct relay *relay = port->relay;
    const struct dialogue *dialogue = observer_dialogue(relay->observer);
    size_t waiting = dialogue_commands_waiting(dialogue);
    return (dialogue_greeted(dialogue) ? 0 : 1) + (waiting > 0 ? waiting - 1 : 0);
}

static void port_end(const struct filter_port *port, enum filter_end how, const char *why,
                     int64_t at_ns) {
    struct relay *relay = port->relay;
    let_pass(relay, SIDE_CLIENT);
    let_pass(relay, SIDE_SERVER);
    relay->end.by_filter = true;
    session_end_note_moment(relay, at_ns);
    if (why != NULL) {
        session_end_decide(relay, OUTCOME_PROXY_STOPPED, PARTY_PROXY, "%s", why);
    }
    switch (how) {
    case FILTER_END_FIN:
        session_end_close_both(relay, at_ns);
        break;
    case FILTER_END_RESET:
        session_end_reset_both(relay, at_ns);
        break;
    }
}

struct filter_port filters_port(struct relay *relay) {
    return (struct filter_port){.relay = relay,
                                .place = relay->filter_count,
                                .send = port_send,
                                .offer = port_offer,
                                .next_verdict = port_next_verdict,
                                .substitute = port_substitute,
                                .say = port_say,
                                .record_command = port_record_command,
                                .record_reply = port_record_reply,
                                .record_substitute = port_record_substitute,
                                .note = port_note,
                                .fault = port_fault,
                                .edit_offer = port_edit_offer,
                                .held_was_early = port_held_was_early,
                                .replies_before = port_replies_before,
                                .next_reply = port_next_reply,
                                .accepted_recipients = port_accepted_recipients,
                                .text_left = port_text_left,
                                .drop_server = port_drop_server,
                                .end = port_end};
}

// ── cutting ─────────────────────────────────────────────────────────────────────────────────────

// How much of the text comes before the first line that begins with a dot.
static size_t len_before_dot_line(struct slice text) {
    size_t at = 0;
    for (;;) {
        size_t dot = slice_find_byte(slice_from(text, at), '.');
        if (dot == SLICE_NONE) {
            return text.len;
        }
        at += dot;
        if (at > 0 && text.data[at - 1] == '\n') {
            return at;
        }
        at++;
    }
}

// Message text in pieces as long as they can be: a chunk of BDAT by its size, text of DATA up to a
// line that begins with a dot, which may be its end.
static struct slice next_text(enum line_place *place, struct slice *rest, uint64_t left,
                              uint64_t most) {
    struct slice text;
    bool dot_line = *place == PLACE_DOT_LINE || rest->data[0] == '.';
    if (left == UINT64_MAX && dot_line) {
        text = lines_next(rest);
        *place = lines_ended(text) ? PLACE_LINE_START : PLACE_DOT_LINE;
        return text;
    }
    size_t len = left == UINT64_MAX ? len_before_dot_line(*rest)
                 : left < rest->len ? (size_t)left
                                    : rest->len;
    text = slice_sub(*rest, 0, len);
    text = most == FILTER_TEXT_LINE ? lines_next(&text)
                                    : slice_sub(text, 0, (size_t)(most < len ? most : len));
    len = text.len;
    *rest = slice_from(*rest, len);
    *place = PLACE_LINE_START;
    return text;
}

static uint64_t text_max(const struct relay *relay) {
    uint64_t most = UINT64_MAX;
    for (size_t i = 0; i < relay->filter_count; i++) {
        const struct filter *filter = &relay->filters[i];
        uint64_t its =
            filter->ops->text_max == NULL ? UINT64_MAX : filter->ops->text_max(filter->self);
        most = its < most ? its : most;
    }
    return most;
}

static enum line_place place_after(const struct filter_line *line) {
    return line->whole ? PLACE_LINE_START : PLACE_MID_LINE;
}

static enum filter_kind kind_of(const struct dialogue *dialogue, struct slice line) {
    switch (dialogue_line_kind(dialogue, line)) {
    case DIALOGUE_LINE_COMMAND:
        return FILTER_COMMAND;
    case DIALOGUE_LINE_OPAQUE:
        return FILTER_OPAQUE;
    case DIALOGUE_LINE_UNDECIDED:
        break;
    }
    return FILTER_UNDECIDED;
}

static void cut_client(struct filter_line *out, enum line_place *place, const struct relay *relay,
                       struct slice *rest) {
    const struct dialogue *dialogue = observer_dialogue(relay->observer);
    uint64_t text_left = dialogue_text_left(dialogue);
    if (text_left > 0) {
        out->kind = FILTER_TEXT;
        out->whole = true;
        out->bytes = next_text(place, rest, text_left, text_max(relay));
        out->exchange = dialogue_latest_exchange(dialogue);
        out->may_be_last = dialogue_may_end_text(dialogue, out->bytes);
        out->last = dialogue_ends_text(dialogue, out->bytes);
        return;
    }
    out->exchange = dialogue_latest_exchange(dialogue) + 1;
    out->bytes = lines_next(rest);
    out->whole = lines_ended(out->bytes);
    struct slice text = lines_text(out->bytes);
    out->kind = kind_of(dialogue, text);
    out->verb = out->whole ? command_verb(text) : VERB_UNKNOWN;
    *place = place_after(out);
}

static void cut_server(struct filter_line *out, enum line_place *place, const struct relay *relay,
                       struct slice *rest) {
    out->kind = FILTER_REPLY;
    out->bytes = lines_next(rest);
    out->whole = lines_ended(out->bytes);
    reply_line_parse(&out->reply, lines_text(out->bytes));
    dialogue_next_reply(&out->due, observer_dialogue(relay->observer), out->reply.code);
    *place = place_after(out);
}

// Takes a line off `rest` into `line`, which says whose it is and when it came. `place` is where
// `rest` begins, and then where it goes on after the line.
static void cut(struct filter_line *line, enum line_place *place, const struct relay *relay,
                struct slice *rest) {
    if (line->from == SIDE_CLIENT) {
        cut_client(line, place, relay, rest);
    } else {
        cut_server(line, place, relay, rest);
    }
}

// ── deciding ────────────────────────────────────────────────────────────────────────────────────

// What the filter holds of this peer goes out.
static void let_go(const struct filter *filter, enum side side, int64_t at_ns) {
    if (filter->ops->let_go != NULL) {
        filter->ops->let_go(filter->self, side, at_ns);
    }
}

static enum filter_verdict judge(const struct filter **out_by, const struct relay *relay,
                                 const struct filter_line *line) {
    const struct filter_stream *stream = &relay->streams[line->from];
    if (stream->place == PLACE_MID_LINE && line->kind != FILTER_TEXT) {
        return FILTER_PASS;
    }
    for (size_t i = 0; i < relay->filter_count; i++) {
        const struct filter *filter = nth_filter(relay, line->from, i);
        enum filter_verdict verdict = filter->ops->judge(filter->self, line);
        bool too_long = verdict == FILTER_MORE && line->bytes.len >= LIMIT_FILTER_LINE;
        if (too_long) {
            let_go(filter, line->from, line->at_ns); // it passes, as far as this filter is asked
        }
        bool waits = verdict == FILTER_MORE && !too_long && stream->end == STREAM_GOES_ON;
        if (waits || verdict == FILTER_TAKE || verdict == FILTER_HOLD) {
            *out_by = filter;
            return verdict;
        }
    }
    return FILTER_PASS;
}

// What passes goes out in one piece as long as nothing else goes the same way.
static void pass(struct relay *relay, enum side from, struct slice bytes) {
    struct slice *passing = &relay->streams[from].passing;
    if (passing->len > 0 && passing->data + passing->len == bytes.data) {
        passing->len += bytes.len;
        return;
    }
    let_pass(relay, from);
    *passing = bytes;
}

// How many of the bytes were passed or taken; the rest waits.
static size_t run(struct relay *relay, enum side from, struct slice bytes, int64_t at_ns) {
    struct filter_stream *stream = &relay->streams[from];
    struct slice rest = bytes;
    while (rest.len > 0 && !session_end_is_over(relay)) {
        struct filter_line line = {.from = from, .at_ns = at_ns};
        const struct filter *by = NULL;
        struct slice after = rest;
        enum line_place next_place = stream->place;
        cut(&line, &next_place, relay, &after);
        enum filter_verdict verdict = judge(&by, relay, &line);
        if (verdict == FILTER_HOLD || verdict == FILTER_MORE) {
            break;
        }
        observer_feed(relay->observer, from, line.bytes, at_ns);
        if (verdict == FILTER_PASS) {
            pass(relay, from, line.bytes);
        } else {
            by->ops->take(by->self, &line, at_ns);
        }
        stream->place = next_place;
        rest = after;
    }
    let_pass(relay, from);
    return bytes.len - rest.len;
}

static bool run_held(struct relay *relay, enum side from, int64_t at_ns) {
    struct buf *held = &relay->streams[from].held;
    if (buf_len(held) == 0) {
        return false;
    }
    size_t used = run(relay, from, buf_slice(held), at_ns);
    buf_consume(held, used);
    return used > 0;
}

static void report_progress(struct relay *relay, int64_t at_ns) {
    for (size_t i = 0; i < relay->filter_count; i++) {
        const struct filter *filter = &relay->filters[i];
        if (filter->ops->progress != NULL) {
            filter->ops->progress(filter->self, at_ns);
        }
    }
}

void filters_progress(struct relay *relay, int64_t at_ns) {
    bool moved = relay->filter_count > 0;
    while (moved) {
        report_progress(relay, at_ns);
        moved = run_held(relay, SIDE_SERVER, at_ns);
        moved = run_held(relay, SIDE_CLIENT, at_ns) || moved;
    }
}

void filters_feed(struct relay *relay, enum side from, struct slice plaintext, int64_t at_ns) {
    struct buf *held = &relay->streams[from].held;
    if (buf_len(held) > 0) {
        buf_put(held, plaintext);
    } else {
        size_t used = run(relay, from, plaintext, at_ns);
        buf_put(held, slice_from(plaintext, used));
    }
    filters_progress(relay, at_ns);
}

void filters_end(struct relay *relay, enum side side, int64_t at_ns) {
    filter_stream_set_end(&relay->streams[side], STREAM_ENDED);
    for (size_t i = 0; i < relay->filter_count; i++) {
        let_go(&relay->filters[i], side, at_ns);
    }
    filters_progress(relay, at_ns);
}

bool filters_hold(const struct relay *relay, enum side side) {
    bool holds = buf_len(&relay->streams[side].held) > 0;
    for (size_t i = 0; i < relay->filter_count; i++) {
        const struct filter *filter = &relay->filters[i];
        holds = holds || (filter->ops->holds != NULL && filter->ops->holds(filter->self, side));
    }
    return holds;
}

struct buf filters_take_held(struct relay *relay, enum side side) {
    struct buf held = relay->streams[side].held;
    buf_init(&relay->streams[side].held, held.max);
    relay->streams[side].place = PLACE_LINE_START;
    return held;
}

void filters_observe_unsent(struct relay *relay, int64_t at_ns) {
    if (relay->end.by_filter) {
        return; // How much had come by then is chance.
    }
    struct buf held = filters_take_held(relay, SIDE_CLIENT);
    observer_feed(relay->observer, SIDE_CLIENT, buf_slice(&held), at_ns);
    buf_wipe(&held);
}

bool filters_guard(const struct relay *relay) {
    bool guard = false;
    for (size_t i = 0; i < relay->filter_count; i++) {
        guard = guard || relay->filters[i].ops->guards;
    }
    return guard;
}

int64_t filters_deadline_ns(const struct relay *relay) {
    int64_t next_ns = INT64_MAX;
    for (size_t i = 0; i < relay->filter_count; i++) {
        const struct filter *filter = &relay->filters[i];
        int64_t due_ns =
            filter->ops->deadline_ns == NULL ? INT64_MAX : filter->ops->deadline_ns(filter->self);
        next_ns = due_ns < next_ns ? due_ns : next_ns;
    }
    return next_ns;
}
