# SPDX-License-Identifier: MIT
"""The contract, TLS: handshakes and layers that fail, wait or end, as each side sees them."""

import os
import socket
import ssl

from support import scope as s
from support import smtp
from support.visits import Served, careless, good, hello_bytes, raw_server, rules


def test_a_late_refusal_of_the_server_is_not_the_client_s(scope):
    """TLS 1.3: the server wants a certificate and says so while the client's handshake is still
    under way. The client that is cut off by that has not refused anything."""
    context, root = good(scope, versions=("1.3", "1.3"))
    context.verify_mode = ssl.CERT_REQUIRED
    with Served(scope, context, "starttls") as server, scope.proxy(
            "--mode", f"reverse:smtp://localhost:{server.port}@127.0.0.1:0", "--server-ca",
            root) as proxy:
        connection = s.connect(proxy.port())
        s.read_reply(connection)
        s.ask(connection, smtp.HELLO_LINE)
        s.ask(connection, "STARTTLS")
        connection.sendall(hello_bytes())  # and no Finished: it waits for the end
        try:
            s.read_all(connection)
        except ConnectionError:
            pass
        connection.close()
        proxy.stop()
    session, = proxy.sessions()
    assert session["outcome"] == "tls-server-failed", session["outcome"]
    assert "tls-client-distrusts" not in rules(session), rules(session)
    assert session["tls"]["client"]["error"] and session["tls"]["client"]["ja4"]


def test_a_server_that_leaves_within_the_client_s_handshake_is_named(scope):
    context, root = good(scope)

    def handle(connection):
        context.wrap_socket(connection, server_side=True).close()

    server, proxy = raw_server(scope, handle, "--once")
    with server, proxy:
        connection = s.connect(proxy.port())
        connection.sendall(hello_bytes())
        s.read_all(connection)
        connection.close()
        proxy.process.wait(s.TIMEOUT)
    session, = proxy.sessions()
    assert session["outcome"] == "server-closed", (session["outcome"], session["error"])
    assert "tls-client-distrusts" not in rules(session), rules(session)


def test_a_record_that_breaks_is_named_on_its_side(scope):
    """It is told in words, on the side where it broke."""
    def handle(connection):
        inside = context.wrap_socket(connection, server_side=True)
        inside.sendall(b"220 test\r\n")
        if side == "server":
            s.read_line(inside)
            with socket.socket(fileno=os.dup(inside.fileno())) as raw:
                raw.sendall(broken)
        try:
            s.read_all(inside)
        except ssl.SSLError:
            pass

    context, root = good(scope)
    broken = b"\x17\x03\x03\x00\x20" + b"x" * 32
    for side in ("client", "server"):
        server, proxy = raw_server(scope, handle, "--once")
        with server, proxy:
            inside = scope.client_context().wrap_socket(s.connect(proxy.port()),
                                                        server_hostname="localhost")
            s.read_reply(inside)
            inside.sendall(b"NOOP\r\n")
            if side == "client":
                with socket.socket(fileno=os.dup(inside.fileno())) as raw:
                    raw.sendall(broken)
            try:
                s.read_all(inside)
            except (ssl.SSLError, ConnectionError):
                pass
            inside.close()
            proxy.process.wait(s.TIMEOUT)
        session, = proxy.sessions()
        assert session["outcome"] == f"tls-{side}-failed", (side, session["outcome"])
        assert "does not decrypt" in session["error"], session["error"]


def closing(scope, server_unwraps, client_unwraps, who):
    """`who` closes first; how the other one saw the end: "notify" or "cut"."""
    context, root = good(scope)
    client = careless()
    for each in (context, client):
        each.options &= ~ssl.OP_IGNORE_UNEXPECTED_EOF
    ends = {}

    def end_of(connection):
        try:
            rest = connection.recv(100)
            return "notify" if rest == b"" else rest
        except ssl.SSLError as error:
            return "cut" if "EOF" in str(error) else str(error)

    def leave(connection, orderly):
        if orderly:
            try:
                connection.unwrap()
            except (ssl.SSLError, OSError):
                pass
        connection.close()

    def handle(connection):
        inside = context.wrap_socket(connection, server_side=True, suppress_ragged_eofs=False)
        inside.sendall(b"220 test\r\n")
        s.read_line(inside)
        inside.sendall(b"221 bye\r\n")
        if who == "server":
            leave(inside, server_unwraps)
        else:
            ends["server"] = end_of(inside)
            inside.close()

    with s.Server(handle) as server, scope.proxy(
            "--mode", f"reverse:smtp://localhost:{server.port}@127.0.0.1:0", "--server-ca",
            root) as proxy:
        inside = client.wrap_socket(s.connect(proxy.port()), server_hostname="localhost",
                                    suppress_ragged_eofs=False)
        s.read_reply(inside)
        assert s.ask(inside, "QUIT") == [b"221 bye\r\n"]
        if who == "client":
            leave(inside, client_unwraps)
        else:
            ends["client"] = end_of(inside)
            inside.close()
    session, = proxy.sessions()
    return ends, session, proxy


def test_missing_close_notify_is_missing_on_the_other_side(scope):
    for who, other in (("server", "client"), ("client", "server")):
        for orderly in (True, False):
            ends, session, proxy = closing(scope, orderly, orderly, who)
            assert ends == {other: "notify" if orderly else "cut"}, (who, orderly, ends)
            assert session["outcome"] == "completed", session["outcome"]
            close = proxy.events()[-1]
            assert close["event"] == "close" and close["by"] == who, close
            told = [each["side"] for each in session["findings"] if each["rule"] == "tls-truncated"]
            assert (who in told) == (not orderly), (who, orderly, told)


def test_a_client_that_closes_within_the_handshake_is_named(scope):
    context, root = good(scope)
    memory = ssl.MemoryBIO()
    try:
        careless().wrap_bio(ssl.MemoryBIO(), memory, server_hostname="localhost").do_handshake()
    except ssl.SSLWantReadError:
        pass
    hello = memory.read()
    for how in ("implicit", "starttls"):
        for part in (hello[:5], hello[:60], hello):
            with Served(scope, context, how) as server, scope.proxy(
                    "--mode", f"reverse:smtp://localhost:{server.port}@127.0.0.1:0", "--server-ca",
                    root, "--once") as proxy:
                connection = s.connect(proxy.port())
                if how == "starttls":
                    s.read_reply(connection)
                    s.ask(connection, smtp.HELLO_LINE)
                    s.ask(connection, "STARTTLS")
                connection.sendall(part)
                if part is hello:
                    connection.recv(5)
                connection.close()
                proxy.process.wait(s.TIMEOUT)
            session, = proxy.sessions()
            case = (how, len(part), session["outcome"], session["error"])
            assert session["outcome"] == "tls-client-failed" and session["error"], case
            assert session["tls"]["client"]["error"], (case, session["tls"]["client"])
            assert session["tls"]["client"]["how"] == how
            # Having seen the certificate, a close without a word is how some say that they distrust.
            assert part is hello or "tls-client-distrusts" not in rules(session), case


def test_a_client_that_stops_within_a_handshake_times_out(scope):
    context, root = good(scope)
    for how in ("implicit", "starttls"):
        for part in (50, 10000):
            with Served(scope, context, how) as server, scope.proxy(
                    "--mode", f"reverse:smtp://localhost:{server.port}@127.0.0.1:0", "--server-ca",
                    root, "--idle-timeout", "2", "--once") as proxy:
                connection = s.connect(proxy.port())
                if how == "starttls":
                    s.read_reply(connection)
                    s.ask(connection, smtp.HELLO_LINE)
                    s.ask(connection, "STARTTLS")
                connection.sendall(hello_bytes()[:part])
                try:
                    said = s.read_all(connection)
                except OSError:
                    said = b""
                assert b"421" not in said, said
                connection.close()
                proxy.process.wait(s.TIMEOUT)
            session, = proxy.sessions()
            case = (how, part, session["outcome"], session["error"], session["tls"]["client"])
            assert session["outcome"] == "timeout" and session["error"], case
            assert session["tls"]["client"] is not None, case
            assert session["tls"]["client"]["error"], case
            if part > 1000:
                assert session["tls"]["client"]["ja3"], case
                assert session["tls"]["server"]["error"] is None, case


def test_a_server_that_stops_within_a_handshake_times_out(scope):
    def handle(connection):
        s.read_all(connection)

    server, proxy = raw_server(scope, handle, "--idle-timeout", "2", "--once", scheme="smtps")
    with server, proxy:
        connection = s.connect(proxy.port())
        said = s.read_all(connection)
        connection.close()
        proxy.process.wait(s.TIMEOUT)
    session, = proxy.sessions()
    case = (said, session["outcome"], session["error"], session["tls"])
    assert session["outcome"] == "timeout", case
    assert said.startswith(b"421 4.4."), case
    assert session["tls"]["server"] is not None and session["tls"]["server"]["error"], case


def test_a_stop_ends_a_handshake(scope):
    context, root = good(scope)
    with Served(scope, context) as server, scope.proxy(
            "--mode", f"reverse:smtp://localhost:{server.port}@127.0.0.1:0", "--server-ca",
            root, "--grace", "0") as proxy:
        connection = s.connect(proxy.port())
        connection.sendall(hello_bytes())
        connection.recv(5)
        proxy.stop()
        connection.close()
    session, = proxy.sessions()
    assert session["outcome"] == "proxy-stopped", (session["outcome"], session["error"])
    assert session["tls"]["client"] and session["tls"]["client"]["error"], session["tls"]


if __name__ == "__main__":
    s.main(globals())
