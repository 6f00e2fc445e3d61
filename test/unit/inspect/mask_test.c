// SPDX-License-Identifier: MIT
#include "inspect/mask.h"

#include "mask_fixture.h"
#include "secret_forms.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define USER        "tim"
#define PASSWORD    "tanstaaf!7"
#define PLAIN       "AHRpbQB0YW5zdGFhZiE3" // NUL tim NUL tanstaaf!7
#define VALUE(text) "\x02" text "\x03"     // as base/sentence.h marks it

static void assert_text(struct slice actual, const char *expected) {
    if (!slice_equal(actual, slice_of_string(expected))) {
        fail_msg("<%.*s> should be <%s>", (int)actual.len, (const char *)actual.data, expected);
    }
}

static void assert_hidden(const struct mask_fixture *fixture, struct slice secret) {
    struct slice seen = buf_slice(&fixture->seen);
    if (slice_find_nocase(seen, secret) != SLICE_NONE) {
        fail_msg("<%.*s> shows <%.*s>", (int)seen.len, (const char *)seen.data, (int)secret.len,
                 (const char *)secret.data);
    }
}

// The sink's context must not move, so the mask is made where it stays.
#define FIXTURE(name)                                                                              \
    struct mask_fixture name;                                                                      \
    fixture_init(&(name), AUTH_VIEW_MASK)

// ── marks ───────────────────────────────────────────────────────────────────────────────────────

static void events_without_secrets_pass_as_they_are(void **state) {
    (void)state;
    FIXTURE(fixture);
    for (int kind = 0; kind < EVENT_KIND_COUNT; kind++) {
        struct event event = {.kind = (enum event_kind)kind};
        if (kind != EVENT_AUTH) {
            fixture_take(&fixture, &event);
            assert_ptr_equal(fixture.passed, &event);
        }
    }
    fixture_cleanup(&fixture);
}

static void the_initial_response_is_stars_in_every_member(void **state) {
    (void)state;
    FIXTURE(fixture);
    fixture_auth(&fixture, "PLAIN", SLICE(PLAIN));
    assert_text(buf_slice(&fixture.last), "AUTH PLAIN ********");
    assert_text(buf_slice(&fixture.seen), "AUTH\nPLAIN ********\nPLAIN\n********\n"
                                          "\n\n\n\n\nAUTH PLAIN ********\n");
    assert_int_equal(fixture.copy.command.line.len, strlen("AUTH PLAIN ********"));
    assert_int_equal(fixture.copy.command.line.secret_count, 0);
    fixture_cleanup(&fixture);
}

static void a_short_initial_response_has_eight_stars_too(void **state) {
    (void)state;
    FIXTURE(fixture);
    fixture_auth(&fixture, "EXTERNAL", SLICE("="));
    assert_text(buf_slice(&fixture.last), "AUTH EXTERNAL ********");
    fixture_cleanup(&fixture);
}

static void a_sasl_line_is_nothing_but_stars(void **state) {
    (void)state;
    FIXTURE(fixture);
    fixture_continue(&fixture, SLICE(PLAIN));
    assert_text(buf_slice(&fixture.last), "********");
    assert_int_equal(fixture.copy.command.command.verb, VERB_NONE);
    assert_true(slice_is_null(fixture.copy.command.command.argument));
    fixture_continue(&fixture, SLICE("")); // an empty response is a response
    assert_text(buf_slice(&fixture.last), "********");
    assert_int_equal(fixture.copy.command.line.len, 8);
    fixture_cleanup(&fixture);
}

static void a_lone_star_is_shown(void **state) {
    (void)state;
    FIXTURE(fixture);
    struct event event = {.kind = EVENT_COMMAND};
    event.command.continuation = true;
    event.command.line.text = SLICE("*");
    event.command.line.len = 1;
    fixture_take(&fixture, &event);
    assert_text(buf_slice(&fixture.last), "*");
    fixture_cleanup(&fixture);
}

static void a_concealed_line_is_stars_without_verb(void **state) {
    (void)state;
    FIXTURE(fixture);
    struct event event = {.kind = EVENT_COMMAND};
    struct event_command *command = &event.command;
    command->concealed = true;
    command->line.text = SLICE("FOO " PASSWORD);
    command->line.len = command->line.text.len;
    command->command.verb = VERB_UNKNOWN;
    command->command.name = slice_sub(command->line.text, 0, 3);
    command->command.argument = slice_from(command->line.text, 4);
    fixture_take(&fixture, &event);
    assert_text(buf_slice(&fixture.last), "********");
    assert_int_equal(fixture.copy.command.command.verb, VERB_NONE);
    assert_hidden(&fixture, SLICE("FOO"));
    fixture_cleanup(&fixture);
}

static void the_length_of_a_cut_secret_is_not_told(void **state) {
    (void)state;
    FIXTURE(fixture);
    struct event event = {.kind = EVENT_COMMAND};
    event.command.line.text = SLICE("AUTH PLAIN AHRpbQB0YW5z");
    event.command.line.len = 5005;
    event.command.line.secrets[0] = (struct span){11, 12};
    event.command.line.secret_count = 1;
    fixture_take(&fixture, &event);
    assert_text(buf_slice(&fixture.last), "AUTH PLAIN ********");
    assert_int_equal(fixture.copy.command.line.len, 19);
    fixture_cleanup(&fixture);
}

static void a_line_cut_behind_its_secret_counts_the_stars(void **state) {
    (void)state;
    FIXTURE(fixture);
    struct event event = {.kind = EVENT_COMMAND};
    event.command.line.text = SLICE("XCLIENT LOGIN=timothy ADDR=");
    event.command.line.len = event.command.line.text.len + 100;
    event.command.line.secrets[0] = (struct span){14, 7};
    event.command.line.secret_count = 1;
    fixture_take(&fixture, &event);
    assert_text(buf_slice(&fixture.last), "XCLIENT LOGIN=******** ADDR=");
    assert_int_equal(fixture.copy.command.line.len, 28 + 100);
    fixture_cleanup(&fixture);
}

// ── views ───────────────────────────────────────────────────────────────────────────────────────

static void reveal_passes_all_as_it_is(void **state) {
    (void)state;
    struct mask_fixture fixture;
    fixture_init(&fixture, AUTH_VIEW_REVEAL);
    fixture_auth(&fixture, "PLAIN", SLICE(PLAIN));
    assert_text(buf_slice(&fixture.last), "AUTH PLAIN " PLAIN);
    fixture_reply(&fixture, SLICE("535 no " PASSWORD));
    assert_text(buf_slice(&fixture.last), "535 no " PASSWORD);
    fixture_cleanup(&fixture);
}

static void the_identity_is_shown_by_view(void **state) {
    (void)state;
    static const struct {
        enum auth_view view;
        const char *shown;
    } cases[] = {{AUTH_VIEW_MASK, ""}, {AUTH_VIEW_IDENTITY, USER}, {AUTH_VIEW_REVEAL, USER}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct mask_fixture fixture;
        fixture_init(&fixture, cases[i].view);
        fixture_auth(&fixture, "PLAIN", SLICE(PLAIN));
        struct event event = {.kind = EVENT_AUTH};
        event.auth.identity = SLICE(USER);
        event.auth.mechanism = SLICE("PLAIN");
        fixture_take(&fixture, &event);
        assert_text(buf_slice(&fixture.last), cases[i].shown);
        assert_int_equal(slice_is_null(fixture.copy.auth.identity),
                         cases[i].view == AUTH_VIEW_MASK);
        fixture_cleanup(&fixture);
    }
}

// ── secrets_known
// ───────────────────────────────────────────────────────────────────────────────────────

// A mechanism, and its exchange with `@` for the secret; each line is sent in base64.
struct exchange {
    const char *mechanism;
    const char *lines[3]; // lines[0] as initial response
    size_t lens[3];
};

static const struct exchange exchanges[] = {
    {"PLAIN", {"\0tim\0@"}, {6}},
    {"PLAIN", {"admin\0tim\0@"}, {11}},
    {"PLAIN", {NULL, "\0tim\0@"}, {0, 6}},
    {"plain", {"tim\0@"}, {5}}, // a NUL forgotten
    {"LOGIN", {"timothy", "@"}, {7, 1}},
    {"Login", {NULL, "timothy", "@"}, {0, 7, 1}},
    {"XOAUTH2", {"user=tim@x.y\1auth=Bearer @\1\1"}, {0}},
    {"OAUTHBEARER", {"n,a=tim,\1host=x\1port=25\1auth=Bearer @\1\1"}, {0}},
    {"CRAM-MD5", {NULL, "tim @"}, {0, 5}},
    {"DIGEST-MD5", {NULL, "username=\"tim\",response=@"}, {0, 0}},
    {"SCRAM-SHA-256", {"n,,n=tim,r=abc", "c=biws,r=abcdef,p=@"}, {0, 0}},
    {"X-UNKNOWN", {"tim\0@"}, {5}},
    {"X-UNKNOWN", {"who=tim\1@\1more"}, {0}},
    {"X-UNKNOWN", {"@"}, {1}},
    {"NTLM", {NULL, "@"}, {0, 1}},
};

static void put_line(struct buf *out, const struct exchange *exchange, size_t i,
                     struct slice secret) {
    struct buf decoded;
    buf_init(&decoded, 4096);
    size_t len = exchange->lens[i] > 0 ? exchange->lens[i] : strlen(exchange->lines[i]);
    struct slice all = slice_of(exchange->lines[i], len);
    size_t at = len - 1; // the last @ is the secret's place
    while (at > 0 && all.data[at] != '@') {
        at--;
    }
    if (all.data[at] == '@') {
        buf_put(&decoded, slice_sub(all, 0, at));
        buf_put(&decoded, secret);
        buf_put(&decoded, slice_from(all, at + 1));
    } else {
        buf_put(&decoded, all);
    }
    base64_encode(out, buf_slice(&decoded));
    buf_cleanup(&decoded);
}

static void play(struct mask_fixture *fixture, const struct exchange *exchange,
                 struct slice secret) {
    for (size_t i = 0; i < 3; i++) {
        struct buf line;
        buf_init(&line, 8192);
        if (exchange->lines[i] != NULL) {
            put_line(&line, exchange, i, secret);
        }
        if (i == 0) {
            fixture_auth(fixture, exchange->mechanism, buf_slice(&line));
        } else if (exchange->lines[i] != NULL) {
            fixture_reply(fixture, SLICE("334 "));
            fixture_continue(fixture, buf_slice(&line));
            assert_text(buf_slice(&fixture->last), "********");
        }
        assert_hidden(fixture, secret);
        buf_cleanup(&line);
    }
}

static void assert_echo_hidden(struct mask_fixture *fixture, struct slice secret,
                               enum secret_form form) {
    struct buf echo;
    struct buf expected;
    const char *lead = "";
    buf_init(&echo, 8192);
    buf_init(&expected, 8192);
    struct buf shown;
    buf_init(&shown, 8192);
    secret_form_put(&shown, secret, form, &lead);
    buf_putf(&echo, "535 5.7.8 <%s%.*s> refused", lead, (int)buf_len(&shown),
             (const char *)buf_slice(&shown).data);
    buf_putf(&expected, "535 5.7.8 <%s********> refused", lead);
    buf_put_byte(&expected, 0);
    fixture_clear(fixture);
    fixture_reply(fixture, buf_slice(&echo));
    assert_text(buf_slice(&fixture->last), (const char *)buf_slice(&expected).data);
    assert_hidden(fixture, buf_slice(&shown));
    buf_cleanup(&shown);
    buf_cleanup(&echo);
    buf_cleanup(&expected);
}

static void every_mechanism_teaches_its_secret_in_every_form(void **state) {
    (void)state;
    unsigned seed = 7;
    for (size_t i = 0; i < 8 * sizeof(exchanges) / sizeof(exchanges[0]); i++) {
        FIXTURE(fixture);
        struct buf secret;
        buf_init(&secret, 256);
        do { // what DIGEST-MD5 and ^A-lists take apart must not be within
            buf_clear(&secret);
            secret_make(&secret, &seed, 6 + i % 30);
        } while (slice_find_byte(buf_slice(&secret), ',') != SLICE_NONE ||
                 slice_find_byte(buf_slice(&secret), '@') != SLICE_NONE);
        play(&fixture, &exchanges[i % (sizeof(exchanges) / sizeof(exchanges[0]))],
             buf_slice(&secret));
        for (int form = 0; form < FORM_COUNT; form++) {
            assert_echo_hidden(&fixture, buf_slice(&secret), (enum secret_form)form);
        }
        buf_cleanup(&secret);
        fixture_cleanup(&fixture);
    }
}

static void whole_sasl_lines_are_hidden_decoded_and_encoded(void **state) {
    (void)state;
    FIXTURE(fixture);
    fixture_auth(&fixture, "PLAIN", SLICE(PLAIN));
    fixture_reply(&fixture, SLICE("535 bad " PLAIN));
    assert_text(buf_slice(&fixture.last), "535 bad ********");
    fixture_reply(&fixture, SLICE("535 bad \0tim\0" PASSWORD " here"));
    assert_text(buf_slice(&fixture.last), "535 bad ******** here");
    fixture_cleanup(&fixture);
}

static void the_identity_is_no_secret(void **state) {
    (void)state;
    FIXTURE(fixture);
    fixture_auth(&fixture, "LOGIN", SLICE("dGltb3RoeQ==")); // timothy
    fixture_reply(&fixture, SLICE("334 UGFzc3dvcmQ6"));
    assert_text(buf_slice(&fixture.last), "334 UGFzc3dvcmQ6");
    fixture_continue(&fixture, SLICE("dGFuc3RhYWYhNw=="));
    fixture_reply(&fixture, SLICE("535 timothy has no " PASSWORD));
    assert_text(buf_slice(&fixture.last), "535 timothy has no ********");
    fixture_cleanup(&fixture);
}

static void a_login_asked_for_its_password_first_teaches_it(void **state) {
    (void)state;
    FIXTURE(fixture);
    fixture_auth(&fixture, "LOGIN", SLICE(""));
    fixture_reply(&fixture, SLICE("334 UGFzc3dvcmQ6")); // Password:
    fixture_continue(&fixture, SLICE("dGFuc3RhYWYhNw=="));
    fixture_reply(&fixture, SLICE("535 no " PASSWORD));
    assert_text(buf_slice(&fixture.last), "535 no ********");
    fixture_cleanup(&fixture);
}

static void a_secret_of_under_four_characters_is_not_looked_for(void **state) {
    (void)state;
    FIXTURE(fixture);
    fixture_auth(&fixture, "PLAIN", SLICE("AHRpbQBhYmM=")); // NUL tim NUL abc
    fixture_reply(&fixture, SLICE("535 abc is no password"));
    assert_text(buf_slice(&fixture.last), "535 abc is no password");
    fixture_cleanup(&fixture);
}

static void values_of_xclient_and_burl_are_learnt(void **state) {
    (void)state;
    FIXTURE(fixture);
    struct event event = {.kind = EVENT_COMMAND};
    event.command.command.verb = VERB_XCLIENT;
    event.command.line.text = SLICE("XCLIENT LOGIN=tim+2Bothy");
    event.command.line.len = event.command.line.text.len;
    event.command.line.secrets[0] = (struct span){14, 10};
    event.command.line.secret_count = 1;
    fixture_take(&fixture, &event);
    assert_text(buf_slice(&fixture.last), "XCLIENT LOGIN=********");
    fixture_reply(&fixture, SLICE("550 no tim+othy, no tim+2Bothy"));
    assert_text(buf_slice(&fixture.last), "550 no ********, no ********");
    fixture_cleanup(&fixture);
}

// A command that the server answers before it is told.
static void what_was_looked_at_ahead_is_hidden(void **state) {
    (void)state;
    FIXTURE(fixture);
    struct event_command auth = {.command.verb = VERB_AUTH, .command.mechanism = SLICE("LOGIN")};
    struct event_command line = {.continuation = true, .line.secret_count = 1};
    auth.line.text = SLICE("AUTH LOGIN");
    auth.line.len = auth.line.text.len;
    mask_look_ahead(fixture.mask, &auth);
    line.line.text = SLICE("dGltb3RoeQ=="); // timothy
    line.line.len = line.line.secrets[0].len = 12;
    mask_look_ahead(fixture.mask, &line);
    line.line.text = SLICE("dGFuc3RhYWY="); // tanstaaf
    mask_look_ahead(fixture.mask, &line);
    fixture_reply(&fixture, SLICE("454 timothy, tanstaaf and dGltb3RoeQ=="));
    assert_text(buf_slice(&fixture.last), "454 timothy, ******** and ********");
    assert_int_equal(fixture.count, 1);
    fixture_cleanup(&fixture);
}

// What nobody knows is hidden; the words in it are not, from then on.
static void words_of_a_concealed_line_are_not_learnt(void **state) {
    (void)state;
    FIXTURE(fixture);
    struct event event = {.kind = EVENT_COMMAND};
    event.command.concealed = true;
    event.command.line.text = SLICE("Subject: hello world dGFuc3RhYWY3 mail");
    event.command.line.len = event.command.line.text.len;
    fixture_take(&fixture, &event);
    fixture_reply(&fixture, SLICE("500 hello world, Subject: hello world dGFuc3RhYWY3 mail"));
    assert_text(buf_slice(&fixture.last), "500 hello world, ********");
    fixture_reply(&fixture, SLICE("500 tanstaaf7"));
    assert_text(buf_slice(&fixture.last), "500 ********");
    fixture_cleanup(&fixture);
}

static void a_finding_shows_no_word_of_a_pass_phrase(void **state) {
    (void)state;
    FIXTURE(fixture);
    struct event finding = {.kind = EVENT_FINDING};
    finding.finding.text = SLICE("\x02xtanstaaf\x03 is no command");
    fixture_auth(&fixture, "PLAIN", SLICE("AHRpbQB0YW5zdGFhZiBsdW5jaDc=")); // tanstaaf lunch7
    fixture_command(&fixture, SLICE("xtanstaaf lunch7 y"));
    assert_text(buf_slice(&fixture.last), "x******** y");
    fixture_take(&fixture, &finding);
    assert_text(buf_slice(&fixture.last), "x******** is no command");
    fixture_cleanup(&fixture);
}

// Of a mechanism that is not known nothing says that `a=` is a key.
static void a_part_that_reads_like_a_name_is_learnt(void **state) {
    (void)state;
    FIXTURE(fixture);
    fixture_auth(&fixture, "X-ODD",
                 SLICE("aWQ9dGltAWE9dGFuc3RhYWYhNw==")); // id=tim ^A a=tanstaaf!7
    fixture_reply(&fixture, SLICE("535 no a=tanstaaf!7 for tim"));
    assert_text(buf_slice(&fixture.last), "535 no ******** for tim");
    fixture_cleanup(&fixture);
}

// A LOGIN that is asked in a language we do not know, first for the password.
static void an_answer_to_an_unknown_question_is_learnt(void **state) {
    (void)state;
    FIXTURE(fixture);
    fixture_auth(&fixture, "LOGIN", SLICE(""));
    fixture_reply(&fixture, SLICE("334 S2VubndvcnQ6")); // Kennwort:
    fixture_continue(&fixture, SLICE("dGFuc3RhYWYhNw=="));
    fixture_reply(&fixture, SLICE("535 no " PASSWORD));
    assert_text(buf_slice(&fixture.last), "535 no ********");
    fixture_cleanup(&fixture);
}

// The gap would tell it.
static void our_own_words_are_never_searched(void **state) {
    (void)state;
    FIXTURE(fixture);
    struct event_reply_line line = {.line = {.text = SLICE_INIT("421 4.4.2 tanstaaf!7"), .len = 20},
                                    .text = SLICE_INIT("4.4.2 tanstaaf!7")};
    const struct event events[] = {
        {.kind = EVENT_FINDING, .finding = {.text = SLICE_INIT("the " PASSWORD " is wrong")}},
        {.kind = EVENT_NOTE, .note = {.text = SLICE_INIT(PASSWORD)}},
        {.kind = EVENT_CLOSE, .close = {.error = SLICE_INIT(PASSWORD)}},
        {.kind = EVENT_LOST, .lost = {.reason = SLICE_INIT(PASSWORD)}},
        {.kind = EVENT_TLS, .tls = {.error = PASSWORD, .verify_error = PASSWORD}},
        {.kind = EVENT_REPLY, .reply = {.by_proxy = true, .lines = &line, .line_count = 1}},
        {.kind = EVENT_BYTES, .bytes = {.data = SLICE_INIT(PASSWORD "\r\n"), .by_proxy = true}},
    };
    fixture_auth(&fixture, "PLAIN", SLICE(PLAIN));
    for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
        fixture_clear(&fixture);
        fixture_take(&fixture, &events[i]);
        assert_true(slice_find(buf_slice(&fixture.seen), SLICE(PASSWORD)) != SLICE_NONE);
        assert_true(slice_find(buf_slice(&fixture.seen), SLICE("********")) == SLICE_NONE);
    }
    fixture_cleanup(&fixture);
}

static void marks_are_taken_out_where_all_is_shown(void **state) {
    (void)state;
    struct mask_fixture fixture;
    fixture_init(&fixture, AUTH_VIEW_REVEAL);
    struct event finding = {.kind = EVENT_FINDING};
    finding.finding.text = SLICE("the name " VALUE("x") " is none");
    fixture_auth(&fixture, "PLAIN", SLICE(PLAIN));
    fixture_take(&fixture, &finding);
    assert_text(buf_slice(&fixture.last), "the name x is none");
    fixture_cleanup(&fixture);
}

// Postfix says so of any attribute that it has no value for.
static void a_value_that_is_none_is_not_learnt(void **state) {
    (void)state;
    FIXTURE(fixture);
    struct slice line = SLICE("XCLIENT LOGIN=[UNAVAILABLE] NAME=[UNAVAILABLE]");
    struct event bytes = {.kind = EVENT_BYTES};
    struct event event = {.kind = EVENT_COMMAND};
    bytes.bytes.data = line;
    bytes.bytes.secrets[0] = (struct span){14, 13};
    bytes.bytes.secret_count = 1;
    event.command.command.verb = VERB_XCLIENT;
    event.command.line.text = line;
    event.command.line.len = line.len;
    event.command.line.secrets[0] = (struct span){14, 13};
    event.command.line.secret_count = 1;
    fixture_take(&fixture, &bytes);
    assert_text(buf_slice(&fixture.raw), "XCLIENT LOGIN=******** NAME=[UNAVAILABLE]");
    fixture_take(&fixture, &event);
    assert_text(buf_slice(&fixture.last), "XCLIENT LOGIN=******** NAME=[UNAVAILABLE]");
    fixture_cleanup(&fixture);
}

static void the_token_of_a_urlauth_is_hidden_alone_too(void **state) {
    (void)state;
    FIXTURE(fixture);
    struct event event = {.kind = EVENT_COMMAND};
    struct slice line = SLICE("BURL imap://j@x/I;urlauth=submit+j:internal:91354a:47 LAST");
    event.command.command.verb = VERB_BURL;
    event.command.line.text = line;
    event.command.line.len = line.len;
    event.command.line.secrets[0] = (struct span){26, 27};
    event.command.line.secret_count = 1;
    fixture_take(&fixture, &event);
    assert_text(buf_slice(&fixture.last), "BURL imap://j@x/I;urlauth=******** LAST");
    fixture_reply(&fixture, SLICE("554 91354a:47 for submit+j:internal"));
    assert_text(buf_slice(&fixture.last), "554 ******** for submit+j:internal");
    fixture_cleanup(&fixture);
}

static void a_password_is_learnt_beside_what_is_no_base64(void **state) {
    (void)state;
    static const char *const lines[] = {
        "AHRpbQB0YW5zdGFhZiE3=AHBhZA==", // padding, and more behind it
        "!" PLAIN,
        "<" PLAIN ">",
        PLAIN "\r\r",
        "AHRpbQB0YW5zdGFhZiE3AHBhZABwYWQ=", // NUL tim NUL tanstaaf!7 NUL pad NUL pad
    };
    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        FIXTURE(fixture);
        fixture_auth(&fixture, "PLAIN", slice_of_string(lines[i]));
        fixture_reply(&fixture, SLICE("535 tim has no " PASSWORD));
        assert_text(buf_slice(&fixture.last), "535 tim has no ********");
        fixture_cleanup(&fixture);
    }
}

static void what_the_server_says_of_its_own_stays(void **state) {
    (void)state;
    static const char *const replies[] = {
        "535 5.7.8 tim: authentication failed: UGFzc3dvcmQ6",
        "235 2.7.0 Authentication successful, tim@example.com",
        "334 VXNlcm5hbWU6",
        "250 tanstaaf, tanstaa, anstaaf!7 and TANSTAAF are other words",
        "250 PLAIN LOGIN CRAM-MD5 AHRpbQ==",
        "250 ******** *** 0000 ====",
    };
    FIXTURE(fixture);
    fixture_auth(&fixture, "PLAIN", SLICE(PLAIN));
    for (size_t i = 0; i < sizeof(replies) / sizeof(replies[0]); i++) {
        fixture_reply(&fixture, slice_of_string(replies[i]));
        assert_text(buf_slice(&fixture.last), replies[i]);
    }
    fixture_cleanup(&fixture);
}

static void every_kind_of_event_is_searched(void **state) {
    (void)state;
    FIXTURE(fixture);
    const char *names[] = {"x." PASSWORD ".example"};
    struct event_certificate certificate = {
        .subject = "CN=" PASSWORD, .issuer = PASSWORD, .names = names, .name_count = 1};
    struct event_parameter parameter = {SLICE_INIT("ENVID"), SLICE_INIT(PASSWORD)};
    struct event_recipient recipient = {
        .to = SLICE_INIT(PASSWORD "@x"), .parameters = &parameter, .parameter_count = 1};
    struct event events[] = {
        {.kind = EVENT_TLS,
         .tls = {.sni = PASSWORD,
                 .alpn = PASSWORD,
                 .error = "said " VALUE(PASSWORD),
                 .certificate = &certificate}},
        {.kind = EVENT_AUTH, .auth = {.mechanism = SLICE_INIT(PASSWORD)}},
        {.kind = EVENT_MESSAGE,
         .message = {.from = SLICE_INIT(PASSWORD),
                     .from_parameters = &parameter,
                     .from_parameter_count = 1,
                     .recipients = &recipient,
                     .recipient_count = 1}},
        {.kind = EVENT_REPLY,
         .reply = {.enhanced = SLICE_INIT(PASSWORD), .recipient = SLICE_INIT(PASSWORD)}},
        {.kind = EVENT_FINDING, .finding = {.text = SLICE_INIT("a " VALUE(PASSWORD) " b")}},
        {.kind = EVENT_NOTE, .note = {.text = SLICE_INIT(VALUE(PASSWORD))}},
        {.kind = EVENT_CLOSE, .close = {.error = SLICE_INIT(VALUE(PASSWORD))}},
    };
    fixture_auth(&fixture, "PLAIN", SLICE(PLAIN));
    for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
        fixture_clear(&fixture);
        fixture_take(&fixture, &events[i]);
        assert_int_equal(fixture.count, 1);
        assert_hidden(&fixture, SLICE(PASSWORD));
        assert_true(slice_find(buf_slice(&fixture.seen), SLICE("********")) != SLICE_NONE);
    }
    fixture_command(&fixture, SLICE("MAIL FROM:<" PASSWORD "@x> AUTH=" PASSWORD));
    assert_text(buf_slice(&fixture.last), "MAIL FROM:<********@x> AUTH=********");
    fixture_cleanup(&fixture);
}

static void the_parts_of_a_command_are_rewritten_alike(void **state) {
    (void)state;
    FIXTURE(fixture);
    fixture_auth(&fixture, "PLAIN", SLICE(PLAIN));
    struct event event = {.kind = EVENT_COMMAND};
    struct command *parts = &event.command.command;
    struct slice line = SLICE("MAIL FROM:<" PASSWORD "@x.y> ENVID=" PASSWORD);
    event.command.line.text = line;
    event.command.line.len = line.len;
    parts->verb = VERB_MAIL;
    parts->name = slice_sub(line, 0, 4);
    parts->argument = slice_from(line, 5);
    parts->path.raw = slice_sub(line, 10, 16);
    parts->path.address = slice_sub(line, 11, 14);
    parts->path.local = slice_sub(line, 11, 10);
    parts->path.domain = slice_sub(line, 22, 3);
    parts->parameters = slice_from(line, 27);
    fixture_clear(&fixture);
    fixture_take(&fixture, &event);
    assert_text(buf_slice(&fixture.seen),
                "MAIL\nFROM:<********@x.y> ENVID=********\n\n\n<********@x.y>\n********@x.y\n\n"
                "********\nx.y\nENVID=********\nMAIL FROM:<********@x.y> ENVID=********\n");
    assert_int_equal(fixture.copy.command.command.verb, VERB_MAIL);
    fixture_cleanup(&fixture);
}

static void message_text_is_never_touched(void **state) {
    (void)state;
    FIXTURE(fixture);
    fixture_auth(&fixture, "PLAIN", SLICE(PLAIN));
    struct event events[] = {
        {.kind = EVENT_TEXT, .text = {.line = {.text = SLICE_INIT(PASSWORD)}}},
        {.kind = EVENT_CONTENT, .content = {.bytes = SLICE_INIT(PASSWORD)}},
        {.kind = EVENT_FIELD, .field = {.value = SLICE_INIT(PASSWORD)}},
        {.kind = EVENT_FLAW, .flaw = {.detail = SLICE_INIT(PASSWORD)}},
        {.kind = EVENT_BYTES, .bytes = {.data = SLICE_INIT(PASSWORD), .message_text = true}},
    };
    for (size_t i = 0; i < 4; i++) {
        fixture_take(&fixture, &events[i]);
        assert_memory_equal(&fixture.copy, &events[i], sizeof(events[i]));
    }
    fixture_take(&fixture, &events[4]);
    assert_ptr_equal(fixture.passed, &events[4]);
    fixture_cleanup(&fixture);
}

static void past_the_limit_nothing_but_codes_and_verbs_is_shown(void **state) {
    (void)state;
    FIXTURE(fixture);
    for (unsigned i = 0; i < LIMIT_SECRETS + 1; i++) {
        struct buf line;
        buf_init(&line, 64);
        buf_putf(&line, "secret!%u", i);
        fixture_continue(&fixture, buf_slice(&line));
        buf_cleanup(&line);
    }
    fixture_reply(&fixture, SLICE("250 2.0.0 unlearnt!"));
    assert_text(buf_slice(&fixture.last), "250 ********");
    fixture_command(&fixture, SLICE("MAIL FROM:<unlearnt!>"));
    assert_text(buf_slice(&fixture.last), "MAIL********");
    fixture_bytes(&fixture, SIDE_SERVER, SLICE("250 2.0.0 unlearnt!\r\n"));
    assert_text(buf_slice(&fixture.last), "250 ********\r\n");
    fixture_cleanup(&fixture);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_without_secrets_pass_as_they_are),
        cmocka_unit_test(the_initial_response_is_stars_in_every_member),
        cmocka_unit_test(a_short_initial_response_has_eight_stars_too),
        cmocka_unit_test(a_sasl_line_is_nothing_but_stars),
        cmocka_unit_test(a_lone_star_is_shown),
        cmocka_unit_test(a_concealed_line_is_stars_without_verb),
        cmocka_unit_test(the_length_of_a_cut_secret_is_not_told),
        cmocka_unit_test(a_line_cut_behind_its_secret_counts_the_stars),
        cmocka_unit_test(reveal_passes_all_as_it_is),
        cmocka_unit_test(the_identity_is_shown_by_view),
        cmocka_unit_test(every_mechanism_teaches_its_secret_in_every_form),
        cmocka_unit_test(whole_sasl_lines_are_hidden_decoded_and_encoded),
        cmocka_unit_test(the_identity_is_no_secret),
        cmocka_unit_test(a_login_asked_for_its_password_first_teaches_it),
        cmocka_unit_test(a_secret_of_under_four_characters_is_not_looked_for),
        cmocka_unit_test(values_of_xclient_and_burl_are_learnt),
        cmocka_unit_test(what_was_looked_at_ahead_is_hidden),
        cmocka_unit_test(words_of_a_concealed_line_are_not_learnt),
        cmocka_unit_test(a_finding_shows_no_word_of_a_pass_phrase),
        cmocka_unit_test(a_part_that_reads_like_a_name_is_learnt),
        cmocka_unit_test(an_answer_to_an_unknown_question_is_learnt),
        cmocka_unit_test(our_own_words_are_never_searched),
        cmocka_unit_test(marks_are_taken_out_where_all_is_shown),
        cmocka_unit_test(a_value_that_is_none_is_not_learnt),
        cmocka_unit_test(the_token_of_a_urlauth_is_hidden_alone_too),
        cmocka_unit_test(a_password_is_learnt_beside_what_is_no_base64),
        cmocka_unit_test(what_the_server_says_of_its_own_stays),
        cmocka_unit_test(every_kind_of_event_is_searched),
        cmocka_unit_test(the_parts_of_a_command_are_rewritten_alike),
        cmocka_unit_test(message_text_is_never_touched),
        cmocka_unit_test(past_the_limit_nothing_but_codes_and_verbs_is_shown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
