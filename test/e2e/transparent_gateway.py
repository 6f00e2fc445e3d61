# SPDX-License-Identifier: MIT
"""Transparent mode between three hosts, each a network namespace: a client, a gateway with the proxy
and the rules of scripts/redirect, and a server. And on one host, for its own traffic."""

import contextlib
import os
import re
import shutil
import subprocess
import sys
import textwrap

from support import scope as s
from support import ways

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
REDIRECT = os.path.abspath(os.path.join(ROOT, "scripts", "redirect"))
CLIENT4, GATE4, WAN4, SERVER4 = "10.77.1.2", "10.77.1.1", "10.77.2.1", "10.77.2.2"
CLIENT6, GATE6, WAN6, SERVER6 = "fd77:1::2", "fd77:1::1", "fd77:2::1", "fd77:2::2"

TALK = textwrap.dedent("""
    import smtplib, sys
    client = smtplib.SMTP(sys.argv[1], int(sys.argv[2]), local_hostname="client.example.com",
                          timeout=120)
    client.sendmail("a@example.com", ["b@example.net"], b"Subject: x\\r\\n\\r\\nbody\\r\\n")
    client.quit()
""")
READ = textwrap.dedent("""
    import socket, sys
    with socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=120) as connection:
        sys.stdout.buffer.write(connection.makefile("rb").read())
""")
SERVE = textwrap.dedent("""
    import sys, time
    sys.path.insert(0, sys.argv[1])
    from support import smtp
    servers = [smtp.Server(address=address, port=25) for address in sys.argv[2:]]
    print("ready", flush=True)
    sys.stdin.read()
    print(sorted(peer for server in servers for peer, _ in server.peers))
""")


def sh(*words, check=True):
    return subprocess.run(words, check=check, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          timeout=s.TIMEOUT)


class Hosts:
    """client ── gateway ── server, by IPv4 and IPv6. Names hold our process's number, so that two
    runs of the tests do not meet."""

    def __init__(self):
        if os.geteuid() != 0:
            raise s.Skip("only root may make network namespaces")
        for program in ("ip", "nft"):
            if shutil.which(program) is None:
                raise s.Skip(f"{program} is not installed")
        self.names = {role: f"scope{os.getpid()}{role[0]}" for role in ("client", "gateway", "server")}

    def __enter__(self):
        for name in self.names.values():
            added = sh("ip", "netns", "add", name, check=False).returncode == 0
            if not added or sh("ip", "-n", name, "link", "set", "lo", "up",
                               check=False).returncode != 0:
                self.__exit__()
                raise s.Skip("network namespaces do not work here")
        try:
            self.link("client", "gateway", "lan", (CLIENT4, CLIENT6), (GATE4, GATE6))
            self.link("server", "gateway", "wan", (SERVER4, SERVER6), (WAN4, WAN6))
        except subprocess.CalledProcessError as error:
            self.__exit__()
            raise s.Skip(f"links cannot be made: {error.stderr.decode().strip()}") from None
        self.inside("gateway", "sysctl", "-qw", "net.ipv4.ip_forward=1",
                    "net.ipv6.conf.all.forwarding=1")
        return self

    def link(self, far, near, device, far_addresses, near_addresses):
        far, near = self.names[far], self.names[near]
        sh("ip", "-n", near, "link", "add", device, "type", "veth", "peer", "name", "eth", "netns", far)
        for name, link, addresses in ((near, device, near_addresses), (far, "eth", far_addresses)):
            sh("ip", "-n", name, "addr", "add", addresses[0] + "/24", "dev", link)
            sh("ip", "-n", name, "addr", "add", addresses[1] + "/64", "dev", link, "nodad")
            sh("ip", "-n", name, "link", "set", link, "up")
        sh("ip", "-n", far, "route", "add", "default", "via", near_addresses[0])
        sh("ip", "-n", far, "-6", "route", "add", "default", "via", near_addresses[1])

    def __exit__(self, *_):
        for name in self.names.values():
            sh("ip", "netns", "del", name, check=False)

    def words(self, role, *words):
        return ["ip", "netns", "exec", self.names[role], *words]

    def inside(self, role, *words, check=True):
        return sh(*self.words(role, *words), check=check)

    def redirect(self, *words, role="gateway"):
        done = self.inside(role, REDIRECT, *words, check=False)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode()

    def talk(self, role, address, port=25):
        done = self.inside(role, "/usr/bin/python3", "-c", TALK, address, str(port), check=False)
        assert done.returncode == 0, done.stderr.decode()

    @contextlib.contextmanager
    def server(self, *addresses, role="server"):
        """Mail servers on port 25; the list that it gives holds, at the end, their clients'
        addresses."""
        process = subprocess.Popen(
            self.words(role, "/usr/bin/python3", "-c", SERVE, os.path.dirname(__file__), *addresses),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        peers = []
        try:
            assert process.stdout.readline() == "ready\n"
            yield peers
        finally:
            output, _ = process.communicate(timeout=s.TIMEOUT)
            peers += re.findall(r"'([^']+)'", output)


class GatewayProxy(s.Proxy):
    """The proxy, in a namespace."""

    def __init__(self, scope, hosts, *words, role="gateway", user=()):
        scope.count += 1
        self.hosts = hosts
        program, scope.program = scope.program, scope.path(f"proxy{scope.count}")
        with open(scope.program, "w") as file:
            file.write("#!/bin/sh\nexec " + " ".join(hosts.words(role, *user, program)) + ' "$@"\n')
        os.chmod(scope.program, 0o755)
        mask = os.umask(0)  # whoever the proxy runs as writes there
        try:
            super().__init__(scope, scope.path(f"run{scope.count}"), words, ("json",))
        finally:
            os.umask(mask)
            scope.program = program


WILDCARDS = ("--mode", "transparent@0.0.0.0:2525", "--mode", "transparent@[::]:2525")


def claim_gateway(scope, rules):
    with Hosts() as hosts, hosts.server(SERVER4, SERVER6) as peers:
        hosts.redirect("up", "gateway", "lan", *rules)
        with GatewayProxy(scope, hosts, *WILDCARDS) as proxy:
            hosts.talk("client", SERVER4)
            hosts.talk("client", SERVER6)
        hosts.redirect("down")
        hosts.talk("client", SERVER4)  # straight through, with the proxy gone
    sessions = proxy.sessions()
    assert [one["mode"] for one in sessions] == ["transparent"] * 2, sessions
    assert [one["outcome"] for one in sessions] == ["completed"] * 2, sessions
    assert [one["server"]["address"] for one in sessions] == [SERVER4, SERVER6]
    assert [one["server"]["port"] for one in sessions] == [25, 25]
    assert [one["server"]["host"] for one in sessions] == [None, None]
    assert [one["client"]["address"] for one in sessions] == [CLIENT4, CLIENT6]
    assert sorted(peers) == sorted([WAN4, WAN6, CLIENT4]), peers


def test_redirect_on_a_gateway(scope):
    claim_gateway(scope, ())


def test_tproxy_on_a_gateway(scope):
    claim_gateway(scope, ("--tproxy",))


def test_a_direct_connection_gets_421(scope):
    with Hosts() as hosts:
        hosts.redirect("up", "gateway", "lan")
        with GatewayProxy(scope, hosts, *WILDCARDS) as proxy:
            for address in (GATE4, GATE6):
                done = hosts.inside("client", "/usr/bin/python3", "-c", READ, address, "2525")
                assert done.stdout.startswith(b"421 ") and done.stdout.endswith(b"\r\n"), done.stdout
                assert done.stdout.count(b"\n") == 1, done.stdout
            # Redirected to itself is direct too: the loop guard.
            done = hosts.inside("gateway", "/usr/bin/python3", "-c", READ, GATE4, "2525")
            assert done.stdout.startswith(b"421 "), done.stdout
    sessions = proxy.sessions()
    assert len(sessions) == 3 and all(one["error"] for one in sessions), sessions


def test_a_dead_server_is_said(scope):
    with Hosts() as hosts:
        hosts.redirect("up", "gateway", "lan")
        with GatewayProxy(scope, hosts, *WILDCARDS) as proxy:
            done = hosts.inside("client", "/usr/bin/python3", "-c", READ, SERVER4, "25")
            assert done.stdout.startswith(b"421 4.4.1 "), done.stdout
    assert [one["outcome"] for one in proxy.sessions()] == ["connect-failed"]


GO = textwrap.dedent("""
    import socket, sys
    connection = socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=120)
    connection.recv(100)
    connection.sendall(b"MAIL FROM:<a@example.com>\\r\\n")
""")
MUTE = textwrap.dedent("""
    import socket, sys
    listener = socket.create_server((sys.argv[1], 25))
    print("ready", flush=True)
    connection, _ = listener.accept()
    connection.sendall(b"220 test ESMTP\\r\\n")
    sys.stdin.read()
""")


def test_a_client_on_another_machine_that_goes(scope):
    """Its kernel has to forget the connection first: a second here, a minute as Linux is set up."""
    with Hosts() as hosts:
        hosts.inside("client", "sysctl", "-qw", "net.ipv4.tcp_fin_timeout=1")
        server = subprocess.Popen(hosts.words("server", "/usr/bin/python3", "-c", MUTE, SERVER4),
                                  stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        try:
            assert server.stdout.readline() == "ready\n"
            with GatewayProxy(scope, hosts, "--mode", f"reverse:smtp://{SERVER4}:25@{GATE4}:2525",
                              "--once", "--idle-timeout", "0") as proxy:
                hosts.inside("client", "/usr/bin/python3", "-c", GO, GATE4, "2525")
                assert proxy.process.wait(s.TIMEOUT) == 0  # by itself, at the end of the session
        finally:
            server.communicate(timeout=s.TIMEOUT)
    session, = proxy.sessions()
    assert session["outcome"] == "client-closed", session
    assert "gave-up-early" in {one["rule"] for one in session["findings"]}, session["findings"]


def claim_machine(scope, rules, user=()):
    """The gateway's own mail; the proxy's own connections pass by its mark."""
    with Hosts() as hosts, hosts.server(SERVER4, SERVER6) as peers:
        hosts.redirect("up", *rules)
        with GatewayProxy(scope, hosts, "--mode", "transparent@127.0.0.1:2525", "--mode",
                          "transparent@[::1]:2525") as proxy:
            def are_named():
                """Each once more until its program was known in time, whatever else runs here."""
                for address in (SERVER4, SERVER6):
                    done = sh(*hosts.words("gateway", *user, "/usr/bin/python3", "-c", TALK,
                                           address, "25"), check=False)
                    assert done.returncode == 0, done.stderr.decode()
                named = {one["server"]["address"] for one in proxy.sessions()
                         if one["client"]["program"] == "python3" and one["client"]["pid"] > 0}
                return named == {SERVER4, SERVER6}

            s.until(are_named, "both sessions with the client's program")
    sessions = proxy.sessions()
    assert {one["outcome"] for one in sessions} == {"completed"}, sessions
    assert len(peers) == len(sessions) and set(peers) == {WAN4, WAN6}, peers


def test_the_machines_own_mail(scope):
    claim_machine(scope, ("machine",))


def read_in(hosts, role, address, port):
    return hosts.inside(role, "/usr/bin/python3", "-c", READ, address, str(port)).stdout


def test_own_connections_without_the_mark_are_a_loop(scope):
    """The rules let connections with the mark pass, and this proxy may not set it."""
    user = ways.prepare_user(scope)
    with Hosts() as hosts, hosts.server(SERVER4, SERVER6) as peers:
        hosts.redirect("up", "machine")
        with GatewayProxy(scope, hosts, "--mode", "transparent@127.0.0.1:2525", "--mode",
                          "transparent@[::1]:2525", user=user) as proxy:
            for address in (SERVER4, SERVER6):
                said = read_in(hosts, "gateway", address, 25)
                assert said.startswith(b"421 4.4.1 ") and said.count(b"\n") == 1, said
    sessions = proxy.sessions()
    assert len(sessions) == 4, [one["error"] for one in sessions]  # the client's, and our own
    ends = [one for one in sessions if one["outcome"] == "connect-failed"]
    assert len(ends) == 2, [one["outcome"] for one in sessions]
    for one in ends:
        assert "smtpscope's own" in one["error"] and "0x534d" in one["error"], one["error"]
    assert peers == [], peers


def test_a_url_that_comes_to_lead_back(scope):
    """The address of the server becomes one of our own while the proxy runs."""
    with Hosts() as hosts, GatewayProxy(scope, hosts, "--mode",
                                        "reverse:smtp://10.77.9.9:2525@0.0.0.0:2525") as proxy:
        hosts.inside("gateway", "ip", "addr", "add", "10.77.9.9/32", "dev", "lo")
        said = read_in(hosts, "gateway", "127.0.0.1", 2525)
        assert said.startswith(b"421 4.4.1 ") and said.count(b"\n") == 1, said
    session, = proxy.sessions()
    assert session["outcome"] == "connect-failed", session
    assert "itself listens there" in session["error"], session["error"]


def test_one_users_mail(scope):
    claim_machine(scope, ("user", ways.NOBODY), ways.prepare_user(scope))


def test_another_users_mail_passes(scope):
    with Hosts() as hosts, hosts.server(SERVER4):
        hosts.redirect("up", "user", ways.NOBODY)
        with GatewayProxy(scope, hosts, "--mode", "transparent@127.0.0.1:2525") as proxy:
            hosts.talk("gateway", SERVER4)
    assert proxy.sessions() == []


def test_redirect_is_idempotent_and_leaves_nothing(scope):
    del scope
    with Hosts() as hosts:
        def ruleset():
            rules = hosts.inside("gateway", "nft", "list", "ruleset").stdout
            return rules + b"".join(hosts.inside("gateway", "ip", family, "rule").stdout
                                    for family in ("-4", "-6"))
        hosts.inside("gateway", "nft", "add", "table", "inet", "others")
        before = ruleset()
        for kind in (("gateway", "lan"), ("gateway", "lan", "--tproxy"), ("machine",),
                     ("user", ways.NOBODY)):
            hosts.redirect("up", *kind)
            once = ruleset()
            hosts.redirect("up", *kind)
            assert ruleset() == once, kind
            assert once != before
            assert "smtpscope" in hosts.redirect("show")
        hosts.redirect("down")
        assert ruleset() == before
        hosts.redirect("down")
        assert ruleset() == before
        assert hosts.redirect("show") == "nothing is redirected\n"


def test_down_after_a_crash(scope):
    """The rules lead nowhere once the proxy was killed; `down` needs nothing but their names."""
    with Hosts() as hosts, hosts.server(SERVER4, SERVER6) as peers:
        before = hosts.inside("gateway", "nft", "list", "ruleset").stdout
        hosts.redirect("up", "gateway", "lan")
        proxy = GatewayProxy(scope, hosts, *WILDCARDS)
        proxy.process.kill()
        proxy.process.wait(s.TIMEOUT)
        lost = hosts.inside("client", "/usr/bin/python3", "-c", TALK, SERVER4, "25", check=False)
        assert lost.returncode != 0
        for _ in range(2):
            hosts.redirect("down")
            hosts.talk("client", SERVER4)
            hosts.talk("client", SERVER6)
        assert hosts.inside("gateway", "nft", "list", "ruleset").stdout == before
    assert len(peers) == 4, peers


def test_down_says_when_it_could_not(scope):
    """An nft that fails is no success."""
    with Hosts() as hosts:
        hosts.redirect("up", "gateway", "lan")
        folder = scope.path("bin")
        os.mkdir(folder)
        with open(os.path.join(folder, "nft"), "w", encoding="utf-8") as file:
            file.write('#!/bin/sh\n[ "$1" = delete ] && exit 1\nexec /usr/sbin/nft "$@"\n')
        os.chmod(os.path.join(folder, "nft"), 0o755)
        done = hosts.inside("gateway", "env", f"PATH={folder}:{os.environ['PATH']}", REDIRECT,
                            "down", check=False)
        assert done.returncode == 3 and b"did not take the rules away" in done.stderr, done


def test_without_the_right_for_tproxy_it_says_so_and_serves(scope):
    user = ways.prepare_user(scope)
    with Hosts() as hosts, hosts.server(SERVER4):
        hosts.redirect("up", "gateway", "lan")
        with GatewayProxy(scope, hosts, "--mode", "transparent@0.0.0.0:2525", user=user) as proxy:
            hosts.talk("client", SERVER4)
            errors = proxy.errors()
    assert "TPROXY" in errors or "REDIRECT" in errors, errors
    assert [one["outcome"] for one in proxy.sessions()] == ["completed"]


if __name__ == "__main__":
    sys.exit(s.main(globals()))
