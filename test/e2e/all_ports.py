#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""`run --ports all` finds the mail wherever it goes, and passes on untouched what is no mail."""

import hashlib
import json
import os
import socket
import struct
import threading

from support import scope as s
from support import smtp
from support import ways

LARGE = 3 * 1024 * 1024


class Peer:
    """A server on a free port that has one connection, which `talk` gets."""

    def __init__(self, talk):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.result = None
        self.thread = threading.Thread(target=self._serve, args=(talk,), daemon=True)
        self.thread.start()

    def _serve(self, talk):
        connection, _ = self.listener.accept()
        with connection:
            connection.settimeout(s.TIMEOUT)
            self.result = talk(connection)

    def finish(self):
        self.thread.join(s.TIMEOUT)
        self.listener.close()
        assert not self.thread.is_alive(), "the server still waits"
        return self.result


def read_all(connection):
    data = b""
    while part := connection.recv(1 << 16):
        data += part
    return data


def run(scope, program, *ports, options=()):
    """Runs the Python text under `--ports all`; what it printed, and the sessions."""
    scope.count += 1
    record = scope.path(f"all{scope.count}.json")
    done = scope.run("run", "--ports", "all", *options, "-o", "json:" + record, "--",
                     "/usr/bin/python3", "-c", program, *map(str, ports))
    assert done.returncode == 0, done
    with open(record, encoding="utf-8") as file:
        return done, json.load(file)["sessions"]


CONNECT = """
import socket, sys
s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
"""


def test_mail_on_any_port_is_a_session(scope):
    ways.need_capture(scope)
    with smtp.Server(how="none") as server:
        done, sessions = run(scope, """
import smtplib, sys
with smtplib.SMTP("127.0.0.1", int(sys.argv[1]), "client.example.com") as client:
    client.sendmail("a@example.com", ["b@example.net"], "From: a@example.com\\r\\n\\r\\nhi\\r\\n")
""", server.port)
        assert len(server.messages) == 1
    session, = sessions
    assert session["exchanges"][0]["reply"]["lines"] == ["test.example.net ESMTP"]
    assert session["messages"][0]["accepted"] and session["outcome"] == "completed"
    assert session["id"] == 1 and session["server"]["port"] == server.port
    assert b"nothing was captured" not in done.stderr


def test_what_is_no_mail_passes_untouched_and_is_no_session(scope):
    ways.need_capture(scope)
    body = os.urandom(LARGE)
    request = Peer(lambda c: (c.recv(1 << 16), c.sendall(b"HTTP/1.1 200 OK\r\n\r\n" + body))[0])
    done, sessions = run(scope, CONNECT + """
import hashlib
s.sendall(b"GET / HTTP/1.1\\r\\n\\r\\n")
got = b""
while part := s.recv(1 << 16):
    got += part
print(hashlib.sha256(got).hexdigest())
""", request.port)
    assert request.finish() == b"GET / HTTP/1.1\r\n\r\n"
    assert done.stdout.strip().decode() == hashlib.sha256(
        b"HTTP/1.1 200 OK\r\n\r\n" + body).hexdigest()
    assert sessions == []
    assert b"nothing was captured: the command made no connection for mail;" in done.stderr


def test_large_bytes_and_a_half_close_pass_both_ways(scope):
    ways.need_capture(scope)
    echo = Peer(lambda c: c.sendall(read_all(c)))
    done, sessions = run(scope, CONNECT + f"""
import os
sent = os.urandom({LARGE})
s.sendall(sent)
s.shutdown(socket.SHUT_WR)
got = b""
while part := s.recv(1 << 16):
    got += part
print(got == sent)
""", echo.port)
    echo.finish()
    assert done.stdout == b"True\n" and sessions == [], done


def test_a_greeting_of_another_protocol_passes(scope):
    ways.need_capture(scope)
    banner = Peer(lambda c: (c.sendall(b"SSH-2.0-test\r\n"), read_all(c))[1])
    done, sessions = run(scope, CONNECT + "print(s.recv(99)); s.sendall(b'hello'); s.close()",
                         banner.port)
    assert done.stdout == b"b'SSH-2.0-test\\r\\n'\n" and banner.finish() == b"hello"
    assert sessions == []


def test_tls_is_not_opened(scope):
    ways.need_capture(scope)
    context = scope.server_context()

    def talk(connection):
        with context.wrap_socket(connection, server_side=True) as tls:
            tls.sendall(b"inside " + tls.recv(99))

    server = Peer(talk)
    root = scope.server_certificate()[2]
    done, sessions = run(scope, CONNECT + f"""
import ssl
context = ssl.create_default_context(cafile={root!r})
with context.wrap_socket(s, server_hostname="localhost") as tls:
    tls.sendall(b"hello")
    print(tls.recv(99))
""", server.port)
    server.finish()
    assert done.stdout == b"b'inside hello'\n", done  # it trusts the server's own root alone
    assert sessions == []


def test_a_reset_passes_as_one(scope):
    ways.need_capture(scope)

    def talk(connection):
        connection.recv(99)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    server = Peer(talk)
    done, sessions = run(scope, CONNECT + """
s.sendall(b"GET")
try:
    print(s.recv(9))
except ConnectionResetError:
    print("reset")
""", server.port)
    server.finish()
    assert done.stdout == b"reset\n" and sessions == [], done


def test_a_connection_that_says_nothing_is_no_session(scope):
    ways.need_capture(scope)
    server = Peer(read_all)
    _, sessions = run(scope, CONNECT + "s.close()", server.port)
    assert server.finish() == b"" and sessions == []


def test_a_refused_connection_is_a_session_on_a_port_of_mail_alone(scope):
    ways.need_capture(scope)
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    _, sessions = run(scope, """
import socket, sys
for port in sys.argv[1:]:
    assert socket.socket().connect_ex(("127.0.0.1", int(port))) != 0
""", port, 587)
    assert [(one["outcome"], one["server"]["port"]) for one in sessions] == [("connect-failed", 587)]


if __name__ == "__main__":
    s.main(globals())
