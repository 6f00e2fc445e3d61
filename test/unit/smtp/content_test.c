// SPDX-License-Identifier: MIT
#include "smtp/content.h"

#include "check.h"

#include <string.h>

enum { SEEN_MAX = 1 << 20 };

static struct buf meant;
static unsigned flaws[FLAW_KIND_COUNT];
static uint64_t flaw_numbers[FLAW_KIND_COUNT];
static size_t bytes_seen;
static size_t seen_at_progress;
static char detail[32];
static struct event_content_end end;
static int texts;

static void take(void *context, const struct event *event) {
    (void)context;
    if (event->kind == EVENT_CONTENT) {
        buf_put(&meant, event->content.bytes);
        bytes_seen += event->content.bytes.len;
    } else if (event->kind == EVENT_DATA) {
        seen_at_progress = bytes_seen;
    } else if (event->kind == EVENT_FLAW) {
        flaws[event->flaw.kind]++;
        flaw_numbers[event->flaw.kind] = event->flaw.number;
        if (event->flaw.kind == FLAW_SMUGGLING) {
            snprintf(detail, sizeof(detail), "%.*s", (int)event->flaw.detail.len,
                     (const char *)event->flaw.detail.data);
        }
    } else if (event->kind == EVENT_CONTENT_END) {
        end = event->content_end;
    } else if (event->kind == EVENT_TEXT) {
        texts++;
    }
}

static const struct event_sink sink = {take, NULL};
static struct event scratch;

// Reads `text` in pieces of `step` bytes; how many were the message's.
static size_t read_text(struct slice text, struct content_rules rules, size_t step) {
    struct content content;
    bool ended = false;
    size_t used = 0;
    buf_cleanup(&meant);
    buf_init(&meant, SEEN_MAX);
    for (int i = 0; i < FLAW_KIND_COUNT; i++) {
        flaws[i] = 0;
        flaw_numbers[i] = 0;
    }
    bytes_seen = seen_at_progress = 0;
    texts = 0;
    detail[0] = '\0';
    content_begin(&content, &rules, 100, &sink, &scratch);
    while (used < text.len && !ended) {
        used += content_feed(&content, &ended, slice_sub(text, used, step), 0);
    }
    content_end(&content, ended || rules.chunks, 0);
    content_cleanup(&content);
    return used;
}

static const struct content_rules by_data = {0};

static void ends_at_crlf_dot_crlf_only(void **state) {
    (void)state;
    struct slice text = SLICE("a\n.\nb\r\n.\nc\n.\r\nd\r\n.\r\nQUIT\r\n");
    for (size_t step = 1; step <= text.len; step++) {
        assert_int_equal(read_text(text, by_data, step), text.len - 6);
        check_slice(buf_slice(&meant), "a\n.\nb\r\n\nc\n.\r\nd\r\n");
        assert_true(end.complete);
        assert_int_equal(end.lines, 7);
    }
}

static void takes_away_stuffed_dots(void **state) {
    (void)state;
    read_text(SLICE("..a\r\n...\r\nb.\r\n.\r\n"), by_data, 100);
    check_slice(buf_slice(&meant), ".a\r\n..\r\nb.\r\n");
    assert_int_equal(flaws[FLAW_DOT], 0);
    read_text(SLICE(".a\r\n.b\r\n.\r\n"), by_data, 100);
    check_slice(buf_slice(&meant), "a\r\nb\r\n");
    assert_int_equal(flaws[FLAW_DOT], 1);
}

static void reads_an_empty_message(void **state) {
    (void)state;
    assert_int_equal(read_text(SLICE(".\r\n"), by_data, 1), 3);
    assert_int_equal(end.bytes, 0);
    assert_string_equal(end.sha256,
                        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_int_equal(texts, 1);
}

static void hashes_only_where_it_is_asked_for(void **state) {
    (void)state;
    read_text(SLICE("a\r\n.\r\n"), (struct content_rules){.no_digest = true}, 1);
    assert_int_equal(end.bytes, 3);
    assert_string_equal(end.sha256, "");
}

static void names_the_look_alike(void **state) {
    (void)state;
    static const struct {
        const char *text;
        const char *name;
    } rows[] = {
        {"a\n.\nb\r\n.\r\n", "LF . LF"},
        {"a\n.\r\nb\r\n.\r\n", "LF . CRLF"},
        {"a\r\n.\nb\r\n.\r\n", "CRLF . LF"},
        {"a\r\n.\rb\r\n.\r\n", "CRLF . CR"},
        {"a\r.\rb\r\n.\r\n", "CR . CR"},
        {"a\r.\r\nb\r\n.\r\n", "CR . CRLF"},
        {"a\r.\nb\r\n.\r\n", "CR . LF"},
        {"a\n.\rb\r\n.\r\n", "LF . CR"},
        {"a\r\n.\r\r\nb\r\n.\r\n", "CRLF . CR"},
        {"a.\r\n..\r\n .\r\n. \r\n.\r\n", ""},
        {"a\r\r\n..\r\n.\r\n", ""},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct slice text = slice_of_string(rows[i].text);
        for (size_t step = 1; step <= text.len; step++) {
            assert_int_equal(read_text(text, by_data, step), text.len);
            assert_string_equal(detail, rows[i].name);
        }
    }
}

static void tells_each_flaw_once(void **state) {
    (void)state;
    read_text(slice_of("a\rb\nc\0\r\n\xFF\r\nd\re\nf\0\r\n\xFE\r\n.\r\n", 27), by_data, 100);
    assert_int_equal(flaws[FLAW_BARE_CR], 1);
    assert_int_equal(flaws[FLAW_BARE_LF], 1);
    assert_int_equal(flaws[FLAW_NUL], 1);
    assert_int_equal(flaws[FLAW_8BIT], 1);
}

static void allows_what_was_declared(void **state) {
    (void)state;
    struct slice text = slice_of("a\rb\nc\0\xFF", 7);
    read_text(text, (struct content_rules){.chunks = true, .binary = true, .eight_bits = true}, 1);
    for (int i = 0; i < FLAW_KIND_COUNT; i++) {
        assert_int_equal(flaws[i], 0);
    }
    assert_int_equal(end.bytes, 7);
    read_text(text, (struct content_rules){.chunks = true, .eight_bits = true}, 1);
    assert_int_equal(flaws[FLAW_8BIT], 0);
    assert_int_equal(flaws[FLAW_NUL], 1);
}

static void measures_lines_after_unstuffing(void **state) {
    (void)state;
    char line[1010] = "";
    for (size_t i = 0; i < 998; i++) {
        line[i] = 'x';
    }
    snprintf(line + 998, sizeof(line) - 998, "\r\n.\r\n");
    read_text(slice_of_string(line), by_data, 7);
    assert_int_equal(flaws[FLAW_LINE_LONG], 0);
    line[998] = 'x';
    snprintf(line + 999, sizeof(line) - 999, "\r\n.\r\n");
    read_text(slice_of_string(line), by_data, 7);
    assert_int_equal(flaws[FLAW_LINE_LONG], 1);
    line[0] = line[1] = '.'; // one of them is not counted
    read_text(slice_of_string(line), by_data, 7);
    assert_int_equal(flaws[FLAW_LINE_LONG], 0);
}

// What follows plain lines that were only counted is read as after lines that were shown.
static void counts_plain_lines_as_it_reads_others(void **state) {
    (void)state;
    static const char *const odd[] = {"\r\n", ".\r\r\n",       "..\r\n",   ".a\r\n",
                                      "\n",   "a\n",           "a\rb\r\n", "a\r\r\n",
                                      ".\n",  "a\r.\r\nb\r\n", "a\xFF\r\n"};
    for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
        char text[100];
        snprintf(text, sizeof(text), "S: x\r\n\r\nfirst\r\nsecond\r\n%sx\r\ny\r\n%s.\r\nQUIT",
                 odd[i], odd[i]);
        for (size_t step = 1; step <= strlen(text); step++) {
            size_t used = read_text(slice_of_string(text), by_data, step);
            struct event_content_end shown = end;
            uint64_t numbers[FLAW_KIND_COUNT];
            memcpy(numbers, flaw_numbers, sizeof(numbers));
            assert_int_equal(read_text(slice_of_string(text),
                                       (struct content_rules){.header_lines_only = true}, step),
                             used);
            assert_int_equal(texts, 1);
            assert_int_equal(end.lines, shown.lines);
            assert_int_equal(end.bytes, shown.bytes);
            assert_string_equal(end.sha256, shown.sha256);
            assert_memory_equal(numbers, flaw_numbers, sizeof(numbers));
        }
    }
}

static void tells_progress_after_the_line_that_reaches_it(void **state) {
    (void)state;
    enum { LINE = 78, LINES = PROGRESS_BYTES / LINE + 20, STEP = 65536 };
    struct buf text;
    buf_init(&text, (size_t)LINES * LINE + 10);
    buf_put_string(&text, "\r\n");
    for (int i = 0; i < LINES; i++) {
        char line[LINE + 1];
        snprintf(line, sizeof(line), "%0*d\r\n", LINE - 2, i);
        buf_put_string(&text, line);
    }
    buf_put_string(&text, ".\r\n");
    read_text(buf_slice(&text), (struct content_rules){.header_lines_only = true}, STEP);
    assert_int_equal(end.lines, LINES + 1);
    assert_int_equal(seen_at_progress, 2 + (PROGRESS_BYTES - 2 + LINE - 1) / LINE * LINE);
    buf_cleanup(&text);
}

static void judges_no_half_line_of_a_cut_message(void **state) {
    (void)state;
    read_text(SLICE("a\r\n.\r"), by_data, 100);
    assert_false(end.complete);
    assert_int_equal(flaws[FLAW_SMUGGLING] + flaws[FLAW_BARE_CR], 0);
}

static int clean(void **state) {
    (void)state;
    buf_cleanup(&meant);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ends_at_crlf_dot_crlf_only),
        cmocka_unit_test(takes_away_stuffed_dots),
        cmocka_unit_test(reads_an_empty_message),
        cmocka_unit_test(hashes_only_where_it_is_asked_for),
        cmocka_unit_test(names_the_look_alike),
        cmocka_unit_test(tells_each_flaw_once),
        cmocka_unit_test(allows_what_was_declared),
        cmocka_unit_test(measures_lines_after_unstuffing),
        cmocka_unit_test(counts_plain_lines_as_it_reads_others),
        cmocka_unit_test(tells_progress_after_the_line_that_reaches_it),
        cmocka_unit_test(judges_no_half_line_of_a_cut_message),
    };
    return cmocka_run_group_tests(tests, NULL, clean);
}
