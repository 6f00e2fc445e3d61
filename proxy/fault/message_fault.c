// SPDX-License-Identifier: MIT
// message_fault: the text of a message on its way: its Subject is read, its bytes are counted, and
// the rules at `message` decide before the server has its end.
#include "base/limits.h"
#include "base/lines.h"
#include "base/text.h"
#include "fault/filter_state.h"
#include "message/encoded_word.h"
#include "smtp/command_parse.h"

void message_watch_init(struct message_watch *message) {
    *message = (struct message_watch){0};
    message->header_due_ns = INT64_MAX;
    buf_init(&message->header, LIMIT_HEADER_BYTES);
}

void message_watch_cleanup(struct message_watch *message) {
    buf_wipe(&message->header);
}

void message_fault_begin(struct fault_filter *filter, const struct filter_line *line) {
    struct message_watch *message = &filter->message;
    bool text = line->verb == VERB_DATA || line->verb == VERB_BDAT;
    bool new_one = line->verb == VERB_DATA || line->verb == VERB_MAIL || line->verb == VERB_RSET;
    if (new_one && message->under_way && message->decided) {
        fault_session_take_back(filter->session, FAULT_MESSAGE);
    }
    message->under_way = message->under_way && !new_one;
    if (text && !message->under_way) {
        message->under_way = true;
        message->bdat = line->verb == VERB_BDAT;
        message->cut_off = false;
        message->decided = false;
        message->rule = NULL;
        message->close = NULL;
        message->len = 0;
        message->header_sent = 0;
        message->header_due_ns = INT64_MAX;
        message->elsewhere = false;
        buf_wipe_bytes(&message->header);
    }
}

// The Subject unfolded, as it was sent; the caller cleans `out` up.
static struct slice put_subject(struct buf *out, struct slice header) {
    bool within = false;
    buf_init(out, header.len);
    while (header.len > 0) {
        struct slice line = lines_text(lines_next(&header));
        bool folded = line.len > 0 && text_is_blank(line.data[0]);
        bool begins = slice_starts_with_nocase(line, SLICE("Subject:"));
        if (line.len == 0 || (within && !folded)) {
            break;
        }
        struct slice value = begins ? slice_from(line, sizeof("Subject:") - 1) : line;
        within = within || begins;
        if (within) {
            buf_put(out, slice_trim(value));
            buf_put_byte(out, ' ');
        }
    }
    return slice_trim(buf_slice(out));
}

static void decide_message(struct fault_filter *filter, int64_t at_ns) {
    struct message_watch *message = &filter->message;
    struct buf as_sent;
    struct buf decoded;
    struct fault_occasion occasion = {.point = FAULT_MESSAGE, .at_ns = at_ns};
    occasion.as_sent = put_subject(&as_sent, buf_slice(&message->header));
    buf_init(&decoded, LIMIT_HEADER_BYTES);
    encoded_word_decode(&decoded, occasion.as_sent);
    occasion.subject = buf_slice(&decoded);
    message->rule = fault_session_decide(filter->session, &occasion);
    message->decided = true;
    if (message->rule != NULL && message->rule->action.kind == FAULT_CLOSE_AFTER) {
        message->close = message->close != NULL ? message->close : message->rule;
        message->rule = NULL;
    }
    buf_cleanup(&decoded);
    buf_cleanup(&as_sent);
}

void message_fault_end_empty(struct fault_filter *filter, const struct filter_line *line) {
    struct message_watch *message = &filter->message;
    struct command command;
    command_parse(&command, lines_text(line->bytes));
    bool ends = line->verb == VERB_BDAT && command.chunk_last && command.chunk_valid &&
                command.chunk_len == 0;
    if (!ends || filter->kept != NULL) {
        return;
    }
    if (!message->decided) {
        decide_message(filter, line->at_ns);
    }
    message->under_way = false;
    if (message->rule != NULL && message->rule->action.kind == FAULT_ANSWER) {
        filter->kept = message->rule;
    } else if (message->rule != NULL) {
        reply_fault_plan(filter, line->exchange, true, message->rule);
    }
}

static bool watches_text(const struct fault_filter *filter) {
    return filter->message.close != NULL || faults_have_point(filter->faults, FAULT_MESSAGE);
}

enum filter_verdict message_fault_judge(const struct fault_filter *filter,
                                        const struct filter_line *line) {
    if (watches_text(filter) && line->may_be_last && !line->last) {
        return FILTER_MORE; // the start of a line that may end the text
    }
    bool paced = filter->pace[SIDE_SERVER].rate > 0;
    return watches_text(filter) || filter->drops_text || paced ? FILTER_TAKE : FILTER_PASS;
}

// Less than that has passed, unless the rule was decided on late.
static size_t left_before_close(const struct message_watch *message) {
    uint64_t count = message->close->action.count;
    return count > message->len ? (size_t)(count - message->len) : 0;
}

// Text goes on, up to the byte that is the last one if a rule says so.
static void send_text(struct fault_filter *filter, struct slice text, int exchange, int64_t at_ns) {
    struct message_watch *message = &filter->message;
    const struct fault_rule *close = message->close;
    if (message->cut_off) {
        return;
    }
    bool closes = close != NULL && message->len + text.len >= close->action.count;
    if (closes) {
        text = slice_sub(text, 0, left_before_close(message));
    }
    message->len += text.len;
    if (!message->elsewhere) {
        fault_filter_send(filter, SIDE_SERVER, text, at_ns);
    }
    message->cut_off = closes;
    if (closes) {
        fault_filter_report(filter, close, exchange, at_ns);
        fault_filter_end(filter, close, FILTER_END_FIN, at_ns);
    }
}

// `before` of its bytes were looked at already.
static bool header_is_over(const struct message_watch *message, size_t before) {
    struct slice header = buf_slice(&message->header);
    struct slice latest = slice_from(header, before < 3 ? 0 : before - 3);
    return slice_find(latest, SLICE("\r\n\r\n")) != SLICE_NONE ||
           slice_starts_with(header, SLICE("\r\n")) || buf_room(&message->header) == 0;
}

// What waits of the header goes on.
static void send_header(struct fault_filter *filter, int exchange, int64_t at_ns) {
    struct message_watch *message = &filter->message;
    struct slice waiting = slice_from(buf_slice(&message->header), message->header_sent);
    message->header_sent += waiting.len;
    message->header_due_ns = INT64_MAX;
    send_text(filter, waiting, exchange, at_ns);
}

// The last piece of a chunk may have the Subject; of DATA the last line is no text.
static void take_end_of_header(struct fault_filter *filter, const struct filter_line *line,
                               int64_t at_ns) {
    struct message_watch *message = &filter->message;
    size_t before = buf_len(&message->header);
    buf_append_some(&message->header, message->bdat ? line->bytes : SLICE(""));
    decide_message(filter, at_ns);
    buf_truncate(&message->header, before);
    send_header(filter, line->exchange, at_ns);
}

// Where a rule may close within the text by its Subject the header waits here until the Subject is
// known; not longer than a chunk, whose answer the client may wait for, and not for a client that
// stalls.
static void take_header(struct fault_filter *filter, const struct filter_line *line,
                        int64_t at_ns) {
    struct message_watch *message = &filter->message;
    size_t before = buf_len(&message->header);
    struct slice rest = slice_from(line->bytes, buf_append_some(&message->header, line->bytes));
    bool decides =
        header_is_over(message, before) || !faults_have_pattern(filter->faults, FAULT_MESSAGE);
    if (decides) {
        decide_message(filter, at_ns);
    }
    bool chunk_is_over = filter->port.text_left(&filter->port) == 0;
    if (decides || chunk_is_over || !faults_hold_header(filter->faults)) {
        send_header(filter, line->exchange, at_ns);
        send_text(filter, rest, line->exchange, at_ns);
    } else {
        message->header_due_ns = at_ns + FAULT_UNDECIDED_NS;
    }
}

// The server has not had the end of the message, so it does not take it (RFC 5321 4.1.1.4). Of a
// chunk that is its last byte.
static void refuse_message(struct fault_filter *filter, const struct filter_line *line,
                           int64_t at_ns) {
    if (filter->message.bdat && line->bytes.len > 0) {
        struct slice text = slice_sub(line->bytes, 0, line->bytes.len - 1);
        send_text(filter, text, line->exchange, at_ns);
    }
    reply_fault_begin_answer(filter, filter->message.rule, line, at_ns);
    fault_filter_lose_server(filter, at_ns);
}

static void end_message(struct fault_filter *filter, const struct filter_line *line,
                        int64_t at_ns) {
    const struct fault_rule *rule = filter->message.rule;
    filter->message.under_way = false;
    // The server has nothing of what is elsewhere: there the answer is all that the rule changes.
    if (rule != NULL && rule->action.kind == FAULT_ANSWER && !filter->message.elsewhere) {
        refuse_message(filter, line, at_ns);
        return;
    }
    if (rule != NULL) {
        reply_fault_plan(filter, line->exchange, true, rule);
    }
    send_text(filter, line->bytes, line->exchange, at_ns);
}

void message_fault_take(struct fault_filter *filter, const struct filter_line *line,
                        int64_t at_ns) {
    struct message_watch *message = &filter->message;
    if (filter->drops_text || filter->lost_server) {
        return;
    }
    message->elsewhere = filter->port.offer(&filter->port, line, at_ns);
    if (line->last) {
        if (!message->decided) {
            take_end_of_header(filter, line, at_ns);
        }
        end_message(filter, line, at_ns);
    } else if (!message->decided) {
        take_header(filter, line, at_ns);
    } else {
        send_text(filter, line->bytes, line->exchange, at_ns);
    }
}

// Whatever pieces the text came in, it is cut where a rule decides, and where one closes.
uint64_t message_fault_text_max(const struct fault_filter *filter) {
    const struct message_watch *message = &filter->message;
    if (!message->decided && faults_have_pattern(filter->faults, FAULT_MESSAGE)) {
        return FILTER_TEXT_LINE;
    }
    if (message->close == NULL) {
        return UINT64_MAX;
    }
    size_t left = left_before_close(message);
    return left == 0 ? 1 : left;
}

void message_fault_progress(struct fault_filter *filter, int64_t at_ns) {
    if (at_ns < filter->message.header_due_ns) {
        return;
    }
    filter->port.note(&filter->port,
                      "The client stopped within the header: the part that came is passed to the "
                      "server before --fault knows the Subject",
                      at_ns);
    message_fault_let_go(filter, at_ns);
}

void message_fault_let_go(struct fault_filter *filter, int64_t at_ns) {
    if (!filter->message.decided && !filter->lost_server) {
        send_header(filter, filter->decided, at_ns);
    }
}
