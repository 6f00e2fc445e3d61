# SPDX-License-Identifier: MIT
"""A conversation as a list of steps, played by a scripted client and a scripted server.

    play(proxy, server, S("220 test"), C("EHLO me.example.org"), S("250 test"), C_CLOSE)

`C(…)` are lines of the client, `S(…)` lines of the server; bytes are sent as they are, a text gets
its CRLF. Each peer waits for what the other one sent, so the order of the events is the order of
the steps. `CLIENT_TLS` is a handshake of both; `C_CLOSE`, `S_CLOSE` say who closes first.
"""

import email.utils
import os
import queue
import socket
import struct

from support import scope as s

CLIENT_TLS = ("T", b"")
C_CLOSE, S_CLOSE = ("C", None), ("S", None)
C_RESET = ("R", None)


def _bytes(lines):
    return b"".join(line if isinstance(line, bytes) else line.encode() + b"\r\n" for line in lines)


def C(*lines):
    return "C", _bytes(lines)


def S(*lines):
    return "S", _bytes(lines)


def hello(*extensions):
    """Greeting and EHLO with its capabilities."""
    names = ["test", *extensions]
    reply = [("250-" if at < len(names) - 1 else "250 ") + name for at, name in enumerate(names)]
    return [S("220 test ESMTP"), C("EHLO me.example.org"), S(*reply)]


QUIT = [C("QUIT"), S("221 bye"), S_CLOSE]
HEADER = ["From: a@example.com", "To: b@example.net", "Date: " + email.utils.formatdate(),
          "Message-ID: <1@example.com>"]


def envelope(sender="a@example.com", recipient="b@example.net"):
    return [C(f"MAIL FROM:<{sender}>"), S("250 ok"), C(f"RCPT TO:<{recipient}>"), S("250 ok")]


def mail(*lines, reply="250 ok"):
    """One message by DATA, answered by `reply`."""
    return [*envelope(), C("DATA"), S("354 go"), C(*(lines or HEADER), "."), S(reply)]


class Stage:
    """A server that plays the server's part of whatever conversation comes next."""

    def __init__(self, scope):
        self.scope = scope
        self.parts = queue.Queue()
        self.taken = queue.Queue()
        self.server = s.Server(self._serve)
        self.port = self.server.port

    def __enter__(self):
        return self

    def __exit__(self, *reason):
        return self.server.__exit__(*reason)

    def _serve(self, connection):
        steps = self.parts.get(timeout=s.TIMEOUT)
        self.taken.put(steps)
        context = self.scope.server_context() if CLIENT_TLS in steps else None
        _act(connection, "S", steps, lambda plain: context.wrap_socket(plain, server_side=True))

    def play(self, port, *steps):
        """Plays the steps through the proxy on `port`; returns the client's own port."""
        steps = _flat(steps)
        context = self.scope.client_context() if CLIENT_TLS in steps else None
        self.parts.put(steps)
        connection = s.connect(port)
        own = connection.getsockname()[1]
        if steps[0] in (C_CLOSE, C_RESET):
            while self.taken.get(timeout=s.TIMEOUT) is not steps:
                pass  # a client that is gone too soon would leave no session with the server
        _act(connection, "C", steps,
             lambda plain: context.wrap_socket(plain, server_hostname="localhost"))
        return own


def _flat(steps):
    flat = []
    for step in steps:
        if isinstance(step, list):
            flat.extend(_flat(step))
        else:
            flat.append(step)
    return flat


def _act(connection, me, steps, wrap):
    """One peer's part. It ends with the first close, its own or the other one's."""
    for who, data in steps:
        if who == "T":
            connection = wrap(connection)
        elif who == "R":
            _part(connection, me == "C")
            return
        elif data is None:
            if who == me:
                _leave(connection)
            else:
                assert s.read_all(connection) == b"", "bytes behind the last step"
                if hasattr(connection, "unwrap"):
                    _leave(connection)  # its own close_notify is due too
            connection.close()
            return
        elif who == me:
            connection.sendall(data)
        else:
            got = s.read_exactly(connection, len(data))
            assert got == data, f"{me} got {got!r}, not {data!r}"
    connection.close()


def _leave(connection):
    """Closes in order, inside TLS too."""
    try:
        if hasattr(connection, "unwrap"):
            connection = connection.unwrap()
    except (OSError, ValueError):
        pass
    try:
        connection.shutdown(socket.SHUT_WR)
        s.read_all(connection)
    except OSError:
        pass


def _part(connection, resetting):
    if resetting:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    else:
        try:
            s.read_all(connection)
        except OSError:
            pass
    connection.close()


def own_pid():
    return os.getpid()


def own_program():
    with open("/proc/self/comm") as file:
        return file.read().strip()
