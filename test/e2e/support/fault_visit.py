# SPDX-License-Identifier: MIT
"""A client that goes through a whole session, whatever it is answered, and says what that was.

    Visit(connect, "starttls", context).go() == {"greeting": "220 …", "EHLO": "250-…", …}

The label of a step that came to an end has "closed" or "reset", that of a connection "refused" or
"unreachable", and "TLS" has why the handshake failed. As a program (`fault_visit.py PORT PLAN…`) it
makes a plain session for each PLAN, and prints what came of them as JSON."""

import errno
import json
import os
import socket
import ssl
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

from support import scope as s  # noqa: E402
from support.wire import Cut, Wire  # noqa: E402

HEADER = "From: a@example.com\r\nSubject: Weekly\r\n\r\n"
STEPS = {
    "DATA": [("AUTH", "AUTH PLAIN AGEAYg=="), ("NOOP", "NOOP"), ("XFOO", "XFOO bar"),
             ("MAIL", "MAIL FROM:<a@example.com>"), ("RCPT", "RCPT TO:<b@example.net>"),
             ("RCPT 2", "RCPT TO:<c@example.net>"), ("DATA", "DATA"),
             ("message", HEADER + "text\r\n."), ("RSET", "RSET"), ("QUIT", "QUIT")],
    "BDAT": [("MAIL", "MAIL FROM:<a@example.com>"), ("RCPT", "RCPT TO:<b@example.net>"),
             ("BDAT", f"BDAT {len(HEADER)}\r\n{HEADER}"), ("LAST", "BDAT 6 LAST\r\ntext\r\n"),
             ("RSET", "RSET"), ("QUIT", "QUIT")],
    "LOGIN": [("AUTH", "AUTH LOGIN"), ("user", "YQ=="), ("password", "Yg=="), ("QUIT", "QUIT")],
}
UNENDED = ("BDAT", "LAST")  # their last bytes are the chunk's


def chunk(text):
    return text.encode() if text.startswith("BDAT ") else text.encode() + b"\r\n"


class Visit:
    """`plan` names the steps; with `pipelined` MAIL, RCPT and DATA go out at once. `silent` is the
    step whose answer never comes: after it the client ends its stream."""

    def __init__(self, connect, how="none", context=None, plan="DATA", pipelined=False, silent=None):
        self.connect, self.how, self.context = connect, how, context
        self.plan, self.pipelined, self.silent = plan, pipelined, silent
        self.wire, self.text, self.said = None, b"", {}

    def go(self):
        try:
            self.wire = Wire(self.connect(), 1 << 40)
        except OSError as error:
            self.said["greeting"] = ("refused" if error.errno == errno.ECONNREFUSED
                                     else "unreachable" if error.errno == errno.EHOSTUNREACH
                                     else "reset" if error.errno == errno.ECONNRESET
                                     else str(error))
            return self.said
        with self.wire.socket:
            if self.begin():
                self.follow(STEPS[self.plan])
        return self.said

    def begin(self):
        if self.how == "implicit" and not self.start_tls():
            return False
        if not self.hear("greeting") or not self.ask("EHLO", "EHLO client.example.com"):
            return False
        if self.how == "starttls" and self.ask("STARTTLS", "STARTTLS"):
            if not self.said["STARTTLS"].startswith("220"):
                return True
            return self.start_tls() and self.ask("EHLO 2", "EHLO client.example.com")
        return self.how != "starttls"

    def start_tls(self):
        try:
            self.wire.start_tls(self.context, server_hostname="localhost")
            return True
        except ssl.SSLCertVerificationError as error:
            self.said["TLS"] = error.verify_message
        except ConnectionError:
            self.said["TLS"] = "reset"
        except Cut:
            self.said["TLS"] = "closed"
        except ssl.SSLError as error:
            self.said["TLS"] = error.reason
        return False

    def follow(self, steps):
        group = [text for label, text in steps if label in ("MAIL", "RCPT", "RCPT 2", "DATA")]
        for label, text in steps:
            if self.pipelined and label == "MAIL":
                self.send("\r\n".join(group))
            if not (self.hear(label) if self.pipelined and text in group else self.ask(label, text)):
                return
            if label == "DATA" and not self.said[label].startswith("354"):
                steps = [step for step in steps if step[0] == "QUIT"]
                return self.follow(steps)

    def send(self, text):
        try:
            self.wire.send(chunk(text))
        except OSError:
            pass  # the answer says why

    def ask(self, label, text):
        self.send(text)
        if label == self.silent:
            self.leave()
        return self.hear(label)

    def leave(self):
        if self.wire.tls is not None:
            try:
                self.wire.tls.unwrap()
            except ssl.SSLWantReadError:  # its own close_notify is there, the other one is not
                self.wire.send_wire(self.wire.outgoing.read())
        self.wire.socket.shutdown(socket.SHUT_WR)

    def read_line(self):
        while b"\n" not in self.text:
            part = self.wire.receive()
            if not part:
                raise Cut
            self.text += part
        line, self.text = self.text.split(b"\n", 1)
        return line.decode("latin-1") + "\n"

    def read_reply(self):
        reply = line = self.read_line()
        while line[3:4] == "-":
            line = self.read_line()
            reply += line
        return reply

    def hear(self, label):
        """Whether there was an answer."""
        try:
            self.said[label] = self.read_reply()
            return True
        except (Cut, ssl.SSLZeroReturnError):
            self.said[label] = "closed"
        except ConnectionError:
            self.said[label] = "reset"
        return False


def main(port, plans):
    results = []
    for plan in plans:
        name, _, silent = plan.partition("/")
        visit = Visit(lambda: s.connect(port), plan=name, silent=silent or None)
        results.append(visit.go())
    print(json.dumps(results))


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
