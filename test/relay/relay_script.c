// SPDX-License-Identifier: MIT
#include "relay_script.h"

#include "audit/case.h"
#include "base/lines.h"
#include "base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WAITS_MAX = 1000 };

// ── reading ─────────────────────────────────────────────────────────────────────────────────────

static void add_line(struct script *script, struct slice text, int number) {
    struct slice rest = text;
    struct slice word = slice_split(&rest, ' ');
    if (word.len == 0 || word.data[0] == '#') {
        return;
    }
    if (script->count == SCRIPT_LINES_MAX || word.len >= SCRIPT_WORD_MAX) {
        fprintf(stderr, "%s:%d: too much\n", script->path, number);
        exit(1);
    }
    struct script_line *line = &script->lines[script->count++];
    *line = (struct script_line){.number = number, .text = rest};
    memcpy(line->word, word.data, word.len);
    script->events_vary = script->events_vary || slice_is(text, "set events vary");
}

void script_read(struct script *script, const char *path) {
    int number = 0;
    *script = (struct script){.path = path};
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        perror(path);
        exit(1);
    }
    buf_init(&script->file, MIB);
    buf_commit(&script->file, fread(buf_reserve(&script->file, MIB), 1, MIB, file));
    fclose(file);
    for (struct slice rest = buf_slice(&script->file); rest.len > 0;) {
        add_line(script, lines_text(lines_next(&rest)), ++number);
    }
}

void script_cleanup(struct script *script) {
    buf_cleanup(&script->file);
}

static bool is_word(const struct script_line *line, const char *word) {
    return strcmp(line->word, word) == 0;
}

// `\{COUNT:text}` repeats the text.
static size_t put_repeated(struct buf *out, struct slice text) {
    struct slice rest = slice_from(text, 2);
    struct slice body = slice_split(&rest, '}');
    uint64_t count = 0;
    size_t len = body.len + 3;
    struct slice times = slice_split(&body, ':');
    if (!text_parse_u64(&count, times, MIB)) {
        return 0;
    }
    while (count-- > 0) {
        buf_put(out, body);
    }
    return len;
}

static size_t put_escape(struct buf *out, struct slice text) {
    static const char from[] = "rnt0\\";
    static const char to[] = "\r\n\t\0\\";
    const char *found = text.len < 2 ? NULL : memchr(from, text.data[1], sizeof(from) - 1);
    if (found != NULL) {
        buf_put_byte(out, (uint8_t)to[found - from]);
        return 2;
    }
    if (text.len >= 4 && text.data[1] == 'x') {
        int value = text_hex_value(text.data[2]) * 16 + text_hex_value(text.data[3]);
        buf_put_byte(out, (uint8_t)value);
        return 4;
    }
    return text.len >= 2 && text.data[1] == '{' ? put_repeated(out, text) : 0;
}

// A line of `C>` has CRLF at its end, one of `C-` has no end but what it says.
static void put_text(struct buf *out, const struct script_line *line) {
    struct slice text = line->text;
    while (text.len > 0) {
        size_t used = text.data[0] == '\\' ? put_escape(out, text) : 0;
        if (used == 0) {
            buf_put_byte(out, text.data[0]);
            used = 1;
        }
        text = slice_from(text, used);
    }
    if (line->word[1] != '-' && line->word[1] != '=') {
        buf_put_string(out, "\r\n");
    }
}

static bool sends(const struct script_line *line, enum side side) {
    return side == SIDE_CLIENT ? is_word(line, "C>") || is_word(line, "C-")
                               : is_word(line, "S>") || is_word(line, "S-");
}

static bool is_due_to(const struct script_line *line, enum side side) {
    return side == SIDE_CLIENT ? is_word(line, "C<") || is_word(line, "C=")
                               : is_word(line, "S<") || is_word(line, "S=");
}

size_t script_bytes(const struct script *script, enum side side) {
    struct buf all;
    buf_init(&all, 16 * MIB);
    for (size_t i = 0; i < script->count; i++) {
        if (sends(&script->lines[i], side)) {
            put_text(&all, &script->lines[i]);
        }
    }
    size_t len = buf_len(&all);
    buf_cleanup(&all);
    return len;
}

// ── playing ─────────────────────────────────────────────────────────────────────────────────────

struct player {
    const struct script *script;
    const struct script_cut *cut;
    const struct script_line *line;
    struct wire wire;
    bool started;
    bool wants_connection;
};

static struct wire_end *end_of(struct player *player, enum side side) {
    return side == SIDE_CLIENT ? &player->wire.client : &player->wire.server;
}

static void failed(const struct player *player, const char *what, struct slice got,
                   struct slice due) {
    const struct script_cut *cut = player->cut;
    fprintf(stderr, "%s:%d: %s (pieces of %zu, %s cut at %zd)\n", player->script->path,
            player->line->number, what, cut->piece, side_name(cut->side), (ssize_t)cut->at);
    fprintf(stderr, "--- got\n%.*s\n--- due\n%.*s\n", (int)got.len, (const char *)got.data,
            (int)due.len, (const char *)due.data);
    exit(1);
}

static void require(const struct player *player, bool holds, const char *what) {
    if (!holds) {
        failed(player, what, SLICE(""), player->line->text);
    }
}

static int choice(const struct player *player, struct slice word, const char *const *names,
                  int count) {
    for (int i = 0; i < count; i++) {
        if (slice_is(word, names[i])) {
            return i;
        }
    }
    require(player, false, "no such value");
    return 0;
}

static void use_sink(struct wire *wire) {
    wire->setup.mode = wire->session.mode = MODE_SINK;
    wire->session.has_server = false;
    wire->session.server = (struct event_endpoint){.host = NULL};
}

static void use_case(struct player *player, struct slice id) {
    struct wire *wire = &player->wire;
    const struct audit_case *of = audit_case_find(id);
    require(player, of != NULL, "no such case");
    use_sink(wire);
    wire->config.traits = of->traits;
    for (size_t i = 0; i < AUDIT_FAULTS_MAX && of->faults[i] != NULL; i++) {
        wire_add_fault(wire, slice_of_string(of->faults[i]));
    }
}

static void set(struct player *player) {
    static const char *const client_tls[] = {"auto", "implicit", "none"};
    static const char *const server_tls[] = {"mirror", "starttls", "implicit", "none"};
    static const char *const verify[] = {"mirror", "strict", "off"};
    struct wire *wire = &player->wire;
    struct slice value = player->line->text;
    struct slice name = slice_split(&value, ' ');
    if (slice_is(name, "client-tls")) {
        wire->config.client_tls = (enum client_tls)choice(player, value, client_tls, 3);
    } else if (slice_is(name, "server-tls")) {
        wire->config.server_tls = (enum server_tls)choice(player, value, server_tls, 4);
    } else if (slice_is(name, "verify")) {
        wire->config.verify = (enum verify_policy)choice(player, value, verify, 3);
    } else if (slice_is(name, "sink")) {
        use_sink(wire);
    } else if (slice_is(name, "case")) {
        use_case(player, value);
    } else if (slice_is(name, "smtps")) {
        wire->setup.implicit_server = true;
    } else if (slice_is(name, "name")) { // of the server; its certificate has mail.example.com
        wire->setup.server_name = slice_is(value, "none") ? NULL : "other.example.com";
    } else if (slice_is(name, "tls-port")) { // that the client went to
        wire->session.client_local.port = 465;
    } else if (slice_is(name, "client-start")) { // as an earlier session has shown
        static const char *const starts[] = {"unknown", "plain", "tls"};
        wire->config.client_start = (enum client_start)choice(player, value, starts, 3);
    } else if (slice_is(name, "dry-run")) {
        wire->config.dry_run = true;
    } else if (slice_is(name, "rewrite-to")) {
        wire_rewrite(wire, value);
    } else if (slice_is(name, "fault")) {
        wire_add_fault(wire, value);
    } else if (slice_is(name, "unconnected")) {
        wire->unconnected = true;
    } else {
        require(player, slice_is(name, "events"), "no such setting");
    }
}

static void start(struct player *player) {
    if (!player->started) {
        player->started = true;
        wire_start(&player->wire);
    }
}

// Lines that follow one another are expected together.
static void expect_text(struct player *player, enum side side, size_t *at) {
    struct buf due;
    struct buf *got = &end_of(player, side)->got;
    const struct script *script = player->script;
    buf_init(&due, 16 * MIB);
    while (*at < script->count && is_due_to(&script->lines[*at], side)) {
        put_text(&due, &script->lines[(*at)++]);
    }
    if (!slice_equal(buf_slice(got), buf_slice(&due))) {
        failed(player, "not what is due", buf_slice(got), buf_slice(&due));
    }
    buf_clear(got);
    buf_cleanup(&due);
}

static void act_on_end(struct player *player, enum side side) {
    struct wire_end *end = end_of(player, side);
    struct slice rest = player->line->text;
    struct slice verb = slice_split(&rest, ' ');
    if (slice_is(verb, "ends")) {
        end->close_after = true;
    } else if (slice_is(verb, "resets")) {
        wire_run(&player->wire);
        wire_reset(&player->wire, side);
    } else if (slice_is(verb, "ended")) {
        require(player, end->saw_end, "it saw no end");
    } else if (slice_is(verb, "reset")) {
        require(player, end->saw_reset, "it saw no reset");
    } else if (slice_is(verb, "leaves")) {
        wire_leave(&player->wire);
    } else if (slice_is(verb, "deaf") || slice_is(verb, "reads")) {
        wire_run(&player->wire);
        end->deaf = slice_is(verb, "deaf");
    } else if (slice_is(verb, "junk")) { // What it got does not matter.
        buf_clear(&end->got);
    } else if (slice_is(verb, "plain")) {
        tls_endpoint_free(end->tls);
        end->tls = NULL;
    } else if (slice_is(verb, "open")) {
        require(player, !end->saw_end && !end->saw_reset, "it saw an end");
    } else if (slice_is(verb, "failed")) {
        require(player, tls_endpoint_state(end->tls) == TLS_FAILED, "its handshake went on");
    } else {
        require(player, slice_is(verb, "tls"), "no such act");
        if (side == SIDE_SERVER && buf_len(&end->to_send) > 0) {
            end->tls_after = true;
        } else if (side == SIDE_SERVER) {
            wire_server_tls(&player->wire);
        } else {
            wire_run(&player->wire);
            wire_client_tls(&player->wire, slice_is(rest, "nameless") ? NULL : "mail.example.com");
        }
    }
}

// What the peers do by themselves waits, so that it happens together; what is asked of them runs.
static bool runs_first(const struct script_line *line) {
    bool begins = slice_is(line->text, "ends") || slice_starts_with(line->text, SLICE("tls"));
    return !sends(line, SIDE_CLIENT) && !sends(line, SIDE_SERVER) && !begins;
}

static void wait_once_or_to_the_end(struct player *player) {
    struct wire *wire = &player->wire;
    bool to_the_end = slice_is(player->line->text, "for the end");
    int waits = 0;
    do {
        require(player, relay_deadline_ns(wire->relay) != INT64_MAX, "nothing is waited for");
        require(player, waits++ < WAITS_MAX, "it does not end");
        wire_wait(wire);
    } while (to_the_end && !relay_is_done(wire->relay));
}

static void act_on_relay(struct player *player) {
    struct wire *wire = &player->wire;
    if (is_word(player->line, "connected")) {
        relay_connected(wire->relay, "192.0.2.1", wire->now_ns);
    } else if (is_word(player->line, "refused")) {
        relay_connect_failed(wire->relay, "the server refused the connection", true, wire->now_ns);
    } else if (is_word(player->line, "wait")) {
        wait_once_or_to_the_end(player);
    } else if (is_word(player->line, "idle")) {
        relay_idle(wire->relay, wire->now_ns);
    } else if (is_word(player->line, "stop")) {
        relay_stop(wire->relay, wire->now_ns);
    } else if (is_word(player->line, "done")) {
        require(player, relay_is_done(wire->relay), "it is not done");
    } else {
        require(player, false, "no such line");
    }
}

static void act(struct player *player, size_t *at) {
    const struct script_line *line = player->line;
    for (enum side side = SIDE_CLIENT; side <= SIDE_SERVER; side++) {
        if (sends(line, side)) {
            put_text(&end_of(player, side)->to_send, line);
            (*at)++;
            return;
        }
        if (is_due_to(line, side)) {
            expect_text(player, side, at);
            return;
        }
        if (is_word(line, side == SIDE_CLIENT ? "C" : "S")) {
            act_on_end(player, side);
            (*at)++;
            return;
        }
    }
    act_on_relay(player);
    (*at)++;
}

static void play_line(struct player *player, size_t *at) {
    const struct script_line *line = player->line = &player->script->lines[*at];
    if (is_word(line, "set")) {
        set(player);
        (*at)++;
        return;
    }
    start(player);
    if (is_word(line, "=") || is_word(line, "!")) { // of the transcript, which is read at the end
        (*at)++;
        return;
    }
    if (runs_first(line)) {
        wire_run(&player->wire);
    }
    act(player, at);
}

// Every line that is due is in the transcript, in this order, and none that must not be.
static void check_transcript(struct player *player, struct slice transcript) {
    struct slice rest = transcript;
    for (size_t i = 0; i < player->script->count; i++) {
        const struct script_line *line = player->line = &player->script->lines[i];
        if (is_word(line, "=")) {
            size_t found = slice_find(rest, line->text);
            if (found == SLICE_NONE) {
                failed(player, "not in the transcript", transcript, line->text);
            }
            rest = slice_from(rest, found + line->text.len);
        }
        if (is_word(line, "!") && slice_find(transcript, line->text) != SLICE_NONE) {
            failed(player, "in the transcript", transcript, line->text);
        }
    }
}

void script_play(const struct script *script, const struct script_cut *cut,
                 struct buf *transcript) {
    struct player *player = calloc(1, sizeof(*player));
    player->script = script;
    player->cut = cut;
    wire_open(&player->wire);
    wire_record(&player->wire);
    player->wire.piece = cut->piece;
    end_of(player, cut->side)->cut_at = cut->at;
    for (size_t at = 0; at < script->count;) {
        play_line(player, &at);
    }
    wire_run(&player->wire);
    for (enum side side = SIDE_CLIENT; side <= SIDE_SERVER; side++) {
        struct slice got = buf_slice(&end_of(player, side)->got);
        if (got.len > 0) {
            failed(player, "more than is due at the end", got, SLICE(""));
        }
    }
    size_t start_len = buf_len(transcript);
    wire_finish(&player->wire, transcript);
    check_transcript(player, slice_from(buf_slice(transcript), start_len));
    free(player);
}
