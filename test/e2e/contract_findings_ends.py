# SPDX-License-Identifier: MIT
"""The contract, Findings of a session's end: each where it must be, and none that is not true."""

import socket

from support import scope as s
from support.judged import BYE, DATA, FROM, GREET, HEAD, envelope, hi, mail_from, run, text
from support.smtp import C, C_CLOSE, C_RESET, S, S_CLOSE


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


def test_findings_of_ends(scope):
    run(scope, endings())


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


def test_a_client_that_closes_both_ways_did_not_wait(scope):
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
