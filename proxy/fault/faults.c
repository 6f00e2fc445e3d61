// SPDX-License-Identifier: MIT
#include "fault/faults.h"

#include "base/memory.h"
#include "verdict/pattern.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

// When the latest occasions of a rule with `over N/Ss` came: the oldest of the last N is the next
// to be replaced.
struct recent {
    int64_t *unix_ns; // `over_count` of them, 0 for none yet
    size_t next;
};

struct faults {
    const struct fault_rule *rules;
    size_t count;
    uint64_t seed;
    atomic_bool on;
    atomic_bool *acted;   // by rule
    pthread_mutex_t lock; // guards `recent`
    struct recent *recent;
};

struct fault_session {
    struct faults *faults;
    const struct event_session *session;
    uint64_t chance;
    uint64_t *seen; // occasions of each rule's point
    bool foresees;  // nothing is counted over the sessions
};

// ── all sessions ────────────────────────────────────────────────────────────────────────────────

struct faults *faults_new(const struct fault_rule *rules, size_t count, uint64_t seed) {
    struct faults *faults = mem_new(sizeof(*faults));
    *faults = (struct faults){.rules = rules, .count = count, .seed = seed};
    atomic_init(&faults->on, true);
    pthread_mutex_init(&faults->lock, NULL);
    faults->acted = mem_new_array(count, sizeof(*faults->acted));
    faults->recent = mem_new_array(count, sizeof(*faults->recent));
    for (size_t i = 0; i < count; i++) {
        if (rules[i].over_count > 0) {
            faults->recent[i].unix_ns = mem_new_array(rules[i].over_count, sizeof(int64_t));
        }
    }
    return faults;
}

void faults_free(struct faults *faults) {
    if (faults == NULL) {
        return;
    }
    for (size_t i = 0; i < faults->count; i++) {
        free(faults->recent[i].unix_ns);
    }
    free(faults->recent);
    free(faults->acted);
    pthread_mutex_destroy(&faults->lock);
    free(faults);
}

void faults_switch(struct faults *faults, bool on) {
    atomic_store(&faults->on, on);
}

bool faults_are_on(const struct faults *faults) {
    return atomic_load(&faults->on);
}

bool faults_have_acted(const struct faults *faults, const struct fault_rule *rule) {
    return atomic_load(&faults->acted[rule - faults->rules]);
}

bool faults_have_point(const struct faults *faults, enum fault_point point) {
    for (size_t i = 0; i < faults->count; i++) {
        if (faults->rules[i].point == point) {
            return true;
        }
    }
    return false;
}

bool faults_have_pattern(const struct faults *faults, enum fault_point point) {
    for (size_t i = 0; i < faults->count; i++) {
        if (faults->rules[i].point == point && faults->rules[i].pattern != NULL) {
            return true;
        }
    }
    return false;
}

bool faults_hold_header(const struct faults *faults) {
    for (size_t i = 0; i < faults->count; i++) {
        const struct fault_rule *rule = &faults->rules[i];
        bool holds = rule->point == FAULT_MESSAGE && rule->pattern != NULL &&
                     rule->action.kind == FAULT_CLOSE_AFTER;
        if (holds) {
            return true;
        }
    }
    return false;
}

// Whether more than N came within the span, this one counted.
static bool over(const struct fault_session *own, size_t rule, int64_t unix_ns) {
    struct faults *faults = own->faults;
    struct recent *recent = &faults->recent[rule];
    uint64_t count = faults->rules[rule].over_count;
    if (count == 0) {
        return true;
    }
    pthread_mutex_lock(&faults->lock);
    int64_t before_ns = recent->unix_ns[recent->next]; // the one N occasions ago
    if (!own->foresees) {
        recent->unix_ns[recent->next] = unix_ns;
        recent->next = (recent->next + 1) % count;
    }
    pthread_mutex_unlock(&faults->lock);
    return before_ns != 0 && unix_ns - before_ns <= faults->rules[rule].over_span_ns;
}

// ── a session ───────────────────────────────────────────────────────────────────────────────────

// SplitMix64 (Steele, Lea, Flood 2014): the same numbers for the same seed, on any machine.
static uint64_t next_random(uint64_t *state) {
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

struct fault_session *fault_session_new(struct faults *faults,
                                        const struct event_session *session) {
    struct fault_session *own = mem_new(sizeof(*own));
    own->faults = faults;
    own->session = session;
    own->seen = mem_new_array(faults->count, sizeof(*own->seen));
    // A generator for each session: its faults do not depend on what others do meanwhile.
    uint64_t mixed = session->id;
    own->chance = faults->seed ^ next_random(&mixed);
    return own;
}

void fault_session_free(struct fault_session *session) {
    if (session != NULL) {
        free(session->seen);
        free(session);
    }
}

const struct faults *fault_session_rules(const struct fault_session *session) {
    return session->faults;
}

void fault_session_note_acted(struct fault_session *own, const struct fault_rule *rule) {
    atomic_store(&own->faults->acted[rule - own->faults->rules], true);
}

static bool is_at(const struct fault_rule *rule, const struct fault_occasion *occasion) {
    return rule->point == FAULT_COMMAND && occasion->point == FAULT_COMMAND
               ? fault_rule_is_for_verb(rule, occasion->verb)
               : rule->point == occasion->point;
}

static bool matches(const struct fault_rule *rule, struct slice subject) {
    if (rule->pattern == NULL) {
        return true;
    }
    char *text = mem_string_of(subject);
    bool found = pattern_matches(rule->pattern, text);
    mem_wipe(text, subject.len); // of AUTH it is a secret
    free(text);
    return found;
}

static bool may_be_hello(struct slice word) {
    return slice_starts_with_nocase(SLICE("HELO"), word) ||
           slice_starts_with_nocase(SLICE("LHLO"), word);
}

static bool may_be_at(const struct fault_rule *rule, struct slice verb) {
    return rule->point == FAULT_COMMAND &&
           (rule->any_verb || fault_rule_is_for_verb(rule, verb) ||
            slice_starts_with_nocase(slice_of_string(rule->point_text), verb) ||
            (strcmp(rule->point_text, "EHLO") == 0 && may_be_hello(verb)));
}

// A rule that counts, or goes by chance, wants each occasion, whatever its argument.
static bool counts(const struct fault_rule *rule) {
    return rule->nth.first > 0 || rule->over_span_ns > 0 || rule->chance_ppm != FAULT_ALWAYS;
}

bool faults_concern(const struct faults *faults, struct slice verb, const struct slice *argument) {
    for (size_t i = 0; i < faults->count; i++) {
        const struct fault_rule *rule = &faults->rules[i];
        bool concerns = argument == NULL ? may_be_at(rule, verb)
                                         : fault_rule_is_for_verb(rule, verb) &&
                                               (counts(rule) || matches(rule, *argument));
        if (concerns) {
            return true;
        }
    }
    return false;
}

// Each condition is asked each time, so that what one says does not depend on the others.
static bool holds(struct fault_session *own, size_t i, const struct fault_occasion *occasion) {
    const struct fault_rule *rule = &own->faults->rules[i];
    bool lucky = rule->chance_ppm == FAULT_ALWAYS ||
                 next_random(&own->chance) % FAULT_ALWAYS < rule->chance_ppm;
    bool crowded = over(own, i, own->session->started_unix_ns + occasion->at_ns);
    return lucky && crowded && fault_range_has(rule->nth, own->seen[i]) &&
           fault_range_has(rule->sessions, own->session->id) &&
           (matches(rule, occasion->subject) ||
            (!slice_is_null(occasion->as_sent) && matches(rule, occasion->as_sent)));
}

const struct fault_rule *fault_session_decide(struct fault_session *own,
                                              const struct fault_occasion *occasion) {
    const struct fault_rule *first = NULL;
    for (size_t i = 0; i < own->faults->count; i++) {
        const struct fault_rule *rule = &own->faults->rules[i];
        if (!is_at(rule, occasion)) {
            continue;
        }
        own->seen[i]++;
        if (holds(own, i, occasion) && first == NULL) {
            first = rule;
        }
    }
    return faults_are_on(own->faults) ? first : NULL;
}

void fault_session_take_back(struct fault_session *own, enum fault_point point) {
    for (size_t i = 0; i < own->faults->count; i++) {
        own->seen[i] -= own->faults->rules[i].point == point ? 1 : 0;
    }
}

const struct fault_rule *faults_foresee(struct faults *faults, const struct event_session *session,
                                        const struct fault_occasion *occasion) {
    struct fault_session *own = fault_session_new(faults, session);
    own->foresees = true;
    const struct fault_rule *rule = fault_session_decide(own, occasion);
    fault_session_free(own);
    return rule;
}
