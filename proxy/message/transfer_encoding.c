// SPDX-License-Identifier: MIT
#include "message/transfer_encoding.h"

#include "base/text.h"

enum expects { EXPECT_ANYTHING, EXPECT_FIRST_HEX, EXPECT_SECOND_HEX, EXPECT_LINE_END, EXPECT_LF };

void mime_transfer_begin(struct mime_transfer *transfer, enum transfer_encoding encoding) {
    *transfer = (struct mime_transfer){.encoding = encoding, .expects = EXPECT_ANYTHING};
}

// What each byte is in base64: a character of the alphabet, padding, white space, or wrong. A
// table, because attachments are long.
static const char base64_kinds[] =
    "---------ss--s--"                                                 // 0x00
    "----------------"                                                 // 0x10
    "s----------a---a"                                                 // 0x20
    "aaaaaaaaaa---p--"                                                 // 0x30
    "-aaaaaaaaaaaaaaa"                                                 // 0x40
    "aaaaaaaaaaa-----"                                                 // 0x50
    "-aaaaaaaaaaaaaaa"                                                 // 0x60
    "aaaaaaaaaaa-----"                                                 // 0x70
    "----------------------------------------------------------------" // from 0x80
    "----------------------------------------------------------------";

static size_t alphabet_len(struct slice bytes) {
    size_t len = 0;
    while (len < bytes.len && base64_kinds[bytes.data[len]] == 'a') {
        len++;
    }
    return len;
}

static void spoil(struct mime_transfer *transfer, uint8_t wrong) {
    transfer->bad = true;
    transfer->wrong = wrong;
}

static void feed_base64(struct mime_transfer *transfer, struct slice bytes) {
    while (bytes.len > 0 && !transfer->bad) {
        size_t len = alphabet_len(bytes);
        char kind = base64_kinds[bytes.data[0]];
        transfer->count += len;
        transfer->pads += kind == 'p';
        bool wrong = len > 0 ? transfer->pads > 0 : kind == '-' || transfer->pads > 2;
        if (wrong) {
            spoil(transfer, bytes.data[0]);
        }
        bytes = slice_from(bytes, len > 0 ? len : 1);
    }
}

// What may follow `byte` after a `=`; a soft line break may have white space in front of its end.
static void feed_after_equals(struct mime_transfer *transfer, uint8_t byte) {
    enum expects expects = (enum expects)transfer->expects;
    bool first = expects == EXPECT_FIRST_HEX;
    if (byte == '\n' && expects != EXPECT_SECOND_HEX) {
        transfer->expects = EXPECT_ANYTHING;
    } else if (byte == '\r' && (first || expects == EXPECT_LINE_END)) {
        transfer->expects = EXPECT_LF;
    } else if (text_is_blank(byte) && (first || expects == EXPECT_LINE_END)) {
        transfer->expects = EXPECT_LINE_END;
    } else if (text_hex_value(byte) >= 0 && (first || expects == EXPECT_SECOND_HEX)) {
        transfer->expects = first ? EXPECT_SECOND_HEX : EXPECT_ANYTHING;
    } else {
        spoil(transfer, byte);
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

struct slice mime_transfer_wrong(const struct mime_transfer *transfer) {
    bool line_end = transfer->wrong == '\r' || transfer->wrong == '\n';
    return transfer->bad && !line_end ? slice_of(&transfer->wrong, 1) : (struct slice){NULL, 0};
}
