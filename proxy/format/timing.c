// SPDX-License-Identifier: MIT
#include "format/timing.h"

#include "base/memory.h"
#include "transcript/record_event.h"

#include <stdlib.h>

// What is known while the moments go by.
struct sweep {
    const struct record *record;
    struct timing *timing;
    int64_t mark_ns;                       // up to here each moment is counted
    size_t due;                            // connections, greetings and replies the server owes
    size_t *step_of;                       // by place of the exchange: its step + 1
    const struct record_exchange *sending; // its text the client sends: DATA with its 354, or BDAT
};

static bool is_verb(const struct record_exchange *exchange, const char *verb) {
    return exchange->command != NULL && slice_is(exchange->command->verb, verb);
}

static enum party waited_for(const struct sweep *sweep) {
    return sweep->due > 0 ? PARTY_SERVER : PARTY_CLIENT;
}

// The time since the last moment is `who`'s. Of a moment without a time (-1) there is none.
static struct timing_segment spend(struct sweep *sweep, enum party who, int64_t at_ns) {
    struct timing_segment spent = {.who = who, .from_ns = sweep->mark_ns};
    sweep->mark_ns = at_ns > sweep->mark_ns ? at_ns : sweep->mark_ns;
    spent.to_ns = sweep->mark_ns;
    sweep->timing->sums_ns[who] += spent.to_ns - spent.from_ns;
    return spent;
}

static size_t add_step(struct sweep *sweep, const char *label, int64_t from_ns) {
    struct timing *timing = sweep->timing;
    timing->steps[timing->step_count] = (struct timing_step){
        .label = label, .from_ns = from_ns, .asked_ns = -1, .last = SLICE_NONE};
    return timing->step_count++;
}

static bool goes_on(const struct timing *timing, const struct timing_step *step,
                    struct timing_segment segment) {
    return step->last != SLICE_NONE && timing->segments[step->last].who == segment.who &&
           timing->segments[step->last].to_ns == segment.from_ns;
}

static void extend(struct sweep *sweep, size_t place, struct timing_segment segment) {
    struct timing *timing = sweep->timing;
    struct timing_step *step = &timing->steps[place];
    if (goes_on(timing, step, segment)) {
        timing->segments[step->last].to_ns = segment.to_ns;
    } else if (segment.to_ns > segment.from_ns) {
        segment.step = place;
        step->last = timing->segment_count;
        timing->segments[timing->segment_count++] = segment;
    }
}

static size_t step_of_exchange(struct sweep *sweep, const struct record_exchange *exchange,
                               int64_t from_ns) {
    size_t *known = &sweep->step_of[exchange - sweep->record->exchanges];
    if (*known == 0) {
        *known = add_step(sweep, NULL, from_ns) + 1;
        sweep->timing->steps[*known - 1].exchange = exchange;
    }
    return *known - 1;
}

static void take_connect(struct sweep *sweep, int64_t at_ns) {
    size_t step = add_step(sweep, "connect", sweep->mark_ns);
    extend(sweep, step, spend(sweep, PARTY_SERVER, at_ns));
}

static void take_tls(struct sweep *sweep, const struct record_moment *moment, int64_t at_ns) {
    bool of_client = moment->which == SIDE_CLIENT;
    size_t step =
        add_step(sweep, of_client ? "TLS with the client" : "TLS with the server", sweep->mark_ns);
    const char *version = moment->tls->version;
    sweep->timing->steps[step].detail = version != NULL ? version : "failed";
    extend(sweep, step, spend(sweep, PARTY_CLIENT, at_ns - moment->tls->handshake_ns));
    extend(sweep, step, spend(sweep, of_client ? PARTY_CLIENT : PARTY_SERVER, at_ns));
}

static void take_command(struct sweep *sweep, const struct record_exchange *exchange,
                         int64_t at_ns) {
    bool by_proxy = exchange->command->by_proxy;
    struct timing_segment waited = spend(sweep, by_proxy ? PARTY_PROXY : waited_for(sweep), at_ns);
    bool of_server = waited.who == PARTY_SERVER; // shown in the step that is due
    size_t step = step_of_exchange(sweep, exchange, of_server ? sweep->mark_ns : waited.from_ns);
    if (!of_server) {
        extend(sweep, step, waited);
    }
    sweep->timing->steps[step].asked_ns = sweep->mark_ns;
    sweep->due++;
    if (is_verb(exchange, "BDAT")) {
        sweep->sending = exchange;
    }
}

// LMTP owes an answer for each recipient; BDAT itself is due one.
static size_t owed_for_text(const struct record_exchange *exchange) {
    size_t owed = exchange->final_reply_count > 1 ? exchange->final_reply_count : 1;
    return is_verb(exchange, "BDAT") ? owed - 1 : owed;
}

static void take_text(struct sweep *sweep, uint64_t lines, int64_t at_ns) {
    struct timing_segment spent = spend(sweep, PARTY_CLIENT, at_ns);
    const struct record_exchange *exchange = sweep->sending;
    if (exchange == NULL) { // a document keeps the first 10,000 exchanges
        return;
    }
    size_t step = step_of_exchange(sweep, exchange, spent.from_ns);
    extend(sweep, step, spent);
    sweep->timing->steps[step].asked_ns = sweep->mark_ns;
    if (lines == 0) {
        sweep->due += owed_for_text(exchange);
        sweep->sending = NULL;
    }
}

static void take_reply(struct sweep *sweep, const struct record_exchange *exchange,
                       const struct record_reply *reply, int64_t at_ns) {
    enum party who = reply->by_proxy ? PARTY_PROXY : PARTY_SERVER;
    sweep->due -= sweep->due > 0 ? 1 : 0;
    struct timing_segment spent = spend(sweep, who, at_ns);
    size_t place = step_of_exchange(sweep, exchange, spent.from_ns);
    struct timing_step *step = &sweep->timing->steps[place];
    spent.from_ns = step->asked_ns >= 0 ? step->asked_ns : spent.from_ns;
    extend(sweep, place, spent);
    step->asked_ns = sweep->mark_ns;
    step->code = reply->code;
    if (reply->code == 354 && is_verb(exchange, "DATA")) {
        sweep->sending = exchange;
    }
}

// Who closes is not who was waited for: a client gives up on a server that owes a reply, and a
// server on a client that says nothing. After QUIT all is said, and it is up to who closes.
static void take_close(struct sweep *sweep, enum party by, int64_t at_ns) {
    static const char *const closers[] = {
        [PARTY_CLIENT] = "by client", [PARTY_SERVER] = "by server", [PARTY_PROXY] = "by proxy"};
    bool is_over = sweep->record->close.outcome == OUTCOME_COMPLETED && sweep->due == 0;
    struct timing_segment spent =
        spend(sweep, is_over && by == PARTY_SERVER ? PARTY_SERVER : waited_for(sweep), at_ns);
    if (spent.to_ns > spent.from_ns) {
        size_t step = add_step(sweep, "close", spent.from_ns);
        sweep->timing->steps[step].detail = closers[by];
        extend(sweep, step, spent);
    }
}

static void take(struct sweep *sweep, const struct record_moment *moment) {
    const struct record *record = sweep->record;
    int64_t at_ns = record_moment_at(record, moment);
    if (moment->kind == EVENT_CONNECT) {
        take_connect(sweep, at_ns);
    } else if (moment->kind == EVENT_TLS) {
        take_tls(sweep, moment, at_ns);
    } else if (moment->kind == EVENT_COMMAND) {
        take_command(sweep, &record->exchanges[moment->which], at_ns);
    } else if (moment->kind == EVENT_REPLY) {
        const struct record_exchange *exchange = &record->exchanges[moment->which];
        take_reply(sweep, exchange, record_moment_reply(exchange, moment), at_ns);
    } else if (moment->kind == EVENT_TEXT) {
        take_text(sweep, moment->lines, at_ns);
    } else if (moment->kind == EVENT_CLOSE) {
        take_close(sweep, (enum party)moment->which, at_ns);
    }
}

void timing_init(struct timing *out, const struct record *record) {
    // A moment makes at most one step and two segments.
    *out = (struct timing){
        .steps = mem_new_array(record->moment_count, sizeof(*out->steps)),
        .segments = mem_new_array(2 * record->moment_count, sizeof(*out->segments)),
    };
    struct sweep sweep = {.record = record, .timing = out, .due = 1};
    sweep.step_of = mem_new_array(record->exchange_count, sizeof(*sweep.step_of));
    for (size_t i = 0; i < record->moment_count; i++) {
        take(&sweep, &record->moments[i]);
    }
    int64_t duration_ns = record->closed ? record->close.duration_ns : 0;
    out->total_ns = duration_ns > sweep.mark_ns ? duration_ns : sweep.mark_ns;
    free(sweep.step_of);
}

void timing_cleanup(struct timing *timing) {
    free(timing->steps);
    free(timing->segments);
    *timing = (struct timing){0};
}
