// SPDX-License-Identifier: MIT
// tls_fault: what a rule of --fault at `tls` does to the client's handshake: an alert, a leaf with
// a fault, one version of TLS, an end, or a wait.
#include "base/clock.h"
#include "fault/faults.h"
#include "relay/relay_state.h"

void relay_report_fault(struct relay *relay, const struct fault_rule *rule, int64_t at_ns) {
    struct event event = {.kind = EVENT_FAULT, .session = relay->session, .at_ns = at_ns};
    event.fault = fault_rule_event(rule, EVENT_NO_EXCHANGE);
    fault_session_note_acted(relay->faults, rule);
    observer_event(relay->observer, &event);
}

static void decide(struct relay *relay, const char *server_name, int64_t at_ns) {
    struct tls_fault *fault = &relay->tls_fault;
    struct fault_occasion occasion = {
        .point = FAULT_TLS, .subject = slice_of_string(server_name), .at_ns = at_ns};
    fault->decided = true;
    fault->rule = fault_session_decide(relay->faults, &occasion);
    if (fault->rule == NULL) {
        return;
    }
    relay_report_fault(relay, fault->rule, at_ns);
    if (fault->rule->action.kind == FAULT_DELAY) {
        fault->due_ns = at_ns + fault->rule->action.time_ns;
    }
}

static void end_session(struct relay *relay, const struct fault_rule *rule) {
    session_end_decide(relay, OUTCOME_TLS_CLIENT_FAILED, PARTY_PROXY,
                       "the proxy ended the client's handshake, as --fault '%s' wants", rule->text);
}

// The embedded server believes that TLS is up, and so offers logins, as one on the way that wants
// them would. After STARTTLS the ClientHello is a command that it does not know; else the greeting
// is the answer.
static void answer_in_plain_text(struct relay *relay, int64_t at_ns) {
    static const char not_known[] = "500 5.5.1 Command not known";
    bool starttls = relay->client.starttls;
    relay->tls_fault.leaves_out_alerts = true;
    tls_switch_withdraw(relay, "the proxy answered the ClientHello in plain text, as --fault wants",
                        at_ns);
    if (starttls) {
        dialogue_proxy_reply(observer_dialogue(relay->observer), slice_of_string(not_known), at_ns);
        leg_send(&relay->client, slice_of_string(not_known));
        leg_send(&relay->client, SLICE("\r\n"));
    }
}

// One byte of a record's head.
static void take_record_head(struct tls_fault *fault, uint8_t byte) {
    fault->record_head[fault->record_head_len++] = byte;
    if (fault->record_head_len == TLS_RECORD_HEAD) {
        fault->record_head_len = 0;
        fault->record_left = (size_t)fault->record_head[3] << 8 | fault->record_head[4];
    }
}

struct slice tls_fault_without_alerts(struct relay *relay, struct slice wire) {
    enum { ALERT_RECORD = 21 };
    struct tls_fault *fault = &relay->tls_fault;
    while (fault->leaves_out_alerts && wire.len > 0) {
        if (fault->record_left > 0) {
            size_t len = fault->record_left < wire.len ? fault->record_left : wire.len;
            fault->record_left -= len;
            wire = slice_from(wire, len);
        } else if (fault->record_head_len > 0 || wire.data[0] == ALERT_RECORD) {
            take_record_head(fault, wire.data[0]);
            wire = slice_from(wire, 1);
        } else {
            fault->leaves_out_alerts = false;
        }
    }
    return wire;
}

bool tls_fault_act(struct relay *relay, const char *server_name, int64_t at_ns) {
    struct tls_fault *fault = &relay->tls_fault;
    if (relay->faults == NULL) {
        return false;
    }
    if (!fault->decided) {
        decide(relay, server_name, at_ns);
    }
    if (fault->rule == NULL) {
        return false;
    }
    switch ((unsigned)fault->rule->action.kind) {
    case FAULT_DELAY:
        fault->due_ns = at_ns < fault->due_ns ? fault->due_ns : INT64_MAX;
        return fault->due_ns != INT64_MAX;
    case FAULT_SILENCE:
        return true;
    case FAULT_VERSION:
        tls_endpoint_pin_version(relay->client.tls, fault->rule->action.version);
        return false;
    case FAULT_PLAIN:
        answer_in_plain_text(relay, at_ns);
        return true;
    case FAULT_ALERT:
        end_session(relay, fault->rule);
        tls_endpoint_refuse(relay->client.tls, (int)fault->rule->action.count, relay->end.error,
                            at_ns);
        return false;
    case FAULT_CLOSE:
        end_session(relay, fault->rule);
        tls_switch_report_client(relay, at_ns);
        session_end_close_both(relay, at_ns);
        return true;
    case FAULT_RESET:
        end_session(relay, fault->rule);
        tls_switch_report_client(relay, at_ns);
        session_end_reset_both(relay, at_ns);
        return true;
    default:
        return false;
    }
}

static bool does(const struct relay *relay, enum fault_action_kind kind) {
    const struct fault_rule *rule = relay->tls_fault.rule;
    return rule != NULL && rule->action.kind == kind;
}

bool tls_fault_shapes_leaf(const struct relay *relay) {
    return does(relay, FAULT_CERTIFICATE);
}

bool tls_fault_pins_version(const struct relay *relay) {
    return does(relay, FAULT_VERSION);
}

unsigned tls_fault_edit_leaf(struct leaf_request *request, const struct relay *relay) {
    return certificate_fault_apply(request, relay->tls_fault.rule->action.certificate);
}
