# SPDX-License-Identifier: MIT
"""The contract, TLS, --client-tls and --server-tls: STARTTLS through the proxy, bridged and
refused, and plain text where TLS is due."""

import socket
import ssl
import time

from support import scope as s
from support import smtp
from support import tcp
from support.visits import (Served, careless, finding, good, hello_bytes, proxied,
                            raw_server, rules, visit)


def test_starttls_that_the_proxy_offered_is_ignored_with_a_true_finding(scope):
    """A server whose side is TLS by itself offers no STARTTLS: the proxy does."""
    context, root = good(scope)
    with Served(scope, context) as server, scope.proxy(
            "--mode", f"reverse:smtp://localhost:{server.port}@127.0.0.1:0", "--server-ca", root,
            "--server-tls", "implicit") as proxy:
        connection = s.connect(proxy.port())
        s.read_reply(connection)
        assert any(b"STARTTLS" in line for line in s.ask(connection, smtp.HELLO_LINE))
        s.ask(connection, "MAIL FROM:<a@example.com>")
        s.ask(connection, "QUIT")
        connection.close()
    session, = proxy.sessions()
    told = finding(session, "starttls-ignored")["text"]
    assert "the server offers" not in told and "the proxy" in told, told


def test_plain_bytes_after_starttls_stay_outside_tls(scope):
    """They reach the server in the clear, ahead of the handshake."""
    context, root = good(scope)
    got = []

    def handle(connection):
        connection.sendall(b"220 test\r\n")
        s.read_line(connection)
        connection.sendall(b"250-test\r\n250 STARTTLS\r\n")
        got.append(s.read_exactly(connection, len(b"STARTTLS\r\nRSET\r\nNOOP x\r\n")))
        connection.sendall(b"220 go\r\n")
        with context.wrap_socket(connection, server_side=True) as inside:
            got.append(s.read_line(inside))
            inside.sendall(b"250 ok\r\n")
            s.read_all(inside)

    with s.Server(handle) as server, scope.proxy(
            "--mode", f"reverse:smtp://localhost:{server.port}@127.0.0.1:0", "--server-ca",
            root) as proxy:
        connection = s.connect(proxy.port())
        s.read_reply(connection)
        s.ask(connection, smtp.HELLO_LINE)
        connection.sendall(b"STARTTLS\r\nRSET\r\nNOOP x\r\n")
        assert s.read_reply(connection) == [b"220 go\r\n"]
        inside = scope.client_context().wrap_socket(connection, server_hostname="localhost")
        assert s.ask(inside, "EHLO again.example.com") == [b"250 ok\r\n"]
        inside.close()
    assert got == [b"STARTTLS\r\nRSET\r\nNOOP x\r\n", b"EHLO again.example.com\r\n"], got
    session, = proxy.sessions()
    assert "starttls-injection" in rules(session), rules(session)


def test_a_plain_server_where_tls_is_due_gets_no_mail(scope):
    handle = smtp.answers(b"220 plain.example.net ESMTP\r\n")
    for scheme, words, how in (("smtps", [], "none"), ("smtps", [], "implicit"),
                               ("smtp", ["--server-tls", "implicit"], "none"),
                               ("smtp", ["--server-tls", "implicit"], "implicit")):
        with s.Server(handle) as server, scope.proxy(
                "--mode", f"reverse:{scheme}://127.0.0.1:{server.port}@127.0.0.1:0",
                *words) as proxy:
            seen = visit(proxy.port(), careless(), how)
            proxy.stop()
        session, = proxy.sessions()
        case = (scheme, words, how, seen.error, seen.lines, session["outcome"], session["error"])
        assert session["outcome"] == "tls-server-failed", case
        assert "plain" in session["error"] or "220" in session["error"], case
        assert session["tls"]["server"]["error"], case
        # What to do, by what made the proxy speak TLS, and never what was done already.
        remedy = "use reverse:smtp://" if scheme == "smtps" else "use --server-tls starttls"
        assert remedy in session["error"], case
        assert scheme == "smtps" or "smtp://" not in session["error"], case
        if how == "none":
            assert seen.lines and seen.lines[0].startswith(b"421 4.4.1 "), case
        else:
            assert seen.error and "alert" in seen.error.lower(), case


def test_a_tls_server_where_plain_is_due_is_named(scope):
    """`--server-tls none` at a server of implicit TLS."""
    context, root = good(scope)
    with Served(scope, context) as server, scope.proxy(
            "--mode", f"reverse:smtp://127.0.0.1:{server.port}@127.0.0.1:0", "--server-tls",
            "none") as proxy:
        connection = s.connect(proxy.port())
        connection.sendall(b"EHLO client.example.com\r\n")
        s.read_all(connection)
        connection.close()
    session, = proxy.sessions()
    assert session["error"] and "TLS" in session["error"], (session["outcome"], session["error"])


def test_plain_bytes_after_220_stay_outside_tls(scope):
    """The server's side of the injection: in the clear, ahead of TLS."""
    context, root = good(scope)

    def handle(connection):
        connection.sendall(b"220 test\r\n")
        s.read_line(connection)
        connection.sendall(b"250-test\r\n250 STARTTLS\r\n")
        s.read_line(connection)
        connection.sendall(b"220 go\r\n250 fake\r\n")
        with context.wrap_socket(connection, server_side=True) as inside:
            s.read_line(inside)
            inside.sendall(b"250 ok\r\n")
            s.read_all(inside)

    server, proxy = raw_server(scope, handle)
    with server, proxy:
        connection = s.connect(proxy.port())
        s.read_reply(connection)
        s.ask(connection, smtp.HELLO_LINE)
        connection.sendall(b"STARTTLS\r\n")
        assert s.read_exactly(connection, 18) == b"220 go\r\n250 fake\r\n"
        inside = scope.client_context().wrap_socket(connection, server_hostname="localhost")
        assert s.ask(inside, smtp.HELLO_LINE) == [b"250 ok\r\n"]
        inside.close()
    session, = proxy.sessions()
    told = finding(session, "starttls-injection")
    assert told["side"] == "server", told


def test_a_refused_starttls_goes_on_in_the_clear(scope):
    def handle(connection):
        connection.sendall(b"220 test\r\n")
        for answer in (b"250-test\r\n250 STARTTLS\r\n", b"454 4.7.0 not now\r\n", b"250 ok\r\n",
                       b"221 bye\r\n"):
            s.read_line(connection)
            connection.sendall(answer)

    server, proxy = raw_server(scope, handle)
    with server, proxy:
        connection = s.connect(proxy.port())
        s.read_reply(connection)
        s.ask(connection, smtp.HELLO_LINE)
        assert s.ask(connection, "STARTTLS") == [b"454 4.7.0 not now\r\n"]
        assert s.ask(connection, "NOOP") == [b"250 ok\r\n"]
        assert s.ask(connection, "QUIT") == [b"221 bye\r\n"]
        connection.close()
    session, = proxy.sessions()
    assert session["outcome"] == "completed" and session["tls"] == {"client": None, "server": None}


def test_a_server_that_fails_after_220_is_named(scope):
    """Plain text, a close, a reset where its ServerHello is due."""
    for what, word in ((b"500 5.5.1 what is this\r\n", "plain"), (b"", "closed"), (None, "reset")):
        def handle(connection):
            connection.sendall(b"220 test\r\n")
            s.read_line(connection)
            connection.sendall(b"250-test\r\n250 STARTTLS\r\n")
            s.read_line(connection)
            connection.sendall(b"220 go\r\n")
            connection.recv(10000)
            if what is None:
                tcp.will_reset(connection)
            elif what:
                connection.sendall(what)
                s.read_all(connection)

        server, proxy = raw_server(scope, handle)
        with server, proxy:
            seen = visit(proxy.port(), careless(), "starttls")
            proxy.stop()
        session, = proxy.sessions()
        case = (what, seen.error, session["outcome"], session["error"])
        assert session["outcome"] == "tls-server-failed" and word in session["error"], case
        assert session["tls"]["server"]["error"] and session["tls"]["server"]["how"] == "starttls"
        assert session["tls"]["client"]["error"] and session["tls"]["client"]["ja3"], case
        assert seen.error, case


def late_hello_is_taken(scope, proxy):
    """Whether a ClientHello within the 300 ms is implicit TLS; on a loaded machine it may come late."""
    late = s.connect(proxy.port())
    s.let_pass(0.15)
    try:
        inside = scope.client_context().wrap_socket(late, server_hostname="localhost")
    except (ssl.SSLError, OSError):
        late.close()
        return False
    greeted = s.read_reply(inside)[0].startswith(b"220 ")
    inside.close()
    return greeted


def seconds_to_greeting(proxy):
    begun = time.monotonic()
    plain = s.connect(proxy.port())
    s.read_reply(plain)
    plain.close()
    return time.monotonic() - begun


def test_a_greeting_is_held_back_for_a_client_hello(scope):
    """Up to 300 ms where the server's side is TLS; a late ClientHello within it is implicit TLS."""
    context, root = good(scope)
    for how, words in (("implicit", ["--server-tls", "implicit"]),
                       ("starttls", ["--server-tls", "starttls"])):
        with Served(scope, context, how) as server, scope.proxy(
                "--mode", f"reverse:smtp://localhost:{server.port}@127.0.0.1:0", "--server-ca",
                root, *words) as proxy:
            begun = time.monotonic()
            plain = s.connect(proxy.port())
            assert s.read_reply(plain)[0].startswith(b"220 ")
            assert time.monotonic() - begun > 0.25
            plain.close()
            s.until(lambda: late_hello_is_taken(scope, proxy), "a late ClientHello that is taken")
    with Served(scope, context, "starttls") as server, scope.proxy(
            "--mode", f"reverse:smtp://localhost:{server.port}@127.0.0.1:0") as proxy:
        s.until(lambda: seconds_to_greeting(proxy) < 0.25, "a mirrored greeting that is not held")


def test_client_tls_implicit_says_nothing_plain(scope):
    """No plain word to a client of which TLS is wanted."""
    port = tcp.free_port()
    with scope.proxy("--mode", f"reverse:smtp://127.0.0.1:{port}@127.0.0.1:0", "--client-tls",
                     "implicit") as proxy:
        connection = s.connect(proxy.port())
        assert s.read_all(connection) == b""
        connection.close()
    session, = proxy.sessions()
    assert session["outcome"] == "connect-failed"


def test_client_tls_none_ends_at_a_client_hello(scope):
    context, root = good(scope)
    for words, mode in (([], "starttls"), (["--server-tls", "starttls"], "starttls"),
                        (["--server-tls", "implicit"], "implicit"), (["--server-tls", "none"],
                                                                     "none")):
        seen, session, proxy = proxied(scope, context, "--server-ca", root, "--client-tls", "none",
                                       *words, how=mode, client_how="implicit")
        case = (words, seen.error, session["outcome"], session["error"])
        assert seen.error and session["outcome"] == "tls-client-failed", case
        assert "ClientHello" in session["error"], case


def test_a_client_hello_where_none_is_due_fails_the_client_s_side(scope):
    """Behind a refused STARTTLS, behind EHLO, pipelined: the session is a failed TLS of the client's,
    and --client-tls none ends it there and then."""
    def handle(connection):
        connection.sendall(b"220 test\r\n")
        answers = {b"EHLO": b"250-test\r\n250 STARTTLS\r\n", b"STAR": b"454 4.7.0 no\r\n"}
        while True:
            line = s.read_line(connection)
            got.append(line)
            if not line:
                return
            connection.sendall(answers.get(line[:4], b"250 ok\r\n"))

    for mode in ("none", "auto"):
        for lines in ([smtp.HELLO_LINE], [smtp.HELLO_LINE, "STARTTLS"], [smtp.HELLO_LINE, "STARTTLS", "NOOP"]):
            for behind in (b"", b"NOOP\r\n"):
                got = []
                server, proxy = raw_server(scope, handle, "--client-tls", mode)
                with server, proxy:
                    connection = s.connect(proxy.port())
                    s.read_reply(connection)
                    for line in lines:
                        s.ask(connection, line)
                    connection.sendall(behind + hello_bytes())
                    if mode == "auto":
                        connection.shutdown(socket.SHUT_WR)
                    try:
                        s.read_all(connection)
                    except ConnectionError:
                        pass
                    connection.close()
                session, = proxy.sessions()
                case = (mode, lines, behind, session["outcome"], session["error"], got)
                assert session["outcome"] == "tls-client-failed", case
                assert "ClientHello" in session["error"], case
                assert "reply-unexpected" not in rules(session), (case, rules(session))
                if mode == "none":
                    assert proxy.events()[-1]["by"] == "proxy", proxy.events()[-1]
                    assert session["tls"]["client"]["error"] == session["error"], case
                    assert behind or b"\x16" not in b"".join(got), case


def test_a_greeting_that_refuses_is_passed_on(scope):
    """Under --server-tls starttls: the line to a plain client, an alert to one that waits for TLS."""
    handle = smtp.answers(b"554 5.7.1 go away\r\n")
    for how in ("none", "implicit"):
        server, proxy = raw_server(scope, handle, "--server-tls", "starttls", "--once")
        with server, proxy:
            seen = visit(proxy.port(), careless(), how)
            proxy.process.wait(s.TIMEOUT)
        session, = proxy.sessions()
        case = (how, seen.lines, seen.error, session["outcome"], session["error"])
        assert session["outcome"] == "server-closed" and "554" in session["error"], case
        if how == "none":
            assert seen.lines[0] == b"554 5.7.1 go away\r\n", case
        else:
            assert "alert" in seen.error.lower(), case
            assert "554" in session["tls"]["client"]["error"], session["tls"]["client"]


def test_a_client_that_does_not_go_on_after_220_is_served_or_told(scope):
    """220 to STARTTLS, and then the client closes, or goes on in plain text."""
    context, root = good(scope)
    for more in (b"", b"EHLO client.example.com\r\n"):
        with Served(scope, context, "starttls") as server, scope.proxy(
                "--mode", f"reverse:smtp://localhost:{server.port}@127.0.0.1:0", "--server-ca",
                root, "--once") as proxy:
            connection = s.connect(proxy.port())
            s.read_reply(connection)
            s.ask(connection, smtp.HELLO_LINE)
            s.ask(connection, "STARTTLS")
            connection.sendall(more)
            if more:
                s.read_all(connection)
            connection.close()
            proxy.process.wait(s.TIMEOUT)
        session, = proxy.sessions()
        assert session["tls"] == {"client": None, "server": None}, session["tls"]
        assert session["outcome"] == ("server-closed" if more else "client-closed")
        assert ("starttls-injection" in rules(session)) == (more != b""), rules(session)


if __name__ == "__main__":
    s.main(globals())
