# SPDX-License-Identifier: MIT
"""Edges of the rules about messages and replies: what is barely wrong, and what is barely right. A
case is as in support/judged.py."""

import email.utils
import time

from support import scope as s
from support.judged import (BYE, CAPS, DATA, DATE, DONE, FROM, GREET, HEAD, ID, TO, envelope, header,
                            hi, mail_from, offer, one, rcpt, run, whole)
from support.smtp import C, S, S_CLOSE

BARE, CODED = ["PIPELINING"], ["ENHANCEDSTATUSCODES"]
VERSION, MIXED = "MIME-Version: 1.0", 'Content-Type: multipart/mixed; boundary="b1"'
BASE64 = "Content-Transfer-Encoding: base64"
QUOTED = "Content-Transfer-Encoding: quoted-printable"


def of(*lines, expected="", parameters=""):
    return one(whole(*lines, "", "x", parameters=parameters)), expected


def raw(content, expected=""):
    return one(envelope(), DATA, C(content), DONE), expected


def when(wrong, expected):
    return expected if wrong else ""


# ── the message ─────────────────────────────────────────────────────────────────────────────────


def headers():
    head = "\r\n".join(HEAD).encode()
    return [(name, *case) for name, case in {
        "empty message": raw(b".\r\n", "header-missing@4/1"),
        "an empty line alone": raw(b"\r\n.\r\n", "header-missing@4/1"),
        "no header": raw(b"\r\nhello\r\n.\r\n", "header-missing@4/1"),
        "body alone": raw(b"hello\r\n.\r\n", "header-missing@4/1 header-malformed@4/1"),
        "header and end": raw(head + b"\r\n.\r\n"),
        "blanks for the empty line": raw(head + b"\r\n \r\nbody\r\n.\r\n", "header-malformed@4/1"),
        "long line with LF": raw(head + b"\r\nX: " + 996 * b"x" + b"\n\r\nb\r\n.\r\n",
                                 "header-line-long@4/1 bare-lf@4/1"),
        "tab before the colon": of(*HEAD, "Subject\t: x", expected="header-malformed@4/1"),
        "folded Date": of(FROM, TO, ID, "Date:\r\n " + email.utils.formatdate()),
        "folded Message-ID": of(FROM, TO, DATE, "Message-ID:\r\n <1@example.com>"),
        "a folded line of blanks": of(*HEAD, "Subject: x", " ", "Comments: y"),
        "998 bytes folded": of(*HEAD, "X-Foo: a", " " + 997 * "x"),
        "999 bytes folded": of(*HEAD, "X-Foo: a", " " + 998 * "x",
                               expected="header-line-long@4/1 text-line-too-long@4/1"),
        "999 bytes of no field": of(*HEAD, 999 * "x", expected="header-line-long@4/1 "
                                    "header-malformed@4/1 text-line-too-long@4/1"),
        "a huge field": of(*HEAD, "X-Foo: a", *(400 * [" " + 900 * "y"])),
        "fields past what is kept": of(FROM, TO, DATE, *(2000 * ["X-Foo: b"]), ID),
        "8 bits in a comment": of("From: (ä) a@example.com", TO, DATE, ID,
                                  expected="header-8bit@4/1", parameters=" BODY=8BITMIME"),
        "an off Date, then none": of(FROM, TO, "Date: Sun, 01 Nov 2020 15:03:11 +0000", "Date: y", ID,
                                     expected="date-malformed@4/1 header-repeated@4/1"),
    }.items()]


def dates():
    now = time.time()
    day = email.utils.formatdate(now)[5:16]  # 23 Nov 2026
    good = [email.utils.formatdate(now + 82800), email.utils.formatdate(now - 82800),
            f"{day} 12:00 EST", f"{day} 12:00:00 CEST", f"{day} 12:00:00 A", f"{day} 12:00:60 UTC",
            f"{day[:-4]}{day[-2:]} 12:00:00 z", f"{day[:-4]}{int(day[-4:]) - 1900} 12:00:00 GMT",
            f"{day} 12:00:00 +0000 (junk (nested) \\) x)", f"{day.lower()} 12:00:00 gmt",
            f"{day[:2]}(c){day[3:6]}(d){day[7:]}(e)12(f):(g)00(h):(i)00(j)+0000(k)"]
    bad = [f"{day} 12:00:00 J", f"{day} 1:00:00 +0000", f"{day} 12:00:00 +00:00",
           f"{day} 12:00:00 +000", f"{day} 12:00:00 + 0000", f"Monday, {day} 12:00:00 +0000",
           f"Mon {day} 12:00:00 +0000", f"{day} 12:00:61 +0000", f"{day} 24:00:00 +0000",
           f"{day} 12:00:00 +0000 junk", f"{day} 12:00:00 +0000 (open", f"{day} 12.00.00 +0000",
           f"{day} 12:00:00 AM +0000", "29 Feb 2026 12:00:00 +0000", "00 Nov 2026 12:00:00 +0000",
           "23-Nov-2026 12:00:00 +0000", "23 November 2026 12:00:00 +0000", "1763913600", day]
    off = [email.utils.formatdate(now + 172800), email.utils.formatdate(now - 86500),
           "23 Nov 1926 12:00:00 +0000", "23 Nov 75 12:00:00 GMT", f"{day[:-4]}12026 12:00:00 GMT"]
    return [(f"date {value}", *of(FROM, TO, "Date: " + value, ID, expected=expected))
            for values, expected in ((good, ""), (bad, "date-malformed@4/1"),
                                     (off, "date-malformed@4/1!warning")) for value in values]


def ids():
    good = ["<a@b>", " <a@b>  ", "<a@b>(x)", '<"a@b"@c>', "<a@[IPv6:::1]>"]
    bad = ["a@b>", "<a@b", "<<a@b>>", "<a@b>x", "x <a@b>", "<a@b c>", "<@>", "<>", '"<a@b>"',
           "<a@b>,<c@d>"]
    return [(f"id {value}", *of(FROM, TO, DATE, "Message-ID: " + value,
                                expected=when(value in bad, "message-id-malformed@4/1")))
            for value in good + bad]


def addresses():
    leaks = {"(none)": 0, "x:;, y:;": 0, ",": 0, "bob": 0, "<>": 0, '"a@b" :;': 0,
             "=?utf-8?q?c=40d?=": 0, "hidden: a@b.c;": 1, "x:;, c@d.e": 1, "c@d.e,": 1,
             '"c d"@e.f': 1, "c@[192.0.2.1]": 1}
    differ = {'"B, b" <b@example.net>': 0, "b@example.net (c@d.e)": 0, "b @ example.net": 0,
              "A:b@example.net,<b@example.net>;": 0, '"b"@example.net': 0, "c@d.e <b@example.net>": 0,
              "=?utf-8?q?c=40d=2Ee?= <b@example.net>": 0, "=?utf-8?q?S,_B?= <b@example.net>": 0,
              "<@relay.example:b@example.net>": 0, "bob": 0, "b@example.net;": 0,
              "Joe Q. Public <b@example.net>": 0, "(c) b (x) @ (y) example.net": 0,
              '"c@d.e" <b@example.net>': 0, '"b c"@example.net': 1, "A:c@example.net;": 1,
              "b@example.net, , c@d.e": 1, "b@example.net; c@d.e": 1, "b@[192.0.2.1]": 1}
    return [(f"bcc {value}", *of(*HEAD, "Bcc: " + value, expected=when(wrong, "bcc-leaked@4/1")))
            for value, wrong in leaks.items()] + \
        [(f"{name} {value}", *of(FROM, DATE, ID, f"{name}: {value}",
                                 expected=when(wrong, "envelope-differs@4/1")))
         for name in ("To", "Cc") for value, wrong in differ.items()] + \
        [("BCC", *of(*HEAD, "BCC: c@d.e", expected="bcc-leaked@4/1")),
         ("Resent-Bcc", *of(*HEAD, "Resent-Bcc: c@d.e")),
         ("a later RCPT", [hi(), whole(FROM, DATE, ID, "To: c@d.e", "", "x"), mail_from(),
                           rcpt("<C@d.e>"), C("RSET"), S("250 2.0.0 ok"), BYE], ""),
         ("only of whole messages", [hi(), whole(FROM, DATE, ID, "To: c@d.e", "", "x"), envelope(),
                                     DATA, C(FROM, "To: f@d.e", "Date: x", "Bcc: a@b.c"),
                                     ("C", None)], "closed-in-data@7/2 envelope-differs@4/1")]


def encodings():
    base64 = {("a", "G", "V", "s"): 0, ("aGVs ", "  bG8="): 0, ("aGVs\tbG8=",): 0, (" ",): 0,
              ("aG==",): 0, ("aGVsbG8",): 1, ("aGVsbG8==",): 1, ("aGVs=",): 1, ("====",): 1,
              ("aGU=", "aGU="): 1, ("aGVs-bG8",): 1, ("aGVsbG8=", "-- ", "footer"): 1}
    quoted = {("=",): 0, ("a=\t ", "b"): 0, ("=3D=3d=",): 0, ("..=41",): 0, ("a=20=", "=20b"): 0,
              ("a=3",): 1, ("a=g0",): 1, ("a=0g",): 1, ("==",): 1, ("a= b",): 1, ("x=y",): 1}
    return [(f"{field} {body}", one(header(VERSION, field, body=body)),
             when(wrong, "mime-incomplete@4/1"))
            for field, bodies in ((BASE64, base64), (QUOTED, quoted))
            for body, wrong in bodies.items()]


def whole_parts(boundary):
    return ["--" + boundary, "", "x", f"--{boundary}--"]


def nested(outer, inner):
    return ["--" + outer, "Content-Type: multipart/alternative; boundary=" + inner, "",
            *whole_parts(inner), f"--{outer}--"]


def boundaries():
    long = 70 * "q"
    types = [("mixed", ["x"], 1), ("mixed; boundary", ["x"], 1), ("mixed; boundary=", ["x"], 1),
             ('mixed; boundary=""', ["x"], 1), ('mixed; boundary="  "', ["x"], 1),
             ("mixed; boundary=AbC", whole_parts("abc"), 1),
             ('mixed; x="boundary=zz"; boundary=b1', whole_parts("b1"), 0),
             ("mixed; boundary=b1", ["--b1", "", "x", "--b1"], 1),
             ("mixed; boundary=b1", ["--b1", "", "x", "--b1-"], 1),
             ("mixed; boundary=b1", ["--b1", "", "x", " --b1--"], 1),
             ("mixed; boundary=b1", ["--b1", "", "x", "--b1--x"], 1),
             ("mixed; boundary=b1", ["--b1", "", "x", "--b1--\t "], 0),
             ("mixed; boundary=b1", [], 1), ('mixed; boundary="b1 "', whole_parts("b1"), 0),
             ("mixed; boundary='b1'", whole_parts("'b1'"), 0),
             ('mixed; boundary="b\\"1"', whole_parts('b"1'), 0),
             ("mixed; boundary=----=_Part_1.2", whole_parts("----=_Part_1.2"), 0),
             ("mixed ; boundary = b1", whole_parts("b1"), 0),
             ("mixed; boundary=" + long, whole_parts(long), 0), ("mixed; boundary=" + long, ["x"], 1),
             ("mixed; boundary*=us-ascii''b1", whole_parts("b1"), 0)]
    cases = [(f"multipart/{value} {body}", header(VERSION, "Content-Type: multipart/" + value,
                                                  body=body), wrong) for value, body, wrong in types]
    cases += [(f"{inner} in {outer}", header(VERSION, "Content-Type: multipart/mixed; boundary=" +
                                             outer, body=nested(outer, inner)), 0)
              for outer, inner in (("b12", "b1"), ("b1", "b12"), ("b1--x", "b1"), ("b1", "b1--"))]
    attached = ["--b1", "Content-Type: message/rfc822", "", FROM, VERSION, BASE64,
                "Content-Type: multipart/mixed; boundary=zz", "", "--zz", "", "!!!", "--b1--"]
    cases += [
        ("an attached message is text", header(VERSION, MIXED, body=attached), 0),
        ("a part has no boundary", header(VERSION, MIXED, body=[
            "--b1", "Content-Type: multipart/alternative", "", "x", "--b1--"]), 1),
        ("only a part has the version", header(MIXED, body=["--b1", VERSION, "", "x", "--b1--"]), 1),
        ("a body beside its parts", header(VERSION, MIXED, body=["a=zz", *whole_parts("b1"), "=zz"]),
         0),
        ("a stuffed boundary", header(VERSION, "Content-Type: multipart/mixed; boundary=x",
                                      body=["..--x", *whole_parts("x")]), 0),
    ]
    return [(name, one(steps), when(wrong, "mime-incomplete@4/1")) for name, steps, wrong in cases]


# ── the server ──────────────────────────────────────────────────────────────────────────────────


def noop(*reply, caps=BARE):
    return one(C("NOOP"), S(*reply), caps=caps)


def forms():
    good = [["250  ok"], ["250--ok", "250 x"], ["250-a", "250"], [b"250\r\n"], [b"250 a\rb\r\n"]]
    bad = [[f"250{mark}ok"] for mark in ";_.:+=\t0"] + \
        [[f"{code} x"] for code in ("100", "199", "600", "999", "099", "000", "2x0", "2 50")] + \
        [[" 250 ok"], [""], ["25000"], ["250-a", "550 b"], ["250-a", "251-b", "252 c"],
         ["250-a", "junk", "250 c"]]
    return [(f"reply {reply}", noop(*reply), when(reply in bad, "reply-malformed@2"))
            for reply in good + bad] + [
        ("bare LF", noop(b"250-a\n250 b\r\n"), "reply-bare-lf@2"),
        ("bare LF and no code", noop(b"junk\n"), "reply-bare-lf@2 reply-malformed@2"),
        ("512 with LF", noop(b"250 " + 507 * b"x" + b"\n"), "reply-bare-lf@2"),
        ("513 with LF", noop(b"250 " + 508 * b"x" + b"\n"), "reply-bare-lf@2 reply-too-long@2"),
        ("half a reply", [hi(*BARE), C("NOOP"), S("250-a"), S_CLOSE], "server-closed"),
        ("half a line", [hi(*BARE), C("NOOP"), S(b"25"), S_CLOSE], "server-closed"),
        ("a greeting of no code", [S("hello"), BYE], "reply-malformed@0"),
        ("two replies", [hi(*BARE), C("NOOP"), S("250 a", "250 b"), BYE], "reply-unexpected"),
        ("two greetings", [S("220 a", "220 b"), C("EHLO c.example.com"), offer(BARE), BYE],
         "reply-unexpected"),
        ("no code, unasked", [hi(*BARE), S("junk"), BYE], "reply-malformed reply-unexpected"),
        ("a time-out by 451", [hi(*BARE), S("451 4.4.2 x"), S_CLOSE],
         "reply-unexpected server-closed"),
        ("a 421 of two lines", [hi(*BARE), S("421-4.4.2 x", "421 4.4.2 y"), S_CLOSE], ""),
        ("an early 421 in the text", [hi(*BARE), envelope(), DATA, C(FROM), S("421 x"), S_CLOSE], ""),
    ]


LISTED = {"RSET": "250", "NOOP": "250", "HELP": "211 214", "VRFY ann": "250 251 252",
          "EXPN list": "250 252", "QUIT": "221", "MAIL FROM:<a@example.com>": "250",
          "AUTH GSSAPI AAAA": "235", "XFOO": None, "XCLIENT NAME=a.example": "220"}
POSITIVE = ["211", "214", "220", "221", "235", "250", "251", "252", "253", "299", "300", "354"]


def positive(line, code):
    caps = ["AUTH GSSAPI", "XFOO", "XCLIENT NAME"]
    steps = [hi(*caps), C("QUIT"), S(code + " x"), S_CLOSE] if line == "QUIT" else \
        one(C(line), S(code + " x"), caps=caps)
    listed = LISTED[line]
    left = "left-after-ehlo " if line == "QUIT" else ""
    return f"{line} {code}", steps, left + when(listed and code not in listed, "reply-code-odd@2")


def codes():
    odd = "reply-code-odd"
    cases = [positive(line, code) for line in LISTED for code in POSITIVE]
    for code in POSITIVE:
        cases += [
            (f"greeting {code}", [S(code + " mx"), C("EHLO c.example.com"), offer(BARE), BYE],
             when(code != "220", odd + "@0")),
            (f"EHLO {code}", [GREET, C("EHLO c.example.com"), S(code + " x"), BYE],
             when(code != "250", odd + "@1")),
            (f"RCPT {code}", one(mail_from(), rcpt(reply=code + " x"), caps=BARE),
             when(code not in "250 251", odd + "@3")),
            (f"message {code}", one(whole(*HEAD, done=S(code + " x")), caps=BARE),
             when(code != "250", odd + "@4/1"))]
        if code not in ("220", "354"):
            cases += [(f"DATA {code}", one(envelope(), C("DATA"), S(code + " x"), caps=BARE),
                       odd + "@4"),
                      (f"STARTTLS {code}", one(C("STARTTLS"), S(code + " x"), caps=["STARTTLS"]),
                       odd + "@2")]
    return cases + [(f"{line} {code}", one(C(line), S(code + " x"), caps=["XFOO"]), "")
                    for line in ("NOOP", "RSET", "VRFY a", "HELP", "XFOO")
                    for code in ("400", "421", "450", "500", "599")]


def enhanced():
    missing = ["250 2.0.0ok", "250 2.0.0-ok", "250 2.0 ok", "250 2.0.0.0 ok", "250 ok 2.0.0",
               "250  2.0.0 ok", "250 (2.0.0) ok", "250 #2.0.0 ok", "250 3.0.0 ok",
               "250 2.1000.0 x", "250 2..0 ok", "250 2.0. ok", "250", "250 ", "450 x", "550 x"]
    there = ["250 2.0.0", "250 2.0.0\tok", "250 2.999.999 x", "500 5.5.1 x"]
    against = ["250 5.0.0 x", "250 4.0.0 x", "550 2.0.0 x", "450 5.0.0 x"]
    cases = [(f"{reply} {caps}", noop(reply, caps=caps),
              when(rule and (reply in against or caps == CODED), f"{rule}@2"))
             for replies, rule in ((missing, "enhanced-missing"), (there, ""),
                                   (against, "enhanced-contradicts"))
             for reply in replies for caps in (CODED, BARE)]
    return cases + [
        ("354 with one", one(envelope(), C("DATA"), S("354 2.0.0 go"), C(*HEAD, "."), DONE),
         "enhanced-contradicts@4"),
        ("EHLO lines like codes", [GREET, C("EHLO c.example.com"), S(
            "250-5.0.0 mx", "250-4.1.1 x", "250 ENHANCEDSTATUSCODES"), BYE], ""),
        ("EHLO refused with none", [hi(*CODED), C("EHLO c.example.com"), S("550 no"), BYE], "rejected@2"),
        ("a 421 with none", [hi(*CODED), S("421 out"), S_CLOSE], "enhanced-missing"),
        ("a greeting that contradicts", [S("554 4.7.1 mx"), BYE], "enhanced-contradicts@0 rejected@0"),
        ("a 220 greeting is not read", [S("220 5.0.0 mx"), C("EHLO c.example.com"), offer(CAPS),
                                        BYE], ""),
        ("235 with none", one(C("AUTH GSSAPI"), S("334 AAAA"), C("AAAA"), S("235 x"),
                              caps=["AUTH GSSAPI", *CODED]), "enhanced-missing@3"),
    ]


def offers():
    return [(f"offers {caps}", one(C("NOOP"), S("250 2.0.0 ok"), caps=caps),
             when(wrong, "auth-offered-in-clear@1"))
            for caps, wrong in {("STARTTLS", "auth plain"): 1, ("STARTTLS", "AUTH=LOGIN PLAIN"): 1,
                                ("AUTH CRAM-MD5 LOGIN", "STARTTLS"): 1, ("STARTTLS", "AUTH"): 0,
                                ("STARTTLS", "AUTH XOAUTH2"): 0, ("STARTTLS", "AUTH PLAINER"): 0,
                                ("AUTH PLAIN LOGIN",): 0}.items()]


# ── in words ────────────────────────────────────────────────────────────────────────────────────

REFUSALS = {  # the reply to RCPT, and what its finding must say
    "550 5.1.1 <spam@marblehead.example> unknown": "no such mailbox",
    "550 5.1.1 nospam@example.net blacklisted@example.net": "no such mailbox",
    "550 5.7.1 marblehead.example says no": "policy does not let",
    "554 5.7.1 Service unavailable; [192.0.2.1] blocked using zen.spamhaus.org": "Spamhaus",
    "450 4.7.1 come back": "greylisting",
    "550 5.7.1 no": "policy does not let",
    "454 4.7.0 no": "security or policy puts it off",  # of TLS or a login only where these are
    "530 5.7.0 no": "wants a login or TLS first",
    "550 4.1.1 no": "the mailbox does not exist",
    "550 5.0.0 no": "the mailbox does not exist",
    "553 that domain is not in my list of allowed rcpthosts": "does not relay",
    "556 no": "accepts no mail",
    "521 no": "takes no message for this recipient",  # a host says 521 in its greeting
    # What many servers say is no provider's own, and a login was not under way.
    "535 5.7.8 Authentication credentials invalid": "the login was not valid",
    "554 5.7.1 <b@example.net>: Recipient address rejected: Access denied": "server's operator",
    "550 5.4.1 Recipient address rejected: Access denied. AS(201806281)": "Microsoft 365",
    "451 4.7.1 temporarily deferred due to greylisting": "greylist",
}


def refusals():
    return [(reply, one(mail_from(), rcpt(reply=reply), caps=BARE),
             "rejected@3" + when(reply[0] == "4", "!warning") +
             when(reply[:5] == "550 4", " enhanced-contradicts@3"))
            for reply in REFUSALS]


def test_headers(scope):
    run(scope, headers())


def test_dates(scope):
    run(scope, dates())


def test_ids(scope):
    run(scope, ids())


def test_addresses(scope):
    run(scope, addresses())


def test_encodings(scope):
    run(scope, encodings())


def test_boundaries(scope):
    run(scope, boundaries())


def test_forms(scope):
    run(scope, forms())


def test_codes(scope):
    run(scope, codes())


def test_enhanced(scope):
    run(scope, enhanced())


def test_offers(scope):
    run(scope, offers())


def test_refusals(scope):
    for session, (reply, words) in zip(run(scope, refusals()), REFUSALS.items()):
        said = [entry["text"] for entry in session["findings"] if entry["rule"] == "rejected"]
        assert words in said[0], (reply, said)


def texts(session, rule):
    return [entry["text"] for entry in session["findings"] if entry["rule"] == rule]


def test_texts(scope):
    """What was seen stands in the text."""
    cases = [("all", one(whole("Subject: ä", 999 * "x", "X-Long: " + 999 * "x",
                               "Date: Sun, 01 Nov 2020 15:03:11 +0000", parameters=" BODY=8BITMIME")),
              "header-8bit@4/1 header-malformed@4/1 header-line-long@4/1 text-line-too-long@4/1 "
              "date-malformed@4/1!warning header-missing@4/1"),
             ("one day", of(FROM, TO, "Date: " + email.utils.formatdate(time.time() - 100000), ID)[0],
              "date-malformed@4/1!warning"),
             ("reply", [hi(*BARE), C("NOOP"), S(b"250 fine\n"), S("099 odd"), BYE],
              "reply-bare-lf@2 reply-malformed reply-unexpected"),
             ("base64 byte", one(header(VERSION, BASE64, body=("aGVs!",))), "mime-incomplete@4/1"),
             ("base64 length", one(header(VERSION, BASE64, body=("aGVsb",))), "mime-incomplete@4/1"),
             ("quoted", one(header(VERSION, QUOTED, body=("a=zz",))), "mime-incomplete@4/1"),
             ("quoted end", one(header(VERSION, QUOTED, body=("a=3",))), "mime-incomplete@4/1"),
             ("empty line", [C(""), GREET, S("500 5.5.2 what"), BYE],
              "talks-before-greeting@1 unknown-command@1"),
             ("contradicts", one(envelope(), C("DATA"), S("354 2.0.0 go"), C(*HEAD, "."), DONE),
              "enhanced-contradicts@4")]
    first, day, reply, *mime, empty, third = run(scope, cases)
    assert "0xC3" in texts(first, "header-8bit")[0]
    assert "999 bytes" in texts(first, "header-line-long")[0]
    assert "days behind the time of the session, 20" in texts(first, "date-malformed")[0]
    missing = texts(first, "header-missing")[0]
    assert "no From" in missing and "no Message-ID" in missing, missing
    assert "is 1 day behind" in texts(day, "date-malformed")[0]
    assert "'250 fine'" in texts(reply, "reply-bare-lf")[0]
    assert "code 099" in texts(reply, "reply-malformed")[0]
    assert "'099 odd'" in texts(reply, "reply-unexpected")[0]
    for session, words in zip(mime, ("'!'", "multiple of 4", "has z after", "half a code after")):
        assert words in texts(session, "mime-incomplete")[0], session["findings"]
    assert texts(empty, "talks-before-greeting")[0].startswith("An empty line was sent before")
    assert "a 3xx reply has none" in texts(third, "enhanced-contradicts")[0]


def test_slow_texts(scope):
    """Whatever was answered has a name, an unknown command too."""
    def serve(connection):
        connection.sendall(b"220 mx ESMTP\r\n")
        for reply in (b"250-mx\r\n250 XFOO\r\n", b"250 ok\r\n", b"500 what\r\n", b"221 bye\r\n"):
            s.read_line(connection)
            connection.sendall(reply)

    with s.Server(serve) as server:
        with scope.proxy("--mode", f"reverse:smtp://localhost:{server.port}@127.0.0.1:0", "--slow",
                         "0") as proxy:
            connection = s.connect(proxy.port())
            s.read_reply(connection)
            for line in ("EHLO client.example.com", "XFOO", "", "QUIT"):
                s.ask(connection, line)
            assert s.read_all(connection) == b""
            connection.close()
    said = texts(proxy.sessions()[0], "slow-reply")
    answered = [text for text in said if "to answer the connection" not in text]
    assert len(answered) == 4 and not any("null" in text for text in said), said


if __name__ == "__main__":
    s.main(globals())
