// SPDX-License-Identifier: MIT
#include "embedded_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

void talk_init(struct talk *talk, bool offer_starttls) {
    talk->embedded = embedded_new(&(struct embedded_config){
        .name = "sink.example", .offer_starttls = offer_starttls, .max_line = 1000});
    buf_init(&talk->answers, MIB);
    embedded_greet(talk->embedded, &talk->answers);
    buf_clear(&talk->answers);
}

void talk_init_traits(struct talk *talk, const struct embedded_traits *traits) {
    talk->embedded = embedded_new(&(struct embedded_config){
        .name = "sink.example", .offer_starttls = true, .max_line = 1000, .traits = traits});
    buf_init(&talk->answers, MIB);
    embedded_greet(talk->embedded, &talk->answers);
}

void talk_cleanup(struct talk *talk) {
    embedded_free(talk->embedded);
    buf_cleanup(&talk->answers);
}

void talk_send_pieces(struct talk *talk, struct slice bytes, size_t piece) {
    while (bytes.len > 0) {
        struct slice part = slice_sub(bytes, 0, piece);
        size_t taken = embedded_feed(talk->embedded, part, &talk->answers, 0);
        if (taken < part.len) {
            break; // it waits for TLS, or has finished
        }
        bytes = slice_from(bytes, taken);
    }
}

void talk_check(struct talk *talk, struct slice bytes, const char *answers, const char *file,
                int line) {
    buf_clear(&talk->answers);
    talk_send_pieces(talk, bytes, bytes.len);
    struct slice actual = buf_slice(&talk->answers);
    if (!slice_equal(actual, slice_of_string(answers))) {
        print_error("<%.*s> should be <%s>\n", (int)actual.len, (const char *)actual.data, answers);
        _fail(file, line);
    }
}

static void put_codes(struct buf *out, struct slice answers) {
    while (answers.len > 0) {
        struct slice line = slice_split(&answers, '\n');
        if (line.len == 0) {
            continue;
        }
        bool more = line.len > 3 && line.data[3] == '-';
        buf_putf(out, "%s%.*s", buf_len(out) > 0 ? " " : "", more ? 4 : 3, (const char *)line.data);
    }
}

void talk_check_codes(struct talk *talk, struct slice bytes, const char *codes, const char *file,
                      int line) {
    struct buf actual;
    buf_init(&actual, MIB);
    buf_clear(&talk->answers);
    talk_send_pieces(talk, bytes, bytes.len);
    put_codes(&actual, buf_slice(&talk->answers));
    if (!slice_equal(buf_slice(&actual), slice_of_string(codes))) {
        struct slice shown = buf_slice(&talk->answers);
        print_error("<%.*s> should be <%s>\n", (int)shown.len, (const char *)shown.data, codes);
        _fail(file, line);
    }
    buf_cleanup(&actual);
}
