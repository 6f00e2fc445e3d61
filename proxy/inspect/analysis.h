// SPDX-License-Identifier: MIT
// analysis: what all rules of one session share: what is known so far (`facts.h`), and the one way
// to say a finding. Each theme of rules is a file with one function
//
//      void THEME_judge(struct analysis *analysis, const struct event *event);
//
// that looks at an event with the facts of all events *before* it. So "what the client knew when it
// sent the command" is what the facts hold when the command comes by.
//
// It sees events before the mask does. Therefore values of the wire reach a text through `quote_of`
// only, which withholds what may be a secret, and marks the rest for the mask to search: it
// searches nothing else of a text.
#ifndef SCOPE_INSPECT_ANALYSIS_H
#define SCOPE_INSPECT_ANALYSIS_H

#include "base/limits.h"
#include "inspect/facts.h"
#include "inspect/findings.h"
#include "inspect/reply_words.h"
#include "inspect/rule.h"
#include "inspect/step.h"

struct message_notes;  // what the message rules gather of the message that streams by
struct envelope_facts; // addresses to compare when the session ends
struct attempts;       // refused logins
struct sent_messages;  // to know one that is sent again

struct held_finding;

// What a finding is about.
struct place {
    enum party side;
    int exchange;
    int message;
};

// A value of the wire as it may be quoted in a text: marked as one (base/sentence.h), escaped, and
// cut when long. Once credentials have passed in the session a value that would have to be cut or
// escaped is withheld altogether, since the mask could no longer recognise a secret in what is left
// of it.
struct quote {
    char text[4 * QUOTE_MAX + 16];
};

// See likely.h.
struct likely {
    struct likely_note {
        enum rule rule;
        struct place place;
        char *text; // NULL for none
    } * notes;      // the latest of each rule
    size_t note_count;
    struct likely_refusal {
        bool set;
        enum refusal_stage stage;
        int code;
        char *enhanced; // quoted; NULL for none
        struct place place;
        int login_exchange; // of the AUTH that was sent last
        const struct reply_words *words;
        uint64_t bonds;
        char *explanation; // NULL for none yet
    } refusal;
    char *sentence; // NULL where nothing failed
};

struct analysis {
    struct findings_config config;
    struct event_sink sink;
    struct facts facts;
    const struct event *now; // the event that is being judged
    // Of the few rules that fired, or were thought of, in this session; see analysis_tally.
    struct tally {
        enum rule rule;
        unsigned count;
        enum severity worst;
        enum party side; // PARTY_NONE where it was more than one
        int message;     // the latest that the rule was said of
    } * tallies;
    size_t tally_count;
    // Findings that wait, see held.h.
    struct held {
        struct held_finding *items;
        size_t count;
        bool server_spoke;       // a reply with a code
        bool client_knows_verbs; // it has said one of SMTP's
        bool client_is_strange;  // what it says may yet turn out to be another protocol
        bool proven;             // both speak SMTP
        bool over;               // the session is
        bool muted;              // one does not: nothing more is said of SMTP
    } held;
    // The header of the PROXY protocol in front of the dialogue, see preface.h.
    struct preface {
        unsigned lines; // of version 2 that have come
        bool over;      // it is known whether there is one
        bool said;      // there is one
        int first_exchange;
        int last_exchange; // EVENT_NO_EXCHANGE where there is none
    } preface;
    struct message_notes *message; // NULL before the first message
    struct envelope_facts *envelope;
    struct attempts *attempts; // NULL before the first login that ended
    // EHLO was refused, which is said unless HELO is taken then.
    struct ehlo_refused {
        bool held;
        int exchange;
        int code;
        const struct reply_words *words;
    } ehlo_refused;
    bool starttls_rejected; // an error was said of it
    // What of the login under way may be why the server refuses it; NULL for nothing.
    struct sasl_doubt {
        int exchange;
        const char *text;
    } sasl_doubt;
    struct step step;           // whether the client takes replies for answers to the wrong command
    struct sent_messages *sent; // NULL until a message has text
    bool tls_judged[2];         // by side; a late failure reports the same handshake again
    bool starttls_overwritten;  // by a device in between
    int message_8bit;           // the latest with bytes over 127 under SMTPUTF8
    // The latest message that asked for SMTPUTF8 in vain, where that was not said.
    struct place smtputf8_unneeded;
    struct likely likely;
    // Of the message under way: a look-alike of the end of data, said when it is clear what the
    // server made of it.
    struct smuggling {
        int message; // EVENT_NO_MESSAGE: nothing is held back
        int exchange;
        char look_alike[32];
        bool text_over; // the message ended, and its answer came
    } smuggling;
};

struct place place_of_exchange(enum party side, int exchange);
struct place place_of_session(enum party side);
struct place place_of_command(const struct event_command *command); // the client's doing
// The server's doing; the answer to a message is about that message too.
struct place place_of_reply(const struct event_reply *reply);

// Where servers pass mail on; on other ports a client hands in its own (RFC 6409).
enum { PORT_SMTP = 25 };

// How often the rule fired so far, and how. Valid until the next finding.
const struct tally *analysis_tally(const struct analysis *analysis, enum rule rule);
// The same to be changed.
struct tally *analysis_take_tally(struct analysis *analysis, enum rule rule);
// Sends a finding, or only counts it when the rule was said often enough; nothing for a rule that
// is ignored. The text is one sentence.
void analysis_say(struct analysis *analysis, enum rule rule, struct place place, const char *format,
                  ...) __attribute__((format(printf, 4, 5)));
// The same with the rule's milder severity.
void analysis_say_mild(struct analysis *analysis, enum rule rule, struct place place,
                       const char *format, ...) __attribute__((format(printf, 4, 5)));
// --ignore names this rule.
bool analysis_ignores(const struct analysis *analysis, enum rule rule);
// Whether a finding of this rule would be listed still, rather than only counted.
bool analysis_lists(const struct analysis *analysis, enum rule rule);
// Sends a finding as it is; for those that waited.
void analysis_send(struct analysis *analysis, enum rule rule, enum severity severity,
                   struct place place, const char *text);
// A happening that is worth a line of its own, and no finding.
void analysis_note(struct analysis *analysis, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
// "The sender (MAIL)", to begin a sentence with.
const char *refusal_name(enum refusal_stage stage);
// True the first time that it is asked for this rule and message.
bool analysis_first_of_message(struct analysis *analysis, enum rule rule, int message);
// True as long as the rule was not said in the session: for rules about the client as such.
bool analysis_is_first(const struct analysis *analysis, enum rule rule);
// At the end of the session: how often the rules fired that were cut short.
void analysis_say_totals(struct analysis *analysis);

struct quote quote_of(const struct analysis *analysis, struct slice value);
struct quote quote_literal(const char *text); // our own words in the place of a value
// A command line, to begin a sentence with: the verb alone where the line holds a secret, a few
// words instead of it where it is concealed.
struct quote quote_of_command(const struct analysis *analysis, const struct event_command *event);

#endif
