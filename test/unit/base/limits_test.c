// SPDX-License-Identifier: MIT
// Where a manual, a schema or the help quotes a cap, it quotes the one of base/limits.h.
#include "base/limits.h"

#include "base/buf.h"
#include "check.h"

#include <inttypes.h>
#include <string.h>

// In the text, % is the number, @ the same with commas between thousands.
struct quote {
    const char *name;
    const char *file;
    const char *text;
    uint64_t value;
    uint64_t unit;
};

#define QUOTE(name_, unit_, file_, text_)                                                          \
    {                                                                                              \
        .name = #name_, .file = (file_), .text = (text_), .value = (uint64_t)(name_),              \
        .unit = (uint64_t)(unit_)                                                                  \
    }

static const char man_page[] = "proxy/smtpscope.1";
static const char options[] = "proxy/cli/option_table.c";
static const char rules[] = "proxy/inspect/rule.c";
static const char session_schema[] = "proxy/transcript/session.schema.json";
static const char page_schema[] = "proxy/web/api.schema.json";

static const struct quote quotes[] = {
    QUOTE(RELAY_HELLO_WAIT_NS, NS_PER_MS, man_page, "A client has % ms to begin TLS"),
    QUOTE(RELAY_HELLO_WAIT_465_NS, NS_PER_S, man_page, "on port 465 % s; one that waits longer"),
    QUOTE(PROXY_HEADER_WAIT_NS, NS_PER_S, man_page, "with none within % seconds is closed"),
    QUOTE(LIMIT_LINE_DEFAULT, 1, man_page, "the rest is relayed.\nDefault: %.\n"),
    QUOTE(LIMIT_LINE_DEFAULT, 1, options,
          "\"%\",\n     .help = \"how much of a line is shown; the rest is relayed\""),
    QUOTE(FAULT_UNDECIDED_NS, NS_PER_S, man_page, "If none comes within % s these lines"),
    QUOTE(FAULT_UNDECIDED_NS, NS_PER_S, man_page, "and for at most % s of silence"),
    QUOTE(STATUS_WAIT_MS, 1000, man_page, "if nothing happens for % s, what the proxy"),
    QUOTE(WEB_TOKEN_MIN, 1, man_page, "The token that the page asks for, % characters or more"),
    QUOTE(WEB_TOKEN_MIN, 1, options, "the token that the page asks for, % characters or more"),
    QUOTE(8 * WEB_TOKEN_BYTES, 1, man_page, "a new one at each start, of % random bits"),
    QUOTE(8 * WEB_TOKEN_BYTES, 1, options, "a new one at each start, of % random bits"),
    QUOTE(WEB_WAIT_MAX_S, 1, man_page, "to hold, at most % seconds"),
    QUOTE(WEB_WAIT_DEFAULT_S, 1, man_page, "at most 600 seconds.\nDefault: %.\n"),
    QUOTE(WEB_WAIT_DEFAULT_S, 1, options, "\"%\",\n     .help = \"how long ctl wait waits"),
    QUOTE(LIMIT_BODY_BYTES, MIB, man_page, "and their messages, up to % MiB of each"),
    QUOTE(LIMIT_WEB_MESSAGE, MIB, man_page, "each up to % MiB.\nA browser that does not read"),
    QUOTE(LIMIT_WEB_CONNECTIONS, 1, man_page, "There are at most % connections and"),
    QUOTE(LIMIT_WEB_STREAMS, 1, man_page, "connections and % streams of events"),
    QUOTE(LIMIT_WEB_HEAD, KIB, man_page, "a request line and its header have at\nmost % KiB"),
    QUOTE(LIMIT_WEB_BODY, KIB, man_page, "a body % KiB"),
    QUOTE(WEB_REQUEST_MS, 1000, man_page, "a request has % seconds to be sent"),
    QUOTE(LIMIT_WEB_LIST, 1, man_page, "Summaries in the order of their numbers, % at most"),
    QUOTE(LIMIT_WEB_LIST, 1, page_schema,
          "\"maxItems\": %,\n          \"items\": {\"$ref\": "
          "\"#/$defs/summary\"}"),
    QUOTE(LIMIT_FINDINGS_OF_RULE, 1, man_page, "past % of one rule in a session"),
    QUOTE(SIGNAL_LIMIT_S, 1, man_page, "what was recorded is written, for % s at most"),
    QUOTE(LIMIT_PATIENT_JOBS, 1, man_page, "Past @ connects at once"),
    QUOTE(CONNECT_NONBLOCKING_WAIT_MS, 1, man_page, "further ones succeed after % ms"),
    QUOTE(LIMIT_HEADER_FIELDS, 1, session_schema,
          "\"items\": {\"$ref\": \"#/$defs/field\"},\n              \"maxItems\": %\n"),
    QUOTE(LIMIT_EXCHANGES, 1, session_schema,
          "\"items\": {\"$ref\": \"#/$defs/exchange\"},\n          \"maxItems\": %\n"),
    QUOTE(LIMIT_MESSAGES, 1, session_schema,
          "\"#/$defs/message\", \"unevaluatedProperties\": false},\n          \"maxItems\": %\n"),
    // What the rules say is in the man page, too, word for word (help_test).
    QUOTE(LIMIT_COMMAND_LINE, 1, rules, "A command over % bytes with CRLF"),
    QUOTE(LIMIT_SASL_LINE, 1, rules, "its initial response up to @ bytes"),
    QUOTE(LIMIT_TEXT_LINE, 1, rules, "A message line over % bytes with CRLF"),
    QUOTE(LIMIT_HEADER_LINE, 1, rules, "A header line over % bytes"),
    QUOTE(LIMIT_REPLY_LINE, 1, rules, "A reply line over % bytes with CRLF"),
    QUOTE(SILENCE_NS, NS_PER_S, man_page, "sent nothing more for % seconds"),
};

static void put_number(struct buf *out, uint64_t number, bool commas) {
    if (commas && number >= 1000) {
        put_number(out, number / 1000, true);
        buf_putf(out, ",%03" PRIu64, number % 1000);
    } else {
        buf_putf(out, "%" PRIu64, number);
    }
}

static void put_quote(struct buf *out, const struct quote *quote) {
    for (const char *at = quote->text; *at != '\0'; at++) {
        if (*at == '%' || *at == '@') {
            put_number(out, quote->value / quote->unit, *at == '@');
        } else {
            buf_put_byte(out, (uint8_t)*at);
        }
    }
}

static struct buf content_of(const char *name) {
    char path[1024];
    char bytes[4096];
    struct buf content;
    snprintf(path, sizeof(path), "%s/%s", SOURCES, name);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    buf_init(&content, MIB);
    for (size_t len = 1; len > 0;) {
        len = fread(bytes, 1, sizeof(bytes), file);
        buf_put(&content, slice_of(bytes, len));
    }
    fclose(file);
    return content;
}

static void are_quoted_as_they_are(void **state) {
    (void)state;
    size_t wrong = 0;
    for (size_t i = 0; i < sizeof(quotes) / sizeof(quotes[0]); i++) {
        const struct quote *quote = &quotes[i];
        struct buf content = content_of(quote->file);
        struct buf due;
        buf_init(&due, KIB);
        put_quote(&due, quote);
        bool whole = quote->value % quote->unit == 0;
        if (!whole || slice_find(buf_slice(&content), buf_slice(&due)) == SLICE_NONE) {
            print_error("%s: %s is to say: %.*s\n", quote->name, quote->file, (int)buf_len(&due),
                        (const char *)buf_slice(&due).data);
            wrong++;
        }
        buf_cleanup(&due);
        buf_cleanup(&content);
    }
    assert_int_equal(wrong, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(are_quoted_as_they_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
