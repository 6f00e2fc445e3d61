# SPDX-License-Identifier: MIT
"""Every rule of the analysis against the real program: sessions where it must fire, near misses
where it must not, and in both no finding that is not true of the session.

A case is a name, the steps of the conversation (support/smtp.py) and all the findings expected, in
the form `rule@EXCHANGE/MESSAGE`, with `!severity` or `<side` where they are not the rule's usual.
"""

import base64
import email.utils
import re
import socket
import time

from support import smtp
from support import scope as s
from support.smtp import C, C_CLOSE, C_RESET, CLIENT_TLS, S, S_CLOSE

CLIENT, SERVER = "client", "server"
RULES = {  # rule: severity, side, reference
    "bare-lf": ("error", CLIENT, "RFC 5321 2.3.8"),
    "bare-cr": ("error", CLIENT, "RFC 5321 2.3.8"),
    "nul-byte": ("error", CLIENT, "RFC 5321 4.5.2"),
    "command-too-long": ("error", CLIENT, "RFC 5321 4.5.3.1.4, RFC 4954 4"),
    "text-line-too-long": ("error", CLIENT, "RFC 5321 4.5.3.1.6"),
    "command-8bit": ("error", CLIENT, "RFC 6531 3.4"),
    "data-8bit": ("error", CLIENT, "RFC 6152 3"),
    "talks-before-greeting": ("error", CLIENT, "RFC 5321 4.3.1"),
    "pipelining-not-offered": ("error", CLIENT, "RFC 2920 3.1"),
    "pipelining-past-sync": ("error", CLIENT, "RFC 2920 3.1"),
    "starttls-injection": ("error", CLIENT, "RFC 3207 4.2, CVE-2011-0411"),
    "smuggling": ("error", CLIENT, "CVE-2023-51764"),
    "dot-not-stuffed": ("error", CLIENT, "RFC 5321 4.5.2"),
    "trailing-space": ("info", CLIENT, "RFC 5321 4.1.1"),
    "unknown-command": ("warning", CLIENT, "RFC 5321 4.1.1"),
    "bad-sequence": ("error", CLIENT, "RFC 5321 4.1.4"),
    "ehlo-name": ("info", CLIENT, "RFC 5321 4.1.1.1, 4.1.3"),
    "helo-used": ("info", CLIENT, "RFC 5321 3.2"),
    "no-ehlo-after-starttls": ("error", CLIENT, "RFC 3207 4.2"),
    "starttls-ignored": ("warning", CLIENT, "RFC 8314 4.1"),
    "auth-in-clear": ("info", CLIENT, "RFC 4954 4"),
    "auth-not-offered": ("error", CLIENT, "RFC 4954 4"),
    "auth-repeated": ("error", CLIENT, "RFC 4954 4"),
    "auth-in-transaction": ("error", CLIENT, "RFC 4954 4"),
    "auth-malformed": ("error", CLIENT, "RFC 4954 4, RFC 4616"),
    "auth-retried": ("warning", CLIENT, "RFC 4954 6"),
    "scram-plus": ("warning", CLIENT, "RFC 5802 6"),
    "extension-not-offered": ("error", CLIENT, "RFC 5321 2.2.1"),
    "parameter-malformed": ("error", CLIENT, "RFC 1870, 3461, 6152"),
    "size-over-limit": ("warning", CLIENT, "RFC 1870 6"),
    "size-declared-wrong": ("info", CLIENT, "RFC 1870 5"),
    "path-syntax": ("error", CLIENT, "RFC 5321 3.3, 4.1.2, 4.5.3.1"),
    "data-after-refusal": ("error", CLIENT, "RFC 5321 4.1.1.4"),
    "commands-after-421": ("error", CLIENT, "RFC 5321 3.8"),
    "no-quit": ("warning", CLIENT, "RFC 5321 4.1.1.10"),
    "quit-without-wait": ("info", CLIENT, "RFC 5321 4.1.1.10"),
    "closed-in-data": ("error", CLIENT, "RFC 5321 3.8"),
    "gave-up-early": ("warning", CLIENT, "RFC 5321 4.5.3.2"),
    "dots-doubled": ("warning", CLIENT, "RFC 3030 2"),
    "text-stalled": ("warning", CLIENT, "RFC 5321 4.5.3.2"),
    "argument-unexpected": ("error", CLIENT, "RFC 5321 4.1.1"),
    "text-as-command": ("error", CLIENT, "RFC 5321 4.1.1.4"),
    "out-of-step": ("error", CLIENT, "RFC 5321 4.5.3.2"),
    "auth-doubtful": ("warning", CLIENT, "RFC 4954 4"),
    "auth-unanswered": ("error", CLIENT, "RFC 4954 4"),
    "smtputf8-unneeded": ("info", CLIENT, "RFC 6531 3.4"),
    "left-after-ehlo": ("info", CLIENT, None),
    "message-repeated": ("warning", CLIENT, None),
    "middlebox": ("warning", SERVER, None),
    "lmtp-on-smtp": ("warning", CLIENT, "RFC 2033 4.1"),
    "header-missing": ("error", CLIENT, "RFC 5322 3.6"),
    "header-repeated": ("error", CLIENT, "RFC 5322 3.6"),
    "header-malformed": ("error", CLIENT, "RFC 5322 2.2"),
    "header-8bit": ("error", CLIENT, "RFC 5322 2.2"),
    "header-line-long": ("warning", CLIENT, "RFC 5322 2.1.1"),
    "date-malformed": ("error", CLIENT, "RFC 5322 3.3"),
    "message-id-malformed": ("warning", CLIENT, "RFC 5322 3.6.4"),
    "bcc-leaked": ("error", CLIENT, "RFC 5322 3.6.3"),
    "mime-incomplete": ("warning", CLIENT, "RFC 2045, 2046"),
    "envelope-differs": ("info", CLIENT, "RFC 5321 3.3"),
    "tls-truncated": ("info", CLIENT, "RFC 8446 6.1"),
    "tls-no-sni": ("info", CLIENT, "RFC 6066 3"),
    "reply-malformed": ("error", SERVER, "RFC 5321 4.2"),
    "reply-too-long": ("warning", SERVER, "RFC 5321 4.5.3.1.5"),
    "reply-bare-lf": ("error", SERVER, "RFC 5321 2.3.8"),
    "reply-unexpected": ("error", SERVER, "RFC 5321 4.3.1"),
    "reply-code-odd": ("warning", SERVER, "RFC 5321 4.3.2"),
    "enhanced-missing": ("info", SERVER, "RFC 2034 4"),
    "enhanced-contradicts": ("error", SERVER, "RFC 2034 4"),
    "starttls-offered-in-tls": ("error", SERVER, "RFC 3207 4.2"),
    "auth-offered-in-clear": ("warning", SERVER, "RFC 8314 4.1"),
    "slow-reply": ("info", SERVER, "RFC 5321 4.5.3.2"),
    "server-closed": ("error", SERVER, "RFC 5321 3.8"),
    "rejected": ("error", SERVER, "RFC 5321 4.2, RFC 3463"),
}
NO_REFERENCE_GIVEN = ("slow-reply",)

# ── the conforming conversation ─────────────────────────────────────────────────────────────────

NOW = email.utils.formatdate()
FROM, TO, DATE, ID = ("From: a@example.com", "To: b@example.net", "Date: " + NOW,
                      "Message-ID: <1@example.com>")
HEAD = [FROM, TO, DATE, ID]
CAPS = ["PIPELINING", "SIZE 10000000", "8BITMIME", "SMTPUTF8", "CHUNKING", "BINARYMIME", "DSN",
        "ENHANCEDSTATUSCODES"]
FEW = ["SIZE 10000000", "ENHANCEDSTATUSCODES"]  # no PIPELINING
GREET = S("220 mx.example.net ESMTP ready")
BYE = [C("QUIT"), S("221 2.0.0 bye"), S_CLOSE]
DATA = [C("DATA"), S("354 go on")]
DONE = S("250 2.0.0 queued")


def offer(caps):
    names = ["mx.example.net", *caps]
    return S(*[("250-" if at < len(names) - 1 else "250 ") + name for at, name in enumerate(names)])


def hi(*caps, name="client.example.com"):
    return [GREET, C(f"EHLO {name}"), offer(caps or CAPS)]


def mail_from(words="<a@example.com>", reply="250 2.1.0 ok"):
    return [C("MAIL FROM:" + words), S(reply)]


def rcpt(words="<b@example.net>", reply="250 2.1.5 ok"):
    return [C("RCPT TO:" + words), S(reply)]


def envelope(parameters=""):
    return [mail_from("<a@example.com>" + parameters), rcpt()]


def whole(*lines, parameters="", done=DONE):
    """A message from MAIL to its answer; exchanges 2 to 4 behind one EHLO."""
    return [envelope(parameters), DATA, C(*lines, "."), done]


def text(*body, parameters=""):
    """A message with a good header."""
    return whole(*HEAD, "", *body, parameters=parameters)


def header(*lines, body=("text",), parameters=""):
    """A message of the good header and these lines."""
    return whole(*HEAD, *lines, "", *body, parameters=parameters)


def one(*steps, caps=()):
    return [hi(*caps), *steps, BYE]


def chunk(body):
    content = "\r\n".join(HEAD).encode() + b"\r\n\r\n" + body
    return [C(f"BDAT {len(content)} LAST", content), DONE]


def b64(value):
    return base64.b64encode(value).decode()


PLAIN = b64(b"\0ann\0secret123")
RCPT_OK = S("250 2.1.5 ok")
MAIL_OK = S("250 2.1.0 ok")

# ── the client, on the wire ─────────────────────────────────────────────────────────────────────

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

# ── smuggling ───────────────────────────────────────────────────────────────────────────────────


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

# ── the dialogue ────────────────────────────────────────────────────────────────────────────────


def said_ehlo(words, reply=None):
    return [GREET, C("EHLO" + words), reply or offer(CAPS), BYE]


def ehlo_names():
    good = ["client.example.com", "a.b", "[192.0.2.1]", "[IPv6:2001:db8::1]", "[IPv6:::1]",
            "[ipv6:::ffff:192.0.2.1]", "x-y.example.com", "1.example.com", "xn--bcher-kva.example", "[127.0.0.1]", "[IPv6:1:2:3:4:5:6:7:8]", "[x-tag:foo]",
            "EXAMPLE.COM", "[0.0.0.0]"]
    bad = ["localhost", "192.0.2.1", "2001:db8::1", "my_host.example.com", "[192.0.2.256]",
           "[192.0.2.1", "192.0.2.1]", "[IPv6:2001:db8::1::2]", "[2001:db8::1]", "-a.example.com",
           "a..example.com", "[]", "MYPC", ".example.com", "client.example.com extra", "client.example.com.",
           "[IPv6:fe80::1%eth0]", "[192.0.2]", "[IPv6:1:2:3:4:5:6:7:8:9]", "[IPv6:12345::1]",
           "client-.example.com", "a" * 64 + ".example.com", "client,example.com", "<a.example.com>",
           "[client.example.com]", "[]"]
    cases = [(f"ehlo {name}", said_ehlo(" " + name), "") for name in good]
    cases += [(f"ehlo {name}", said_ehlo(" " + name), "ehlo-name@1") for name in bad]
    return cases + [
        ("ehlo with nothing", said_ehlo("", S("501 5.5.4 who?")), "ehlo-name@1 rejected@1"),
        ("helo name", [GREET, C("HELO localhost"), S("250 mx"), BYE], "ehlo-name@1 helo-used@1"),
        ("lhlo name", [S("220 mx LMTP"), C("LHLO localhost"), offer(CAPS), BYE], "ehlo-name@1"),
    ]


def sequences():
    return [
        ("rcpt first", one(rcpt(reply="503 5.5.1 no")), "bad-sequence@2 rejected@2"),
        ("data first", one(C("DATA"), S("503 5.5.1 no")), "bad-sequence@2 rejected@2"),
        ("data without rcpt", one(mail_from(), C("DATA"), S("503 5.5.1 no")),
         "bad-sequence@3 rejected@3"),
        ("data after refused rcpt", one(mail_from(), rcpt(reply="550 5.1.1 no"), C("DATA"),
                                        S("503 5.5.1 no")), "rejected@3 bad-sequence@4 rejected@4"),
        ("pipelined data after refused rcpt",
         [hi(), C("MAIL FROM:<a@example.com>", "RCPT TO:<b@example.net>", "DATA"), MAIL_OK,
          S("550 5.1.1 no"), S("503 5.5.1 no"), BYE], "rejected@3 rejected@4"),
        ("pipelined rcpt after refused mail",
         [hi(), C("MAIL FROM:<a@example.com>", "RCPT TO:<b@example.net>"), S("550 5.7.1 no"),
          S("503 5.5.1 no"), BYE], "rejected@2 rejected@3"),
        ("rcpt after refused mail", one(mail_from(reply="550 5.7.1 no"), rcpt(reply="503 5.5.1 no")),
         "rejected@2 bad-sequence@3 rejected@3"),
        ("mail in mail", one(mail_from(), mail_from(reply="503 5.5.1 no")),
         "bad-sequence@3 rejected@3"),
        ("mail after RSET", one(mail_from(), C("RSET"), S("250 2.0.0 ok"), mail_from()), ""),
        ("mail after EHLO again", one(mail_from(), C("EHLO client.example.com"), offer(CAPS),
                                      mail_from()), ""),
        ("mail before EHLO", [GREET, mail_from(reply="503 5.5.1 no"), BYE],
         "bad-sequence@1 rejected@1"),
        ("mail after refused EHLO", [GREET, C("EHLO client.example.com"), S("550 5.7.1 no"),
                                     mail_from(reply="503 5.5.1 no"), BYE],
         "rejected@1 bad-sequence@2 rejected@2"),
        ("mail after a refused mail", one(mail_from(reply="451 4.3.0 later"), mail_from()),
         "rejected@2!warning"),
        ("data after bdat", one(envelope(), C("BDAT 3", b"a:b"), S("250 2.0.0 ok"), C("DATA"),
                                S("503 5.5.1 no"), C("RSET"), S("250 2.0.0 ok")),
         "bad-sequence@5 rejected@5"),
        ("VRFY before EHLO", [GREET, C("VRFY a"), S("252 2.0.0 x"), BYE], ""),
        ("mail after message", one(text("x"), mail_from()), ""),
    ]


def verbs():
    return [
        ("unknown verb", one(C("FOO bar"), S("500 5.5.1 what")), "unknown-command@2"),
        ("HELP", one(C("HELP"), S("214 2.0.0 see")), ""),
        ("HELP in lower case", one(C("help"), S("214 2.0.0 see")), ""),
        ("SEND", one(C("SEND FROM:<a@example.com>"), S("502 5.5.1 no")), ""),
        ("ETRN not offered", one(C("ETRN example.com"), S("500 5.5.1 no")), "unknown-command@2"),
        ("ETRN offered", one(C("ETRN example.com"), S("250 2.0.0 ok"), caps=["ETRN"]), ""),
        ("XCLIENT offered", one(C("XCLIENT NAME=a.example.com"), S("550 5.7.1 no"),
                                caps=["XCLIENT NAME"]), "rejected@2"),
        ("XFORWARD not offered", one(C("XFORWARD NAME=a"), S("550 5.7.1 no")), "unknown-command@2"),
        ("XYZ offered", one(C("XYZ 1"), S("250 2.0.0 fine"), caps=["XYZ"]), ""),
        ("helo", [GREET, C("HELO client.example.com"), S("250 mx"), BYE], "helo-used@1"),
        ("helo after EHLO", [GREET, C("EHLO client.example.com"), S("500 5.5.1 no"),
                             C("HELO client.example.com"), S("250 mx"), BYE], ""),
        ("unknown verb past ten", one(*[[C(f"FOO{n}"), S("500 5.5.1 what")] for n in range(12)]),
         " ".join(f"unknown-command@{n}" for n in range(2, 12)) + " unknown-command"),
        ("unknown verb ten times", one(*[[C(f"FOO{n}"), S("500 5.5.1 what")] for n in range(10)]),
         " ".join(f"unknown-command@{n}" for n in range(2, 12))),
        ("LHLO at SMTP", [GREET, C("LHLO client.example.com"), S("500 5.5.1 no"), BYE],
         "lmtp-on-smtp@1"),
        ("EHLO at LMTP", [S("220 mx LMTP"), C("EHLO client.example.com"), S("500 5.5.1 no"), BYE],
         "lmtp-on-smtp@1 rejected@1"),
        ("EHLO refused at ESMTP", [GREET, C("EHLO client.example.com"), S("500 5.5.1 no"), BYE], "rejected@1"),
        ("LHLO at LMTP", [S("220 mx LMTP"), C("LHLO client.example.com"), offer(CAPS),
                          C("MAIL FROM:<a@example.com>"), MAIL_OK, C("RCPT TO:<b@example.net>"),
                          RCPT_OK, C("RCPT TO:<c@example.net>"), RCPT_OK, DATA, C(*HEAD, "."),
                          S("250 2.0.0 b"), S("250 2.0.0 c"), BYE], ""),
    ]


def auths():
    caps = ["AUTH PLAIN LOGIN CRAM-MD5 SCRAM-SHA-256", "ENHANCEDSTATUSCODES"]
    ok, no = S("235 2.7.0 ok"), S("535 5.7.8 no")
    return [
        ("plain in clear", one(C("AUTH PLAIN " + PLAIN), ok, caps=caps), "auth-in-clear@2"),
        ("login in clear", one(C("AUTH LOGIN"), S("334 VXNlcm5hbWU6"), C(b64(b"ann")),
                               S("334 UGFzc3dvcmQ6"), C(b64(b"secret123")), ok, caps=caps),
         "auth-in-clear@2"),
        ("cram in clear", one(C("AUTH CRAM-MD5"), S("334 PDEyM0BhPg=="),
                              C(b64(b"ann 0123456789abcdef0123456789abcdef")), ok, caps=caps), ""),
        ("not offered", one(C("AUTH DIGEST-MD5"), S("504 5.5.4 no"), caps=caps),
         "auth-not-offered@2 rejected@2"),
        ("no AUTH at all", one(C("AUTH CRAM-MD5"), S("503 5.5.1 no")),
         "auth-not-offered@2 rejected@2"),
        ("offered as AUTH=", one(C("AUTH CRAM-MD5"), no, caps=["AUTH=CRAM-MD5"]), "rejected@2"),
        ("in lower case", one(C("auth cram-md5"), no, caps=caps), "rejected@2"),
        ("repeated", one(C("AUTH CRAM-MD5"), S("334 PDEyM0BhPg=="), C(b64(b"ann 01")), ok,
                         C("AUTH CRAM-MD5"), S("503 5.5.1 no"), caps=caps),
         "auth-repeated@4 rejected@4"),
        ("in transaction", one(mail_from(), C("AUTH CRAM-MD5"), S("503 5.5.1 no"), caps=caps),
         "auth-in-transaction@3 rejected@3"),
        ("no base64", one(C("AUTH CRAM-MD5"), S("334 PDEyM0BhPg=="), C("a-b!"),
                          S("501 5.5.2 no"), caps=caps), "auth-malformed@3 rejected@3"),
        ("plain without nul", one(C("AUTH PLAIN " + b64(b"ann secret123")), S("501 5.5.2 no"),
                                  caps=caps), "auth-in-clear@2 auth-malformed@2 rejected@2"),
        ("cancelled", one(C("AUTH CRAM-MD5"), S("334 PDEyM0BhPg=="), C("*"), S("501 5.0.0 off"),
                          caps=caps), "rejected@3"),
        ("retried", one(C("AUTH PLAIN " + PLAIN), no, C("AUTH PLAIN " + PLAIN), no, caps=caps),
         "auth-in-clear@2 rejected@2 auth-in-clear@3 rejected@3 auth-retried@3"),
        ("another identity", one(C("AUTH PLAIN " + PLAIN), no,
                                 C("AUTH PLAIN " + b64(b"\0bob\0secret123")), no, caps=caps),
         "auth-in-clear@2 rejected@2 auth-in-clear@3 rejected@3"),
        ("tried again after 454", one(C("AUTH PLAIN " + PLAIN), S("454 4.7.0 later"),
                                      C("AUTH PLAIN " + PLAIN), ok, caps=caps),
         "auth-in-clear@2 rejected@2!warning auth-in-clear@3"),
        ("another password", one(C("AUTH PLAIN " + PLAIN), no,
                                 C("AUTH PLAIN " + b64(b"\0ann\0secret124")), ok, caps=caps),
         "auth-in-clear@2 rejected@2 auth-in-clear@3 auth-retried@3"),
        ("another mechanism", one(C("AUTH PLAIN " + PLAIN), no, C("AUTH CRAM-MD5"),
                                  S("334 PDEyM0BhPg=="), C(b64(b"ann 0123")), ok, caps=caps),
         "auth-in-clear@2 rejected@2"),
        ("bearer error", one(C("AUTH XOAUTH2 " + b64(b"user=ann\1auth=Bearer abcdef\1\1")),
                             S("334 eyJzdGF0dXMiOiI0MDAifQ=="), C(""), no, caps=["AUTH XOAUTH2"]),
         "auth-in-clear@2 rejected@3"),
        ("external with =", one(C("AUTH EXTERNAL ="), ok, caps=["AUTH EXTERNAL"]), ""),
        ("plain by continuation", one(C("AUTH PLAIN"), S("334 "), C(PLAIN), ok, caps=caps),
         "auth-in-clear@2"),
        ("plain with authzid", one(C("AUTH PLAIN " + b64(b"bob\0ann\0secret123")), ok, caps=caps),
         "auth-in-clear@2"),
        ("plain with three nuls", one(C("AUTH PLAIN " + b64(b"\0ann\0secret123\0")), ok, caps=caps),
         "auth-in-clear@2 auth-malformed@2"),
        ("login initial no base64", one(C("AUTH LOGIN a-b!"), S("501 5.5.2 no"), caps=caps),
         "auth-in-clear@2 auth-malformed@2 rejected@2"),
        ("any plus offered", one(caps=["AUTH PLAIN SCRAM-SHA-384-PLUS"]),
         "scram-plus@1<server left-after-ehlo"),
        ("no plus offered", one(caps=["AUTH SCRAM-SHA-512 X-PLUS"]), "left-after-ehlo"),
        ("plus used", one(C("AUTH SCRAM-SHA-256-PLUS"), S("504 5.5.4 no"),
                          caps=["AUTH SCRAM-SHA-256-PLUS"]),
         "scram-plus@1<server scram-plus@2 rejected@2"),
        ("scram without plus", one(C("AUTH SCRAM-SHA-256"), S("334 "), C("*"), S("501 5.0.0 off"),
                                   caps=caps), "rejected@3"),
        ("starttls ignored by MAIL", one(mail_from(), caps=["STARTTLS"]), "starttls-ignored@2"),
        ("starttls ignored, no mail", one(C("NOOP"), S("250 ok"), caps=["STARTTLS"]), ""),
        ("starttls refused", one(C("STARTTLS"), S("454 4.7.0 no"), mail_from(), caps=["STARTTLS"]),
         "rejected@2!warning"),
        ("starttls ignored by AUTH", one(C("AUTH CRAM-MD5"), no, caps=["STARTTLS", "AUTH CRAM-MD5"]),
         "starttls-ignored@2 rejected@2"),
        ("offered in clear", one(C("NOOP"), S("250 ok"), caps=["STARTTLS", "AUTH PLAIN"]),
         "auth-offered-in-clear@1"),
        ("offered in clear, no STARTTLS", one(C("NOOP"), S("250 ok"), caps=["AUTH PLAIN"]), ""),
        ("cram offered in clear", one(C("NOOP"), S("250 ok"), caps=["STARTTLS", "AUTH CRAM-MD5"]),
         ""),
    ]


# ── parameters and paths ────────────────────────────────────────────────────────────────────────

ALL = ["PIPELINING", "SIZE 10000000", "8BITMIME", "SMTPUTF8", "CHUNKING", "BINARYMIME", "DSN",
       "AUTH CRAM-MD5", "DELIVERBY 60", "FUTURERELEASE 100000 2099-01-01T00:00:00Z",
       "MT-PRIORITY MIXER", "REQUIRETLS", "BURL imap", "ENHANCEDSTATUSCODES"]


def parameters():
    mail_good = ["SIZE=0", "SIZE=12345", "size=1", "BODY=7BIT", "BODY=8BITMIME", "BODY=binarymime",
                 "SMTPUTF8", "RET=FULL", "RET=hdrs", "ENVID=QQ314159", "ENVID=a+2Bb",
                 "AUTH=<>", "AUTH=e+3Dmc2@example.com", "BY=120;R", "BY=-120;N", "BY=120;RT",
                 "BY=120;nt", "HOLDFOR=3600", "HOLDUNTIL=2098-01-01T00:00:00Z", "MT-PRIORITY=3",
                 "MT-PRIORITY=-9", "REQUIRETLS", "SIZE=1 BODY=8BITMIME RET=FULL ENVID=x"]
    mail_bad = ["SIZE=", "SIZE=abc", "SIZE=-1", "SIZE=123456789012345678901", "BODY=9BIT", "BODY=",
                "SMTPUTF8=yes", "RET=ALL", "RET=", "ENVID=a+zz", "ENVID=a=b", "BY=120", "BY=0;R", "BY=-5;R",
                "BY=12;X", "HOLDFOR=soon", "HOLDUNTIL=tomorrow",
                "MT-PRIORITY=10", "MT-PRIORITY=x", "REQUIRETLS=1", "SIZE=1 SIZE=1",
                "BODY=7BIT body=7BIT", "SIZE", "BODY"]
    offered = {"SIZE": "SIZE=1", "8BITMIME": "BODY=8BITMIME", "SMTPUTF8": "SMTPUTF8",
               "RET": "RET=FULL", "ENVID": "ENVID=x", "AUTH": "AUTH=<>", "BY": "BY=120;R",
               "HOLDFOR": "HOLDFOR=3600", "HOLDUNTIL": "HOLDUNTIL=2098-01-01T00:00:00Z",
               "MT-PRIORITY": "MT-PRIORITY=3", "REQUIRETLS": "REQUIRETLS"}
    rcpt_good = ["NOTIFY=NEVER", "NOTIFY=SUCCESS,FAILURE,DELAY", "notify=delay",
                 "ORCPT=rfc822;b+2Bx@example.net", "ORCPT=rfc822;b@example.net NOTIFY=FAILURE"]
    rcpt_bad = ["NOTIFY=NEVER,SUCCESS", "NOTIFY=", "NOTIFY=MAYBE", "ORCPT=b@example.net",
                "ORCPT=rfc822;", "ORCPT=rfc822;a+zz", "NOTIFY=DELAY NOTIFY=DELAY", "NOTIFY"]
    cases = [(f"MAIL {word}", one(mail_from("<a@example.com> " + word), caps=ALL), "")
             for word in mail_good]
    cases += [(f"MAIL {word}", one(mail_from("<a@example.com> " + word), caps=ALL),
               "parameter-malformed@2") for word in mail_bad]
    cases += [(f"RCPT {word}", one(mail_from(), rcpt("<b@example.net> " + word), caps=ALL), "")
              for word in rcpt_good]
    cases += [(f"RCPT {word}", one(mail_from(), rcpt("<b@example.net> " + word), caps=ALL),
               "parameter-malformed@3") for word in rcpt_bad]
    cases += [(f"not offered {word}", one(mail_from("<a@example.com> " + word), caps=["HELP"]),
               "extension-not-offered@2") for word in offered.values()]
    cases += [(f"no EHLO {word}", [GREET, C("EHLO client.example.com"), S("500 5.5.1 no"),
                                   C("HELO client.example.com"), S("250 mx"),
                                   mail_from("<a@example.com> " + word), BYE], "")
              for word in offered.values()]
    cases += [(f"not offered {word}", one(mail_from(), rcpt("<b@example.net> " + word),
                                          caps=["HELP"]), "extension-not-offered@3")
              for word in ("NOTIFY=NEVER", "ORCPT=rfc822;b@example.net")]
    body = "\r\n".join(HEAD) + "\r\n\r\nx\r\n"
    return cases + [
        ("unknown parameter", one(mail_from("<a@example.com> XFOO=1"), caps=ALL), ""),
        ("BDAT not offered", one(envelope(), C(f"BDAT {len(body)} LAST", body.encode()), DONE,
                                 caps=["HELP"]), "extension-not-offered@4"),
        ("BDAT offered", one(envelope(), C(f"BDAT {len(body)} LAST", body.encode()), DONE), ""),
        ("BDAT last of nothing", one(envelope(), C(f"BDAT {len(body)}", body.encode()),
                                     S("250 2.0.0 ok"), C("BDAT 0 LAST"), DONE), ""),
        ("BURL not offered", one(envelope(), C("BURL imap://x/y;URLAUTH=anonymous:i:1 LAST"),
                                 S("503 5.5.1 no"), caps=["HELP"]), "extension-not-offered@4"),
        ("BINARYMIME not offered", one(mail_from("<a@example.com> BODY=BINARYMIME"),
                                       caps=["8BITMIME", "CHUNKING"]), "extension-not-offered@2"),
        ("BODY=7BIT not offered", one(mail_from("<a@example.com> BODY=7BIT"), caps=["HELP"]),
         "extension-not-offered@2"),
        ("size over limit", one(mail_from("<a@example.com> SIZE=101", "552 5.3.4 no"),
                                caps=["SIZE 100"]), "size-over-limit@2 rejected@2"),
        ("size at limit", one(mail_from("<a@example.com> SIZE=100"), caps=["SIZE 100"]), ""),
        ("size, limit 0", one(mail_from("<a@example.com> SIZE=101"), caps=["SIZE 0"]), ""),
        ("size, no limit", one(mail_from("<a@example.com> SIZE=101"), caps=["SIZE"]), ""),
        ("real size over limit", one(text(150 * "x"), caps=["SIZE 100"]), "size-over-limit@4/1"),
        ("size declared wrong", one(text("x", parameters=" SIZE=5")), "size-declared-wrong@4/1"),
        ("size declared more", one(text("x", parameters=" SIZE=5000")), ""),
        ("size declared exactly", one(text("x", parameters=f" SIZE={len(body)}")), ""),
    ]


def paths():
    good = ["<>", "<a@example.com>", '<"a b"@example.com>', '<"a>b"@example.com>',
            '<"a\\"b@c"@example.com>', "<a@[192.0.2.1]>", "<a@[IPv6:2001:db8::1]>",
            "<a+b=c@example.com>", "<%s@example.com>" % (64 * "l"),
            "<a@localhost>", "<a@" + ".".join(4 * [49 * "d"]) + ".com>"]
    bad = ["a@example.com", " <a@example.com>", "<a>", "<@relay.example.com:a@example.com>",
           "<%s@example.com>" % (65 * "l"), "<a@" + ".".join(26 * [9 * "d"]) + ">", "<a@>",
           "<a@example.com"]
    cases = [(f"MAIL {path}", one(mail_from(path), caps=ALL), "") for path in good]
    cases += [(f"MAIL {path}", one(mail_from(path), caps=ALL), "path-syntax@2") for path in bad]
    return cases + [
        ("RCPT <postmaster>", one(mail_from(), rcpt("<postmaster>")), ""),
        ("RCPT <Postmaster>", one(mail_from(), rcpt("<Postmaster>")), ""),
        ("RCPT space", one(mail_from(), rcpt(" <b@example.net>")), "path-syntax@3"),
        ("RCPT no brackets", one(mail_from(), rcpt("b@example.net")), "path-syntax@3"),
        ("RCPT no domain", one(mail_from(), rcpt("<b>")), "path-syntax@3"),
        ("lower case", one(C("mail from:<a@example.com>"), MAIL_OK), ""),
        ("utf8 path", one(mail_from("<ä@bücher.example> SMTPUTF8")), ""),
    ]


# ── the end ─────────────────────────────────────────────────────────────────────────────────────


def endings():
    refused = [hi(), envelope(), C("DATA"), S("554 5.7.1 no")]
    return [
        ("no quit", [hi(), C_CLOSE], "no-quit"),
        ("no quit behind a message", [hi(), text("x"), C_CLOSE], "no-quit"),
        ("no quit behind greeting", [GREET, C_CLOSE], "no-quit"),
        ("quit without wait", [hi(), C("QUIT"), C_CLOSE], "quit-without-wait@2"),
        ("closed in data", [hi(), envelope(), DATA, C(FROM), C_CLOSE], "closed-in-data@4/1"),
        ("closed behind 354", [hi(), envelope(), DATA, C_CLOSE], "closed-in-data@4/1"),
        ("closed in chunk", [hi(), envelope(), C("BDAT 100", b"abc"), C_CLOSE],
         "closed-in-data@4/1"),
        ("closed between chunks", [hi(), envelope(), C("BDAT 3", b"abc"), S("250 2.0.0 ok"),
                                   C_CLOSE], "closed-in-data@4/1"),
        ("gave up the greeting", [C_CLOSE], "gave-up-early"),
        ("gave up EHLO", [GREET, C("EHLO client.example.com"), C_CLOSE], ""),
        ("gave up MAIL", [hi(), C("MAIL FROM:<a@example.com>"), C_CLOSE], "gave-up-early@2"),
        ("gave up DATA", [hi(), envelope(), C("DATA"), C_CLOSE], "gave-up-early@4"),
        ("gave up the dot", [hi(), envelope(), DATA, C(*HEAD, "."), C_CLOSE], "gave-up-early@4/1"),
        ("gave up the chunk", [hi(), envelope(), C("BDAT 3 LAST", b"a:b"), C_CLOSE],
         "gave-up-early@4/1 header-missing@4/1"),
        ("reset by the client", [hi(), C_RESET], "no-quit"),
        ("server closed", [hi(), S_CLOSE], "server-closed<server"),
        ("server closed with 421", [hi(), S("421 4.3.2 down"), S_CLOSE], ""),
        ("server closed behind 421 to a command", [hi(), C("NOOP"), S("421 4.3.2 down"), S_CLOSE],
         ""),
        ("server closed at once", [S_CLOSE], "server-closed<server"),
        ("server closed with a command due", [hi(), C("NOOP"), S_CLOSE], "server-closed"),
        ("server closed within a message", [hi(), envelope(), DATA, C(FROM), S_CLOSE],
         "server-closed"),
        ("server closed behind 554 greeting", [S("554 mx no"), C("QUIT"), S("221 bye"), S_CLOSE], "rejected@0"),
        ("client closed behind 554 greeting", [S("554 mx no"), C_CLOSE], "rejected@0 no-quit"),
        ("client closed behind 421", [hi(), S("421 4.3.2 down"), C_CLOSE], ""),
        ("commands after 421", [hi(), C("NOOP"), S("421 4.3.2 down"), C("NOOP"), S("421 4.3.2 down"),
                                S_CLOSE], "commands-after-421@3"),
        ("quit after 421", [hi(), C("NOOP"), S("421 4.3.2 down"), BYE], ""),
        ("pipelined before 421", [hi(), C("MAIL FROM:<a@example.com>", "RCPT TO:<b@example.net>"),
                                  S("421 4.3.2 down"), S_CLOSE], "rejected@2!warning"),
        ("text after refusal", [*refused, C(*HEAD, "", "x", "."), S("500 5.5.1 what"), BYE],
         "rejected@4 data-after-refusal@4"),
        ("no text after refusal", [*refused, BYE], "rejected@4"),
        ("client closed with 221 pipelined", [hi(), C("RSET", "QUIT"), S("250 2.0.0 ok"), C_CLOSE],
         "quit-without-wait@3"),
        ("client closed with replies due behind QUIT", [hi(), C("RSET", "QUIT"), C_CLOSE],
         "quit-without-wait@3"),
        ("421 greeting", [S("421 mx busy"), S_CLOSE], "rejected@0!warning"),
        ("421 greeting, client closes", [S("421 mx busy"), C_CLOSE], "rejected@0!warning"),
        ("421 to the message", [hi(), envelope(), DATA, C(*HEAD, "."), S("421 4.3.2 down"), S_CLOSE],
         "rejected@4/1!warning"),
        ("421 and then a group", [hi(), S("421 4.3.2 down"), C("MAIL FROM:<a@example.com>"),
                                  C("RCPT TO:<b@example.net>"), S_CLOSE],
         "commands-after-421@2 commands-after-421@3"),
        ("server closes behind 221 it was not asked for", [hi(), S("221 2.0.0 bye"), S_CLOSE],
         "reply-unexpected server-closed"),
        ("closed in data behind a good message", [hi(), text("x"), envelope(), DATA, C(FROM),
                                                  C_CLOSE], "closed-in-data@7/2"),
        ("RSET between chunks and away", [hi(), envelope(), C("BDAT 3", b"a:b"), S("250 2.0.0 ok"),
                                          C("RSET"), S("250 2.0.0 ok"), BYE], ""),
        ("gave up RCPT", [hi(), mail_from(), C("RCPT TO:<b@example.net>"), C_CLOSE],
         "gave-up-early@3"),
        ("gave up NOOP", [hi(), C("NOOP"), C_CLOSE], ""),
        ("client closed before 221 came back", [hi(), C("QUIT"), S("221 2.0.0 bye"), C_CLOSE], ""),
    ]


# ── the message ─────────────────────────────────────────────────────────────────────────────────


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


# ── the server ──────────────────────────────────────────────────────────────────────────────────


def noop(*reply, caps=()):
    return one(C("NOOP"), S(*reply), caps=caps)


def servers():
    bare = ["PIPELINING"]
    return [
        ("malformed", noop("Hello"), "reply-malformed@2"),
        ("code of four digits", noop("2500 ok"), "reply-malformed@2"),
        ("first digit 6", noop("650 ok"), "reply-malformed@2"),
        ("first digit 1", noop("150 ok"), "reply-malformed@2"),
        ("codes differ", noop("250-2.0.0 a", "251 2.0.0 b"), "reply-malformed@2"),
        ("no text", noop("250", caps=bare), ""),
        ("space, no text", noop("250 ", caps=bare), ""),
        ("hyphen, no text", noop("250-", "250 ", caps=bare), ""),
        ("reply of 512", noop("250 " + 506 * "x", caps=bare), ""),
        ("reply of 513", noop("250 " + 507 * "x", caps=bare), "reply-too-long@2"),
        ("reply with bare lf", noop(b"250 2.0.0 ok\n"), "reply-bare-lf@2"),
        ("unexpected", [hi(), S("250 2.0.0 hello"), BYE], "reply-unexpected"),
        ("421 unexpected", [hi(), S("421 4.3.2 hello"), BYE], ""),
        ("250 to DATA", [hi(), envelope(), C("DATA"), S("250 2.0.0 ok"), BYE], "reply-code-odd@4"),
        ("354 to RCPT", one(mail_from(), rcpt(reply="354 go")), "reply-code-odd@3"),
        ("220 to MAIL", one(mail_from(reply="220 2.1.0 go")), "reply-code-odd@2"),
        ("251 to RCPT", one(mail_from(), rcpt(reply="251 2.1.5 forwarded")), ""),
        ("252 to VRFY", one(C("VRFY a"), S("252 2.5.2 maybe")), ""),
        ("599 to NOOP", noop("599 5.0.0 odd"), ""),
        ("211 to HELP", one(C("HELP"), S("211 2.0.0 x")), ""),
        ("220 to NOOP", noop("220 2.0.0 x"), "reply-code-odd@2"),
        ("enhanced missing", one(mail_from(reply="250 ok")), "enhanced-missing@2"),
        ("enhanced not offered", one(mail_from(reply="250 ok"), caps=bare), ""),
        ("enhanced missing on 550", one(mail_from(reply="550 no")), "enhanced-missing@2 rejected@2"),
        ("enhanced aside 354", one(text("x")), ""),
        ("enhanced missing in the answer", one(whole(*HEAD, done=S("250 ok"))), "enhanced-missing@4/1"),
        ("enhanced contradicts", one(mail_from(reply="250 5.1.0 ok")), "enhanced-contradicts@2"),
        ("enhanced agrees", one(mail_from(reply="450 4.1.0 later")), "rejected@2!warning"),
        ("rejected RCPT", one(mail_from(), rcpt(reply="550 5.1.1 no such user")), "rejected@3"),
        ("rejected message", one(whole(*HEAD, done=S("554 5.6.0 no"))), "rejected@4/1"),
        ("differing first digits", noop("250-2.0.0 a", "550 5.0.0 b"), "reply-malformed@2"),
        ("reply line too long in two lines", noop("250-" + 600 * "x", "250 " + 600 * "x", caps=bare),
         "reply-too-long@2"),
        ("text with a tab", noop("250\tok", caps=bare), "reply-malformed@2"),
        ("code of two digits", noop("25 ok", caps=bare), "reply-malformed@2"),
        ("000", noop("000 ok", caps=bare), "reply-malformed@2"),
        ("enhanced of another subject", one(mail_from(reply="250 2.999.999 ok")), ""),
        ("enhanced malformed", one(mail_from(reply="250 2.1 ok")), "enhanced-missing@2"),
        ("enhanced contradicts 550", one(mail_from(reply="550 4.1.0 no")),
         "enhanced-contradicts@2 rejected@2"),
        ("enhanced contradicts, not offered", one(mail_from(reply="250 5.1.0 ok"), caps=bare),
         "enhanced-contradicts@2"),
        ("enhanced missing in 221", [hi(), C("QUIT"), S("221 bye"), S_CLOSE], "enhanced-missing@2"),
        ("enhanced before EHLO", [GREET, C("NOOP"), S("250 ok"), C("EHLO client.example.com"),
                                  offer(CAPS), BYE], ""),
        ("enhanced, EHLO refused", [GREET, C("EHLO client.example.com"), S("550 no"), BYE], "rejected@1"),
        ("250 greeting", [S("250 mx"), C("EHLO client.example.com"), offer(CAPS), BYE],
         "reply-code-odd@0"),
        ("250 to QUIT", [hi(), C("QUIT"), S("250 2.0.0 bye"), S_CLOSE], "reply-code-odd@2"),
        ("354 to the message", one(envelope(), DATA, C(*HEAD, "."), S("354 more")),
         "reply-code-odd@4/1"),
        ("252 to RCPT", one(mail_from(), rcpt(reply="252 2.1.5 maybe")), "reply-code-odd@3"),
        ("454 to STARTTLS", one(C("STARTTLS"), S("454 4.7.0 no"), caps=["STARTTLS"]), "rejected@2!warning"),
        ("502 to VRFY", one(C("VRFY a"), S("502 5.5.1 no")), ""),
        ("rejected DATA", one(envelope(), C("DATA"), S("451 4.3.0 later")), "rejected@4!warning"),
        ("rejected BDAT", one(envelope(), C("BDAT 3 LAST", b"a:b"), S("554 5.6.0 no")),
         "header-missing@4/1 rejected@4/1"),
        ("LMTP, one refused", [S("220 mx LMTP"), C("LHLO client.example.com"), offer(CAPS),
                               mail_from(), rcpt(), rcpt("<c@example.net>"), DATA, C(*HEAD, "."),
                               S("250 2.0.0 b"), S("452 4.2.2 c"), BYE], "rejected@5/1!warning"),
        ("500 to NOOP is no rejection", noop("500 5.5.1 what"), ""),
    ]


# ── TLS ─────────────────────────────────────────────────────────────────────────────────────────

GO = S("220 2.0.0 go")
START = [C("STARTTLS"), GO, CLIENT_TLS]
AGAIN = [C("EHLO client.example.com"), offer(CAPS)]


def layers():
    clear = ["STARTTLS", *CAPS]
    inside = [C("EHLO client.example.com"), offer(["AUTH PLAIN LOGIN", *CAPS])]
    return [
        ("tls", one(START, AGAIN, text("x"), caps=clear), ""),
        ("tls and login", one(START, inside, C("AUTH PLAIN " + PLAIN), S("235 2.7.0 ok"), text("x"),
                              caps=clear), ""),
        ("no EHLO behind it", one(START, mail_from(), caps=clear), "no-ehlo-after-starttls@3"),
        ("NOOP behind it", one(START, C("NOOP"), S("250 2.0.0 ok"), AGAIN, caps=clear), ""),
        ("QUIT behind it", one(START, caps=clear), ""),
        ("starttls offered in it", one(START, C("EHLO client.example.com"), offer(clear),
                                       caps=clear), "starttls-offered-in-tls@3"),
        ("capabilities are forgotten", one(START, C("EHLO client.example.com"), offer(["HELP"]),
                                           mail_from("<a@example.com> SIZE=1"), caps=clear),
         "extension-not-offered@4"),
        ("auth offered before it alone", one(START, AGAIN, C("AUTH CRAM-MD5"), S("503 5.5.1 no"),
                                             caps=["STARTTLS", "AUTH CRAM-MD5"]),
         "auth-not-offered@4 rejected@4"),
        ("client injects", [hi(*clear), C("STARTTLS", "NOOP"), GO, CLIENT_TLS, AGAIN, BYE],
         "starttls-injection@2 pipelining-past-sync@3"),
        ("server injects", [hi(*clear), C("STARTTLS"), S("220 2.0.0 go", "250 2.0.0 evil"),
                            CLIENT_TLS, AGAIN, BYE], "starttls-injection@2<server reply-unexpected"),
        ("pipelined behind a refused one", [hi(*clear), C("STARTTLS", "NOOP"), S("454 4.7.0 no"),
                                            S("250 2.0.0 ok"), BYE], "rejected@2!warning pipelining-past-sync@3"),
        ("login twice, TLS between", one(C("AUTH CRAM-MD5"), S("334 PDEyM0BhPg=="), C(b64(b"ann 01")),
                                         S("235 2.7.0 ok"), START, inside,
                                         C("AUTH PLAIN " + PLAIN), S("235 2.7.0 ok"),
                                         caps=["STARTTLS", "AUTH CRAM-MD5"]), "starttls-ignored@2"),
        ("transaction is forgotten", one(mail_from(), START, AGAIN, rcpt(reply="503 5.5.1 no"),
                                         caps=clear),
         "starttls-ignored@2 bad-sequence@5 rejected@5"),
        ("closed in it", [hi(*clear), START, AGAIN, C_CLOSE], "no-quit"),
    ]


# ── the play ────────────────────────────────────────────────────────────────────────────────────

FORM = re.compile(r"([a-z0-9-]+)(?:@(\d+))?(?:/(\d+))?(?:!(\w+))?(?:<(\w+))?")


def expectation(word):
    rule, exchange, message, severity, side = FORM.fullmatch(word).groups()
    usual = RULES[rule]
    return (rule, severity or usual[0], side or usual[1], exchange and int(exchange),
            message and int(message), usual[2])


def found(session):
    entries = []
    for entry in session["findings"]:
        rule = entry["rule"]
        reference = RULES[rule][2] if rule in NO_REFERENCE_GIVEN else entry["reference"]
        entries.append((rule, entry["severity"], entry["side"], entry["exchange"],
                        entry["message"], reference))
    return entries


def order(entry):
    return tuple(str(part) for part in entry)


def check_outputs(proxy, sessions):
    """jsonl and text say what json says, in the same order."""
    lines = proxy.output("text").decode().splitlines()
    for session in sessions:
        number = session["id"]
        told = [{key: event[key] for key in entry} for event in proxy.events()
                if event["event"] == "finding" and event["session"] == number
                for entry in [session["findings"][0]]] if session["findings"] else []
        assert told == session["findings"], (told, session["findings"])
    said = [line.split(" ", 4)[3:] for line in lines if line.split(" ", 4)[4].startswith("!!! ")]
    for session in sessions:
        own = [what for number, what in said if number == str(session["id"])]
        expected = []
        for entry in session["findings"]:
            reference = f" ({entry['reference']})" if entry["reference"] else ""
            expected.append(f"!!! {entry['severity']} {entry['rule']}: {entry['text']}{reference}")
        escaped = [line.replace("\\", "\\\\") for line in expected]
        assert own == expected or own == escaped, (own, expected)


def run(scope, cases, *words):
    problems = []
    with smtp.Stage(scope) as stage:
        with scope.proxy("--mode", f"reverse:smtp://localhost:{stage.port}@127.0.0.1:0",
                         *words) as proxy:
            for name, steps, _ in cases:
                try:
                    stage.play(proxy.port(), *steps)
                except Exception as error:
                    problems.append(f"{name}: the play failed: {error!r}")
    sessions = sorted(proxy.sessions(), key=lambda session: session["id"])
    assert len(sessions) == len(cases), (len(sessions), len(cases), problems)
    for (name, _, words), session in zip(cases, sessions):
        want = sorted((expectation(word) for word in words.split()), key=order)
        got = sorted(found(session), key=order)
        if want != got:
            problems.append(f"{name}:\n    missing {[x for x in want if x not in got]}"
                            f"\n    extra   {[x for x in got if x not in want]}"
                            f"\n    all     {[(x['rule'], x['text']) for x in session['findings']]}")
    check_outputs(proxy, sessions)
    assert not problems, "\n".join([f"{len(problems)} of {len(cases)}", *problems])
    return sessions


def test_wire(scope):
    run(scope, WIRE)


def test_smuggling(scope):
    sessions = run(scope, SMUGGLING)
    texts = {case[0]: session["findings"] for case, session in zip(SMUGGLING, sessions)}
    early = [x["text"] for x in texts["answered early"] if x["rule"] == "smuggling"]
    late = [x["text"] for x in texts["LF . LF"] if x["rule"] == "smuggling"]
    assert "server" in early[0] and early != late, (early, late)


def test_ehlo_names(scope):
    run(scope, ehlo_names())


def test_sequences(scope):
    run(scope, sequences())


def test_verbs(scope):
    sessions = run(scope, verbs())
    last = [session for session in sessions if len(session["findings"]) == 11]
    assert len(last) == 1 and "12" in last[0]["findings"][-1]["text"], last


def test_auths(scope):
    run(scope, auths())


def test_parameters(scope):
    run(scope, parameters())


def test_paths(scope):
    run(scope, paths())


def test_endings(scope):
    run(scope, endings())


def test_dates(scope):
    run(scope, dates())


def test_headers(scope):
    run(scope, headers())


def test_mime(scope):
    run(scope, mime())


def test_servers(scope):
    run(scope, servers())


def test_layers(scope):
    _, _, root = scope.server_certificate()
    run(scope, layers(), "--server-ca", root)


def test_starttls_is_hidden(scope):
    """What the client was not offered it did not ignore."""
    with_auth = [GREET, C("EHLO client.example.com"), S("250-mx", "250 STARTTLS"), mail_from(), BYE]
    with smtp.Stage(scope) as stage:
        with scope.proxy("--mode", f"reverse:smtp://localhost:{stage.port}@127.0.0.1:0",
                         "--client-tls", "none") as proxy:
            steps = smtp.flat(with_auth)
            stage.parts.put(steps)
            connection = s.connect(proxy.port())
            s.read_reply(connection)
            assert b"STARTTLS" not in b"".join(s.ask(connection, "EHLO client.example.com"))
            s.ask(connection, "MAIL FROM:<a@example.com>")
            s.ask(connection, "QUIT")
            assert s.read_all(connection) == b""
            connection.close()
    assert proxy.sessions()[0]["findings"] == [], proxy.sessions()[0]["findings"]


LATE_S, BOUND_MS = 0.3, 250


def test_slow(scope):
    """A greeting and a reply past the bound; of the others those that took as long here."""
    def serve(connection):
        s.let_pass(LATE_S)
        connection.sendall(b"220 mx ESMTP\r\n")
        for number in range(3):
            s.read_line(connection)
            if number == 1:
                s.let_pass(LATE_S)
            connection.sendall((b"250 mx\r\n", b"250 ok\r\n", b"221 bye\r\n")[number])

    with s.Server(serve) as server:
        with scope.proxy("--mode", f"reverse:smtp://localhost:{server.port}@127.0.0.1:0", "--slow",
                         str(BOUND_MS)) as proxy:
            connection = s.connect(proxy.port())
            s.read_reply(connection)
            for line in ("EHLO client.example.com", "NOOP", "QUIT"):
                s.ask(connection, line)
            assert s.read_all(connection) == b""
            connection.close()
    session, = proxy.sessions()
    late = [x["n"] for x in session["exchanges"] if x["n"] and x["latency_ms"] > BOUND_MS]
    found_here = [(x["rule"], x["exchange"]) for x in session["findings"]]
    assert 2 in late and found_here == [("slow-reply", n) for n in [0, *late]], (late, found_here)


def _answer_late(connection, last):
    """A server that answers the line `last` only when the client's stream has ended."""
    held = []
    text = False
    connection.sendall(b"220 mx ESMTP\r\n")
    for line in connection.makefile("rb"):
        text = text and line != b".\r\n"
        reply = {b"DATA\r\n": b"354 go\r\n", b"QUIT\r\n": b"221 bye\r\n"}.get(line, b"250 ok\r\n")
        if line == last:
            held.append(reply)
        elif not text:
            connection.sendall(reply)
        text = text or line == b"DATA\r\n"
    try:
        connection.sendall(b"".join(held))
    except OSError:
        pass  # the reset of a client that is gone may come first


def _leave(port, lines, last, half):
    connection = s.connect(port)
    s.read_reply(connection)
    for line in lines:
        s.ask(connection, line)
    connection.sendall(last)
    if half:
        connection.shutdown(socket.SHUT_WR)
        assert s.read_all(connection).startswith((b"221", b"250", b"354"))
    connection.close()


def test_replies_that_nobody_reads(scope):
    """A client that closes both ways did not wait, though the reply came; one that only closed its
    sending half has read it."""
    ready = ["EHLO client.example.com", "MAIL FROM:<a@example.com>", "RCPT TO:<b@example.net>"]
    text = "\r\n".join(HEAD).encode() + b"\r\n.\r\n"
    cases = [
        (ready[:1], b"QUIT\r\n", b"QUIT\r\n", [("quit-without-wait", 2, None)], []),
        (ready[:1], b"MAIL FROM:<a@example.com>\r\n", b"MAIL FROM:<a@example.com>\r\n",
         [("gave-up-early", 2, None)], [("no-quit", None, None)]),
        (ready, b"DATA\r\n", b"DATA\r\n", [("gave-up-early", 4, None)],
         [("closed-in-data", 4, 1)]),
        ([*ready, "DATA"], text, b".\r\n", [("gave-up-early", 4, 1)], [("no-quit", None, None)]),
    ]
    for lines, sent, last, gone, half in cases:
        with s.Server(lambda connection, last=last: _answer_late(connection, last)) as server:
            with scope.proxy("--mode",
                             f"reverse:smtp://localhost:{server.port}@127.0.0.1:0") as proxy:
                for closes_half in (False, True):
                    _leave(proxy.port(), lines, sent, closes_half)
        sessions = sorted(proxy.sessions(), key=lambda session: session["id"])
        got = [[(x["rule"], x["exchange"], x["message"]) for x in session["findings"]]
               for session in sessions]
        assert got == [gone, half], (last, got)


if __name__ == "__main__":
    s.main(globals())
