# SPDX-License-Identifier: MIT
"""The contract, Findings of the server's replies: each where it must be, and none that is not
true."""

from support import scope as s
from support.judged import (BYE, CAPS, DATA, GREET, HEAD, envelope, hi, mail_from, offer, one,
                            rcpt, run, text, whole)
from support.smtp import C, S, S_CLOSE


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


def test_findings_of_replies(scope):
    run(scope, servers())


LATE_S, BOUND_MS = 0.3, 250


def test_a_reply_past_the_bound_is_slow(scope):
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


if __name__ == "__main__":
    s.main(globals())
