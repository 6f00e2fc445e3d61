# SPDX-License-Identifier: MIT
"""Bytes in are bytes out, in both directions, whatever they are and however they are cut."""

import fcntl
import hashlib
import random
import select
import socket
import ssl
import struct
import termios
import threading

from support import scope as s
from support import tcp

MIB = 1 << 20


def hostile(generator, size):
    """Bytes that break decoders: all values, bare CR and LF, NUL, dots, long lines, SMTP words."""
    words = [b"\r\n", b"\n", b"\r", b"\r\n.\r\n", b"\n.\n", b"\r.\r", b"\0", b"DATA\r\n", b"AUTH PLAIN ",
             b"BDAT 99999 LAST\r\n", b"STARTTL", b"QUIT\r\n", b"250-x\r\n", b"354 go\r\n", b"\x80\xff",
             b"MAIL FROM:<a@b>\r\n", b"RCPT TO:<c@d>\r\n", b"EHLO x\r\n", b"." * 70]
    out = bytearray()
    while len(out) < size:
        kind = generator.random()
        if kind < 0.5:
            out += generator.choice(words)
        elif kind < 0.9:
            out += generator.randbytes(generator.randrange(1, 200))
        else:
            out += bytes([generator.randrange(256)]) * generator.randrange(1, 5000)
    return bytes(out[:size])


def pieces(data, generator, largest):
    """Cuts data in pieces of random size; the first are of one byte."""
    at = 0
    while at < len(data):
        size = 1 if at < 50 else generator.randrange(1, largest)
        yield memoryview(data)[at:at + size]
        at += size


WAITS = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


def send_some(connection, piece):
    try:
        return piece[connection.send(piece):]
    except WAITS:
        return piece


def read_some(connection, size):
    """Bytes, None where there are none yet, b"" at the end of the stream."""
    try:
        return connection.recv(min(size, 1 << 16))
    except WAITS:
        return None


def duplex(connection, mine, their_size, generator, largest):
    """Sends all of `mine` while reading `their_size` bytes; returns what was read. One thread does
    both: OpenSSL does not let two use one connection."""
    connection.setblocking(False)
    outgoing, piece, got = pieces(mine, generator, largest), b"", []
    left = their_size
    while left > 0 or piece is not None:
        if piece is not None and len(piece) == 0:
            piece = next(outgoing, None)
        if piece is not None:
            piece = send_some(connection, piece)
        part = read_some(connection, left) if left > 0 else None
        if part == b"":
            break
        if part:
            got.append(part)
            left -= len(part)
        elif piece is None or len(piece) > 0:
            select.select([connection], [connection] if piece else [], [], 1)
    connection.settimeout(s.TIMEOUT)
    return b"".join(got)


def digest(data):
    return hashlib.sha256(data).hexdigest()


class Pair:
    """One kind of TLS between client and proxy and between proxy and server, up to the point where
    both may send anything."""

    def __init__(self, scope, how):
        self.scope, self.how = scope, how
        self.server_tls = None if how == "plain" else scope.server_context()
        self.client_tls = None if how == "plain" else scope.client_context()

    def serve(self, connection):
        if self.how == "implicit":
            connection = self.server_tls.wrap_socket(connection, server_side=True)
        connection.sendall(b"220 test ESMTP\r\n")
        if self.how == "starttls":
            assert s.read_line(connection) == b"EHLO me\r\n"
            connection.sendall(b"250-test\r\n250 STARTTLS\r\n")
            assert s.read_line(connection) == b"STARTTLS\r\n"
            connection.sendall(b"220 go\r\n")
            connection = self.server_tls.wrap_socket(connection, server_side=True)
        return connection

    def connect(self, port):
        connection = s.connect(port)
        if self.how == "implicit":
            connection = self.client_tls.wrap_socket(connection, server_hostname="localhost")
        assert s.read_line(connection) == b"220 test ESMTP\r\n"
        if self.how == "starttls":
            assert s.ask(connection, "EHLO me")[-1] == b"250 STARTTLS\r\n"
            assert s.ask(connection, "STARTTLS") == [b"220 go\r\n"]
            connection = self.client_tls.wrap_socket(connection, server_hostname="localhost")
        return connection

    def proxy(self, port, *words):
        _, _, root = self.scope.server_certificate()
        return self.scope.proxy("--mode", f"reverse:smtp://localhost:{port}@127.0.0.1:0",
                                "--server-ca", root, *words)


# Rules that never hold change no byte.
IDLE = ("--fault", "RCPT ~ ^never$ #999: 550 no", "--fault", "message ~ ^never$: close")


def both_ways(scope, how, up, down, largest, words=()):
    """Sends `up` and `down` at the same time through one session; compares hashes at both ends."""
    pair = Pair(scope, how)
    seen = {}

    def handle(connection):
        connection = pair.serve(connection)
        seen["up"] = digest(duplex(connection, down, len(up), random.Random(2), largest))

    with s.Server(handle) as server, pair.proxy(server.port, *words) as proxy:
        connection = pair.connect(proxy.port())
        got = duplex(connection, up, len(down), random.Random(1), largest)
        connection.close()
        for thread in server.threads:
            thread.join(s.TIMEOUT)
    assert digest(got) == digest(down), "server to client differs"
    assert seen["up"] == digest(up), "client to server differs"


def hostile_both_ways(scope, how, size=3 * MIB, words=()):
    seed = random.randrange(1 << 30)
    print(f"seed {seed}")
    generator = random.Random(seed)
    both_ways(scope, how, hostile(generator, size), hostile(generator, size), 5000, words)


def test_hostile_bytes_plain(scope):
    hostile_both_ways(scope, "plain")


def test_hostile_bytes_starttls(scope):
    hostile_both_ways(scope, "starttls")


def test_hostile_bytes_implicit(scope):
    hostile_both_ways(scope, "implicit")


def test_hostile_bytes_and_rules_that_never_hold(scope):
    for how in ("plain", "starttls", "implicit"):
        hostile_both_ways(scope, how, MIB // 4, IDLE)


def test_one_long_line_and_large_writes(scope):
    up, down = b"x" * MIB + b"\r\n" + b"y" * MIB, b"250-" + b"z" * MIB
    for how in ("plain", "starttls", "implicit"):
        for words in ((), IDLE):
            both_ways(scope, how, up, down, 2 * MIB, words)


def message_of(size):
    line = b"The quick brown fox jumps over the lazy dog, again and again and once more.\r\n"
    return b"Subject: large\r\n\r\n" + line * (size // len(line))


def test_large_message_by_data(scope):
    for how, words in (("plain", ()), ("starttls", ()), ("implicit", ()), ("plain", IDLE),
                       ("starttls", IDLE)):
        message = message_of(50 * MIB)
        pair = Pair(scope, how)
        seen = {}

        def handle(connection):
            connection = pair.serve(connection)
            for answer in (b"250 test\r\n", b"250 ok\r\n", b"250 ok\r\n", b"354 go\r\n"):
                s.read_line(connection)
                connection.sendall(answer)
            seen["text"] = digest(s.read_exactly(connection, len(message) + 3))
            connection.sendall(b"250 ok\r\n")
            s.read_line(connection)
            connection.sendall(b"221 bye\r\n")

        with s.Server(handle) as server, pair.proxy(server.port, *words) as proxy:
            connection = pair.connect(proxy.port())
            for line in ("EHLO me", "MAIL FROM:<a@example.com>", "RCPT TO:<b@example.com>", "DATA"):
                s.ask(connection, line)
            connection.sendall(message + b".\r\n")
            assert s.read_reply(connection) == [b"250 ok\r\n"]
            assert s.ask(connection, "QUIT") == [b"221 bye\r\n"]
            connection.close()
        assert seen["text"] == digest(message + b".\r\n")
        session, = proxy.sessions()
        recorded, = session["messages"]
        assert recorded["bytes"] == len(message)
        assert recorded["sha256"] == digest(message)
        assert session["outcome"] == "completed", session["outcome"]


def test_half_close_passes(scope):
    """The client ends its stream; the server still answers all it had."""
    pair = Pair(scope, "plain")

    def handle(connection):
        connection = pair.serve(connection)
        assert s.read_all(connection) == b"NOOP\r\n"
        connection.sendall(b"250 one\r\n" * 1000)

    with s.Server(handle) as server, pair.proxy(server.port) as proxy:
        connection = pair.connect(proxy.port())
        connection.sendall(b"NOOP\r\n")
        connection.shutdown(socket.SHUT_WR)
        assert s.read_all(connection) == b"250 one\r\n" * 1000


def test_a_half_close_that_finds_no_server_is_answered(scope):
    with tcp.refusing_port() as port:
        url = f"reverse:smtp://localhost:{port}@127.0.0.1:0"
        with scope.proxy("--mode", url) as proxy, s.connect(proxy.port()) as connection:
            connection.sendall(b"EHLO me\r\nQUIT\r\n")
            connection.shutdown(socket.SHUT_WR)
            assert s.read_all(connection).startswith(b"421 4.4.1 ")
    session, = proxy.sessions()
    assert session["outcome"] == "connect-failed", session["outcome"]


def test_a_client_that_leaves_before_the_server_answers_is_said(scope):
    with tcp.silent_port() as port:
        url = f"reverse:smtp://127.0.0.1:{port}@127.0.0.1:0"
        with scope.proxy("--mode", url, "--once") as proxy:
            s.connect(proxy.port()).close()
            proxy.process.wait(s.TIMEOUT)
    session, = proxy.sessions()
    assert session["outcome"] == "client-closed", session["outcome"]
    assert "had not answered yet" in session["error"], session["error"]


def tls_half_close(scope, how):
    pair = Pair(scope, how)

    def handle(connection):
        connection = pair.serve(connection)
        assert s.read_all(connection) == b"NOOP\r\n"
        connection.sendall(b"250 late\r\n")
        connection.unwrap()

    with s.Server(handle) as server, pair.proxy(server.port) as proxy:
        connection = pair.connect(proxy.port())
        connection.sendall(b"NOOP\r\n")
        try:
            connection.unwrap()
        except ssl.SSLError as error:  # application data after close notify: it arrived
            assert "APPLICATION_DATA" in str(error), error


def test_tls_half_close_passes(scope):
    tls_half_close(scope, "implicit")
    tls_half_close(scope, "starttls")


def test_the_sink_answers_a_close_notify(scope):
    """A client that waits for it before it ends its TCP stream does not wait for ever."""
    with scope.proxy("--mode", "sink@127.0.0.1:0") as proxy, s.connect(proxy.port()) as connection:
        inside = scope.client_context().wrap_socket(connection, server_hostname="localhost")
        assert s.read_line(inside).startswith(b"220 ")
        assert s.read_all(inside.unwrap()) == b""


def test_missing_close_notify_is_missing_on_the_other_side(scope):
    pair = Pair(scope, "implicit")
    pair.server_tls.options &= ~ssl.OP_IGNORE_UNEXPECTED_EOF
    seen = []

    def handle(connection):
        connection = pair.serve(connection)
        connection.suppress_ragged_eofs = False
        try:
            s.read_all(connection)
            seen.append("clean")
        except ssl.SSLError:  # the end of the stream with no close_notify
            seen.append("ragged")

    with s.Server(handle) as server, pair.proxy(server.port) as proxy:
        pair.connect(proxy.port()).close()
        connection = pair.connect(proxy.port())
        connection.sendall(b"NOOP\r\n")
        raw = socket.socket(fileno=connection.detach())
        raw.close()
        for thread in server.threads:
            thread.join(s.TIMEOUT)
    assert seen.count("ragged") == 2, seen


def test_reset_passes(scope):
    pair = Pair(scope, "plain")
    seen = []
    done = threading.Event()

    def handle(connection):
        connection = pair.serve(connection)
        try:
            while connection.recv(100):
                pass
            seen.append("ended")
        except ConnectionResetError:
            seen.append("reset")
        done.set()

    with s.Server(handle) as server, pair.proxy(server.port) as proxy:
        connection = pair.connect(proxy.port())
        connection.sendall(b"NOOP\r\n")
        tcp.reset(connection)
        assert done.wait(s.TIMEOUT)
    assert seen == ["reset"], seen


def test_what_came_before_a_reset_arrives(scope):
    """A server that reads late gets every byte that the client sent before its reset."""
    pair = Pair(scope, "plain")
    payload = b"x" * (2 * MIB)
    got = []
    sent = threading.Event()

    def handle(connection):
        connection = pair.serve(connection)
        assert sent.wait(s.TIMEOUT)
        got.append(len(s.read_exactly(connection, len(payload))))

    with s.Server(handle) as server, pair.proxy(server.port) as proxy:
        connection = pair.connect(proxy.port())
        connection.sendall(payload)
        # All of it has left this machine's client once nothing waits in its socket.
        while struct.unpack("i", fcntl.ioctl(connection, termios.TIOCOUTQ, b"\0" * 4))[0] > 0:
            pass
        tcp.reset(connection)
        sent.set()
        for thread in server.threads:
            thread.join(s.TIMEOUT)
    assert got == [len(payload)], got


def test_plain_bytes_behind_starttls_go_ahead_of_tls(scope):
    pair = Pair(scope, "starttls")
    seen = []

    def handle(connection):
        connection.sendall(b"220 test ESMTP\r\n")
        assert s.read_line(connection) == b"STARTTLS\r\n"
        seen.append(s.read_line(connection))
        connection.sendall(b"220 go\r\n")
        inside = pair.server_tls.wrap_socket(connection, server_side=True)
        seen.append(s.read_line(inside))
        inside.sendall(b"250 ok\r\n")

    with s.Server(handle) as server, pair.proxy(server.port) as proxy:
        connection = s.connect(proxy.port())
        s.read_line(connection)
        connection.sendall(b"STARTTLS\r\nRSET\r\n")
        assert s.read_line(connection) == b"220 go\r\n"
        inside = pair.client_tls.wrap_socket(connection, server_hostname="localhost")
        assert s.ask(inside, "NOOP") == [b"250 ok\r\n"]
        inside.close()
    assert seen == [b"RSET\r\n", b"NOOP\r\n"], seen
    session, = proxy.sessions()
    assert "starttls-injection" in [finding["rule"] for finding in session["findings"]]


if __name__ == "__main__":
    s.main(globals())
