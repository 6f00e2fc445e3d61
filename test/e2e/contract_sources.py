# SPDX-License-Identifier: MIT
"""The contract, Where traffic comes from: the sink, addresses, names by SOCKS5, and what
listens."""

import re
import ssl

from support import scope as s
from support import smtp
from support import tcp
from support.record import same
from support.visits import careless, context_of, issue, roots, visit


def test_the_sink_answers_by_every_kind_of_tls(scope):
    for how in ("none", "starttls", "implicit"):
        with scope.proxy("--mode", "sink@127.0.0.1:0") as proxy:
            seen = visit(proxy.port(), scope.client_context(), how)
            proxy.stop()
        session, = proxy.sessions()
        assert seen.error is None and session["outcome"] == "completed", (how, seen.error)
        assert session["server"] is None and session["mode"] == "sink", session
        assert session["tls"]["server"] is None, session["tls"]
        tls = session["tls"]["client"]
        assert (tls and tls["how"]) == (None if how == "none" else how), tls
        ehlo = [line[4:].split()[0] for line in seen.lines if line.startswith(b"250")]
        assert (b"STARTTLS" in ehlo) == (how != "implicit"), (how, ehlo)
        assert (b"AUTH" in ehlo) == (how != "none"), (how, ehlo)
        for word in (b"SIZE", b"PIPELINING", b"8BITMIME", b"SMTPUTF8", b"CHUNKING", b"DSN",
                     b"ENHANCEDSTATUSCODES"):
            assert word in ehlo, (how, word, ehlo)
        if how == "starttls":
            assert ehlo.count(b"AUTH") == 1 and ehlo.count(b"STARTTLS") == 1, ehlo


def test_the_sink_has_no_tls_under_client_tls_none(scope):
    with scope.proxy("--mode", "sink@127.0.0.1:0", "--client-tls", "none") as proxy:
        connection = s.connect(proxy.port())
        s.read_reply(connection)
        assert b"STARTTLS" not in b"".join(s.ask(connection, smtp.HELLO_LINE))
        answer = s.ask(connection, "STARTTLS")
        assert answer[0].startswith(b"502 5.5.1 "), answer
        connection.close()


def test_a_plain_client_hears_421_of_a_server_out_of_reach(scope):
    port = tcp.free_port()
    for how, words in (("none", []), ("none", ["--server-tls", "implicit"]),
                       ("none", ["--server-tls", "starttls"]), ("none", ["--client-tls", "none"]),
                       ("implicit", []), ("implicit", ["--client-tls", "implicit"])):
        with scope.proxy("--mode", f"reverse:smtp://127.0.0.1:{port}@127.0.0.1:0", *words) as proxy:
            connection = s.connect(proxy.port())
            if how == "none":
                said = s.read_all(connection)
                assert said.startswith(b"421 4.4.1 ") and b"refused" in said, said
                assert said.endswith(b"\r\n") and said.count(b"\n") == 1, said
            else:
                try:
                    careless().wrap_socket(connection, server_hostname="localhost")
                    raise AssertionError("a handshake with nobody behind")
                except ssl.SSLError as error:
                    assert "alert" in str(error).lower(), error
            connection.close()
            proxy.stop()
        session, = proxy.sessions()
        assert session["outcome"] == "connect-failed" and session["error"], session
        assert session["tls"]["server"] is None
        if how == "none":
            exchange, = session["exchanges"]
            assert exchange["n"] == 0 and exchange["reply"]["by"] == "proxy", exchange
            assert b'P < "421 4.4.1 ' in proxy.output("text")
            assert proxy.events()[-1]["by"] == "proxy", proxy.events()[-1]


def test_a_url_may_have_an_ipv6_literal(scope):
    root = roots(scope)
    issue(scope, "six", "good-root", names="IP:::1", days=(-1, 60))
    context = context_of(scope.path("six.pem"), scope.path("six.key"))

    def handle(connection):
        inside = context.wrap_socket(connection, server_side=True)
        inside.sendall(b"220 test\r\n")
        s.read_line(inside)
        inside.sendall(b"221 bye\r\n")
        inside.close()

    with s.Server(handle, "::1") as server, scope.proxy(
            "--mode", f"reverse:smtps://[::1]:{server.port}@[::1]:0", "--server-ca",
            root) as proxy:
        inside = scope.client_context().wrap_socket(s.connect(proxy.port(), "::1"),
                                                    server_hostname="::1")
        s.read_reply(inside)
        s.ask(inside, "QUIT")
        inside.close()
    session, = proxy.sessions()
    assert session["tls"]["server"]["verify"]["ok"] and session["tls"]["server"]["sni"] is None
    assert session["tls"]["server"]["certificate"]["names"] == ["::1"], session["tls"]["server"]


def test_each_listener_is_in_the_ready_file_and_on_standard_error(scope):
    with scope.proxy("--mode", "sink@0", "--mode", "reverse:smtp://mail.example.com:587@[::1]:0") as proxy:
        same(len(proxy.addresses), 2)
        assert re.fullmatch(r"127\.0\.0\.1:\d+", proxy.addresses[0])
        assert re.fullmatch(r"\[::1\]:\d+", proxy.addresses[1])
    lines = proxy.errors().splitlines()
    assert f"smtpscope: listening on {proxy.addresses[0]} (sink)" in lines, lines
    assert f"smtpscope: listening on {proxy.addresses[1]} (reverse smtp://mail.example.com:587)" in lines, lines


if __name__ == "__main__":
    s.main(globals())
