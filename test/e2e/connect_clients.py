# SPDX-License-Identifier: MIT
"""HTTP CONNECT: real clients come through by name and by address, and each request that cannot be
served gets its own status (RFC 9110 9.3.6)."""

import http.client
import os
import shutil
import subprocess

from support import scope as s
from support import smtp
from support import tcp

CONNECT = ("--mode", "connect@127.0.0.1:0")
PEERS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "peers")
NODE = """
const nodemailer = require(process.argv[1]);
const transport = nodemailer.createTransport({host: 'localhost', port: +process.argv[2],
  proxy: process.argv[3], ignoreTLS: true, name: 'client.example.com'});
const mail = {envelope: {from: 'a@example.com', to: 'b@example.net'}, raw: 'Subject: hello\\n\\nA line.\\n'};
transport.sendMail(mail).then(() => transport.close(), (e) => { console.error(e); process.exit(1); });
"""


def request(target, method="CONNECT"):
    return f"{method} {target} HTTP/1.1\r\nHost: {target}\r\n\r\n".encode()


def status_and_body(port, words):
    """What a refused request gets; after it has to be the end."""
    with s.connect(port) as connection:
        connection.sendall(words)
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        body = answer.read().decode()
        assert connection.recv(1) == b""
        return answer.status, body


def read_head(connection):
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += s.read_exactly(connection, 1)
    return head


def test_takes_names_and_both_kinds_of_address(scope):
    with smtp.Server() as server, smtp.Server(address="::1") as server6:
        with scope.proxy(*CONNECT) as proxy:
            for target in (f"127.0.0.1:{server.port}", f"localhost:{server.port}",
                           f"[::1]:{server6.port}"):
                with s.connect(proxy.port()) as connection:
                    connection.sendall(request(target))
                    assert read_head(connection).startswith(b"HTTP/1.1 200 "), target
                    smtp.converse(connection)
        sessions = proxy.sessions()
    assert [one["mode"] for one in sessions] == ["connect"] * 3
    assert [one["outcome"] for one in sessions] == ["completed"] * 3
    assert [one["server"]["host"] for one in sessions] == [None, "localhost", None]
    assert sessions[2]["server"]["address"] == "::1" and sessions[2]["server"]["port"] == server6.port


def test_each_refusal_has_its_status_and_reason(scope):
    with tcp.refusing_port() as refused, scope.proxy(*CONNECT) as proxy:
        port = proxy.port()
        status, body = status_and_body(port, request(f"127.0.0.1:{refused}"))
        assert status == 502 and "refused" in body, body
        status, body = status_and_body(port, request("no-such-host.invalid:25"))
        assert status == 502 and "no-such-host.invalid" in body, body
        assert status_and_body(port, request("/", method="GET"))[0] == 405
        assert status_and_body(port, request("localhost"))[0] == 400
        assert status_and_body(port, b"EHLO client.example.com\r\n\r\n")[0] == 400
        assert status_and_body(port, b"\x16\x03\x01")[0] == 400
    sessions = proxy.sessions()
    assert [one["outcome"] for one in sessions] == ["connect-failed"] * 2
    assert all(one["error"] for one in sessions)


def test_a_silent_server_is_a_time_out(scope):
    with tcp.silent_port() as port, scope.proxy(*CONNECT, "--connect-timeout", "1") as proxy:
        assert status_and_body(proxy.port(), request(f"127.0.0.1:{port}"))[0] == 504


def test_byte_by_byte_and_with_words_after_it(scope):
    with smtp.Server() as server, scope.proxy(*CONNECT) as proxy:
        with s.connect(proxy.port()) as connection:
            for byte in request(f"localhost:{server.port}") + b"EHLO early.example.com\r\n":
                connection.sendall(bytes([byte]))
            assert read_head(connection).startswith(b"HTTP/1.1 200 ")
            assert s.read_line(connection).startswith(b"220 ")
            assert s.read_reply(connection)[-1].startswith(b"250 ")
            assert s.ask(connection, "QUIT") == [b"221 2.0.0 Bye\r\n"]
    assert proxy.sessions()[0]["exchanges"][1]["command"]["line"] == "EHLO early.example.com"


def test_credentials_for_a_proxy_are_nowhere(scope):
    transcript = scope.path("transcript.txt")
    with smtp.Server() as server:
        with scope.proxy(*CONNECT, "-o", f"text:{transcript}") as proxy:
            target = f"localhost:{server.port}"
            with s.connect(proxy.port()) as connection:
                connection.sendall(f"CONNECT {target} HTTP/1.1\r\n"
                                   "Proxy-Authorization: Basic c3dvcmRmaXNo\r\n\r\n".encode())
                assert read_head(connection).startswith(b"HTTP/1.1 200 ")
                smtp.converse(connection)
    with open(transcript, encoding="utf-8") as file:
        assert "c3dvcmRmaXNo" not in file.read()
    assert "c3dvcmRmaXNo" not in str(proxy.sessions())


def test_curl(scope):
    """Through TLS, the name checked as curl would."""
    if shutil.which("curl") is None:
        raise s.Skip("curl is not installed")
    root = scope.server_certificate()[2]
    message = scope.path("message.eml")
    with open(message, "wb") as file:
        file.write(b"Subject: hello\r\n\r\nA line.\r\n")
    with smtp.Server(scope) as server:
        with scope.proxy(*CONNECT, "--server-ca", root) as proxy:
            done = subprocess.run(
                ["curl", "-sS", "-p", "-x", f"http://127.0.0.1:{proxy.port()}", "--mail-from",
                 "a@example.com", "--mail-rcpt", "b@example.net", "-T", message, "--ssl-reqd",
                 "--cacert", scope.ca, f"smtp://localhost:{server.port}/client.example.com"],
                stderr=subprocess.PIPE, timeout=s.TIMEOUT)
    assert done.returncode == 0, done.stderr
    assert len(server.messages) == 1
    session = proxy.sessions()[0]
    assert session["outcome"] == "completed", session
    assert session["server"]["host"] == "localhost"
    assert session["tls"]["server"]["verify"]["ok"] is True


def test_nodemailer(scope):
    """Its option `proxy`."""
    module = os.path.abspath(os.path.join(PEERS, "node_modules", "nodemailer"))
    if shutil.which("node") is None or not os.path.isdir(module):
        raise s.Skip("nodemailer is not installed (npm ci in test/peers)")
    with smtp.Server() as server, scope.proxy(*CONNECT) as proxy:
        done = subprocess.run(
            ["node", "-e", NODE, module, str(server.port), f"http://127.0.0.1:{proxy.port()}"],
            stderr=subprocess.PIPE, timeout=s.TIMEOUT)
    assert done.returncode == 0, done.stderr
    assert len(server.messages) == 1
    assert proxy.sessions()[0]["server"]["host"] == "localhost"


if __name__ == "__main__":
    s.main(globals())
