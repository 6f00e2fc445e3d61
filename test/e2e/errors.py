# SPDX-License-Identifier: MIT
"""Bad input gets one clear line, and the right exit status or outcome."""

import os
import resource
import socket
import ssl
import subprocess
import threading

from support import scope as s
from support import smtp
from support import tcp

HELLO = bytes.fromhex("16030100c8010000c40303") + bytes(195)  # the head of a ClientHello


def last_line(done):
    lines = done.stderr.decode().splitlines()
    assert len(lines) == 1, done.stderr.decode()
    assert lines[0].startswith("smtpscope: "), lines[0]
    return lines[0]


def refuses(scope, status, words, *command):
    """The program ends with `status` and one line that has all of `words`."""
    done = scope.run(*command)
    assert done.returncode == status, (command, done.returncode, done.stderr)
    line = last_line(done)
    for word in words:
        assert word in line, (word, line)


def plain_proxy(scope, port, *words, host="127.0.0.1"):
    return scope.proxy("--mode", f"reverse:smtp://{host}:{port}@127.0.0.1:0", *words)


def only_session(proxy, outcome, *words):
    """The one session, which ended so, with an error that has all of `words`."""
    session, = proxy.sessions()
    assert session["outcome"] == outcome, (session["outcome"], session["error"])
    for word in words:
        assert word in session["error"], (word, session["error"])
    assert session["error"], session
    assert session["error"] in proxy.output("text").decode().replace('\\"', '"'), "not in the text"
    assert proxy.events()[-1]["error"] == session["error"]
    return session


def rules(session):
    return {finding["rule"] for finding in session["findings"]}


# ── few descriptors ─────────────────────────────────────────────────────────────────────────────


def start_with(scope, descriptors, *command):
    """Starts it with so many, and stops it once it runs; (status, what it said)."""
    def limit():
        resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, descriptors))
    with open(scope.path("few"), "w+b") as errors:
        # libmicrohttpd leaks where it does not start, which LeakSanitizer would make the status.
        environment = dict(scope.environment, LSAN_OPTIONS="detect_leaks=0")
        process = subprocess.Popen([scope.program, *command], env=environment, preexec_fn=limit,
                                   stdin=subprocess.DEVNULL, stdout=errors, stderr=errors)

        def said():
            errors.seek(0)
            return errors.read()
        s.until(lambda: process.poll() is not None or b"web page on" in said(), "it to start")
        process.terminate()
        return process.wait(s.TIMEOUT), said().decode()


def test_a_start_with_few_descriptors_is_refused_in_words(scope):
    """With any number of them it runs, or says why it does not."""
    assert scope.ca
    transcript = scope.path("some.json")
    with open(transcript, "w") as file:
        file.write('{"schema": "smtpscope/1", "sessions": []}')
    for command in (("proxy", "--mode", "sink@0", "--threads", "2", "--web", "0",
                     "-o", "jsonl:" + scope.path("few.jsonl")), ("view", "--web", "0", transcript)):
        started = set()
        for descriptors in range(12, 48, 2):
            status, said = start_with(scope, descriptors, *command)
            assert status in (0, 3), (command, descriptors, status, said)
            assert status == 0 or said.startswith("smtpscope: "), (command, descriptors, said)
            started.add(status)
            if status == 0:
                break
        assert started == {0, 3}, (command, started)


# ── wrong usage, and what cannot start ──────────────────────────────────────────────────────────


def test_wrong_usage_names_the_word(scope):
    mode = ("--mode", "reverse:smtp://localhost:25@127.0.0.1:0")
    for words, command in (
            (["--frobnicate"], ("proxy", *mode, "--frobnicate")),
            (["frobnicate"], ("frobnicate",)),
            (["--mode"], ("proxy",)),
            (["http://x"], ("proxy", "--mode", "reverse:http://x")),
            (["70000"], ("proxy", "--mode", "reverse:smtp://localhost:70000")),
            (["sideways"], ("proxy", *mode, "--server-tls", "sideways")),
            (["1.5"], ("proxy", *mode, "--tls-client", "1.5")),
            (["many"], ("proxy", *mode, "--max-sessions", "many")),
            (["yaml"], ("proxy", *mode, "-o", "yaml:x")),
            (["--grace"], ("proxy", *mode, "--grace"))):
        refuses(scope, 2, words, *command)


def test_port_in_use(scope):
    with smtp.Server() as taken:
        refuses(scope, 3, [str(taken.port), "in use"], "proxy", "--mode",
                f"reverse:smtp://localhost:25@127.0.0.1:{taken.port}")


def test_port_of_another_proxy_in_use(scope):
    with scope.proxy("--mode", "sink@127.0.0.1:0") as proxy:
        refuses(scope, 3, [str(proxy.port()), "in use"], "proxy", "--mode",
                f"sink@127.0.0.1:{proxy.port()}")


def test_a_url_that_leads_to_our_own_listener(scope):
    port = tcp.free_port()
    other = tcp.free_port()
    for url, listen in (
            ("localhost:{}", "{}"), ("127.0.0.1:{}", "{}"), ("127.0.0.1:{}", "0.0.0.0:{}"),
            ("127.9.9.9:{}", "0.0.0.0:{}"), ("0.0.0.0:{}", "{}"), ("[::ffff:127.0.0.1]:{}", "{}"),
            ("[::1]:{}", "[::1]:{}"), ("[::1]:{}", "[::]:{}")):
        refuses(scope, 3, [str(port), "leads back", "--mode"], "proxy", "--mode",
                f"reverse:smtp://{url.format(port)}@{listen.format(port)}")
    refuses(scope, 3, [str(other), "leads back"], "proxy",
            "--mode", f"reverse:smtp://localhost:{other}@{port}",
            "--mode", f"reverse:smtps://localhost:{port}@{other}")
    refuses(scope, 3, [str(other), "leads back"], "proxy",
            "--mode", f"reverse:smtp://localhost:{other}@{port}", "--mode", f"sink@{other}")


def test_a_url_that_leads_beside_our_own_listener(scope):
    port = tcp.free_port()
    for url, listen in (("127.0.0.2:{}", "{}"), ("127.0.0.1:{}", "127.0.0.2:{}"),
                        ("127.0.0.1:{}", "[::1]:{}"), ("no-such-host.invalid:{}", "{}")):
        with scope.proxy("--mode", f"reverse:smtp://{url.format(port)}@{listen.format(port)}"):
            pass


def test_unwritable_output(scope):
    mode = ("proxy", "--mode", "sink@127.0.0.1:0", "-o")
    with open(scope.path("file"), "w"):
        pass
    for output in ("text", "jsonl", "json", "pcap"):
        path = scope.path("file/" + output)
        refuses(scope, 3, [path, "Not a directory"], *mode, f"{output}:{path}")
    foreign = scope.path("foreign")
    with open(foreign, "w") as file:
        file.write("precious\n")
    for output in ("json", "pcap"):
        refuses(scope, 3, [foreign], *mode, f"{output}:{foreign}")
    with open(foreign) as file:
        assert file.read() == "precious\n"


def test_unreadable_certificates(scope):
    mode = ("proxy", "--mode", "sink@127.0.0.1:0")
    missing = scope.path("missing.pem")
    refuses(scope, 3, [missing], *mode, "--server-ca", missing)
    rubbish = scope.path("rubbish.pem")
    with open(rubbish, "w") as file:
        file.write("no certificate\n")
    refuses(scope, 3, [rubbish], *mode, "--server-ca", rubbish)


# ── servers ─────────────────────────────────────────────────────────────────────────────────────


def told_421(scope, port, *words, host="127.0.0.1"):
    with plain_proxy(scope, port, *words, host=host) as proxy:
        connection = s.connect(proxy.port())
        said = s.read_all(connection)
        assert said.startswith(b"421 4.4.1 ") and said.count(b"\n") == 1, said
        connection.close()
    session = only_session(proxy, "connect-failed")
    reply = session["exchanges"][0]["reply"]
    assert (reply["by"], reply["code"], reply["enhanced"]) == ("proxy", 421, "4.4.1"), reply
    assert session["tls"] == {"client": None, "server": None}
    assert b'P < "421 4.4.1 ' in proxy.output("text")
    return session


def test_unreachable_server(scope):
    session = told_421(scope, tcp.free_port())
    assert "refused" in session["error"], session["error"]


def test_name_that_does_not_resolve(scope):
    session = told_421(scope, 25, host="no-such-host.invalid")
    assert "no-such-host.invalid" in session["error"], session["error"]
    assert session["server"] == {"host": "no-such-host.invalid", "address": None, "port": 25}


class WithHosts(s.Scope):
    """The program sees an /etc/hosts of the test's own."""

    def __init__(self, scope, text):
        super().__init__(scope.program)
        if os.geteuid() != 0:
            raise s.Skip("only root may mount")
        hosts, script = self.path("hosts"), self.path("with-hosts")
        with open(hosts, "w") as file:
            file.write(text)
        with open(script, "w") as file:
            file.write("#!/bin/sh\nexec unshare -m sh -c 'mount --bind \"$0\" /etc/hosts && exec \"$@\"' "
                       f"{hosts} {self.program} \"$@\"\n")
        os.chmod(script, 0o755)
        self.program = script
        if self.run("--version").returncode != 0:
            raise s.Skip("mount namespaces do not work here")


def test_each_address_of_a_server_is_tried(scope):
    """The first refuses, the second never answers, the third works."""
    inner = WithHosts(scope, "".join(f"127.0.0.{n} many.example.com\n" for n in (2, 3, 4)))
    try:
        with smtp.Server(address="127.0.0.4") as good, tcp.silent_port("127.0.0.3", good.port):
            port = good.port
            with plain_proxy(inner, port, "--connect-timeout", "3", host="many.example.com") as proxy:
                connection = s.connect(proxy.port())
                assert s.read_line(connection) == b"220 test.example.net ESMTP\r\n"
                connection.close()
        session, = proxy.sessions()
        assert session["server"] == {"host": "many.example.com", "address": "127.0.0.4", "port": port}
        with plain_proxy(inner, port, host="many.example.com") as proxy:
            connection = s.connect(proxy.port())
            said = s.read_all(connection)
            assert said.startswith(b"421 4.4.1 ") and b"many.example.com" in said, said
            connection.close()
        only_session(proxy, "connect-failed", "many.example.com", "refused")
    finally:
        inner.cleanup()


def test_unreachable_server_and_an_implicit_tls_client(scope):
    """Nothing in the clear to a client that speaks TLS: an alert, or a close."""
    with plain_proxy(scope, tcp.free_port()) as proxy:
        connection = s.connect(proxy.port())
        try:
            scope.client_context().wrap_socket(connection, server_hostname="localhost")
            raise AssertionError("the handshake came to its end")
        except (ssl.SSLError, ConnectionError) as error:
            assert "WRONG_VERSION" not in str(error), error
    only_session(proxy, "connect-failed", "refused")


def strange_server(scope, banner, *words):
    """A server that says `banner` first; everything of it reaches the client."""
    with s.Server(smtp.answers(banner)) as server, plain_proxy(scope, server.port) as proxy:
        connection = s.connect(proxy.port())
        assert s.read_exactly(connection, len(banner)) == banner
        connection.close()
    return only_session(proxy, "protocol", *words)


def test_servers_that_are_not_smtp(scope):
    strange_server(scope, b"HTTP/1.1 400 Bad Request\r\n\r\n", "HTTP")
    strange_server(scope, b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n", "SSH")
    strange_server(scope, b"* OK IMAP4rev1 Service Ready\r\n", "IMAP")
    strange_server(scope, b"+OK POP3 ready\r\n", "POP3")
    strange_server(scope, bytes(range(256)) + b"\r\n", "server")


def test_silent_server(scope):
    def handle(connection):
        s.read_all(connection)

    with s.Server(handle) as server, plain_proxy(scope, server.port, "--idle-timeout",
                                                 "1") as proxy:
        connection = s.connect(proxy.port())
        assert s.read_all(connection).startswith(b"421 4.4.2 ")
        connection.close()
    only_session(proxy, "timeout")


def test_plain_server_where_tls_is_due(scope):
    """An implicit-TLS client and a server that greets in the clear."""
    with s.Server(smtp.answers(b"220 plain.example.net ESMTP\r\n")) as server, plain_proxy(
            scope, server.port, "--server-tls", "implicit") as proxy:
        connection = s.connect(proxy.port())
        s.read_all(connection)
        connection.close()
    only_session(proxy, "tls-server-failed", "server")


# ── clients ─────────────────────────────────────────────────────────────────────────────────────


def strange_client(scope, words, *options, how="starttls"):
    """What a client says to a good server first; it reads to the end."""
    with smtp.Server(scope, how=how) as server, server.proxy_to(scope, *options) as proxy:
        connection = s.connect(proxy.port())
        connection.sendall(words)
        connection.shutdown(socket.SHUT_WR)
        said = s.read_all(connection)
        connection.close()
    return proxy, said


def test_clients_that_are_not_smtp(scope):
    proxy, _ = strange_client(scope, b"GET / HTTP/1.1\r\nHost: mail.example.com\r\n\r\n")
    only_session(proxy, "protocol", "HTTP")
    proxy, _ = strange_client(scope, bytes(range(255, -1, -1)) + b"\r\n")
    only_session(proxy, "protocol", "client")


def test_client_hello_on_a_plain_port(scope):
    """The server speaks plain SMTP: the transcript says what the client took it for."""
    with smtp.Server(scope, how="none") as server, server.proxy_to(scope) as proxy:
        connection = s.connect(proxy.port())
        try:
            scope.client_context().wrap_socket(connection, server_hostname="localhost")
            raise AssertionError("the handshake came to its end")
        except ssl.SSLError as fault:
            # What it says of a plain port without the proxy.
            assert fault.reason == "WRONG_VERSION_NUMBER", fault
    only_session(proxy, "tls-client-failed", "the server speaks plain SMTP: set the client to STARTTLS")


def test_plain_client_on_a_tls_port(scope):
    arrived = threading.Event()

    def wait_for_hello(connection):
        s.read_line(connection)
        arrived.set()
        s.read_all(connection)

    with s.Server(wait_for_hello) as server, plain_proxy(scope, server.port) as proxy:
        connection = s.connect(proxy.port())
        connection.sendall(b"EHLO client.example.com\r\n")
        assert arrived.wait(s.TIMEOUT)
        connection.close()
    session = only_session(proxy, "client-closed", "greeting", "implicit TLS")
    assert session["tls"] == {"client": None, "server": None}
    with smtp.Server(scope, how="implicit") as server, server.proxy_to(scope) as proxy:
        connection = s.connect(proxy.port())
        connection.sendall(b"EHLO client.example.com\r\n")
        assert s.read_all(connection) == b""
        connection.close()
    only_session(proxy, "server-closed", "greeting", "implicit TLS")


def test_server_that_answers_in_tls(scope):
    strange_server(scope, bytes.fromhex("15030100020246"), "TLS")


def test_client_tls_none_refuses_a_client_hello(scope):
    proxy, said = strange_client(scope, HELLO, "--client-tls", "none")
    only_session(proxy, "tls-client-failed", "ClientHello")


def test_client_tls_implicit_refuses_a_plain_client(scope):
    proxy, said = strange_client(scope, b"EHLO client.example.com\r\n", "--client-tls", "implicit",
                                 how="implicit")
    assert said == b"", said
    only_session(proxy, "tls-client-failed", "plain")


# ── certificates ────────────────────────────────────────────────────────────────────────────────


def bad_certificate(scope, kind):
    """(chain, key, what the verdict has in it, what a verifying Python says)."""
    chain, key = scope.path(kind + ".pem"), scope.path(kind + ".key")
    if kind == "self-signed":
        scope.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                      "-nodes", "-keyout", key, "-out", chain, "-days", "30", "-subj",
                      "/CN=localhost", "-addext", "subjectAltName=DNS:localhost")
        return chain, key, "self", "self-signed"
    if kind == "wrong name":
        chain, key, _ = scope.server_certificate("wrong-name", "other.example.com")
        return chain, key, "name", "ostname mismatch"
    if kind == "expired":
        chain, key, _ = scope.server_certificate("expired", days=-1)
        return chain, key, "expired", "expired"
    chain, key, _ = scope.server_certificate()
    return chain, key, "issuer", "unable to get local issuer certificate"


def visit(scope, port, verifying):
    """None where the client went through, else what it says."""
    context = scope.client_context()
    if not verifying:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    client = smtp.Client(port, "implicit", context)
    try:
        client.open()
        client.quit()
        return None
    except (ssl.SSLError, ConnectionError) as error:
        return str(error)
    finally:
        client.connection.close()


def judge(scope, kind, verify, verifying):
    chain, key, verdict, said = bad_certificate(scope, kind)
    server = smtp.Server(scope, how="implicit")
    server.context.load_cert_chain(chain, key)
    words = [] if kind == "unknown" else ["--server-ca", scope.server_certificate()[2]]
    with server, scope.proxy("--mode", f"reverse:smtp://localhost:{server.port}@127.0.0.1:0",
                             "--verify", verify, *words) as proxy:
        outcome = visit(scope, proxy.port(), verifying)
    session, = proxy.sessions()
    case = (kind, verify, verifying, outcome, session["outcome"], session["error"])
    told = session["tls"]["server"]["verify"]
    assert told["ok"] is False and verdict in told["error"].lower(), (case, told)
    assert "tls-server-certificate" in rules(session), case
    if verify == "strict":
        assert outcome and session["outcome"] == "tls-server-failed", case
    elif verify == "mirror" and verifying:
        assert said in outcome and session["outcome"] == "tls-client-failed", case
        assert "tls-client-distrusts" in rules(session), case
    else:
        assert outcome is None and session["outcome"] == "completed", case
        assert ("tls-client-no-check" in rules(session)) == (verify == "mirror"), case


def every_way(scope, kind):
    for verify in ("mirror", "strict", "off"):
        for verifying in (True, False):
            judge(scope, kind, verify, verifying)


def test_expired_certificate(scope):
    every_way(scope, "expired")


def test_certificate_for_another_name(scope):
    every_way(scope, "wrong name")


def test_self_signed_certificate(scope):
    every_way(scope, "self-signed")


def test_certificate_of_an_unknown_issuer(scope):
    every_way(scope, "unknown")


if __name__ == "__main__":
    s.main(globals())
