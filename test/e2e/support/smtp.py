# SPDX-License-Identifier: MIT
"""A small SMTP server for scripts: answers each command well, does STARTTLS, stores messages."""

import ssl
import threading

from support import scope as s
from support.wire import Cut, Wire

OFFERS = ["PIPELINING", "SIZE 10000000", "8BITMIME", "SMTPUTF8"]


class Session(Wire):
    """One connection."""

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
            self.take_tls()
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
            self.take_tls()
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
            session.end(self.reset)
            with self.lock:
                self.count -= 1
