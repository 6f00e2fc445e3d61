# SPDX-License-Identifier: MIT
"""The contract, Outputs, `outcome` and `error`: how a session ended."""

from support import scope as s
from support import smtp
from support.record import Record, has, same
from support.smtp import C, C_CLOSE, C_RESET, QUIT, S, S_CLOSE, hello


def outcome_of(scope, steps, *options):
    session = Record(scope, steps, options=options).session
    same(list(session)[14:17], ["outcome", "error", "likely"])
    assert session["error"] is None or (session["error"].strip() and "\n" not in session["error"])
    return session["outcome"], session["error"] is not None


def test_each_outcome_of_a_plain_session(scope):
    same(outcome_of(scope, [hello(), QUIT]), ("completed", False))
    same(outcome_of(scope, [hello(), C("QUIT"), S("221 bye"), C_CLOSE]), ("completed", False))
    same(outcome_of(scope, [hello(), C_CLOSE])[0], "client-closed")
    same(outcome_of(scope, [hello(), C_RESET])[0], "client-closed")
    same(outcome_of(scope, [hello(), S_CLOSE])[0], "server-closed")
    same(outcome_of(scope, [S_CLOSE])[0], "server-closed")
    same(outcome_of(scope, [hello(), C("QUIT"), S_CLOSE])[0], "server-closed")


def test_what_is_no_smtp_is_protocol(scope):
    same(outcome_of(scope, [S(b"SSH-2.0-OpenSSH_9.2\r\n"), C_CLOSE]), ("protocol", True))
    same(outcome_of(scope, [C("GET / HTTP/1.1", "Host: x", ""), S(b"HTTP/1.1 400 Bad\r\n\r\n"), S_CLOSE]),
         ("protocol", True))


def test_a_time_out_says_421(scope):
    with s.Server(smtp.answers(b"220 x\r\n")) as server:
        with scope.proxy("--mode", f"reverse:smtp://127.0.0.1:{server.port}@0", "--idle-timeout",
                         "1") as proxy:
            connection = s.connect(proxy.port())
            assert s.read_line(connection) == b"220 x\r\n"
            assert s.read_line(connection).startswith(b"421 4.4.2 ")
            same(connection.recv(10), b"")
            connection.close()
    session = proxy.sessions()[0]
    has(session, outcome="timeout")
    assert session["error"]
    has(session["exchanges"][-1], command=None)
    has(session["exchanges"][-1]["reply"], by="proxy", code=421, enhanced="4.4.2")


def test_a_stop_says_421(scope):
    with s.Server(smtp.answers(b"220 x\r\n")) as server:
        with scope.proxy("--mode", f"reverse:smtp://127.0.0.1:{server.port}@0", "--grace",
                         "0") as proxy:
            connection = s.connect(proxy.port())
            assert s.read_line(connection) == b"220 x\r\n"
            proxy.stop()
            assert s.read_line(connection).startswith(b"421 4.3.2 ")
            connection.close()
    session = proxy.sessions()[0]
    has(session, outcome="proxy-stopped")
    assert session["error"]
    has(proxy.events()[-1], event="close", by="proxy", outcome="proxy-stopped")


def test_a_failed_handshake_with_the_client_is_tls_client_failed(scope):
    def serve(connection):
        connection = scope.server_context().wrap_socket(connection, server_side=True)
        s.read_all(connection)
    root = scope.server_certificate()[2]
    def attempt(*options, expected):
        with s.Server(lambda connection: quietly(serve, connection)) as server:
            with scope.proxy("--mode", f"reverse:smtps://localhost:{server.port}@0", "--server-ca", root,
                             *options) as proxy:
                connection = s.connect(proxy.port())
                expected(connection)
                connection.close()
        return proxy.sessions()[0]

    def distrust(connection):
        import ssl
        try:
            ssl.create_default_context(cafile=root).wrap_socket(connection, server_hostname="localhost")
            raise AssertionError("it was trusted")
        except ssl.SSLError:
            pass
    session = attempt(expected=distrust)
    has(session, outcome="tls-client-failed")
    assert session["error"] and session["tls"]["client"]["error"], session
    has(session["tls"]["client"], how="implicit", sni="localhost")
    has(session["tls"]["server"], error=None)

    def hello_where_none_is_allowed(connection):
        import ssl
        try:
            ssl.create_default_context(cafile=root).wrap_socket(connection, server_hostname="localhost")
            raise AssertionError("it was answered")
        except (ssl.SSLError, OSError):
            pass
    session = attempt("--client-tls", "none", expected=hello_where_none_is_allowed)
    has(session, outcome="tls-client-failed")
    assert session["error"]


def quietly(serve, connection):
    try:
        serve(connection)
    except OSError:
        pass


def test_a_failed_handshake_with_the_server_is_tls_server_failed(scope):
    def serve(connection):
        connection.recv(1000)
        connection.sendall(b"220 this is plain\r\n")
    with s.Server(serve) as server:
        with scope.proxy("--mode", f"reverse:smtps://localhost:{server.port}@0") as proxy:
            connection = s.connect(proxy.port())
            try:
                scope.client_context().wrap_socket(connection, server_hostname="localhost")
                raise AssertionError("a handshake")
            except OSError:
                pass
            connection.close()
    session = proxy.sessions()[0]
    has(session, outcome="tls-server-failed")
    assert session["error"] and session["tls"]["server"]["error"]
    has(session["tls"]["server"], how="implicit", version=None, cipher=None)


def test_a_name_that_is_not_found_is_connect_failed(scope):
    with scope.proxy("--mode", "reverse:smtp://no-such-name.invalid:25@0") as proxy:
        connection = s.connect(proxy.port())
        assert s.read_line(connection).startswith(b"421 4.4.1 ")
        connection.close()
    session = proxy.sessions()[0]
    has(session, outcome="connect-failed")
    has(session["server"], host="no-such-name.invalid", address=None, port=25)
    assert session["error"]


if __name__ == "__main__":
    s.main(globals())
