# SPDX-License-Identifier: MIT
"""The contract, Findings over both layers of TLS: each where it must be, and none that is not
true."""

from support import scope as s
from support import smtp
from support.judged import BYE, CAPS, GREET, PLAIN, b64, hi, mail_from, offer, one, rcpt, run, text
from support.smtp import C, CLIENT_TLS, C_CLOSE, S

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
                            CLIENT_TLS, AGAIN, BYE], "starttls-injection@2<server"),
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


def test_findings_of_layers(scope):
    _, _, root = scope.server_certificate()
    run(scope, layers(), "--server-ca", root)


def test_a_starttls_that_was_hidden_is_not_ignored(scope):
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


if __name__ == "__main__":
    s.main(globals())
