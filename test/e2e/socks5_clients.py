# SPDX-License-Identifier: MIT
"""SOCKS5: real clients come through by name and by address, and each kind of request that cannot be
served gets its own code (RFC 1928)."""

import shutil
import socket
import struct
import subprocess

from support import scope as s
from support import smtp
from support import tcp

CONNECT, BIND, ASSOCIATE = 1, 2, 3
V4, NAME, V6 = 1, 3, 4
SOCKS = ("--mode", "socks5@127.0.0.1:0")


def greet(port, methods=b"\x00"):
    connection = s.connect(port)
    connection.sendall(bytes([5, len(methods)]) + methods)
    return connection


def request(command, kind, address, port):
    return bytes([5, command, 0, kind]) + address + struct.pack(">H", port)


def reply_of(connection):
    """The code of a reply, and the address behind it."""
    head = s.read_exactly(connection, 4)
    assert head[0] == 5 and head[2] == 0, head
    size = {V4: 4, V6: 16}[head[3]]
    return head[1], s.read_exactly(connection, size + 2)


def ask(port, command, kind, address, target):
    """The code that a request gets; what follows a refusal has to be the end."""
    with greet(port) as connection:
        assert s.read_exactly(connection, 2) == b"\x05\x00"
        connection.sendall(request(command, kind, address, target))
        code, _ = reply_of(connection)
        if code != 0:
            assert connection.recv(1) == b""
        return code


def name(text):
    return bytes([len(text)]) + text.encode()


def test_takes_all_address_types(scope):
    with smtp.Server() as server, smtp.Server(address="::1") as server6:
        with scope.proxy(*SOCKS) as proxy:
            targets = ((V4, socket.inet_aton("127.0.0.1"), server.port),
                       (NAME, name("localhost"), server.port),
                       (V6, socket.inet_pton(socket.AF_INET6, "::1"), server6.port))
            for kind, address, port in targets:
                with greet(proxy.port()) as connection:
                    assert s.read_exactly(connection, 2) == b"\x05\x00"
                    connection.sendall(request(CONNECT, kind, address, port))
                    assert reply_of(connection)[0] == 0
                    smtp.converse(connection)
        sessions = proxy.sessions()
    assert [one["mode"] for one in sessions] == ["socks5"] * 3
    assert [one["outcome"] for one in sessions] == ["completed"] * 3
    assert sessions[1]["server"]["host"] == "localhost"
    assert sessions[2]["server"]["address"] == "::1" and sessions[2]["server"]["port"] == server6.port


def test_each_refusal_has_its_code(scope):
    local = socket.inet_aton("127.0.0.1")
    with tcp.refusing_port() as refused, scope.proxy(*SOCKS) as proxy:
        port = proxy.port()
        assert ask(port, CONNECT, V4, local, refused) == 5
        assert ask(port, CONNECT, NAME, name("no-such-host.invalid"), 25) == 4
        assert ask(port, CONNECT, NAME, name(""), 25) == 4
        assert ask(port, BIND, V4, local, 25) == 7
        assert ask(port, ASSOCIATE, V4, local, 25) == 7
        assert ask(port, 9, V4, local, 25) == 7
        assert ask(port, CONNECT, 2, b"", 25) == 8
    failed = [one for one in proxy.sessions() if one["outcome"] == "connect-failed"]
    assert len(failed) >= 2, proxy.sessions()
    assert all(one["error"] for one in failed)


def test_a_silent_server_is_a_time_out(scope):
    with tcp.silent_port() as port, scope.proxy(*SOCKS, "--connect-timeout", "1") as proxy:
        code = ask(proxy.port(), CONNECT, V4, socket.inet_aton("127.0.0.1"), port)
    assert code == 6, code


def test_wrong_versions_and_methods(scope):
    with scope.proxy(*SOCKS) as proxy:
        with s.connect(proxy.port()) as connection:
            connection.sendall(b"\x04\x01\x00\x19\x7f\x00\x00\x01\x00")  # SOCKS4
            assert s.read_all(connection) == b"\x05\xff"
        with greet(proxy.port(), b"\x02\x01") as connection:  # no method that we have
            assert s.read_all(connection) == b"\x05\xff"
        with greet(proxy.port(), b"\x02\x00") as connection:
            assert s.read_exactly(connection, 2) == b"\x05\x00"
            connection.sendall(b"\x04\x01\x00\x01\x7f\x00\x00\x01\x00\x19")
            assert reply_of(connection)[0] == 1
            assert connection.recv(1) == b""


def test_half_requests_leave_nothing_behind(scope):
    with scope.proxy(*SOCKS) as proxy:
        whole = b"\x05\x01\x00" + request(CONNECT, NAME, name("localhost"), 1)
        for cut in range(len(whole)):
            with s.connect(proxy.port()) as connection:
                connection.sendall(whole[:cut])
        # It still serves.
        assert ask(proxy.port(), BIND, V4, b"\x7f\x00\x00\x01", 25) == 7
    assert all(one["outcome"] != "completed" for one in proxy.sessions())


def test_byte_by_byte_and_with_words_behind(scope):
    with smtp.Server() as server, scope.proxy(*SOCKS) as proxy:
        whole = (b"\x05\x01\x00" + request(CONNECT, NAME, name("localhost"), server.port)
                 + b"EHLO early.example.com\r\n")
        with s.connect(proxy.port()) as connection:
            for at in range(len(whole)):
                connection.sendall(whole[at:at + 1])
            assert s.read_exactly(connection, 2) == b"\x05\x00"
            assert reply_of(connection)[0] == 0
            assert s.read_line(connection).startswith(b"220 ")
            assert s.read_reply(connection)[-1].startswith(b"250 ")
            assert s.ask(connection, "QUIT") == [b"221 2.0.0 Bye\r\n"]
    assert proxy.sessions()[0]["exchanges"][1]["command"]["line"] == "EHLO early.example.com"


def test_a_half_close_before_the_server_is_there_passes(scope):
    """All of a session in one write, and the end of the stream behind it."""
    with smtp.Server() as server, scope.proxy(*SOCKS) as proxy:
        whole = (b"\x05\x01\x00" + request(CONNECT, NAME, name("localhost"), server.port)
                 + b"EHLO early.example.com\r\nQUIT\r\n")
        with s.connect(proxy.port()) as connection:
            connection.sendall(whole)
            connection.shutdown(socket.SHUT_WR)
            assert s.read_exactly(connection, 2) == b"\x05\x00"
            assert reply_of(connection)[0] == 0
            assert s.read_all(connection).endswith(b"221 2.0.0 Bye\r\n")
    session, = proxy.sessions()
    assert session["outcome"] == "completed", session


def curl(scope, option, proxy, server):
    if shutil.which("curl") is None:
        raise s.Skip("curl is not installed")
    message = scope.path("message.eml")
    with open(message, "wb") as file:
        file.write(b"Subject: hello\r\n\r\nA line.\r\n")
    command = ["curl", "-sS", option, f"127.0.0.1:{proxy.port()}", "--mail-from", "a@example.com",
               "--mail-rcpt", "b@example.net", "-T", message, "--ssl-reqd", "--cacert", scope.ca,
               f"smtp://localhost:{server.port}/client.example.com"]
    done = subprocess.run(command, stderr=subprocess.PIPE, timeout=s.TIMEOUT)
    assert done.returncode == 0, done.stderr
    assert len(server.messages) == 1


def test_curl_by_name(scope):
    root = scope.server_certificate()[2]
    with smtp.Server(scope) as server:
        with scope.proxy(*SOCKS, "--server-ca", root) as proxy:
            curl(scope, "--socks5-hostname", proxy, server)
    session = proxy.sessions()[0]
    assert session["outcome"] == "completed", session
    assert session["server"]["host"] == "localhost"
    assert session["tls"]["server"]["verify"]["ok"] is True
    assert session["client"]["program"] in ("curl", None)  # not known in time on a busy machine


def test_curl_by_address(scope):
    root = scope.server_certificate()[2]
    with smtp.Server(scope) as server:
        with scope.proxy(*SOCKS, "--server-ca", root) as proxy:
            curl(scope, "--socks5", proxy, server)
    session = proxy.sessions()[0]
    assert session["outcome"] == "completed", session
    assert session["server"]["host"] is None, session["server"]
    assert session["server"]["address"] == "127.0.0.1"


if __name__ == "__main__":
    s.main(globals())
