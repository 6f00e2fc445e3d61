// SPDX-License-Identifier: MIT
#include "play.h"

#include "base/memory.h"
#include "base/sentence.h"
#include "recorder.h"
#include "script_facts.h"

#include "inspect/findings.h"
#include "message/message_reader.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { FED_MAX = 512 * 1024 * 1024, CHUNK_MAX = 40, PIECES_MAX = 20000 };
static const int64_t same_write_ns = 1000000; // actions so near are one write

struct player {
    const struct script *script;
    struct event_session session;
    struct recorder recorder;
    struct dialogue *dialogue;
    struct buf fed[2];
    struct buf gathered; // bytes of actions that make up one write
    enum side gathered_side;
    int64_t gathered_ns;
    enum cut cut;
    uint64_t random;
    bool starttls;
    struct findings *findings;
    struct message_reader *reader;
};

// ── the pipe: as the relay joins it ─────────────────────────────────────────────────────────────

static void judge(void *context, const struct event *event) {
    struct player *player = context;
    findings_settle(player->findings, event);
    findings_observe(player->findings, event);
}

static void join(struct player *player) {
    struct findings_config config = {.slow_ns = player->script->slow_ns, .verify_mirror = true};
    player->findings =
        findings_new(&config, (struct event_sink){recorder_take_finding, &player->recorder});
    player->reader = message_reader_new(&player->session, (struct event_sink){judge, player});
}

static void part(struct player *player) {
    message_reader_free(player->reader);
    findings_free(player->findings);
}

static void take(void *context, const struct event *event) {
    struct player *player = context;
    assert(event->session == &player->session);
    recorder_take(&player->recorder, event);
    message_reader_take(player->reader, event);
    judge(player, event);
}

// ── feeding ─────────────────────────────────────────────────────────────────────────────────────

static size_t next_len(struct player *player, size_t left) {
    size_t longest = CHUNK_MAX + buf_len(&player->gathered) / PIECES_MAX;
    switch (player->cut) {
    case CUT_NOT:
        return left;
    case CUT_BYTES:
        return 1;
    case CUT_RANDOM:
        player->random ^= player->random << 13;
        player->random ^= player->random >> 7;
        player->random ^= player->random << 17;
        return 1 + (size_t)(player->random % longest);
    }
    return left;
}

static void flush(struct player *player) {
    struct slice bytes = buf_slice(&player->gathered);
    buf_put(&player->fed[player->gathered_side], bytes);
    while (bytes.len > 0) {
        size_t len = next_len(player, bytes.len);
        struct slice piece = slice_sub(bytes, 0, len);
        // A copy of its own, so that reading past its end is found.
        uint8_t *exact = mem_new(piece.len);
        for (size_t i = 0; i < piece.len; i++) {
            exact[i] = piece.data[i];
        }
        dialogue_feed(player->dialogue, player->gathered_side, slice_of(exact, piece.len),
                      player->gathered_ns);
        free(exact);
        bytes = slice_from(bytes, piece.len);
    }
    buf_clear(&player->gathered);
}

static void send(struct player *player, const struct action *action) {
    bool apart = action->side != player->gathered_side ||
                 action->at_ns - player->gathered_ns > same_write_ns;
    if (apart && buf_len(&player->gathered) > 0) {
        flush(player);
    }
    player->gathered_side = action->side;
    player->gathered_ns = action->at_ns;
    buf_put(&player->gathered, buf_slice(&action->bytes));
}

// ── actions ─────────────────────────────────────────────────────────────────────────────────────

static struct event event_of(const struct player *player, enum event_kind kind, int64_t at_ns) {
    return (struct event){.kind = kind, .session = &player->session, .at_ns = at_ns};
}

static void tell_tls(struct player *player, const struct action *action) {
    bool starttls = dialogue_awaits_tls(player->dialogue);
    dialogue_tls_begun(player->dialogue, action->side);
    struct event event = event_of(player, EVENT_TLS, action->at_ns);
    event.tls.side = action->side;
    event.tls.starttls = starttls || player->starttls;
    event.tls.version = "TLSv1.3";
    event.tls.cipher = "TLS_AES_128_GCM_SHA256";
    event.tls.group = "X25519";
    event.tls.sni = "mx.example";
    event.tls.alert = -1;
    event.tls.error = action->failed ? "it failed" : NULL;
    player->starttls = event.tls.starttls;
    struct facts_certificate certificate;
    facts_of_tls(&event.tls, &certificate, action->words, player->session.started_unix_ns);
    take(player, &event);
}

static void tell_close(struct player *player, const struct action *action) {
    dialogue_close(player->dialogue, action->at_ns);
    struct event event = event_of(player, EVENT_CLOSE, action->at_ns);
    event.close.by = action->by_proxy ? PARTY_PROXY : party_of(action->side);
    event.close.outcome = dialogue_quit_answered(player->dialogue) ? OUTCOME_COMPLETED
                          : action->side == SIDE_CLIENT            ? OUTCOME_CLIENT_CLOSED
                                                                   : OUTCOME_SERVER_CLOSED;
    event.close.progress = dialogue_progress(player->dialogue);
    event.close.duration_ns = action->at_ns;
    facts_of_close(&event.close, action->words);
    event.close.bytes_from_client = buf_len(&player->fed[SIDE_CLIENT]);
    event.close.bytes_from_server = buf_len(&player->fed[SIDE_SERVER]);
    judge(player, &event);
    recorder_take_likely(&player->recorder, findings_likely(player->findings));
}

static void act(struct player *player, const struct action *action) {
    if (action->kind != ACTION_SEND) {
        flush(player);
    }
    switch (action->kind) {
    case ACTION_SEND:
        send(player, action);
        break;
    case ACTION_PROXY_COMMAND:
        dialogue_proxy_command(player->dialogue, buf_slice(&action->bytes), action->at_ns);
        break;
    case ACTION_PROXY_REPLY:
        dialogue_proxy_reply(player->dialogue, buf_slice(&action->bytes), action->at_ns);
        break;
    case ACTION_TLS:
        tell_tls(player, action);
        break;
    case ACTION_VIEW:
        dialogue_set_starttls_view(player->dialogue, action->view);
        break;
    case ACTION_CONNECT:
    case ACTION_CLOSE:
        if (!action->by_proxy) {
            struct event_progress progress = dialogue_progress(player->dialogue);
            findings_peer_left(player->findings, action->side, &progress, action->at_ns);
            if (action->words == NULL || strcmp(action->words, "server reset") != 0) {
                dialogue_end(player->dialogue, action->side, action->at_ns);
            }
        }
        break;
    }
}

static void begin(struct player *player) {
    struct event event = event_of(player, EVENT_CONNECT, 0);
    event.connect.connected = true;
    for (size_t i = 0; i < player->script->count; i++) {
        bool failed = player->script->actions[i].kind == ACTION_CONNECT;
        event.connect.connected = event.connect.connected && !failed;
    }
    judge(player, &event);
}

static void add_stranger(struct player *player) {
    struct buf line;
    if (dialogue_not_smtp(player->dialogue) == PARTY_NONE) {
        return;
    }
    buf_init(&line, 4096);
    buf_putf(&line, "not-smtp %s: ", party_name(dialogue_not_smtp(player->dialogue)));
    sentence_put_plain(&line, slice_of_string(dialogue_not_smtp_text(player->dialogue)));
    buf_put_byte(&line, 0);
    script_lines_add(&player->recorder.record->events, (const char *)buf_slice(&line).data);
    buf_cleanup(&line);
}

static void run(struct player *player) {
    const struct script *script = player->script;
    struct action end = {
        .kind = ACTION_CLOSE,
        .side = SIDE_CLIENT,
        .at_ns = script->count == 0 ? 0 : script->actions[script->count - 1].at_ns + 1000000};
    begin(player);
    for (size_t i = 0; i < script->count; i++) {
        act(player, &script->actions[i]);
        bool last = i + 1 == script->count || script->actions[i + 1].kind != ACTION_SEND ||
                    script->actions[i + 1].side != script->actions[i].side;
        if (last) {
            flush(player);
        }
        player->recorder.record->events_after[i] = player->recorder.record->events.count;
        end = script->actions[i].kind == ACTION_CLOSE ? script->actions[i] : end;
    }
    flush(player);
    add_stranger(player);
    tell_close(player, &end);
}

// ── the whole ───────────────────────────────────────────────────────────────────────────────────

void play(struct record *record, const struct script *script, enum cut cut, uint64_t seed) {
    struct player player = {.script = script, .cut = cut, .random = seed | 1};
    struct dialogue_config config = {.max_line = script->max_line};
    *record = (struct record){.events_after = mem_new_array(script->count + 1, sizeof(size_t))};
    player.session = (struct event_session){
        .id = 1, .mode = MODE_REVERSE, .started_unix_ns = INT64_C(1795359791000000000)};
    player.session.has_server = true;
    player.session.client = (struct event_endpoint){.address = "127.0.0.1", .port = 51234};
    player.session.server = (struct event_endpoint){
        .host = "mx.example", .address = script->server, .port = script->port};
    buf_init(&player.fed[SIDE_CLIENT], FED_MAX);
    buf_init(&player.fed[SIDE_SERVER], FED_MAX);
    buf_init(&player.gathered, FED_MAX);
    recorder_init(&player.recorder, record, script);
    join(&player);
    player.dialogue = dialogue_new(&config, &player.session, (struct event_sink){take, &player});
    run(&player);
    recorder_finish(&player.recorder, player.fed);
    dialogue_free(player.dialogue);
    part(&player);
    recorder_cleanup(&player.recorder);
    buf_cleanup(&player.fed[SIDE_CLIENT]);
    buf_cleanup(&player.fed[SIDE_SERVER]);
    buf_cleanup(&player.gathered);
}

void record_free(struct record *record) {
    script_lines_free(&record->events);
    script_lines_free(&record->bytes);
    script_lines_free(&record->findings);
    script_lines_free(&record->likely);
    free(record->events_after);
}
