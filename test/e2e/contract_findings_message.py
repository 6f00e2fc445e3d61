# SPDX-License-Identifier: MIT
"""The contract, Findings of the message: each where it must be, and none that is not true."""

import email.utils
import time

from support import scope as s
from support.judged import (BYE, DATA, DATE, DONE, FROM, HEAD, ID, NOW, TO, envelope, header, hi,
                            mail_from, one, rcpt, run, text, whole)
from support.smtp import C, C_CLOSE


def dated(value):
    return one(whole(FROM, TO, "Date: " + value, ID, "", "x"))


def dates():
    now = time.gmtime()
    day = time.strftime("%d %b", now)
    good = [time.strftime("%a, %d %b %Y %H:%M:%S +0000", now), time.strftime("%d %b %Y %H:%M:%S GMT", now),
            time.strftime("%a, %d %b %Y %H:%M +0000", now), f"{day} {now.tm_year % 100} 12:00:00 UT",
            time.strftime("%a, %d %b %Y %H:%M:%S EST", now),
            time.strftime("%a, %d %b %Y %H:%M:%S +0000 (UTC)", now),
            time.strftime("%a, %d %b %Y %H:%M:%S Z", now),
            time.strftime("%a , %d %b %Y %H : %M : %S -0000", now),
            time.strftime("(c) %a,\r\n %d %b %Y %H:%M:%S +0100", now),
            time.strftime("%a,%d %b %Y %H:%M:%S +0000", now)]
    bad = ["today", "", "2026-11-22T15:03:11Z", "Sun, 32 Nov 2026 15:03:11 +0000",
           time.strftime("%a, %d %b %Y %H:%M:%S", now), time.strftime("%a %b %d %H:%M:%S %Y", now),
           time.strftime("%a, %d %b %Y 25:00:00 +0000", now),
           time.strftime("%a, %d Foo %Y 12:00:00 +0000", now)]
    return [(f"date {value}", dated(value), "") for value in good] + \
        [(f"date {value}", dated(value), "date-malformed@4/1") for value in bad] + \
        [("old date", dated("Sun, 01 Nov 2020 15:03:11 +0000"), "date-malformed@4/1!warning"),
         ("a date of two days ahead", dated(email.utils.formatdate(time.time() + 2 * 86400)),
          "date-malformed@4/1!warning"),
         ("a date of 23 hours ago", dated(email.utils.formatdate(time.time() - 23 * 3600)), "")]


def headers():
    def of(*lines, expected=""):
        return one(whole(*lines, "", "x")), expected

    once = ["Sender: a@example.com", "Reply-To: a@example.com", "Cc: b@example.net", "Bcc:",
            "In-Reply-To: <2@example.com>", "References: <2@example.com>", "Subject: hello"]
    many = ["Received: from a by b; " + NOW, "Comments: x", "Keywords: x", "X-Foo: bar",
            "Resent-To: b@example.net", "Resent-From: a@example.com"]
    cases = [(f"twice {line}", *of(*HEAD, line, line, expected="header-repeated@4/1"))
             for line in [*once, FROM, TO, DATE, ID] if line not in HEAD]
    cases += [(f"twice {line}", *of(*HEAD, line, expected="header-repeated@4/1")) for line in HEAD]
    cases += [(f"once {line}", *of(*HEAD, line)) for line in [*once, *many]]
    cases += [(f"many {line}", *of(*HEAD, line, line)) for line in many]
    ids = {"<1@example.com>": "", "<a.b+c@x>": "", '<"a b"@x>': "", "<1@[192.0.2.1]>": "",
           "1@example.com": "x", "<1>": "x", "<1@>": "x", "<@a>": "x", "<a@b@c>": "x", "": "x",
           "<a b@c>": "x", "<1@example.com> <2@example.com>": "x", "(c) <1@example.com> (d)": ""}
    cases += [(f"message-id {value}", *of(FROM, TO, DATE, "Message-ID: " + value,
                                          expected="message-id-malformed@4/1" if bad else ""))
              for value, bad in ids.items()]
    return cases + [
        ("no date", *of(FROM, TO, ID, expected="header-missing@4/1")),
        ("no from", *of(TO, DATE, ID, expected="header-missing@4/1")),
        ("no message-id", *of(FROM, TO, DATE, expected="header-missing@4/1!warning")),
        ("names in any case", *of("FROM: a@example.com", "date: " + NOW, "message-id: <1@x.org>")),
        ("malformed line", *of(*HEAD, "this is no field", expected="header-malformed@4/1")),
        ("space before colon", *of(*HEAD, "X-Foo : bar", expected="header-malformed@4/1")),
        ("folded line", *of(*HEAD, "X-Foo: bar", "\tmore", " and more")),
        ("empty field", *of(*HEAD, "X-Foo:")),
        ("header 8 bits", one(header("Subject: ä", parameters=" BODY=8BITMIME")), "header-8bit@4/1"),
        ("header smtputf8", one(header("Subject: ä", parameters=" BODY=8BITMIME SMTPUTF8")), ""),
        ("header encoded", *of(*HEAD, "Subject: =?UTF-8?Q?=C3=A4?=")),
        ("body 8 bits", one(header(body=("ä",), parameters=" BODY=8BITMIME")), ""),
        ("header line of 998", *of(*HEAD, "X-Foo: " + 991 * "x")),
        ("header line of 999", *of(*HEAD, "X-Foo: " + 992 * "x",
                                   expected="header-line-long@4/1 text-line-too-long@4/1")),
        ("body line of 998", one(text(998 * "x")), ""),
        ("bcc", *of(*HEAD, "Bcc: c@example.org", expected="bcc-leaked@4/1")),
        ("bcc of a name", *of(*HEAD, "Bcc: Carl <c@example.org>", expected="bcc-leaked@4/1")),
        ("bcc empty", *of(*HEAD, "Bcc:")),
        ("bcc empty group", *of(*HEAD, "Bcc: undisclosed-recipients:;")),
        ("bcc comment", *of(*HEAD, "Bcc: (c@example.org)")),
        ("to differs", *of(FROM, DATE, ID, "To: c@example.org", expected="envelope-differs@4/1")),
        ("cc differs", *of(*HEAD, "Cc: Carl <c@example.org>", expected="envelope-differs@4/1")),
        ("to in another case", *of(FROM, DATE, ID, "To: B@EXAMPLE.NET")),
        ("to by name", *of(FROM, DATE, ID, 'To: "x, c@example.org" <b@example.net>')),
        ("to in a group", *of(FROM, DATE, ID, "To: friends: b@example.net;")),
        ("to in a list", *of(FROM, DATE, ID, "To: b@example.net,\r\n <b@example.net>")),
        ("to nobody", *of(FROM, DATE, ID, "To: undisclosed-recipients:;")),
        ("to encoded", *of(FROM, DATE, ID, "To: =?UTF-8?Q?J=C3=B6rg?= <b@example.net>")),
        ("bcc recipient is silent", one(mail_from(), rcpt(), rcpt("<c@example.org>"), DATA,
                                        C(*HEAD, "", "x", "."), DONE), ""),
        ("another message names it", [hi(), mail_from(), rcpt(), DATA, C(
            FROM, DATE, ID, "To: b@example.net, c@example.org", "", "x", "."), DONE, mail_from(),
            rcpt("<c@example.org>"), DATA, C(FROM, DATE, ID, "To: b@example.net, c@example.org", "",
                                             "x", "."), DONE, BYE], ""),
        ("bcc twice with addresses", *of(*HEAD, "Bcc: c@example.org", "Bcc: d@example.org",
                                         expected="bcc-leaked@4/1 header-repeated@4/1")),
        ("bcc folded", *of(*HEAD, "Bcc:", " c@example.org", expected="bcc-leaked@4/1")),
        ("two differ in one message", *of(FROM, DATE, ID, "To: c@example.org, d@example.org",
                                          expected="envelope-differs@4/1")),
        ("to with comment and quotes", *of(FROM, DATE, ID, 'To: (x@y.z) "b"@example.net (B)')),
        ("resent-to is another matter", *of(*HEAD, "Resent-To: c@example.org")),
        ("to refused by the server", one(mail_from(), rcpt(), rcpt("<c@example.org>", "550 5.1.1 no"),
                                         DATA, C(FROM, DATE, ID, "To: b@example.net, c@example.org",
                                                 "", "x", "."), DONE), "rejected@4"),
        ("colon only", *of(*HEAD, ": x", expected="header-malformed@4/1")),
        ("folded first line", one(whole(" x", *HEAD, "", "x")), "header-malformed@4/1"),
        ("mbox From line", one(whole("From a@example.com Sun Nov 22", *HEAD, "", "x")),
         "header-malformed@4/1"),
        ("odd field name", *of(*HEAD, "X-Foo!#$%: bar")),
        ("name with a space", *of(*HEAD, "X Foo: bar", expected="header-malformed@4/1")),
        ("only a header, no empty line", one(whole(*HEAD, "Subject: x")), ""),
        ("body looks like a header", one(text("Date: never", "X : y", "From: a", "From: b")), ""),
        ("in the 8 bits of a folded line", one(header("Subject: a", " ä",
                                                      parameters=" BODY=8BITMIME")), "header-8bit@4/1"),
        ("everything twice in one message", one(header("Bad line", "Bad line", "X : y")),
         "header-malformed@4/1"),
        ("cut off message is not judged", [hi(), envelope(), DATA, C("Bad line", "X-Foo : a"),
                                           C_CLOSE], "closed-in-data@4/1"),
    ]


def mime():
    version, mixed = "MIME-Version: 1.0", 'Content-Type: multipart/mixed; boundary="b1"'
    b64_field, qp = "Content-Transfer-Encoding: base64", "Content-Transfer-Encoding: quoted-printable"
    nested = ["--b1", 'Content-Type: multipart/alternative; boundary="b2"', "", "--b2", "", "x",
              "--b2--", "--b1", b64_field, "", "aGVsbG8=", "--b1--"]

    def of(*lines, body=("x",), bad=False):
        return one(header(*lines, body=body)), "mime-incomplete@4/1" if bad else ""

    return [
        ("plain type", *of(version, "Content-Type: text/plain; charset=utf-8")),
        ("no version", *of("Content-Type: text/plain", bad=True)),
        ("no type", *of(version)),
        ("multipart", *of(version, mixed, body=("preamble", "--b1", "", "x", "--b1--", "epilogue"))),
        ("multipart nested", *of(version, mixed, body=nested)),
        ("inner never closed", *of(version, mixed, body=[x for x in nested if x != "--b2--"],
                                   bad=True)),
        ("multipart not closed", *of(version, mixed, body=("--b1", "", "x"), bad=True)),
        ("no boundary", *of(version, "Content-Type: multipart/mixed", bad=True)),
        ("boundary with spaces behind", *of(version, mixed, body=("--b1  ", "", "x", "--b1-- "))),
        ("boundary token", *of(version, "Content-Type: Multipart/Mixed; Boundary=b1",
                               body=("--b1", "", "x", "--b1--"))),
        ("boundary folded", *of(version, "Content-Type: multipart/mixed;", '\tboundary="b1"',
                                body=("--b1", "", "x", "--b1--"))),
        ("base64", *of(version, b64_field, body=("aGVs", "bG8=",))),
        ("base64 with blank lines", *of(version, b64_field, body=("aGVsbG8=", "", ""))),
        ("base64 bad", *of(version, b64_field, body=("this is not *base64*",), bad=True)),
        ("base64 short", *of(version, b64_field, body=("aGVsb",), bad=True)),
        ("base64 empty", *of(version, b64_field, body=())),
        ("qp", *of(version, qp, body=("a=3Db=", "c=20"))),
        ("qp lower case", *of(version, qp, body=("a=3db",))),
        ("qp bad", *of(version, qp, body=("a=zz",), bad=True)),
        ("three levels", *of(version, mixed, body=(
            "--b1", 'Content-Type: multipart/related; boundary="b2"', "", "--b2",
            'Content-Type: multipart/alternative; boundary="b2-3"', "", "--b2-3", "", "x", "--b2-3",
            "Content-Type: text/html", "", "x", "--b2-3--", "", "--b2--", "", "--b1",
            "Content-Type: application/pdf", b64_field, "", "aGVs", "bG8=", "", "--b1--"))),
        ("a part without header", *of(version, mixed, body=("--b1", "", "--b1", "", "y", "--b1--"))),
        ("boundary in quotes with a blank", *of(
            version, 'Content-Type: multipart/mixed; boundary="a b:c=_?"',
            body=("--a b:c=_?", "", "x", "--a b:c=_?--"))),
        ("boundary of two lines (RFC 2231)", *of(
            version, 'Content-Type: multipart/mixed; boundary*0="b"; boundary*1="1"',
            body=("--b1", "", "x", "--b1--"))),
        ("boundary with comment", *of(version, 'Content-Type: multipart/mixed; (c) boundary=b1 (d)',
                                      body=("--b1", "", "x", "--b1--"))),
        ("version with comment", *of("MIME-Version: 1.0 (made by x)", "Content-Type: text/plain")),
        ("version in lower case", *of("mime-version: 1.0", "content-type: text/plain")),
        ("closing only", *of(version, mixed, body=("--b1--",))),
        ("boundary as a prefix", *of(version, mixed, body=("--b1", "", "--b1x", "--b1--"))),
        ("base64 in upper case", *of(version, "Content-Transfer-Encoding: BASE64",
                                     body=("aGVsbG8=",))),
        ("base64 bad in a part", *of(version, mixed, body=("--b1", b64_field, "", "a?b", "--b1--"),
                                     bad=True)),
        ("base64 padded in the middle", *of(version, b64_field, body=("aGVsbG8=aGVs",), bad=True)),
        ("base64 with a stuffed dot", *of(version, b64_field, body=("..",), bad=True)),
        ("7bit that looks like base64", *of(version, "Content-Transfer-Encoding: 7bit",
                                            body=("a=zz",))),
        ("qp soft break at the end", *of(version, qp, body=("abc=",))),
        ("qp soft break with blanks", *of(version, qp, body=("abc= ", "d"))),
        ("qp short at the end of a line", *of(version, qp, body=("abc=3", "d"), bad=True)),
        ("message/rfc822 with a bad header is not judged", *of(version, mixed, body=(
            "--b1", "Content-Type: message/rfc822", "", "Bad : x", "", "a", "--b1--"))),
        ("report", *of(version, 'Content-Type: multipart/report; report-type=delivery-status; '
                       'boundary="b1"', body=(
                           "--b1", "", "x", "--b1", "Content-Type: message/delivery-status", "",
                           "Reporting-MTA: dns; mx", "", "Final-Recipient: rfc822; b@example.net",
                           "", "--b1", "Content-Type: message/rfc822", "", "Subject: x", "", "y",
                           "--b1--"))),
        ("qp in a part", *of(version, mixed, body=("--b1", qp, "", "a=", "b", "--b1", "", "a=zz",
                                                   "--b1--"))),
        ("qp bad in a part", *of(version, mixed, body=("--b1", qp, "", "a=zz", "--b1--"), bad=True)),
        ("attached message", *of(version, mixed, body=(
            "--b1", "Content-Type: message/rfc822", "", "From: c@example.org", version,
            "Content-Type: text/plain", "", "a", "--b1--"))),
    ]


def test_findings_of_dates(scope):
    run(scope, dates())


def test_findings_of_header_fields(scope):
    run(scope, headers())


def test_findings_of_mime(scope):
    run(scope, mime())


if __name__ == "__main__":
    s.main(globals())
