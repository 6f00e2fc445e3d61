# SPDX-License-Identifier: MIT
"""HAProxy in front of two of ours, and behind one of ours; Postfix behind one of ours. The client's
address comes through all of them."""

import os
import re
import shutil
import subprocess
import sys

from support import scope as s
from support import smtp, tcp

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "peers"))

import servers  # noqa: E402

LISTED = ("--proxy-protocol", "127.0.0.1")
CONFIG = """\
defaults
    mode tcp
    timeout connect 60s
    timeout client 60s
    timeout server 60s
"""


class HAProxy:
    """One frontend with a way to each server of `lines`, turn by turn."""

    def __init__(self, scope, bind, *lines):
        if shutil.which("haproxy") is None:
            raise s.Skip("haproxy is not installed")
        self.port = tcp.free_port()
        self.path = scope.path(f"haproxy{self.port}.cfg")
        with open(self.path, "w") as file:
            file.write(CONFIG + f"listen mail\n    bind 127.0.0.1:{self.port} {bind}\n"
                       "    balance roundrobin\n" +
                       "".join(f"    server s{at} {line}\n" for at, line in enumerate(lines)))
        self.process = None

    def __enter__(self):
        self.process = subprocess.Popen(["haproxy", "-db", "-q", "-f", self.path],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        s.until(self._listens, "haproxy to listen")
        return self

    def _listens(self):
        """Without a connection, which would be one more session behind it."""
        assert self.process.poll() is None, "haproxy did not start"
        with open("/proc/net/tcp") as file:
            return f"0100007F:{self.port:04X} 00000000:0000 0A" in file.read()

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(s.TIMEOUT)


def send(port):
    """One mail; returns the client's own port."""
    client = smtp.Client(port)
    own = client.connection.getsockname()[1]
    client.open()
    client.send_mail(b"Subject: through the balancer\r\n\r\nHello\r\n")
    client.quit()
    return own


def one_of_ours(scope, server, *words):
    return scope.proxy("--mode", f"reverse:smtp://127.0.0.1:{server.port}@127.0.0.1:0", *words)


def test_in_front_of_two_of_ours(scope):
    for words in ("send-proxy", "send-proxy-v2"):
        with smtp.Server() as server, one_of_ours(scope, server, *LISTED) as one, \
                one_of_ours(scope, server, *LISTED) as two:
            lines = [f"127.0.0.1:{proxy.port()} {words}" for proxy in (one, two)]
            with HAProxy(scope, "", *lines) as balancer:
                ports = [send(balancer.port) for _ in range(4)]
        sessions = one.sessions() + two.sessions()
        assert len(one.sessions()) == len(two.sessions()) == 2
        assert sorted(each["client"]["port"] for each in sessions) == sorted(ports)
        assert {each["client"]["address"] for each in sessions} == {"127.0.0.1"}
        assert {each["outcome"] for each in sessions} == {"completed"}
        assert len(server.messages) == 4


def test_its_health_checks_are_local(scope):
    with scope.proxy("--mode", "sink@127.0.0.1:0", *LISTED) as proxy:
        line = f"127.0.0.1:{proxy.port()} send-proxy-v2 check check-send-proxy inter 50ms"
        with HAProxy(scope, "", line):
            s.until(lambda: b" 2 ###" in proxy.output("text"), "two checks")
    sessions = proxy.sessions()
    assert len(sessions) >= 2
    assert {each["outcome"] for each in sessions} <= {"client-closed", "completed"}, sessions
    assert all("PROXY" not in (each["error"] or "") for each in sessions), sessions


def test_behind_one_of_ours(scope):
    """It takes our header, and its own tells the next of ours who the client is."""
    for version in ("v1", "v2"):
        with smtp.Server() as server, one_of_ours(scope, server, *LISTED) as last:
            line = f"127.0.0.1:{last.port()} send-proxy-v2"
            with HAProxy(scope, "accept-proxy", line) as balancer:
                with one_of_ours(scope, balancer, "--send-proxy-protocol", version) as first:
                    port = send(first.port())
        for proxy in (first, last):
            session, = proxy.sessions()
            assert session["client"]["port"] == port and session["outcome"] == "completed", session


class UpstreamPostfix(servers.Postfix):
    """Each connection to it begins with a header."""

    def __init__(self, scope):
        super().__init__(scope)
        path = os.path.join(self.folder, "config", "main.cf")
        with open(path, "a") as file:
            file.write("smtpd_upstream_proxy_protocol = haproxy\nsmtpd_peername_lookup = no\n")

    def take_whole(self):
        return self.stored.take()


def test_postfix_behind_one_of_ours(scope):
    client, balancer = "203.0.113.9", "198.51.100.7"
    header = f"PROXY TCP4 {client} {balancer} 4711 25\r\n".encode()
    for version in ("v1", "v2"):
        with UpstreamPostfix(scope) as postfix:
            with scope.proxy("--mode", f"reverse:smtp://127.0.0.1:{postfix.port('starttls')}@127.0.0.1:0",
                             *LISTED, "--send-proxy-protocol", version) as proxy:
                with s.connect(proxy.port()) as connection:
                    connection.sendall(header)
                    assert s.read_reply(connection)[-1].startswith(b"220 ")
                    for line in ("EHLO client.example.com", "MAIL FROM:<a@example.com>",
                                 "RCPT TO:<b@example.net>"):
                        assert s.ask(connection, line)[-1].startswith(b"250 "), line
                    assert s.ask(connection, "DATA")[-1].startswith(b"354 ")
                    assert s.ask(connection, "Subject: x\r\n\r\nHello\r\n.")[-1].startswith(b"250 ")
                    assert s.ask(connection, "QUIT")[-1].startswith(b"221 ")
            received = postfix.take_whole()
        assert re.search(rb"Received: from .*\[203\.0\.113\.9\]", received), received
        session, = proxy.sessions()
        assert session["client"]["address"] == client and session["outcome"] == "completed", session
        shutil.rmtree(postfix.folder)


if __name__ == "__main__":
    s.main(globals())
