// SPDX-License-Identifier: MIT
#include "smtp/content.h"

#include "base/limits.h"
#include "base/text.h"

#include <string.h>

#define ENDLESS_LINE 1000000

void content_begin(struct content *content, const struct content_rules *rules, size_t max_line,
                   const struct event_sink *sink, struct event *event) {
    *content = (struct content){.rules = *rules,
                                .next_progress = PROGRESS_BYTES,
                                .header = true,
                                .previous = ENDING_CRLF,
                                .sink = sink,
                                .event = event};
    sha256_init(&content->hash);
    buf_init(&content->line, max_line);
}

void content_cleanup(struct content *content) {
    buf_cleanup(&content->line);
}

static void send(const struct content *content, enum event_kind kind) {
    content->event->kind = kind;
    event_send(content->sink, content->event);
}

static size_t ending_len(enum line_ending ending) {
    return ending == ENDING_CRLF ? 2 : ending == ENDING_LF ? 1 : 0;
}

// ── bytes as meant ──────────────────────────────────────────────────────────────────────────────

// Emitted after the line that passes the bound, so that its place does not depend on how the bytes
// came; `slack` is for lines that do not seem to end.
static void emit_progress(struct content *content, uint64_t slack) {
    while (content->bytes >= content->next_progress + slack) {
        content->event->data =
            (struct event_data){.message = content->message, .bytes = content->next_progress};
        content->next_progress += PROGRESS_BYTES;
        send(content, EVENT_DATA);
    }
}

// … with `waiting` bytes that are not counted yet.
static size_t left_to_progress(const struct content *content, size_t waiting) {
    uint64_t bytes = content->bytes + waiting;
    return bytes < content->next_progress ? (size_t)(content->next_progress - bytes) : 0;
}

static void emit_content(struct content *content, struct slice run) {
    if (run.len == 0) {
        return;
    }
    if (!content->rules.no_digest) {
        sha256_update(&content->hash, run);
    }
    content->bytes += run.len;
    content->event->content = (struct event_content){
        .message = content->message, .exchange = content->exchange, .bytes = run};
    send(content, EVENT_CONTENT);
    emit_progress(content, ENDLESS_LINE);
}

// ── flaws, each kind once a message ─────────────────────────────────────────────────────────────

static void emit_flaw(struct content *content, enum event_flaw_kind kind, struct slice detail,
                      uint64_t number) {
    if (content->cut_off || (content->flaws & (1u << kind)) != 0) {
        return;
    }
    content->flaws |= 1u << kind;
    content->event->flaw = (struct event_flaw){.side = SIDE_CLIENT,
                                               .message = content->message,
                                               .exchange = content->exchange,
                                               .kind = kind,
                                               .detail = detail,
                                               .number = number};
    send(content, EVENT_FLAW);
}

static const char *ending_name(enum line_ending ending) {
    return ending == ENDING_CRLF ? "CRLF" : "LF";
}

// What servers other than ours took for the end of a message (CVE-2023-51764): a dot between any
// two line ends but CRLF and CRLF.
static void emit_look_alike(struct content *content, const char *before, const char *after) {
    struct buf text;
    buf_init(&text, LOOK_ALIKE_MAX);
    buf_putf(&text, "%s . %s", before, after);
    content->smuggling = true;
    emit_flaw(content, FLAW_SMUGGLING, buf_slice(&text), content->lines_sent);
    buf_cleanup(&text);
}

// ── one piece of a line ─────────────────────────────────────────────────────────────────────────

struct text_piece {
    struct slice body; // without the line end
    struct slice seen; // the body and what came after it and waits: for looking ahead
    bool first;        // the line begins here
    bool whole;        // the line ends here
    enum line_ending ending;
};

static void check_first_dot(struct content *content, const struct text_piece *piece) {
    struct slice seen = piece->seen;
    const char *before = ending_name(content->previous);
    if (seen.len == 1 && piece->whole) {
        emit_look_alike(content, before, ending_name(piece->ending));
    } else if (seen.len > 1 && seen.data[1] == '\r') {
        emit_look_alike(content, before, "CR");
    } else if (seen.len > 1 && seen.data[1] != '.' && content->previous == ENDING_CRLF) {
        content->line_dot = true;
    }
}

static void check_dot_after_cr(struct content *content, const struct text_piece *piece,
                               struct slice after) {
    if (after.len == 0 || after.data[0] != '.') {
        return;
    }
    if (after.len > 1 && after.data[1] == '\r') {
        emit_look_alike(content, "CR", "CR");
    } else if (after.len == 1 && piece->whole) {
        emit_look_alike(content, "CR", ending_name(piece->ending));
    }
}

// Each CR within a body has no LF after it, or the body would have ended there.
static void check_bare_crs(struct content *content, const struct text_piece *piece) {
    struct slice body = piece->body;
    size_t at = slice_find_byte(body, '\r');
    if (at == SLICE_NONE) {
        return;
    }
    content->line_cr = true;
    while (at != SLICE_NONE && !content->rules.chunks && !content->smuggling) {
        check_dot_after_cr(content, piece, slice_from(piece->seen, at + 1));
        size_t next = slice_find_byte(slice_from(body, at + 1), '\r');
        at = next == SLICE_NONE ? SLICE_NONE : at + 1 + next;
    }
}

static void check_bytes(struct content *content, struct slice body) {
    content->line_nul = content->line_nul || slice_find_byte(body, 0) != SLICE_NONE;
    content->line_8bit = content->line_8bit || !text_is_ascii(body);
}

static void emit_plain_flaw(struct content *content, bool is, enum event_flaw_kind kind) {
    if (is) {
        emit_flaw(content, kind, (struct slice){0}, content->lines_sent);
    }
}

// At the end of the line, so that the order does not depend on how the bytes came.
static void emit_line_flaws(struct content *content, enum line_ending ending) {
    size_t len = content->line_len - (content->line_unstuffed ? 1 : 0) + ending_len(ending);
    bool may_8bit = content->rules.eight_bits || (content->rules.utf8_header && content->header);
    emit_plain_flaw(content, content->line_8bit && !may_8bit, FLAW_8BIT);
    if (content->rules.binary) {
        return;
    }
    emit_plain_flaw(content, content->line_dot, FLAW_DOT);
    emit_plain_flaw(content, content->line_cr, FLAW_BARE_CR);
    emit_plain_flaw(content, content->line_nul, FLAW_NUL);
    emit_plain_flaw(content, ending == ENDING_LF, FLAW_BARE_LF);
    if (len > LIMIT_TEXT_LINE) {
        emit_flaw(content, FLAW_LINE_LONG, (struct slice){0}, len);
    }
}

// ── lines as sent ───────────────────────────────────────────────────────────────────────────────

// In chunks no dot is doubled. `...` proves nothing: it may be meant, or two of them.
static void count_dots(struct content *content, struct slice line) {
    if (!content->rules.chunks || line.len == 0 || line.data[0] != '.') {
        return;
    }
    bool two = line.len > 1 && line.data[1] == '.';
    bool three = two && line.len > 2 && line.data[2] == '.';
    content->single_dot |= !two;
    if (two && !three && content->doubled_line == 0) {
        content->doubled_line = content->lines_sent;
    }
}

static void emit_line(struct content *content, const struct text_piece *piece, bool final_dot) {
    struct slice text = piece->body;
    if (!piece->first) {
        buf_append_some(&content->line, piece->body);
        text = buf_slice(&content->line);
    }
    count_dots(content, text);
    bool empty = content->line_len == (content->line_unstuffed ? 1 : 0);
    content->header = content->header && !empty;
    if (content->rules.header_lines_only && !content->header) {
        return;
    }
    content->event->text =
        (struct event_text){.message = content->message,
                            .line = {.text = slice_sub(text, 0, content->line.max),
                                     .len = content->line_len,
                                     .ending = piece->ending,
                                     .has_bare_cr = content->line_cr,
                                     .has_nul = content->line_nul,
                                     .has_8bit = content->line_8bit},
                            .header = content->header && !final_dot,
                            .final_dot = final_dot};
    send(content, EVENT_TEXT);
}

static void begin_line(struct content *content, enum line_ending previous) {
    content->previous = previous;
    content->line_len = 0;
    content->line_unstuffed = content->line_dot = false;
    content->line_cr = content->line_nul = content->line_8bit = false;
    buf_clear(&content->line);
}

static void take_piece(struct content *content, const struct text_piece *piece, bool noisy) {
    content->lines_sent += piece->first;
    if (piece->first && !content->rules.chunks && piece->body.len > 0 &&
        piece->body.data[0] == '.') {
        check_first_dot(content, piece);
    }
    check_bare_crs(content, piece);
    if (noisy) {
        check_bytes(content, piece->body);
    }
    content->line_len += piece->body.len;
    if (!piece->whole) {
        buf_append_some(&content->line, piece->body);
        return;
    }
    emit_line(content, piece, false);
    emit_line_flaws(content, piece->ending);
    content->lines++;
    begin_line(content, piece->ending);
}

// ── the stream ──────────────────────────────────────────────────────────────────────────────────

// How many bytes at the end of an unfinished line must wait for the next ones: CR, CR . and CR . CR
// anywhere, a dot and dot CR at the line's start.
static size_t undecided_len(const struct content *content, struct slice body) {
    static const struct slice tails[] = {SLICE_INIT("\r.\r"), SLICE_INIT("\r."), SLICE_INIT("\r")};
    if (content->line_len == 0 && (slice_is(body, ".") || slice_is(body, ".\r"))) {
        return body.len;
    }
    for (size_t i = 0; i < sizeof(tails) / sizeof(tails[0]); i++) {
        if (body.len >= tails[i].len &&
            slice_equal(slice_from(body, body.len - tails[i].len), tails[i])) {
            return tails[i].len;
        }
    }
    return 0;
}

// Field by field: a struct returned by value is copied through the stack, for each line.
static void next_piece(struct text_piece *out, const struct content *content, struct slice rest,
                       bool last) {
    size_t lf = slice_find_byte(rest, '\n');
    size_t len = lf == SLICE_NONE ? rest.len : lf;
    out->first = content->line_len == 0;
    out->whole = lf != SLICE_NONE;
    out->ending = out->whole ? ENDING_LF : ENDING_NONE;
    if (out->whole && len > 0 && rest.data[len - 1] == '\r') {
        len--;
        out->ending = ENDING_CRLF;
    }
    out->seen.data = rest.data;
    out->seen.len = len;
    if (!out->whole && !last) {
        len -= undecided_len(content, out->seen);
    }
    out->body.data = rest.data;
    out->body.len = len;
}

static bool starts_with_dot(const struct content *content, const struct text_piece *piece) {
    return piece->first && !content->rules.chunks && content->previous == ENDING_CRLF &&
           piece->body.len > 0 && piece->body.data[0] == '.';
}

static void keep_tail(struct content *content, struct slice rest) {
    content->tail_len = rest.len;
    if (rest.len > 0) {
        memcpy(content->tail, rest.data, rest.len);
    }
}

// Of a line that ends in CRLF, has no other CR, begins with no dot and is not too long; 0 where the
// next one is none.
static size_t plain_line_len(struct slice rest) {
    size_t lf = slice_find_byte(slice_sub(rest, 0, LIMIT_TEXT_LINE), '\n');
    if (lf == SLICE_NONE || lf == 0 || rest.data[0] == '.') {
        return 0;
    }
    return slice_find_byte(slice_of(rest.data, lf), '\r') == lf - 1 ? lf + 1 : 0;
}

// Nearly all lines of large mail are plain, and after the header nothing may want to see them: then
// they are only counted. Stops after the line that reaches `max` bytes.
static size_t skip_plain_lines(struct content *content, struct slice rest, size_t max) {
    if (content->header || !content->rules.header_lines_only || content->line_len > 0) {
        return 0;
    }
    size_t len = 0;
    size_t more = plain_line_len(rest);
    while (more > 0 && len < max) {
        len += more;
        content->lines++;
        content->lines_sent++;
        content->previous = ENDING_CRLF;
        more = plain_line_len(slice_of(rest.data + len, rest.len - len));
    }
    return len;
}

// Takes all of `data` (its last bytes may go to the tail), or what comes before and in the end of
// the text. Bytes as meant are emitted in the longest possible runs: from `run` to `at`.
static size_t process(struct content *content, bool *out_ended, struct slice data, bool last) {
    bool noisy = slice_find_byte(data, 0) != SLICE_NONE || !text_is_ascii(data);
    size_t run = 0;
    size_t at = 0;
    while (at < data.len) {
        struct text_piece piece;
        next_piece(&piece, content, slice_from(data, at), last);
        if (piece.body.len == 0 && !piece.whole) {
            break;
        }
        bool dot = starts_with_dot(content, &piece);
        if (dot) {
            emit_content(content, slice_sub(data, run, at - run));
            run = at + 1;
        }
        if (dot && piece.body.len == 1 && piece.ending == ENDING_CRLF) {
            content->line_len = 1;
            emit_line(content, &piece, true);
            begin_line(content, ENDING_CRLF);
            *out_ended = true;
            return at + 3;
        }
        content->line_unstuffed |= dot;
        take_piece(content, &piece, noisy);
        at += piece.body.len + ending_len(piece.ending);
        if (piece.whole && !noisy) {
            at += skip_plain_lines(content, slice_from(data, at),
                                   left_to_progress(content, at - run));
        }
        if (piece.whole && left_to_progress(content, at - run) == 0) {
            emit_content(content, slice_sub(data, run, at - run));
            emit_progress(content, 0);
            run = at;
        }
    }
    emit_content(content, slice_sub(data, run, at - run));
    keep_tail(content, slice_from(data, at));
    return data.len;
}

size_t content_feed(struct content *content, bool *out_ended, struct slice bytes, int64_t at_ns) {
    size_t taken = 0;
    *out_ended = false;
    content->event->at_ns = at_ns;
    while (content->tail_len > 0 && taken < bytes.len) {
        uint8_t joined[64];
        size_t old = content->tail_len;
        struct slice more = slice_sub(bytes, taken, sizeof(joined) - old);
        memcpy(joined, content->tail, old);
        memcpy(joined + old, more.data, more.len);
        content->tail_len = 0;
        size_t used = process(content, out_ended, slice_of(joined, old + more.len), false);
        taken += used - old;
        if (*out_ended) {
            return taken;
        }
    }
    if (taken < bytes.len) {
        taken += process(content, out_ended, slice_from(bytes, taken), false);
    }
    return taken;
}

bool content_is_at_line_start(const struct content *content) {
    return content->line_len == 0 && content->tail_len == 0 && content->previous == ENDING_CRLF;
}

// ── the end ─────────────────────────────────────────────────────────────────────────────────────

static bool is_half_dot(const struct content *content) {
    struct slice tail = slice_of(content->tail, content->tail_len);
    return content->line_len == 0 && (slice_is(tail, ".") || slice_is(tail, ".\r"));
}

static void finish_line(struct content *content) {
    uint8_t tail[CONTENT_TAIL_MAX];
    size_t len = content->tail_len;
    bool ended = false;
    memcpy(tail, content->tail, len);
    content->tail_len = 0;
    if (len > 0) {
        process(content, &ended, slice_of(tail, len), true);
    }
    if (content->line_len > 0) {
        struct text_piece end = {.whole = true, .ending = ENDING_NONE};
        emit_line(content, &end, false);
        emit_line_flaws(content, ENDING_NONE);
    }
}

static void put_digest(char out[HEX_SHA256_LEN + 1], const struct content *content) {
    struct sha256 hash = content->hash;
    uint8_t digest[SHA256_LEN];
    struct buf hex;
    sha256_final(digest, &hash);
    buf_init(&hex, HEX_SHA256_LEN);
    text_put_hex(&hex, slice_of(digest, sizeof(digest)));
    memcpy(out, buf_slice(&hex).data, HEX_SHA256_LEN);
    out[HEX_SHA256_LEN] = '\0';
    buf_cleanup(&hex);
}

void content_numbers(struct event_content_end *out, const struct content *content) {
    out->message = content->message;
    out->exchange = content->exchange;
    out->bdat = content->rules.chunks;
    out->bytes = content->bytes;
    out->lines = content->lines;
    out->sha256[0] = '\0';
    if (!content->rules.no_digest) {
        put_digest(out->sha256, content);
    }
}

void content_end(struct content *content, bool complete, int64_t at_ns) {
    content->event->at_ns = at_ns;
    content->cut_off = !complete;
    bool half_dot = is_half_dot(content);
    finish_line(content);
    if (content->doubled_line > 0 && !content->single_dot) {
        emit_flaw(content, FLAW_DOTS_DOUBLED, (struct slice){0}, content->doubled_line);
    }
    content->event->content_end =
        (struct event_content_end){.complete = complete,
                                   .in_text = !complete && content->in_text,
                                   .within_chunk = content->within_chunk,
                                   .half_dot = half_dot};
    content_numbers(&content->event->content_end, content);
    send(content, EVENT_CONTENT_END);
}
