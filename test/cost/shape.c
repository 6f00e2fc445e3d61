// SPDX-License-Identifier: MIT
#include "shape.h"

#define GREETED                                                                                    \
    "S220 mx.example.com ESMTP\r\nCEHLO client.example.com\r\n"                                    \
    "S250-mx.example.com\r\nS250-PIPELINING\r\nS250-CHUNKING\r\nS250-SIZE 1000000\r\n"             \
    "S250 AUTH PLAIN LOGIN\r\n"
#define AUTHED GREETED "CAUTH PLAIN AHRpbQBzM2NyZXQtcGFzcw==\r\nS235 ok\r\n"
#define MAILED                                                                                     \
    GREETED "CMAIL FROM:<a@example.com>\r\nS250 ok\r\nCRCPT TO:<b@example.com>\r\nS250 ok\r\n"
#define WRITING MAILED "CDATA\r\nS354 go\r\n"
#define HEADED  WRITING "CFrom: a@example.com\r\nCSubject: x\r\n"
#define WRITTEN "C\r\nC.\r\nS250 ok\r\nCQUIT\r\nS221 bye\r\n"
#define QUIT    "CQUIT\r\nS221 bye\r\n"
#define MULTIPART                                                                                  \
    HEADED "CMIME-Version: 1.0\r\nCContent-Type: multipart/mixed; boundary=b\r\nC\r\nC--b\r\n"

static const struct place places[] = {
    // lines of the client
    {"a client's line before the greeting", "", 0, SIDE_CLIENT, "", 0, "\r\n", NULL, "S220 x\r\n",
     SAID_PLAIN},
    {"client lines before the greeting", "", 0, SIDE_CLIENT, "", 40, "\r\n", NULL, "S220 x\r\n",
     SAID_PLAIN},
    {"a command", GREETED, 0, SIDE_CLIENT, "", 0, "\r\n", "500 what\r\n", QUIT, SAID_PLAIN},
    {"a command without an end", GREETED, 0, SIDE_CLIENT, "", 0, "", NULL, "", SAID_PLAIN},
    {"commands", GREETED, 0, SIDE_CLIENT, "", 20, "\r\n", "500 what\r\n", QUIT, SAID_PLAIN},
    {"pipelined commands", GREETED, 0, SIDE_CLIENT, "", 20, "\r\n", NULL, QUIT, SAID_PLAIN},
    {"short commands", GREETED, 0, SIDE_CLIENT, "", 1, "\n", NULL, QUIT, SAID_PLAIN},
    {"an address", GREETED, 0, SIDE_CLIENT, "MAIL FROM:<", 0, ">\r\n", "501 no\r\n", QUIT,
     SAID_PLAIN},
    {"parameters", GREETED, 0, SIDE_CLIENT, "MAIL FROM:<a@b> ", 0, "\r\n", "501 no\r\n", QUIT,
     SAID_PLAIN},
    {"recipients", GREETED "CMAIL FROM:<a@b>\r\nS250 ok\r\n", 0, SIDE_CLIENT, "RCPT TO:<", 20,
     ">\r\n", "250 ok\r\n", QUIT, SAID_PLAIN},
    {"EHLO", "S220 x\r\n", 0, SIDE_CLIENT, "EHLO ", 0, "\r\n", "250 ok\r\n", QUIT, SAID_PLAIN},
    {"XCLIENT", GREETED, 0, SIDE_CLIENT, "XCLIENT LOGIN=", 12, "\r\n", "220 ok\r\n", QUIT,
     SAID_PLAIN},
    {"many XCLIENT at once", GREETED, 0, SIDE_CLIENT, "XCLIENT LOGIN=", 12, "\r\n", NULL, QUIT,
     SAID_PLAIN},
    {"one XCLIENT", GREETED, 0, SIDE_CLIENT, "XCLIENT ", 0, "\r\n", "220 ok\r\n", QUIT, SAID_PLAIN},
    {"BURL", GREETED, 0, SIDE_CLIENT, "BURL imap://x;URLAUTH=", 0, "\r\n", "220 ok\r\n", QUIT,
     SAID_PLAIN},
    // AUTH
    {"AUTH", GREETED, 0, SIDE_CLIENT, "AUTH ", 0, "\r\n", "501 no\r\n", QUIT, SAID_PLAIN},
    {"many AUTH", GREETED, 0, SIDE_CLIENT, "AUTH PLAIN ", 20, "\r\n", "535 no\r\n", QUIT,
     SAID_PLAIN},
    {"many AUTH at once", GREETED, 0, SIDE_CLIENT, "AUTH PLAIN ", 20, "\r\n", NULL, QUIT,
     SAID_PLAIN},
    {"an initial response", GREETED, 0, SIDE_CLIENT, "AUTH PLAIN ", 0, "\r\n", "535 no\r\n", QUIT,
     SAID_BASE64},
    {"initial responses", GREETED, 0, SIDE_CLIENT, "AUTH PLAIN ", 21, "\r\n", "535 no\r\n", QUIT,
     SAID_BASE64},
    {"a response of an unknown mechanism", GREETED, 0, SIDE_CLIENT, "AUTH X ", 0, "\r\n",
     "535 no\r\n", QUIT, SAID_BASE64},
    {"a token", GREETED, 0, SIDE_CLIENT, "AUTH XOAUTH2 ", 0, "\r\n", "535 no\r\n", QUIT,
     SAID_BASE64},
    {"a proof", GREETED, 0, SIDE_CLIENT, "AUTH SCRAM-SHA-1 ", 0, "\r\n", "535 no\r\n", QUIT,
     SAID_BASE64},
    {"a SASL line", GREETED "CAUTH LOGIN\r\nS334 \r\n", 0, SIDE_CLIENT, "", 0, "\r\n", "535 no\r\n",
     QUIT, SAID_PLAIN},
    {"SASL lines", GREETED "CAUTH X\r\nS334 \r\n", 0, SIDE_CLIENT, "", 20, "\r\n", "334 \r\n",
     "S535 no\r\n" QUIT, SAID_PLAIN},
    {"lines behind AUTH that nobody answers", GREETED "CAUTH X\r\n", 0, SIDE_CLIENT, "", 20, "\r\n",
     NULL, "S535 no\r\n" QUIT, SAID_PLAIN},
    {"challenges", GREETED "CAUTH X\r\n", 0, SIDE_SERVER, "334 ", 20, "\r\n", "AAAA\r\n",
     "S535 no\r\n" QUIT, SAID_PLAIN},
    // replies
    {"a greeting", "", 0, SIDE_SERVER, "", 0, "\r\n", NULL, QUIT, SAID_PLAIN},
    {"a reply", GREETED "CNOOP\r\n", 0, SIDE_SERVER, "250 ", 0, "\r\n", NULL, QUIT, SAID_PLAIN},
    {"a reply's lines", GREETED "CNOOP\r\n", 0, SIDE_SERVER, "250-", 20, "\r\n", NULL,
     "S250 x\r\n" QUIT, SAID_PLAIN},
    {"replies", GREETED, 0, SIDE_SERVER, "550 ", 20, "\r\n", "NOOP\r\n", QUIT, SAID_PLAIN},
    {"replies to nothing", GREETED, 0, SIDE_SERVER, "", 20, "\r\n", NULL, QUIT, SAID_PLAIN},
    {"an offer", "S220 x\r\nCEHLO x\r\n", 0, SIDE_SERVER, "250-", 20, "\r\n", NULL,
     "S250 x\r\n" QUIT, SAID_PLAIN},
    // the same, searched for secrets
    {"a reply behind AUTH", AUTHED "CNOOP\r\n", 0, SIDE_SERVER, "250 ", 0, "\r\n", NULL, QUIT,
     SAID_PLAIN},
    {"a reply searched for many secrets", GREETED "CNOOP\r\n", 150, SIDE_SERVER, "250 ", 0, "\r\n",
     NULL, QUIT, SAID_PLAIN},
    {"a reply's lines searched", GREETED "CNOOP\r\n", 150, SIDE_SERVER, "250-", 20, "\r\n", NULL,
     "S250 x\r\n" QUIT, SAID_PLAIN},
    {"replies searched", GREETED, 150, SIDE_SERVER, "250 ", 20, "\r\n", "NOOP\r\n", QUIT,
     SAID_PLAIN},
    {"short replies searched", GREETED, 150, SIDE_SERVER, "", 6, "\n", NULL, QUIT, SAID_PLAIN},
    {"a command searched", GREETED, 150, SIDE_CLIENT, "", 0, "\r\n", NULL, QUIT, SAID_PLAIN},
    {"commands searched", GREETED, 150, SIDE_CLIENT, "", 20, "\r\n", NULL, QUIT, SAID_PLAIN},
    {"AUTH past all limits", GREETED, 2100, SIDE_CLIENT, "AUTH PLAIN ", 21, "\r\n", "535 no\r\n",
     QUIT, SAID_BASE64},
    {"replies past all limits", GREETED, 2100, SIDE_SERVER, "250 ", 20, "\r\n", "NOOP\r\n", QUIT,
     SAID_PLAIN},
    {"replies searched for all secrets", GREETED, 680, SIDE_SERVER, "250 ", 20, "\r\n", "NOOP\r\n",
     QUIT, SAID_PLAIN},
    // floods of secrets, each of which is another: with few, with nearly as many as are learnt, and
    // with more
    {"AUTH with new secrets", GREETED, 0, SIDE_CLIENT, "AUTH PLAIN ", 16, "\r\n", "535 no\r\n",
     QUIT, SAID_NUMBERED_BASE64},
    {"AUTH with new secrets at once", GREETED, 0, SIDE_CLIENT, "AUTH PLAIN ", 16, "\r\n", NULL,
     QUIT, SAID_NUMBERED_BASE64},
    {"AUTH with new secrets to the limit", GREETED, 500, SIDE_CLIENT, "AUTH PLAIN ", 16, "\r\n",
     "535 no\r\n", QUIT, SAID_NUMBERED_BASE64},
    {"AUTH with new secrets past all limits", GREETED, 2100, SIDE_CLIENT, "AUTH PLAIN ", 16, "\r\n",
     NULL, QUIT, SAID_NUMBERED_BASE64},
    {"XCLIENT with new secrets", GREETED, 0, SIDE_CLIENT, "XCLIENT LOGIN=", 12, "\r\n",
     "550 no\r\n", QUIT, SAID_NUMBERED},
    {"XCLIENT with new secrets at once", GREETED, 0, SIDE_CLIENT, "XCLIENT LOGIN=", 12, "\r\n",
     NULL, QUIT, SAID_NUMBERED},
    {"XCLIENT with new secrets to the limit", GREETED, 500, SIDE_CLIENT, "XCLIENT LOGIN=", 12,
     "\r\n", "550 no\r\n", QUIT, SAID_NUMBERED},
    {"XCLIENT with new secrets past all limits", GREETED, 2100, SIDE_CLIENT, "XCLIENT LOGIN=", 12,
     "\r\n", NULL, QUIT, SAID_NUMBERED},
    {"SASL lines with new secrets", GREETED "CAUTH X\r\nS334 \r\n", 0, SIDE_CLIENT, "", 20, "\r\n",
     "334 \r\n", "S535 no\r\n" QUIT, SAID_NUMBERED},
    // messages
    {"a header field", HEADED, 0, SIDE_CLIENT, "X: ", 0, "\r\n", NULL, WRITTEN, SAID_PLAIN},
    {"header fields", HEADED, 0, SIDE_CLIENT, "", 20, "\r\n", NULL, WRITTEN, SAID_PLAIN},
    {"a folded field", HEADED "CTo: x\r\n", 0, SIDE_CLIENT, " ", 20, "\r\n", NULL, WRITTEN,
     SAID_PLAIN},
    {"To", HEADED, 0, SIDE_CLIENT, "To: ", 0, "\r\n", NULL, WRITTEN, SAID_PLAIN},
    {"Content-Type", HEADED, 0, SIDE_CLIENT, "Content-Type: ", 0, "\r\n", NULL, WRITTEN,
     SAID_PLAIN},
    {"a parameter of Content-Type", HEADED, 0, SIDE_CLIENT, "Content-Type: text/plain; charset=", 0,
     "\r\n", NULL, WRITTEN, SAID_PLAIN},
    {"Date", HEADED, 0, SIDE_CLIENT, "Date: ", 0, "\r\n", NULL, WRITTEN, SAID_PLAIN},
    {"Message-ID", HEADED, 0, SIDE_CLIENT, "Message-ID: <", 0, "\r\n", NULL, WRITTEN, SAID_PLAIN},
    {"an encoded word", HEADED, 0, SIDE_CLIENT, "Subject: =?utf-8?q?", 0, "?=\r\n", NULL, WRITTEN,
     SAID_PLAIN},
    {"a line of text", HEADED "C\r\n", 0, SIDE_CLIENT, "", 0, "\r\n", NULL, WRITTEN, SAID_PLAIN},
    {"lines of text", HEADED "C\r\n", 0, SIDE_CLIENT, "", 20, "\r\n", NULL, WRITTEN, SAID_PLAIN},
    {"short lines of text", HEADED "C\r\n", 0, SIDE_CLIENT, "", 1, "\n", NULL, WRITTEN, SAID_PLAIN},
    {"text behind AUTH",
     AUTHED "CMAIL FROM:<a@b>\r\nS250 ok\r\nCRCPT TO:<a@b>\r\nS250 ok\r\nCDATA\r\nS354 go\r\nCX: "
            "y\r\nC\r\n",
     0, SIDE_CLIENT, "", 60, "\r\n", NULL, WRITTEN, SAID_PLAIN},
    {"quoted-printable", HEADED "CContent-Transfer-Encoding: quoted-printable\r\nC\r\n", 0,
     SIDE_CLIENT, "", 0, "\r\n", NULL, WRITTEN, SAID_PLAIN},
    {"base64 text", HEADED "CContent-Transfer-Encoding: base64\r\nC\r\n", 0, SIDE_CLIENT, "", 60,
     "\r\n", NULL, WRITTEN, SAID_PLAIN},
    {"parts of MIME", MULTIPART, 0, SIDE_CLIENT, "", 20, "\r\n--b\r\n", NULL, WRITTEN, SAID_PLAIN},
    {"fields of a part", MULTIPART, 0, SIDE_CLIENT, "Content-Type: text/", 20, "\r\n", NULL,
     WRITTEN, SAID_PLAIN},
    {"chunks", MAILED, 0, SIDE_CLIENT, "BDAT 20\r\n", 20, "", "250 ok\r\n", QUIT, SAID_PLAIN},
    {"messages", GREETED, 0, SIDE_CLIENT, "MAIL FROM:<a@b>\r\nRCPT TO:<b@c>\r\nDATA\r\n", 20,
     "\r\n.\r\n", "250 ok\r\n250 ok\r\n354 go\r\n250 ok\r\n", QUIT, SAID_PLAIN},
};

size_t place_count(void) {
    return sizeof(places) / sizeof(places[0]);
}

const struct place *place_at(size_t index) {
    return &places[index];
}

static const struct slice classes[] = {
    SLICE_INIT("a"),
    SLICE_INIT("Z"),
    SLICE_INIT("7"),
    SLICE_INIT(" "),
    SLICE_INIT("\t"),
    SLICE_INIT("\r"),
    SLICE_INIT("\n"),
    SLICE_INIT("\0"),
    SLICE_INIT("\x01"),
    SLICE_INIT("."),
    SLICE_INIT("="),
    SLICE_INIT("<"),
    SLICE_INIT(">"),
    SLICE_INIT("@"),
    SLICE_INIT(":"),
    SLICE_INIT(","),
    SLICE_INIT(";"),
    SLICE_INIT("("),
    SLICE_INIT("\""),
    SLICE_INIT("\\"),
    SLICE_INIT("%"),
    SLICE_INIT("+"),
    SLICE_INIT("-"),
    SLICE_INIT("*"),
    SLICE_INIT("\xE9"),
    SLICE_INIT("\xC3\xA9"),
    SLICE_INIT("QUJD"),
    SLICE_INIT("=41"),
    SLICE_INIT("\\u0041"),
    SLICE_INIT("AUTH "),
    SLICE_INIT("XCLIENT LOGIN="),
    SLICE_INIT("=?utf-8?q?"),
    SLICE_INIT("\r\n"),
};

size_t class_count(void) {
    return sizeof(classes) / sizeof(classes[0]);
}

struct slice class_at(size_t index) {
    return classes[index];
}
