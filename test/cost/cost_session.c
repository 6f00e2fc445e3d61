// SPDX-License-Identifier: MIT
#include "cost_session.h"

#include "base/clock.h"
#include "base/memory.h"
#include "observe/observer.h"
#include "observe/output.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { PATH_MAX_LEN = 64, OUTPUTS = 6 };

struct session {
    struct event_session facts;
    struct observer *observer;
    struct output_set *outputs;
    struct sink_set *sinks;
    size_t piece;
    int64_t now_ns;
    char folder[PATH_MAX_LEN];
};

static void require(bool holds, const char *what) {
    if (!holds) {
        fprintf(stderr, "%s\n", what);
        exit(1);
    }
}

static void open_outputs(struct session *session) {
    static const struct format_info *const formats[OUTPUTS] = {
        &text_format, &jsonl_format, &json_format, &eml_format, &pcap_format, &pcapng_format};
    char paths[OUTPUTS][2 * PATH_MAX_LEN];
    struct output_spec specs[OUTPUTS];
    struct failure failure = {""};
    for (size_t i = 0; i < OUTPUTS; i++) {
        snprintf(paths[i], sizeof(paths[i]), "%s/%zu", session->folder, i);
        specs[i] = (struct output_spec){formats[i], paths[i]};
    }
    struct output_options options = {.specs = specs,
                                     .spec_count = OUTPUTS,
                                     .body = BODY_FULL,
                                     .spool = {.queue_max = LIMIT_WRITER_QUEUE}};
    require(output_set_open(&session->outputs, &failure, &options) == OK, failure.text);
}

struct session *session_new(size_t piece) {
    struct session *session = mem_new(sizeof(*session));
    bool memory = access("/dev/shm", W_OK) == 0;
    snprintf(session->folder, PATH_MAX_LEN, "%s/scope-cost-XXXXXX", memory ? "/dev/shm" : "/tmp");
    require(mkdtemp(session->folder) != NULL, "no folder can be made for the outputs");
    open_outputs(session);
    session->piece = piece;
    session->facts = (struct event_session){
        .id = 1,
        .started_unix_ns = INT64_C(1795359791) * NS_PER_S,
        .client = {.address = "127.0.0.1", .port = 51234},
        .server = {.host = "smtp.example.com", .address = "192.0.2.7", .port = 587},
        .has_server = true};
    session->sinks = sink_set_new();
    sink_set_add(session->sinks, &output_sink, session->outputs);
    struct observer_config config = {.dialogue = {.max_line = LIMIT_LINE_DEFAULT},
                                     .findings = {.slow_ns = NS_PER_S},
                                     .auth_view = AUTH_VIEW_MASK,
                                     .sinks = session->sinks};
    session->observer = observer_new(&config, &session->facts);
    struct event connect = {
        .kind = EVENT_CONNECT, .session = &session->facts, .connect = {.connected = true}};
    observer_event(session->observer, &connect);
    return session;
}

void session_say(struct session *session, enum side side, struct slice bytes) {
    while (bytes.len > 0) {
        struct slice piece = slice_sub(bytes, 0, session->piece);
        bytes = slice_from(bytes, piece.len);
        session->now_ns += NS_PER_US;
        observer_feed(session->observer, side, piece, session->now_ns);
        observer_flush(session->observer);
        while (observer_is_congested(session->observer)) {
            usleep(100); // what the writer had to drop would be another's measure
        }
    }
}

static int take_away(const char *path, const struct stat *status, int flag, struct FTW *ftw) {
    (void)status;
    (void)flag;
    (void)ftw;
    return remove(path);
}

void session_free(struct session *session) {
    struct event_close close = {.by = PARTY_CLIENT, .outcome = OUTCOME_CLIENT_CLOSED};
    observer_close(session->observer, &close, session->now_ns);
    observer_free(session->observer);
    sink_set_free(session->sinks);
    output_set_close(session->outputs);
    nftw(session->folder, take_away, 16, FTW_DEPTH | FTW_PHYS);
    free(session);
}
