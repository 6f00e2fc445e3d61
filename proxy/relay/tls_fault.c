// SPDX-License-Identifier: MIT
// tls_fault: what a rule of --fault at `tls` does to the client's handshake: an alert, a leaf with
// a fault, an end, or a wait.
#include "base/clock.h"
#include "fault/faults.h"
#include "relay/relay_state.h"

enum { WEAK_KEY_BITS = 1024 };

// The leaf's name where it is to be a wrong one (RFC 2606 2).
static const char wrong_name[] = "wrong-name.invalid";

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

bool tls_fault_shapes_leaf(const struct relay *relay) {
    const struct fault_rule *rule = relay->tls_fault.rule;
    return rule != NULL && rule->action.kind == FAULT_CERTIFICATE;
}

unsigned tls_fault_edit_leaf(struct leaf_request *request, const struct relay *relay) {
    switch ((enum fault_certificate)relay->tls_fault.rule->action.count) {
    case FAULT_CERTIFICATE_EXPIRED:
        request->faults = TRUST_EXPIRED;
        break;
    case FAULT_CERTIFICATE_NOT_YET_VALID:
        request->faults = TRUST_NOT_YET_VALID;
        break;
    case FAULT_CERTIFICATE_WRONG_NAME:
        request->faults = 0;
        request->server = NULL; // The leaf would have its names, which may fit.
        request->name = wrong_name;
        return TRUST_WRONG_NAME;
    case FAULT_CERTIFICATE_SELF_SIGNED:
        request->faults = TRUST_SELF_SIGNED;
        break;
    case FAULT_CERTIFICATE_UNKNOWN_ISSUER:
        request->faults = TRUST_UNKNOWN_ISSUER;
        break;
    case FAULT_CERTIFICATE_WEAK_KEY:
        request->faults = TRUST_SMALL_KEY;
        request->small_key_bits = WEAK_KEY_BITS;
        break;
    }
    return request->faults;
}
