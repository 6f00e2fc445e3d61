// SPDX-License-Identifier: MIT
// `rejected`: a refusal in plain English. The server's own text is read but never quoted here: it
// may echo a credential, and the transcript shows it anyway.
#include "inspect/reply_words.h"
#include "inspect/themes.h"

#include <stdio.h>

enum { REPLY_TEXT_MAX = 4096 };

// What was refused; NULL for what is not judged here.
static const char *what_of(const struct event_reply *reply) {
    if (reply->final) {
        return "The message";
    }
    if (reply->continuation_reply || reply->verb == VERB_AUTH) {
        return "The login (AUTH)";
    }
    if (reply->verb == VERB_MAIL) {
        return "The sender (MAIL)";
    }
    if (reply->verb == VERB_RCPT) {
        return "The recipient (RCPT)";
    }
    if (reply->verb == VERB_DATA) {
        return "DATA";
    }
    return reply->verb == VERB_BDAT ? "The message (BDAT)" : NULL;
}

// What has an @ is an address, or of one: `<spam@example.com>` says nothing of spam.
static void append_words(struct buf *out, struct slice text) {
    while (!slice_is_null(text)) {
        struct slice word = slice_split(&text, ' ');
        if (slice_find_byte(word, '@') == SLICE_NONE) {
            buf_append_some(out, word);
            buf_append_some(out, SLICE(" "));
        }
    }
}

static const struct reply_words *words_by_text(const struct event_reply *reply) {
    struct buf joined;
    buf_init(&joined, REPLY_TEXT_MAX);
    for (size_t i = 0; i < reply->line_count; i++) {
        struct slice text = reply->lines[i].text;
        if (i > 0 && reply->enhanced.len > 0 && slice_starts_with(text, reply->enhanced)) {
            text = slice_trim(slice_from(text, reply->enhanced.len));
        }
        append_words(&joined, text);
    }
    const struct reply_words *words = reply_words_of_text(buf_slice(&joined));
    buf_cleanup(&joined);
    return words;
}

// The server's own words tell most.
static const struct reply_words *words_of(const struct facts *facts,
                                          const struct event_reply *reply) {
    static const struct reply_words cancelled = {"the client had cancelled it with *",
                                                 "see why the client gave up"};
    if (reply->continuation_reply && facts->last.cancels && facts->last.exchange == reply->to) {
        return &cancelled;
    }
    const struct reply_words *words = words_by_text(reply);
    return words == NULL ? reply_words_of(reply->code, reply->enhanced) : words;
}

void refusal_judge(struct analysis *analysis, const struct event *event) {
    if (event->kind != EVENT_REPLY || event->reply.by_proxy || event->reply.incomplete ||
        event->reply.code < 400 || event->reply.code > 599 || what_of(&event->reply) == NULL ||
        event->reply.to == EVENT_NO_EXCHANGE ||
        facts_is_reply_to_stray_text(&analysis->facts, event->reply.to)) {
        return;
    }
    const struct event_reply *reply = &event->reply;
    const struct reply_words *words = words_of(&analysis->facts, reply);
    bool enhanced = reply->enhanced.len > 0;
    bool recipient = reply->recipient.len > 0;
    struct place place = place_of_reply(analysis, reply);
    analysis_say(
        analysis, RULE_REJECTED, place, "%s was refused %s%s%s with %d%s%s: %s; %s", what_of(reply),
        recipient ? "for " : "", recipient ? quote_of(analysis, reply->recipient).text : "",
        recipient ? (reply->code < 500 ? " for now" : " for good")
                  : (reply->code < 500 ? "for now" : "for good"),
        reply->code, enhanced ? " " : "", enhanced ? quote_of(analysis, reply->enhanced).text : "",
        words->meaning, words->advice);
}
