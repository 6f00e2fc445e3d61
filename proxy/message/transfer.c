// SPDX-License-Identifier: MIT
#include "message/transfer.h"

#include "base/text.h"

#include <string.h>

enum expects { EXPECT_ANYTHING, EXPECT_FIRST_HEX, EXPECT_SECOND_HEX, EXPECT_LINE_END, EXPECT_LF };

void mime_transfer_begin(struct mime_transfer *transfer, enum transfer_encoding encoding) {
    *transfer = (struct mime_transfer){.encoding = encoding, .expects = EXPECT_ANYTHING};
}

static bool is_base64(uint8_t byte) {
    return text_is_alnum(byte) || byte == '+' || byte == '/';
}

static void feed_base64(struct mime_transfer *transfer, struct slice bytes) {
    for (size_t i = 0; i < bytes.len && !transfer->bad; i++) {
        uint8_t byte = bytes.data[i];
        if (is_base64(byte)) {
            transfer->count++;
            transfer->bad = transfer->pads > 0;
        } else if (byte == '=') {
            transfer->bad = ++transfer->pads > 2;
        } else {
            transfer->bad = byte != '\r' && byte != '\n' && byte != ' ' && byte != '\t';
        }
    }
}

// What may follow `byte` behind a `=`; a soft line break may have white space in front of its end.
static void feed_after_equals(struct mime_transfer *transfer, uint8_t byte) {
    enum expects expects = (enum expects)transfer->expects;
    bool first = expects == EXPECT_FIRST_HEX;
    if (byte == '\n' && expects != EXPECT_SECOND_HEX) {
        transfer->expects = EXPECT_ANYTHING;
    } else if (byte == '\r' && (first || expects == EXPECT_LINE_END)) {
        transfer->expects = EXPECT_LF;
    } else if ((byte == ' ' || byte == '\t') && (first || expects == EXPECT_LINE_END)) {
        transfer->expects = EXPECT_LINE_END;
    } else if (text_hex_value(byte) >= 0 && (first || expects == EXPECT_SECOND_HEX)) {
        transfer->expects = first ? EXPECT_SECOND_HEX : EXPECT_ANYTHING;
    } else {
        transfer->bad = true;
    }
}

static void feed_quoted_printable(struct mime_transfer *transfer, struct slice bytes) {
    while (bytes.len > 0 && !transfer->bad) {
        if (transfer->expects != EXPECT_ANYTHING) {
            feed_after_equals(transfer, bytes.data[0]);
            bytes = slice_from(bytes, 1);
            continue;
        }
        size_t equals = slice_find_byte(bytes, '=');
        if (equals == SLICE_NONE) {
            return;
        }
        transfer->expects = EXPECT_FIRST_HEX;
        bytes = slice_from(bytes, equals + 1);
    }
}

void mime_transfer_feed(struct mime_transfer *transfer, struct slice bytes) {
    switch (transfer->encoding) {
    case TRANSFER_PLAIN:
        return;
    case TRANSFER_BASE64:
        feed_base64(transfer, bytes);
        return;
    case TRANSFER_QUOTED_PRINTABLE:
        feed_quoted_printable(transfer, bytes);
        return;
    }
}

bool mime_transfer_end(struct mime_transfer *transfer) {
    bool half =
        transfer->encoding == TRANSFER_BASE64 && (transfer->count + transfer->pads) % 4 != 0;
    bool cut =
        transfer->encoding == TRANSFER_QUOTED_PRINTABLE && transfer->expects == EXPECT_SECOND_HEX;
    return !transfer->bad && !half && !cut;
}
