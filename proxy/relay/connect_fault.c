// SPDX-License-Identifier: MIT
// connect_fault: what a rule of --fault at `connect` wants before the server is dialled.
#include "fault/faults.h"
#include "relay/relay_state.h"

#include <errno.h>
#include <stdio.h>

static void end_session(struct relay *relay, const struct fault_rule *rule, int64_t at_ns) {
    session_end_note_moment(relay, at_ns);
    session_end_decide(relay, OUTCOME_PROXY_STOPPED, PARTY_PROXY,
                       "the proxy ended the session, as --fault '%s' wants", rule->text);
}

static int errno_of(const struct fault_rule *rule) {
    return rule->action.kind == FAULT_REFUSE        ? ECONNREFUSED
           : rule->action.kind == FAULT_UNREACHABLE ? EHOSTUNREACH
                                                    : 0;
}

static void fail_dial(struct relay_dial *out, const struct fault_rule *rule) {
    out->what = RELAY_DIAL_FAILS;
    out->error = errno_of(rule);
    snprintf(out->reason, sizeof(out->reason), "the server was not dialled, as --fault '%s' wants",
             rule->text);
}

void relay_foresee_dial(struct relay_dial *out, struct faults *faults,
                        const struct event_session *session, const char *server) {
    struct fault_occasion occasion = {.point = FAULT_CONNECT, .subject = slice_of_string(server)};
    const struct fault_rule *rule = faults_foresee(faults, session, &occasion);
    *out = (struct relay_dial){.what = RELAY_DIAL_NOW};
    if (rule != NULL) {
        out->error = errno_of(rule);
        out->what = out->error != 0 ? RELAY_DIAL_FAILS : RELAY_DIAL_LATER;
    }
}

void relay_before_dial(struct relay_dial *out, struct relay *relay, const char *server,
                       int64_t at_ns) {
    *out = (struct relay_dial){.what = RELAY_DIAL_NOW};
    struct fault_occasion occasion = {
        .point = FAULT_CONNECT, .subject = slice_of_string(server), .at_ns = at_ns};
    const struct fault_rule *rule =
        relay->faults == NULL ? NULL : fault_session_decide(relay->faults, &occasion);
    if (rule == NULL) {
        return;
    }
    relay_report_fault(relay, rule, at_ns);
    switch ((unsigned)rule->action.kind) {
    case FAULT_DELAY:
        *out =
            (struct relay_dial){.what = RELAY_DIAL_LATER, .due_ns = at_ns + rule->action.time_ns};
        break;
    case FAULT_REFUSE:
    case FAULT_UNREACHABLE:
        fail_dial(out, rule);
        break;
    case FAULT_CLOSE:
        out->what = RELAY_DIAL_NEVER;
        end_session(relay, rule, at_ns);
        session_end_close_both(relay, at_ns);
        break;
    case FAULT_RESET:
        out->what = RELAY_DIAL_NEVER;
        end_session(relay, rule, at_ns);
        session_end_reset_both(relay, at_ns);
        break;
    default:
        break;
    }
    observer_flush(relay->observer);
}
