# SPDX-License-Identifier: MIT
"""The contract, Findings of the client's lines: each where it must be, and none that is not
true."""

from support import scope as s
from support.judged import (BYE, CAPS, DATA, DONE, GREET, HEAD, MAIL_OK, RCPT_OK, envelope, hi,
                            mail_from, offer, one, rcpt, run, text, whole)
from support.smtp import C, S, S_CLOSE

FEW = ["SIZE 10000000", "ENHANCEDSTATUSCODES"]  # no PIPELINING


def chunk(body):
    content = "\r\n".join(HEAD).encode() + b"\r\n\r\n" + body
    return [C(f"BDAT {len(content)} LAST", content), DONE]


WIRE = [
    ("baseline", one(text("hello")), ""),
    ("baseline pipelined", [hi(), C("MAIL FROM:<a@example.com>", "RCPT TO:<b@example.net>", "DATA"),
                            MAIL_OK, RCPT_OK, S("354 go"), C(*HEAD, "", "x", ".", "QUIT"), DONE,
                            S("221 2.0.0 bye"), S_CLOSE], ""),
    ("baseline two messages", one(text("one"), text("two")), ""),
    ("baseline empty body", one(whole(*HEAD)), ""),
    ("baseline bdat", one(envelope(), C("BDAT 3 LAST", b"a:b"), DONE, caps=CAPS),
     "header-missing@4/1"),
    ("bare lf in command", [GREET, C(b"EHLO client.example.com\n"), offer(CAPS), text("x"), BYE],
     "bare-lf@1"),
    ("bare lf in message", one(text(b"one\ntwo\r\n")), "bare-lf@4/1"),
    ("bare lf twice in message", one(text(b"one\ntwo\nthree\r\n")), "bare-lf@4/1"),
    ("bare lf in two messages", one(text(b"one\ntwo\r\n"), text(b"two\none\r\n")),
     "bare-lf@4/1 bare-lf@7/2"),
    ("bare lf in chunk", one(envelope(), C(b"BDAT %d LAST\r\n" % len(b"\n".join(
        x.encode() for x in HEAD) + b"\n\nx\n"), b"\n".join(x.encode() for x in HEAD) + b"\n\nx\n"),
        DONE), "bare-lf@4/1"),
    ("bare lf in binary chunk", one(envelope(" BODY=BINARYMIME"),
                                    C(b"BDAT %d LAST\r\n" % (len("\r\n".join(HEAD)) + 10),
                                      "\r\n".join(HEAD).encode() + b"\r\n\r\na\nb\r\0\xff"), DONE),
     ""),
    ("crlf split over segments", one(envelope(), DATA, C(*HEAD, "", b"x\r"), C(b"\ny\r\n.\r"),
                                     C(b"\n"), DONE), ""),
    ("bare cr in message", one(text(b"one\rtwo\r\n")), "bare-cr@4/1"),
    ("two cr before lf", one(text(b"one\r\r\n")), "bare-cr@4/1"),
    ("bare cr in command", one(C(b"NOOP a\rb\r\n"), S("250 2.0.0 ok"), text("x")), "bare-cr@2"),
    ("nul in message", one(text(b"a\0b\r\n")), "nul-byte@4/1"),
    ("nul in command", one(C(b"NOOP a\0b\r\n"), S("250 2.0.0 ok"), text("x")), "nul-byte@2"),
    ("command of 512", one(C("NOOP " + 505 * "x"), S("250 2.0.0 ok")), ""),
    ("command of 513", one(C("NOOP " + 506 * "x"), S("250 2.0.0 ok")), "command-too-long@2"),
    ("mail longer by size", one(C("MAIL FROM:<a@example.com> SIZE=1 X=" + 501 * "x"), MAIL_OK,
                                caps=["SIZE 100"]), ""),
    ("mail too long with size", one(C("MAIL FROM:<a@example.com> SIZE=1 X=" + 502 * "x"), MAIL_OK,
                                    caps=["SIZE 100"]), "command-too-long@2"),
    ("mail too long, nothing offered", one(C("MAIL FROM:<a@example.com> X=" + 483 * "x"), MAIL_OK,
                                           caps=["HELP"]), "command-too-long@2"),
    ("mail of 512", one(C("MAIL FROM:<a@example.com> X=" + 482 * "x"), MAIL_OK, caps=["HELP"]), ""),
    ("sasl line of 12288", one(C("AUTH GSSAPI"), S("334 "), C(12284 * "A"), S("535 5.7.8 no"),
                               caps=["AUTH GSSAPI"]), "rejected@3"),
    ("auth with a long response", one(C("AUTH GSSAPI " + 12272 * "A"), S("535 5.7.8 no"),
                                      caps=["AUTH GSSAPI"]), "command-too-long@2!info rejected@2"),
    ("auth line too long", one(C("AUTH GSSAPI " + 12276 * "A"), S("535 5.7.8 no"),
                               caps=["AUTH GSSAPI"]), "command-too-long@2 rejected@2"),
    ("text line of 1000", one(text(998 * "x")), ""),
    ("text line of 1001", one(text(999 * "x", 2000 * "y")), "text-line-too-long@4/1"),
    ("text line of 1001 stuffed", one(text("." + "." + 997 * "x")), ""),
    ("text line of 1000 after unstuffing", one(text(".." + 998 * "x")), "text-line-too-long@4/1"),
    ("8 bits in command", one(C("MAIL FROM:<ä@example.com>"), S("553 5.6.7 no")),
     "command-8bit@2 rejected@2"),
    ("8 bits in smtputf8", one(mail_from("<ä@example.com> SMTPUTF8"), rcpt("<ö@example.net>"),
                               C("RSET"), S("250 2.0.0 ok")), ""),
    ("8 bits in rcpt outside", one(mail_from(), rcpt("<ö@example.net>")), "command-8bit@3"),
    ("8 bits in message", one(text("ä")), "data-8bit@4/1"),
    ("8 bits with 7BIT", one(text("ä", parameters=" BODY=7BIT")), "data-8bit@4/1"),
    ("8 bits with 8BITMIME", one(text("ä", parameters=" BODY=8BITMIME")), ""),
    ("8 bits with 8bitmime", one(text("ä", parameters=" body=8bitmime")), ""),
    ("talks before greeting", [C("EHLO client.example.com"), GREET, offer(CAPS), BYE],
     "talks-before-greeting@1"),
    ("pipelining not offered", [hi(*FEW), C("MAIL FROM:<a@example.com>", "RCPT TO:<b@example.net>"),
                                MAIL_OK, RCPT_OK, DATA, C(*HEAD, "."), DONE, BYE],
     "pipelining-not-offered@3"),
    ("pipelining with HELO", [GREET, C("EHLO client.example.com"), S("502 5.5.1 no"),
                              C("HELO client.example.com"), S("250 mx"),
                              C("MAIL FROM:<a@example.com>", "RCPT TO:<b@example.net>"), MAIL_OK,
                              RCPT_OK, BYE], ""),
    ("past DATA", [hi(), envelope(), C("DATA", "QUIT"), S("554 5.5.1 no"), S("221 2.0.0 bye"),
                   S_CLOSE], "pipelining-past-sync@5 rejected@4"),
    ("past NOOP", [hi(), C("NOOP", "RSET"), S("250 2.0.0 a"), S("250 2.0.0 b"), BYE],
     "pipelining-past-sync@3"),
    ("past QUIT", [hi(), C("QUIT", "NOOP"), S("221 2.0.0 bye"), S_CLOSE], "pipelining-past-sync@3"),
    ("past VRFY", [hi(), C("VRFY a", "RSET"), S("252 2.0.0 a"), S("250 2.0.0 b"), BYE],
     "pipelining-past-sync@3"),
    ("past EXPN", [hi(), C("EXPN a", "RSET"), S("550 5.0.0 a"), S("250 2.0.0 b"), BYE],
     "pipelining-past-sync@3"),
    ("past EHLO in a session", [hi(), C("EHLO client.example.com", "MAIL FROM:<a@example.com>"),
                                offer(CAPS), MAIL_OK, BYE], "pipelining-past-sync@3"),
    ("RSET in a group", [hi(), C("RSET", "MAIL FROM:<a@example.com>", "RCPT TO:<b@example.net>",
                                 "RSET", "QUIT"), S("250 2.0.0 ok"), MAIL_OK, RCPT_OK,
                         S("250 2.0.0 ok"), S("221 2.0.0 bye"), S_CLOSE], ""),
    ("trailing space", one(C("NOOP "), S("250 2.0.0 ok")), "trailing-space@2"),
    ("trailing space MAIL", one(C("MAIL FROM:<a@example.com> "), MAIL_OK), "trailing-space@2"),
    ("trailing space EHLO", [GREET, C("EHLO client.example.com "), offer(CAPS), BYE],
     "trailing-space@1"),
    ("SASL line with bare lf", one(C("AUTH CRAM-MD5"), S("334 PDEyM0BhPg=="), C(b"YW5uIDAx\n"),
                                   S("235 2.7.0 ok"), caps=["AUTH CRAM-MD5"]), "bare-lf@3"),
    ("VRFY in UTF-8", one(C("VRFY ä SMTPUTF8"), S("252 2.0.0 x")), ""),
    ("8 bits after the SMTPUTF8 transaction", one(mail_from("<ä@example.com> SMTPUTF8"), C("RSET"),
                                                  S("250 2.0.0 ok"), mail_from("<ä@example.com>")),
     "command-8bit@4"),
    ("8 bits in binary by BDAT", one(envelope(" BODY=BINARYMIME"), C("BDAT 1 LAST", b"\xff"), DONE),
     "header-missing@4/1 header-malformed@4/1"),
    ("a long line in binary", one(envelope(" BODY=BINARYMIME"), chunk(3000 * b"x")), ""),
    ("a long line in a chunk", one(envelope(), chunk(3000 * b"x" + b"\r\n")),
     "text-line-too-long@4/1"),
    ("binary by DATA", one(text(b"a\0b\xff\r\n", parameters=" BODY=BINARYMIME")),
     "data-8bit@4/1 nul-byte@4/1"),
    ("8 bits in EHLO", [GREET, C("EHLO bücher.example"), offer(CAPS), BYE],
     "command-8bit@1 ehlo-name@1"),
    ("VRFY with 8 bits", one(C("VRFY ä"), S("252 2.0.0 x")), "command-8bit@2"),
    ("NOOP in the group's end", [hi(), C("MAIL FROM:<a@example.com>", "NOOP"), MAIL_OK,
                                 S("250 2.0.0 ok"), BYE], ""),
    ("a pipelined group behind the greeting", [GREET, C("EHLO client.example.com", "NOOP"),
                                               offer(CAPS), S("250 2.0.0 ok"), BYE],
     "pipelining-past-sync@2"),
    ("HELO and a command at once", [GREET, C("HELO client.example.com", "NOOP"), S("250 mx"),
                                    S("250 ok"), BYE], "helo-used@1 pipelining-past-sync@2"),
    ("empty line", one(C(""), S("500 5.5.2 what")), "unknown-command@2"),
    ("tab behind the verb", one(C("NOOP\tx"), S("250 2.0.0 ok")), ""),
    ("8 bits by BDAT", one(envelope(), C("BDAT %d LAST" % (len("\r\n".join(HEAD)) + 9),
                                         "\r\n".join(HEAD).encode() + b"\r\n\r\n\xc3\xa4x\r\n"),
                           DONE), "data-8bit@4/1"),
    ("greeting of several lines", [S("220-mx one", "220 two"), C("EHLO client.example.com"),
                                   offer(CAPS), BYE], ""),
    ("message twice, faults once each", one(text(b"a\nb\0\r\n"), text("x")),
     "bare-lf@4/1 nul-byte@4/1"),
    ("pipelined messages", [hi(), C("MAIL FROM:<a@example.com>", "RCPT TO:<b@example.net>", "DATA"),
                            MAIL_OK, RCPT_OK, S("354 go"),
                            C(*HEAD, "", "x", ".", "MAIL FROM:<a@example.com>",
                              "RCPT TO:<b@example.net>", "DATA"), DONE, MAIL_OK, RCPT_OK,
                            S("354 go"), C(*HEAD, "", ".hidden", "."), S("554 5.6.0 no"), BYE],
     "dot-not-stuffed@7/2 rejected@7/2"),
    ("text before the 354", [hi(), envelope(), C("DATA", *HEAD, "", "x", "."), S("354 go"), DONE,
                             BYE], "pipelining-past-sync@4/1"),
    ("chunks pipelined", [hi(), C("MAIL FROM:<a@example.com>", "RCPT TO:<b@example.net>",
                                  "BDAT 3", b"a:b", "BDAT 2 LAST", b"\r\n"), MAIL_OK, RCPT_OK,
                          S("250 2.0.0 ok"), DONE, BYE],
     "header-missing@5/1"),
    ("space within", one(C("NOOP a b"), S("250 2.0.0 ok")), ""),
    ("dot not stuffed", one(text(".hidden")), "dot-not-stuffed@4/1"),
    ("dot stuffed", one(text("..hidden", "..", "a.b")), ""),
    ("dot first in header", one(whole(".X: y", *HEAD)), "dot-not-stuffed@4/1"),
]


def smuggled(look_alike, *extra):
    return one(text(b"one" + look_alike + b"two\r\n")), " ".join(("smuggling@4/1", *extra))


SMUGGLING = [
    ("LF . LF", *smuggled(b"\n.\n", "bare-lf@4/1")),
    ("LF . CRLF", *smuggled(b"\n.\r\n", "bare-lf@4/1")),
    ("CRLF . LF", *smuggled(b"\r\n.\n", "bare-lf@4/1")),
    ("CR . CR", *smuggled(b"\r.\r", "bare-cr@4/1")),
    ("CRLF . CR", *smuggled(b"\r\n.\r", "bare-cr@4/1")),
    ("CR . CRLF", *smuggled(b"\r.\r\n", "bare-cr@4/1")),
    ("CR . LF", *smuggled(b"\r.\n", "bare-cr@4/1", "bare-lf@4/1")),
    ("LF . CR", *smuggled(b"\n.\r", "bare-cr@4/1", "bare-lf@4/1")),
    ("LF . LF over segments", one(envelope(), DATA, C(*HEAD, "", b"one\n"), C(b"."), C(b"\ntwo\r\n.\r"),
                                  C(b"\n"), DONE), "smuggling@4/1 bare-lf@4/1"),
    ("CRLF . LF over segments", one(envelope(), DATA, C(*HEAD, "", b"one\r\n."), C(b"\ntwo\r\n."),
                                    C(b"\r\n"), DONE), "smuggling@4/1 bare-lf@4/1"),
    ("stuffed dot is none", one(text(b"one\r\n..\r\ntwo\r\n")), ""),
    ("stuffed dot behind LF", one(text(b"one\n..\r\ntwo\r\n")), "bare-lf@4/1"),
    ("dot in a line is none", one(text(b"one.\r\n. .\r\n")), "dot-not-stuffed@4/1"),
    ("CR . x is none", one(text(b"one\r.x\r\n")), "bare-cr@4/1"),
    ("NUL look-alike is none", one(text(b"one\r\n.\0\r\ntwo\r\n")), "nul-byte@4/1 dot-not-stuffed@4/1"),
    ("look-alikes in a chunk are none", one(envelope(), chunk(b"a\r\n.\r\n.b\r\n.\r\n")), ""),
    ("LF look-alike in a chunk is none", one(envelope(), chunk(b"a\n.\nb\r\n")), "bare-lf@4/1"),
    ("look-alike at the start", one(envelope(), DATA, C(b".\n"), C(*HEAD, "", "x", "."), DONE),
     "smuggling@4/1 bare-lf@4/1 header-missing@4/1"),
    ("end at the start", one(envelope(), DATA, C("."), DONE),
     "header-missing@4/1"),
    ("two kinds in one message", one(text(b"a\n.\nb\r\n.\rc\r\n")),
     "smuggling@4/1 bare-lf@4/1 bare-cr@4/1"),
    ("in two messages", one(text(b"a\n.\nb\r\n"), text(b"b\n.\na\r\n")),
     "smuggling@4/1 bare-lf@4/1 smuggling@7/2 bare-lf@7/2"),
    ("refused for it", one(whole(*HEAD, "", b"a\n.\nb\r\n", done=S("550 5.6.0 bare LF"))),
     "smuggling@4/1 bare-lf@4/1 rejected@4/1"),
    ("answered early", [hi(), envelope(), DATA, C(*HEAD, "", b"one\n.\n"), DONE,
                        C(b"MAIL FROM:<evil@example.com>\r\n"), MAIL_OK,
                        C(b"RCPT TO:<b@example.net>\r\n"), RCPT_OK, C("DATA"), S("354 go"),
                        C(*HEAD, "", "evil", "."), DONE, BYE], "smuggling@4/1 bare-lf@4/1"),
]


def test_findings_of_lines(scope):
    run(scope, WIRE)


def test_findings_of_smuggling(scope):
    sessions = run(scope, SMUGGLING)
    texts = {case[0]: session["findings"] for case, session in zip(SMUGGLING, sessions)}
    early = [x["text"] for x in texts["answered early"] if x["rule"] == "smuggling"]
    late = [x["text"] for x in texts["LF . LF"] if x["rule"] == "smuggling"]
    assert "server" in early[0] and early != late, (early, late)


if __name__ == "__main__":
    s.main(globals())
