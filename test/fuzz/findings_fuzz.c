// SPDX-License-Identifier: MIT
// findings: whatever two peers say, the rules only speak what the table knows, about exchanges and
// messages that are there, in text that is UTF-8 without control characters.
//
// The input is a script: a byte that says who speaks and how much (the low bit and the rest), then
// that many bytes; 0xff and 0xfe begin TLS on either side.
#include "base/sentence.h"
#include "base/text.h"
#include "inspect/findings.h"
#include "inspect/rule.h"
#include "message/message_reader.h"
#include "smtp/dialogue.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct session {
    struct event_session facts;
    struct dialogue *dialogue;
    struct message_reader *reader;
    struct findings *findings;
    int64_t now_ns;
    unsigned said[RULE_COUNT];
};

static void require(bool holds) {
    if (!holds) {
        abort();
    }
}

static void take_finding(void *context, const struct event *event) {
    struct session *session = context;
    const struct event_finding *finding = &event->finding;
    if (event->kind == EVENT_NOTE) {
        return;
    }
    enum rule rule = rule_find(slice_of_string(finding->rule));
    require(rule < RULE_COUNT);
    require(++session->said[rule] <= LIMIT_FINDINGS_OF_RULE + 1);
    struct buf text;
    buf_init(&text, finding->text.len);
    sentence_put_plain(&text, finding->text);
    struct slice plain = buf_slice(&text);
    require(text_is_utf8(plain) && plain.len > 0);
    for (size_t i = 0; i < plain.len; i++) {
        require(plain.data[i] >= ' ' && plain.data[i] != 0x7f);
    }
    buf_cleanup(&text);
    require(finding->exchange >= EVENT_NO_EXCHANGE && finding->message >= EVENT_NO_MESSAGE);
}

static void judge(void *context, const struct event *event) {
    struct session *session = context;
    findings_settle(session->findings, event);
    findings_observe(session->findings, event);
}

static void take(void *context, const struct event *event) {
    struct session *session = context;
    message_reader_take(session->reader, event);
    judge(session, event);
}

static void tell(struct session *session, struct event event) {
    event.session = &session->facts;
    event.at_ns = session->now_ns;
    findings_settle(session->findings, &event);
    findings_observe(session->findings, &event);
}

static void begin_tls(struct session *session, enum side side) {
    struct event event = {.kind = EVENT_TLS};
    event.tls = (struct event_tls){.side = side, .starttls = true, .alert = -1, .shown_bad = true};
    dialogue_tls_begun(session->dialogue, side);
    tell(session, event);
}

static void play(struct session *session, struct slice script) {
    while (script.len > 0) {
        uint8_t step = script.data[0];
        script = slice_from(script, 1);
        session->now_ns += INT64_C(1000000) * step;
        enum side side = (step & 1) != 0 ? SIDE_CLIENT : SIDE_SERVER;
        if (step >= 0xfe) {
            begin_tls(session, side);
            continue;
        }
        struct slice said = slice_sub(script, 0, step >> 1);
        dialogue_feed(session->dialogue, side, said, session->now_ns);
        script = slice_from(script, said.len);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct session session = {.facts = {.id = 1, .has_server = true}};
    struct findings_config config = {.slow_ns = 1000000000, .verify_mirror = true};
    struct dialogue_config dialogue_config = {.max_line = 1024};
    session.findings = findings_new(&config, (struct event_sink){take_finding, &session});
    session.reader = message_reader_new(&session.facts, (struct event_sink){judge, &session});
    session.dialogue =
        dialogue_new(&dialogue_config, &session.facts, (struct event_sink){take, &session});
    tell(&session, (struct event){.kind = EVENT_CONNECT, .connect = {.connected = true}});
    play(&session, slice_of(data, size));
    dialogue_close(session.dialogue, session.now_ns);
    struct event close = {.kind = EVENT_CLOSE};
    close.close.by = size % 2 == 0 ? PARTY_CLIENT : PARTY_SERVER;
    close.close.outcome = OUTCOME_CLIENT_CLOSED;
    close.close.progress = dialogue_progress(session.dialogue);
    tell(&session, close);
    dialogue_free(session.dialogue);
    message_reader_free(session.reader);
    findings_free(session.findings);
    return 0;
}
