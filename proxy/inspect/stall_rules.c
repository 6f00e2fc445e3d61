// SPDX-License-Identifier: MIT
// `text-stalled`: within a message, or a chunk of one, the client sent no more, and the session
// ended there. How much had come shows why: a size that counts line ends wrongly, or a path
// that loses large packets.
#include "base/clock.h"
#include "base/limits.h"
#include "inspect/themes.h"

#include <inttypes.h>
#include <string.h>

static void say_chunk(struct analysis *analysis, double silent_s) {
    const struct facts *facts = &analysis->facts;
    analysis_say(analysis, RULE_TEXT_STALLED,
                 (struct place){PARTY_CLIENT, facts->text_exchange, facts->text_message},
                 "BDAT declared %" PRIu64 " bytes, of which %" PRIu64
                 " came, and then nothing for %.1f s, while the server waited for the rest; the "
                 "size must be that of the bytes as they are sent, each line end two (CR LF)",
                 facts->chunk_len, facts->text_len, silent_s);
}

const char *stall_false_end(const struct facts *facts, bool half_dot) {
    static const uint8_t two_dots[] = "\r\n.\r\n"; // of which one is taken away
    if (facts->text_by_bdat) {
        return NULL;
    }
    if (half_dot) {
        return "its last line is a dot without CR LF after it, so the message has not ended";
    }
    return memcmp(facts->text_tail, two_dots, sizeof(facts->text_tail)) == 0
               ? "its last line is two dots, and the dot that ends a message must not be doubled"
               : NULL;
}

// What the text lacks to end. A large packet is lost on the way only where one was sent.
static const char *missing_of(const struct facts *facts, bool half_dot) {
    enum { LARGE = 1000, LAST = sizeof(facts->text_tail) - 1 };
    const uint8_t *tail = facts->text_tail;
    const char *false_end = stall_false_end(facts, half_dot);
    if (false_end != NULL) {
        return false_end;
    }
    if (tail[LAST] != '\n') {
        return "its last line has no line end; a line with a single dot and CR LF must end it";
    }
    if (tail[LAST - 1] == '.' || (tail[LAST - 2] == '.' && tail[LAST - 1] == '\r')) {
        return "its last line ends in a dot, but the dot that ends a message is a line of its own, "
               "between CR LF and CR LF";
    }
    return facts->text_len < LARGE
               ? "no line with a single dot came to end it"
               : "no line with a single dot came to end it; where large messages always stop so, "
                 "the path loses large packets (its MTU is too small)";
}

static void say_text(struct analysis *analysis, double silent_s, bool half_dot) {
    const struct facts *facts = &analysis->facts;
    analysis_say(analysis, RULE_TEXT_STALLED,
                 (struct place){PARTY_CLIENT, facts->text_exchange, facts->text_message},
                 "Of the message %" PRIu64 " bytes came, and then nothing for %.1f s; %s",
                 facts->text_len, silent_s, missing_of(facts, half_dot));
}

struct end {
    bool in_text;
    bool server_waited;
    bool half_dot; // after its last whole line came a dot, and no CR LF
};

static void judge(struct analysis *analysis, const struct end *end) {
    const struct facts *facts = &analysis->facts;
    int64_t silent_ns = analysis->now->at_ns - facts->text_ns;
    bool chunk = facts->text_by_bdat && facts->text_len < facts->chunk_len;
    bool waited = silent_ns >= (chunk && end->server_waited ? CHUNK_SILENCE_NS : SILENCE_NS);
    if (!end->in_text || facts->text_len == 0 || !waited ||
        !analysis_first_of_message(analysis, RULE_TEXT_STALLED, facts->text_message)) {
        return;
    }
    double silent_s = (double)silent_ns / (double)NS_PER_S;
    if (chunk) {
        say_chunk(analysis, silent_s);
    } else if (!facts->text_by_bdat) {
        say_text(analysis, silent_s, end->half_dot);
    }
}

// A chunk that is cut off is reported as such before the close.
void stall_judge(struct analysis *analysis, const struct event *event) {
    bool text_ends = event->kind == EVENT_CONTENT_END && !event->content_end.complete;
    if (event->kind == EVENT_REPLY && event->reply.code == 421) {
        judge(analysis, &(struct end){.in_text = event->reply.in_text, .server_waited = true});
    } else if (text_ends) {
        judge(analysis, &(struct end){.in_text = event->content_end.in_text,
                                      .server_waited = analysis->facts.server_left,
                                      .half_dot = event->content_end.half_dot});
    }
}
