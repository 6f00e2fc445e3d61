// SPDX-License-Identifier: MIT
#include "capture/connect_policy.h"

#include "base/limits.h"
#include "capture/notification.h"

#include <errno.h>

// The caller does not wait for the network, or must not.
static bool answers_early(const struct connect_terms *terms) {
    return terms->nonblocking || terms->hurried;
}

static bool has_shorter_timeout(const struct connect_terms *terms) {
    return terms->send_timeout_ms > 0 && terms->send_timeout_ms < terms->connect_timeout_ms;
}

int64_t connect_policy_wait_ms(const struct connect_terms *terms) {
    if (answers_early(terms)) {
        return CONNECT_NONBLOCKING_WAIT_MS;
    }
    return has_shorter_timeout(terms) ? terms->send_timeout_ms : terms->connect_timeout_ms;
}

static struct connect_decision lead(int interruption) {
    return (struct connect_decision){.action = CONNECT_LEAD, .error = interruption};
}

static struct connect_decision fail(int error) {
    return (struct connect_decision){.action = CONNECT_FAIL, .error = error};
}

static struct connect_decision abandon(void) {
    return (struct connect_decision){.action = CONNECT_ABANDON};
}

// A non-blocking connect that is refused is "in progress" first. Only the socket itself can be sent
// where it will be refused for certain.
static struct connect_decision decide_failed(const struct connect_terms *terms,
                                             const struct connect_outcome *outcome) {
    if (terms->borrowed && terms->nonblocking && !outcome->failed_at_once &&
        outcome->error == ECONNREFUSED) {
        return (struct connect_decision){.action = CONNECT_REFUSE_LATER};
    }
    return fail(outcome->error);
}

static struct connect_decision decide_pending(const struct connect_terms *terms,
                                              const struct connect_outcome *outcome) {
    if (!outcome->awaited) {
        return outcome->killed ? fail(ECANCELED) : abandon();
    }
    if (terms->nonblocking || (outcome->timed_out && terms->hurried)) {
        return lead(0);
    }
    if (!outcome->timed_out) {
        return lead(NOTIFICATION_RESTART);
    }
    return has_shorter_timeout(terms) ? lead(EINPROGRESS) : fail(ETIMEDOUT);
}

struct connect_decision connect_policy_decide(const struct connect_terms *terms,
                                              const struct connect_outcome *outcome) {
    switch (outcome->result) {
    case DIAL_CONNECTED:
        return outcome->awaited ? lead(0) : abandon();
    case DIAL_FAILED:
        return decide_failed(terms, outcome);
    case DIAL_PENDING:
        return decide_pending(terms, outcome);
    }
    return abandon();
}
