# SPDX-License-Identifier: MIT
"""A small SMTP server for scripts: answers each command well, does STARTTLS, stores messages."""

import socket
import ssl
import threading

from support import scope as s

OFFERS = ["PIPELINING", "SIZE 10000000", "8BITMIME", "SMTPUTF8"]


class Cut(Exception):
    """The server has sent as many bytes as it was to send."""


class Session:
    """One connection. TLS is done over memory, so that a cut can fall within a record."""

    def __init__(self, server, connection, budget):
        self.server, self.socket, self.budget = server, connection, budget
        self.tls, self.incoming, self.outgoing = None, ssl.MemoryBIO(), ssl.MemoryBIO()
        self.text = b""
        self.lines = []  # what the client said, in order

    def send_wire(self, data):
        part = data[:self.budget]
        self.budget -= len(part)
        self.socket.sendall(part)
        if self.budget == 0:
            raise Cut

    def receive_wire(self):
        data = self.socket.recv(1 << 16)
        if not data:
            raise Cut
        return data

    def in_tls(self, step):
        while True:
            try:
                result = step()
                self.send_wire(self.outgoing.read())
                return result
            except ssl.SSLWantReadError:
                self.send_wire(self.outgoing.read())
                self.incoming.write(self.receive_wire())

    def start_tls(self):
        context = self.server.context
        self.tls = context.wrap_bio(self.incoming, self.outgoing, server_side=True)
        try:
            self.in_tls(self.tls.do_handshake)
        except ssl.SSLError:
            self.send_wire(self.outgoing.read())  # the alert
            raise

    def say(self, *lines):
        data = "".join(line + "\r\n" for line in lines).encode()
        if self.tls is None:
            self.send_wire(data)
        else:
            self.in_tls(lambda: self.tls.write(data))

    def receive(self):
        return self.receive_wire() if self.tls is None else self.in_tls(
            lambda: self.tls.read(1 << 16))

    def read_to(self, end):
        while end not in self.text:
            part = self.receive()
            if not part:
                raise Cut
            self.text += part
        line, self.text = self.text.split(end, 1)
        return line

    def reply_to_ehlo(self):
        starttls = ["STARTTLS"] if self.tls is None and self.server.how == "starttls" else []
        keywords = ["test.example.net", *starttls, *self.server.offers]
        self.say(*[f"250-{word}" for word in keywords[:-1]], f"250 {keywords[-1]}")

    def take_message(self):
        self.say("354 Go ahead")
        data = self.read_to(b"\r\n.\r\n")
        self.server.messages.append(data + b"\r\n")
        self.say("250 2.0.0 Stored")

    def answer(self, line):
        """False when the session is over."""
        verb = line.split(b" ")[0].upper()
        if verb == b"EHLO":
            self.reply_to_ehlo()
        elif verb == b"STARTTLS" and self.server.how == "starttls" and self.tls is None:
            self.say("220 2.0.0 Ready")
            self.start_tls()
        elif verb == b"AUTH":
            self.say("235 2.7.0 Welcome")
        elif verb == b"DATA":
            self.take_message()
        elif verb in (b"MAIL", b"RCPT", b"RSET", b"NOOP"):
            self.say("250 2.0.0 Ok")
        elif verb == b"QUIT":
            self.say("221 2.0.0 Bye")
            return False
        else:
            self.say("502 5.5.1 Not known here")
        return True

    def run(self):
        if self.server.how == "implicit":
            self.start_tls()
        self.say("220 test.example.net ESMTP")
        going = True
        while going:
            line = self.read_to(b"\r\n")
            self.lines.append(line)
            going = self.answer(line)


class Server(s.Server):
    """`how`: "starttls" (offered), "implicit" or "none". `budget(connection)` gives the number of
    wire bytes after which it closes, by a reset where `reset` is set."""

    def __init__(self, scope, how="starttls", budget=None, reset=False, offers=None):
        self.how, self.budget, self.reset = how, budget, reset
        self.offers = OFFERS if offers is None else offers
        self.context = scope.server_context()
        self.messages = []
        self.sessions = []
        self.count = 0
        self.lock = threading.Lock()
        super().__init__(self.serve)

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
        budget = (1 << 40) if self.budget is None else self.budget(connection)
        session = Session(self, connection, budget)
        self.sessions.append(session)
        try:
            if budget > 0:
                session.run()
        except (Cut, ssl.SSLError, ConnectionError):
            pass
        finally:
            if self.reset:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            connection.close()
            with self.lock:
                self.count -= 1
