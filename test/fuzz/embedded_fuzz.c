// SPDX-License-Identifier: MIT
// embedded: whatever bytes come, at whatever splits, its answers are well-formed replies, and it
// never writes more than there is room for.
#include "base/buf.h"
#include "base/text.h"
#include "embedded/embedded.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ANSWERS_MAX = 4096, LINE_MAX_WITH_CRLF = 512 };

static void require(bool holds) {
    if (!holds) {
        abort();
    }
}

static void check_line(struct slice line) {
    require(line.len >= 4 && line.len + 1 <= LINE_MAX_WITH_CRLF);
    require(line.data[line.len - 1] == '\r');
    require(line.data[0] >= '2' && line.data[0] <= '5');
    require(text_is_digit(line.data[1]) && text_is_digit(line.data[2]));
    require(line.data[3] == ' ' || line.data[3] == '-');
    for (size_t i = 0; i + 1 < line.len; i++) {
        require(line.data[i] >= ' ' && line.data[i] < 127);
    }
}

// Whether the last answer was that TLS begins.
static bool check_answers(struct buf *answers) {
    struct slice all = buf_slice(answers);
    bool tls = slice_find(all, SLICE("220 2.0.0 Ready")) != SLICE_NONE;
    require(all.len == 0 || all.data[all.len - 1] == '\n');
    while (all.len > 0) {
        check_line(slice_split(&all, '\n'));
    }
    buf_clear(answers);
    return tls;
}

// The first byte of each piece is its length, so that the fuzzer chooses the splits.
static struct slice next_piece(struct slice *rest) {
    size_t len = rest->data[0];
    struct slice piece = slice_sub(*rest, 1, len);
    *rest = slice_from(*rest, 1 + piece.len);
    return piece;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct slice rest = slice_of(data, size);
    struct buf answers;
    buf_init(&answers, ANSWERS_MAX);
    struct embedded *embedded = embedded_new(&(struct embedded_config){
        .name = "sink.example", .offer_starttls = size % 2 == 0, .max_line = 512});
    embedded_greet(embedded, &answers);
    check_answers(&answers);
    while (rest.len > 0 && !embedded_finished(embedded)) {
        struct slice piece = next_piece(&rest);
        bool tls = false;
        while (piece.len > 0) {
            size_t taken = embedded_feed(embedded, piece, &answers, 0);
            require(taken <= piece.len);
            tls = check_answers(&answers) || tls;
            piece = slice_from(piece, taken);
            if (taken == 0) {
                break;
            }
        }
        if (tls) {
            embedded_tls_begun(embedded);
        }
    }
    embedded_free(embedded);
    buf_cleanup(&answers);
    return 0;
}
