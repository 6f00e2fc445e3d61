# SPDX-License-Identifier: MIT
"""A peer that goes away, at each moment of a session: it is noticed, and the record says who went,
when, and what to do."""

import os
import signal
import socket
import subprocess
import sys
import threading

from support import scope as s
from support import tcp
from support import text

EHLO, MAIL = "EHLO client.example.com", "MAIL FROM:<a@example.com>"
RCPT, TEXT = "RCPT TO:<b@example.net>", b"Subject: half a message\r\n"


def closes(proxy):
    return [event for event in proxy.events() if event["event"] == "close"]


def rules(session):
    return {finding["rule"] for finding in session["findings"]}


class Mute(s.Server):
    """A server that answers up to a command, and from there on is silent and keeps the connection."""

    def __init__(self, silent_at):
        self.silent_at = silent_at
        self.silent = threading.Event()
        self.done = threading.Event()
        super().__init__(self.serve)

    def __exit__(self, *what):
        self.done.set()
        super().__exit__(*what)

    def be_silent(self):
        self.silent.set()
        self.done.wait(s.TIMEOUT)

    def serve(self, connection):
        if self.silent_at == "greeting":
            self.be_silent()
            return
        connection.sendall(b"220 test.example.net ESMTP\r\n")
        while line := s.read_line(connection):
            verb = line.split()[0].upper().decode()
            if verb == self.silent_at:
                self.be_silent()
                return
            if verb == "DATA":
                connection.sendall(b"354 go on\r\n")
                while (line := s.read_line(connection)) not in (b".\r\n", b""):
                    if line == TEXT:
                        self.silent.set()
                if self.silent_at == "final dot" or not line:
                    self.be_silent()
                    return
            connection.sendall(b"250 2.0.0 ok\r\n")


def speak(connection, lines):
    """Each line but the last gets its reply."""
    s.read_line(connection)
    for line in lines[:-1]:
        s.ask(connection, line)
    if lines:
        connection.sendall(lines[-1].encode() + b"\r\n")


def leave(scope, silent_at, lines, more=b"", words=()):
    """The session of a client that says `lines`, then `more`, and is gone while the server is
    silent. It ends by itself."""
    with Mute(silent_at) as server, scope.proxy(
            "--mode", f"reverse:smtp://127.0.0.1:{server.port}@0", "--idle-timeout", "0",
            *words) as proxy:
        connection = s.connect(proxy.port())
        if silent_at != "greeting":
            speak(connection, lines)
        if more:
            s.read_line(connection)
            connection.sendall(more)
        assert server.silent.wait(s.TIMEOUT)
        connection.close()
        s.until(lambda: closes(proxy), "the end of the session")
    session, = proxy.sessions()
    event, = closes(proxy)
    assert (session["outcome"], event["by"]) == ("client-closed", "client"), (session, event)
    assert session["error"].startswith("the client closed the connection "), session["error"]
    assert ": " in session["error"], session["error"]
    return session


def test_a_client_that_goes_before_the_greeting(scope):
    session = leave(scope, "greeting", [])
    assert "before the server sent its greeting" in session["error"], session["error"]
    assert "gave-up-early" in rules(session), rules(session)


def test_a_client_that_goes_while_a_reply_is_due(scope):
    for silent_at, lines in (("MAIL", [EHLO, MAIL]), ("RCPT", [EHLO, MAIL, RCPT]),
                             ("DATA", [EHLO, MAIL, RCPT, "DATA"])):
        session = leave(scope, silent_at, lines)
        assert f"reply to {silent_at} was due" in session["error"], session["error"]
        assert "gave-up-early" in rules(session), rules(session)
    session = leave(scope, "EHLO", [EHLO])
    assert "reply to EHLO was due" in session["error"], session["error"]


def test_a_client_that_goes_within_a_message(scope):
    session = leave(scope, "never", [EHLO, MAIL, RCPT, "DATA"], TEXT)
    assert "in the middle of a message" in session["error"], session["error"]
    assert "closed-in-data" in rules(session), rules(session)


def test_a_client_that_goes_after_the_final_dot(scope):
    session = leave(scope, "final dot", [EHLO, MAIL, RCPT, "DATA"], TEXT + b".\r\n")
    assert "reply to a message was due" in session["error"], session["error"]
    assert "gave-up-early" in rules(session), rules(session)


def test_a_client_that_goes_after_quit(scope):
    session = leave(scope, "QUIT", [EHLO, "QUIT"])
    assert "reply to QUIT was due" in session["error"], session["error"]


def test_a_client_that_goes_in_auth(scope):
    session = leave(scope, "AUTH", [EHLO, "AUTH LOGIN"])
    assert "reply to AUTH was due" in session["error"], session["error"]


def test_a_client_that_is_killed(scope):
    program = "import socket, sys; c = socket.create_connection(('127.0.0.1', int(sys.argv[1])));" \
              "c.recv(100); c.sendall(b'MAIL FROM:<a@example.com>\\r\\n'); c.recv(100)"
    with Mute("MAIL") as server, scope.proxy(
            "--mode", f"reverse:smtp://127.0.0.1:{server.port}@0", "--idle-timeout", "0") as proxy:
        client = subprocess.Popen([sys.executable, "-c", program, str(proxy.port())])
        assert server.silent.wait(s.TIMEOUT)
        client.send_signal(signal.SIGKILL)
        client.wait()
        s.until(lambda: closes(proxy), "the end of the session")
    session, = proxy.sessions()
    assert (session["outcome"], closes(proxy)[0]["by"]) == ("client-closed", "client"), session
    assert "gave-up-early" in rules(session), rules(session)


def test_a_client_that_goes_in_a_socks5_request(scope):
    """It never said what it wants: it is no session, and leaves nothing behind."""
    with scope.proxy("--mode", "socks5@0", "--idle-timeout", "0") as proxy:
        idle = proxy.sockets()
        for request in (b"", b"\5", b"\5\1\0", b"\5\1\0\5\1\0\3"):
            connection = s.connect(proxy.port())
            connection.sendall(request)
            connection.close()
        s.until(lambda: proxy.sockets() == idle, "all sockets to be closed")
    assert proxy.sessions() == []


def test_a_client_that_goes_while_the_server_is_dialled(scope):
    with tcp.silent_port() as port, scope.proxy(
            "--mode", f"reverse:smtp://127.0.0.1:{port}@0", "--idle-timeout", "0") as proxy:
        s.connect(proxy.port()).close()
        s.until(lambda: closes(proxy), "the end of the session")
    session, = proxy.sessions()
    assert session["outcome"] == "client-closed", session
    assert "still connecting" in session["error"], session["error"]
    assert closes(proxy)[0]["by"] == "client"
    # Who came, and for which server, is in each form, and `show` reads it in both.
    first = proxy.events()[0]
    assert first["event"] == "connect" and first["mode"] == "reverse", first
    assert first["client"] == session["client"] and first["server"] == session["server"], first
    assert session["server"] == {"host": "127.0.0.1", "address": None, "port": port}, session
    live = proxy.output("text")
    assert f" ### Not connected to '127.0.0.1' on port {port}\n".encode() in live, live
    for name in ("json", "jsonl"):
        shown = scope.run("show", os.path.join(proxy.folder, "out." + name)).stdout
        told, seen = (text.without_pids(one.decode()) for one in (shown, live))
        assert told == seen, (name, told, seen)


def test_a_client_that_goes_in_a_handshake(scope):
    hello = bytes.fromhex("16030100c8010000c40303") + bytes(195)
    with Mute("greeting") as server, scope.proxy(
            "--mode", f"reverse:smtp://127.0.0.1:{server.port}@0", "--idle-timeout", "0") as proxy:
        for sent in (hello[:30], hello[:3]):
            connection = s.connect(proxy.port())
            connection.sendall(sent)
            s.until(lambda: scope.run("ctl", "sessions").stdout.count(b"session ") == 1, "a session")
            connection.close()
            s.until(lambda: scope.run("ctl", "sessions").stdout.count(b"session ") == 0, "its end")
    for session in proxy.sessions():
        assert session["outcome"] == "tls-client-failed" and session["error"], session


def test_a_half_closed_client_still_gets_its_answers(scope):
    """A FIN alone is no departure: the client waits for what it asked for, and is still there when
    clients that came later and are gone have been found out."""
    go = threading.Event()

    def handle(connection):
        connection.sendall(b"220 test.example.net ESMTP\r\n")
        assert s.read_line(connection) == b"NOOP\r\n"
        assert s.read_all(connection) == b""
        assert go.wait(s.TIMEOUT)
        connection.sendall(b"250 2.0.0 at last\r\n")  # lost where the client is gone

    with s.Server(handle) as server, scope.proxy(
            "--mode", f"reverse:smtp://127.0.0.1:{server.port}@0") as proxy:
        connection = s.connect(proxy.port())
        s.read_line(connection)
        connection.sendall(b"NOOP\r\n")
        connection.shutdown(socket.SHUT_WR)
        for count in (1, 2, 3):
            leaving = s.connect(proxy.port())
            s.read_line(leaving)
            leaving.sendall(b"NOOP\r\n")
            leaving.close()
            s.until(lambda: len(closes(proxy)) == count, "the end of the client that is gone")
        assert [event["session"] for event in closes(proxy)] == [2, 3, 4], closes(proxy)
        go.set()
        assert s.read_all(connection) == b"250 2.0.0 at last\r\n"
        connection.close()
    session, = [each for each in proxy.sessions() if each["id"] == 1]
    assert session["exchanges"][1]["reply"]["code"] == 250, session["exchanges"]


def test_a_half_closed_client_that_goes_later(scope):
    with Mute("MAIL") as server, scope.proxy(
            "--mode", f"reverse:smtp://127.0.0.1:{server.port}@0", "--idle-timeout", "0") as proxy:
        for reset in (False, True):
            connection = s.connect(proxy.port())
            speak(connection, [MAIL])
            assert server.silent.wait(s.TIMEOUT)
            connection.shutdown(socket.SHUT_WR)
            if reset:
                tcp.will_reset(connection)
            connection.close()
            s.until(lambda: len(closes(proxy)) == 1 + reset, "the end of the session")
    for session in proxy.sessions():
        assert session["outcome"] == "client-closed" and session["error"], session


def test_a_client_that_is_reset_while_nothing_of_it_is_read(scope):
    """The server takes no more, so the proxy does not read the client either. What came
    before the reset still goes to the server once that reads again."""
    gone = threading.Event()

    def handle(connection):
        connection.sendall(b"220 test ESMTP\r\n")
        assert gone.wait(s.TIMEOUT)
        try:
            s.read_all(connection)
        except ConnectionError:
            pass

    with s.Server(handle) as server, scope.proxy(
            "--mode", f"reverse:smtp://127.0.0.1:{server.port}@0", "--idle-timeout", "0") as proxy:
        connection = s.connect(proxy.port())
        s.read_line(connection)
        connection.settimeout(1)
        try:
            while True:
                connection.sendall(b"x" * 60000 + b"\r\n")
        except TimeoutError:
            pass
        tcp.reset(connection)
        gone.set()
        s.until(lambda: closes(proxy), "the end of the session")
    session, = proxy.sessions()
    assert session["outcome"] == "client-closed", session["outcome"]
    assert session["error"].startswith("the client reset the connection "), session["error"]


# ── the server ──────────────────────────────────────────────────────────────────────────────────


def server_leaves(scope, answers, lines, reset):
    """The session of a server that gives `answers` and goes, while the client stays."""
    def handle(connection):
        for answer in answers:
            connection.sendall(answer)
            s.read_line(connection)
        if reset:
            tcp.will_reset(connection)

    with s.Server(handle) as server, scope.proxy(
            "--mode", f"reverse:smtp://127.0.0.1:{server.port}@0") as proxy:
        connection = s.connect(proxy.port())
        if answers:
            speak(connection, lines)
        try:
            assert s.read_all(connection) == b""
            assert not reset or not answers
        except ConnectionError:
            assert reset
        connection.close()
    session, = proxy.sessions()
    event = proxy.events()[-1]
    assert (session["outcome"], event["by"]) == ("server-closed", "server"), (session, event)
    word = "reset" if reset else "closed"
    assert session["error"].startswith(f"the server {word} the connection "), session["error"]
    assert ": " in session["error"], session["error"]
    assert session["error"] in proxy.output("text").decode(), "not in the text"
    return session


def test_a_server_that_goes(scope):
    for reset in (False, True):
        for answers, lines, when in (
                ([b"220 x\r\n"], [EHLO], "while the server's reply to EHLO was due"),
                ([b"220 x\r\n", b"250 x\r\n"], [EHLO, MAIL], "reply to MAIL was due"),
                ([b"220 x\r\n", b"250 x\r\n", b"334 x\r\n"], [EHLO, "AUTH LOGIN", "AHg="],
                 "in the middle of AUTH"),
                ([b"220 x\r\n", b"354 x\r\n"], ["DATA", "."], "reply to a message was due"),
                ([b"220 x\r\n", b"354 x\r\n"], ["DATA", "x"], "in the middle of a message"),
                ([b"220 x\r\n"], ["QUIT"], "reply to QUIT was due")):
            session = server_leaves(scope, answers, lines, reset)
            assert when in session["error"], (when, session["error"])


def test_a_server_that_goes_without_a_greeting(scope):
    session = server_leaves(scope, [], [], False)
    assert "before the server sent its greeting" in session["error"], session["error"]
    assert "implicit TLS" in session["error"], session["error"]


# ── and the proxy ───────────────────────────────────────────────────────────────────────────────


def stop_at(scope, silent_at, lines, more=b""):
    """The session that a stop ends there; nothing is said to the client, which waits for another
    reply, or is in the middle of a message."""
    with Mute(silent_at) as server:
        proxy = scope.proxy("--mode", f"reverse:smtp://127.0.0.1:{server.port}@0", "--grace", "0")
        connection = s.connect(proxy.port())
        speak(connection, lines)
        if more:
            assert s.read_line(connection) == b"354 go on\r\n"
            connection.sendall(more)
        assert server.silent.wait(s.TIMEOUT)
        assert proxy.stop() == 0
        assert s.read_all(connection) == b""
        connection.close()
    session, = proxy.sessions()
    assert (session["outcome"], proxy.events()[-1]["by"]) == ("proxy-stopped", "proxy"), session
    assert "--grace" in session["error"], session["error"]
    return session


def test_the_moment_of_a_stop_is_named(scope):
    session = stop_at(scope, "MAIL", [EHLO, MAIL])
    assert "reply to MAIL was due" in session["error"], session["error"]
    session = stop_at(scope, "never", [EHLO, MAIL, RCPT, "DATA"], TEXT)
    assert "in the middle of a message" in session["error"], session["error"]


def test_the_moment_of_an_idle_time_out_is_named(scope):
    with Mute("MAIL") as server, scope.proxy("--mode", f"reverse:smtp://127.0.0.1:{server.port}@0",
                                             "--idle-timeout", "2") as proxy:
        connection = s.connect(proxy.port())
        speak(connection, [EHLO, MAIL])
        assert s.read_all(connection) == b""
        connection.close()
    session, = proxy.sessions()
    assert (session["outcome"], closes(proxy)[0]["by"]) == ("timeout", "proxy"), session
    for words in ("reply to MAIL was due", "the server's turn", "--idle-timeout"):
        assert words in session["error"], session["error"]


def test_who_closed_first_ended_it_though_a_stop_came_later(scope):
    """The server has closed, and the client has not looked yet."""
    gone = threading.Event()

    def handle(connection):
        connection.sendall(b"220 test ESMTP\r\n")
        s.read_line(connection)
        connection.sendall(b"250 test\r\n")
        gone.set()

    with s.Server(handle) as server:
        proxy = scope.proxy("--mode", f"reverse:smtp://127.0.0.1:{server.port}@0", "--grace", "0")
        connection = s.connect(proxy.port())
        speak(connection, [EHLO])
        assert gone.wait(s.TIMEOUT)
        assert s.read_all(connection) == b"250 test\r\n"
        assert proxy.stop() == 0
        connection.close()
    session, = proxy.sessions()
    assert (session["outcome"], proxy.events()[-1]["by"]) == ("server-closed", "server"), session
    assert "server-closed" in rules(session), rules(session)


if __name__ == "__main__":
    s.main(globals())
