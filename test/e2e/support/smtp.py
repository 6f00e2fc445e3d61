# SPDX-License-Identifier: MIT
"""The scripted ends of an SMTP session. A server answers well (`Server`), gives the same answers
whatever it is told (`answers`), or plays its part of a conversation (`Stage`):

    with Stage(scope) as stage, scope.proxy("--mode", f"reverse:smtp://localhost:{stage.port}@0") as p:
        stage.play(p.port(), S("220 test"), C("EHLO me.example.org"), S("250 test"), C_CLOSE)

`C(…)` are lines of the client, `S(…)` lines of the server; bytes are sent as they are, a text gets
its CRLF. Each end waits for what the other one sent, so the order of the events is the order of the
steps. `CLIENT_TLS` is a handshake of both; `C_CLOSE`, `S_CLOSE` say who closes first.
"""

import email.utils
import os
import queue
import socket
import ssl
import threading

from support import scope as s
from support import tcp
from support.wire import Cut, Wire

# ── steps ───────────────────────────────────────────────────────────────────────────────────────

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
    return [S("220 test ESMTP"), C("EHLO me.example.org"), ("S", reply_of(["test", *extensions]))]


def reply_of(texts, code=250):
    """A reply of these lines."""
    return b"".join(f"{code}{'-' if at < len(texts) - 1 else ' '}{text}\r\n".encode()
                    for at, text in enumerate(texts))


QUIT = [C("QUIT"), S("221 bye"), S_CLOSE]
HEADER = ["From: a@example.com", "To: b@example.net", "Date: " + email.utils.formatdate(),
          "Message-ID: <1@example.com>"]


def envelope(sender="a@example.com", recipient="b@example.net"):
    return [C(f"MAIL FROM:<{sender}>"), S("250 ok"), C(f"RCPT TO:<{recipient}>"), S("250 ok")]


def mail(*lines, reply="250 ok"):
    """One message by DATA, answered by `reply`."""
    return [*envelope(), C("DATA"), S("354 go"), C(*(lines or HEADER), "."), S(reply)]


def flat(steps):
    """The steps without the lists that they may be in."""
    return [each for step in steps for each in (flat(step) if isinstance(step, list) else [step])]


class Stage(s.Server):
    """A server that plays the server's part of whatever conversation comes next."""

    def __init__(self, scope):
        self.scope = scope
        self.parts = queue.Queue()
        self.taken = queue.Queue()
        super().__init__(self._serve)

    def _serve(self, connection):
        steps = self.parts.get(timeout=s.TIMEOUT)
        self.taken.put(steps)
        context = self.scope.server_context() if CLIENT_TLS in steps else None
        _act(connection, "S", steps, lambda plain: context.wrap_socket(plain, server_side=True))

    def play(self, port, *steps):
        """Plays the steps through the proxy on `port`; returns the client's own port."""
        steps = flat(steps)
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


def _act(connection, me, steps, wrap):
    """One end's part. It is over with the first close, its own or the other one's."""
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
        tcp.will_reset(connection)
    else:
        try:
            s.read_all(connection)
        except OSError:
            pass
    connection.close()


# ── servers ─────────────────────────────────────────────────────────────────────────────────────


def answers(*replies):
    """What handles a connection: the first reply comes at once, each other one after a line. Then it
    reads to the end, or to a reset."""
    def handle(connection):
        connection.sendall(replies[0])
        for reply in replies[1:]:
            s.read_line(connection)
            connection.sendall(reply)
        try:
            s.read_all(connection)
        except ConnectionError:
            pass
    return handle


OFFERS = ["PIPELINING", "SIZE 10000000", "8BITMIME", "SMTPUTF8"]
WELL = {b"AUTH": "235 2.7.0 Welcome", b"QUIT": "221 2.0.0 Bye",
        **{verb: "250 2.0.0 Ok" for verb in (b"HELO", b"MAIL", b"RCPT", b"RSET", b"NOOP")}}


class Session(Wire):
    """One connection of a server that answers well."""

    def __init__(self, server, connection, budget):
        super().__init__(connection, budget)
        self.server = server
        self.text = b""
        self.lines = []  # what the client said, in order

    def take_tls(self):
        self.start_tls(self.server.context, server_side=True)

    def say(self, *lines):
        self.send("".join(line + "\r\n" for line in lines).encode())

    def read_to(self, end):
        while end not in self.text:
            part = self.receive()
            if not part:
                raise Cut
            self.text += part
        line, self.text = self.text.split(end, 1)
        return line

    def offers_starttls(self):
        return self.tls is None and self.server.how == "starttls"

    def take_message(self):
        self.say("354 Go ahead")
        data = self.read_to(b"\r\n.\r\n")
        self.server.messages.append(data + b"\r\n")
        self.say("250 2.0.0 Stored")

    def answer(self, line):
        verb = line.split(b" ")[0].upper()
        if verb == b"EHLO":
            starttls = ["STARTTLS"] if self.offers_starttls() else []
            self.send(reply_of(["test.example.net", *starttls, *self.server.offers]))
        elif verb == b"STARTTLS" and self.offers_starttls():
            self.say("220 2.0.0 Ready")
            self.take_tls()
        elif verb == b"DATA":
            self.take_message()
        else:
            self.say(WELL.get(verb, "502 5.5.1 Not known here"))
        if verb == b"QUIT":
            raise Cut

    def run(self):
        if self.server.how == "implicit":
            self.take_tls()
        self.say("220 test.example.net ESMTP")
        while True:
            self.lines.append(self.read_to(b"\r\n"))
            self.answer(self.lines[-1])


class Server(s.Server):
    """It answers each command well, does TLS, and stores messages. `how`: "starttls" (offered),
    "implicit" or "none". `budget(connection)` gives the number of wire bytes after which it closes,
    by a reset where `reset` is set."""

    session_class = Session

    def __init__(self, scope=None, how="starttls", context=None, budget=None, reset=False,
                 offers=None, **where):
        self.context = scope.server_context() if context is None and scope else context
        self.how = "none" if self.context is None else how
        self.budget, self.reset = budget, reset
        self.offers = OFFERS if offers is None else offers
        self.messages = []
        self.sessions = []
        self.peers = []  # addresses and ports of those who came
        self.count = 0
        self.lock = threading.Lock()
        super().__init__(self.serve, **where)

    def proxy_to(self, scope, *words, scheme="smtp"):
        _, _, root = scope.server_certificate()
        return scope.proxy("--mode", f"reverse:{scheme}://localhost:{self.port}@127.0.0.1:0",
                           "--server-ca", root, *words)

    def live(self):
        with self.lock:
            return self.count

    def serve(self, connection):
        with self.lock:
            self.count += 1
            self.peers.append(connection.getpeername()[:2])
        budget = (1 << 40) if self.budget is None else self.budget(connection)
        session = self.session_class(self, connection, budget)
        self.sessions.append(session)
        try:
            if budget > 0:
                session.run()
        except (Cut, ssl.SSLError, ConnectionError):
            pass
        finally:
            session.end(self.reset)
            with self.lock:
                self.count -= 1


# ── the client ──────────────────────────────────────────────────────────────────────────────────


HELLO_LINE = "EHLO client.example.com"


def converse(connection):
    """A session without mail with a `Server`, over a connection that is there."""
    assert s.read_line(connection).startswith(b"220 ")
    assert s.ask(connection, "EHLO client.example.com")[-1].startswith(b"250 ")
    assert s.ask(connection, "QUIT") == [b"221 2.0.0 Bye\r\n"]


def until_named(proxy, connection):
    """Until the proxy knows which process its client is, which is this one: on a busy machine it may
    know later than the session begins."""
    def is_named():
        s.ask(connection, "NOOP")
        return any(event["pid"] == os.getpid() for event in proxy.events())

    s.until(is_named, "the client's process")


class Client:
    """It speaks plain SMTP ("none"), STARTTLS or implicit TLS, and trusts and checks as the context
    says. `lines` are what it was answered."""

    def __init__(self, port, how="none", context=None, name="localhost"):
        self.how, self.context, self.name = how, context, name
        self.connection, self.tls = s.connect(port), False
        self.agreed = None  # version, ALPN, certificate and whether resumed, once there is TLS
        self.lines = []

    def start_tls(self):
        inside = self.context.wrap_socket(self.connection, server_hostname=self.name)
        # Now: Python forgets them at an end without close_notify.
        self.agreed = (inside.version(), inside.selected_alpn_protocol(), inside.getpeercert(True),
                       inside.session_reused)
        self.connection, self.tls = inside, True

    def hear(self):
        reply = s.read_reply(self.connection)
        self.lines += reply
        return reply

    def ask(self, line):
        self.connection.sendall(line.encode() + b"\r\n")
        return self.hear()

    def greet(self):
        if self.how == "implicit":
            self.start_tls()
        return self.hear()

    def open(self):
        """Up to EHLO inside the last layer; returns the reply to each EHLO."""
        self.greet()
        said = [self.ask(HELLO_LINE)]
        if self.how == "starttls":
            self.ask("STARTTLS")
            self.start_tls()
            said.append(self.ask(HELLO_LINE))
        return said

    def send_mail(self, text):
        for line in ("MAIL FROM:<a@example.com>", "RCPT TO:<b@example.net>"):
            assert self.ask(line)[0].startswith(b"250 "), self.lines
        assert self.ask("DATA")[0].startswith(b"354 "), self.lines
        self.connection.sendall(text + b".\r\n")
        assert self.hear()[0].startswith(b"250 "), self.lines

    def quit(self):
        assert self.ask("QUIT")[0].startswith(b"221 "), self.lines
        self.connection.close()
