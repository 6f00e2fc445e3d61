# SPDX-License-Identifier: MIT
"""`--allow`: a client that is not listed is closed at once and gets no server, and the transcript says
so; one that is listed notices nothing. Behind a balancer the client that its header names counts."""

import contextlib

from support import scope as s
from support import smtp

LINE = "PROXY TCP4 {} 198.51.100.7 4711 25\r\n"


def reverse(scope, server, *words, **options):
    return scope.proxy("--mode", f"reverse:smtp://127.0.0.1:{server.port}@127.0.0.1:0",
                       "--mode", "socks5@127.0.0.1:0", *words, **options)


def is_closed_at_once(port, words=b""):
    with s.connect(port) as connection, contextlib.suppress(ConnectionResetError, BrokenPipeError):
        connection.sendall(words)
        return connection.recv(1) == b""
    return True


def test_one_that_is_not_listed_is_closed(scope):
    with smtp.Server() as server, reverse(scope, server, "--allow", "192.0.2.0/24",
                                          "--allow", "2001:db8::/32,10.1.2.3") as proxy:
        assert is_closed_at_once(proxy.port())
        assert is_closed_at_once(proxy.port(1), b"\5\1\0")
    assert server.messages == []
    for one in proxy.sessions():
        assert (one["outcome"], one["exchanges"]) == ("connect-failed", []), one
        assert one["error"].startswith("127.0.0.1 is not in the list of --allow"), one
    assert len(proxy.sessions()) == 2 and b"--allow" in proxy.output("text")


def test_one_that_is_listed_notices_nothing(scope):
    with smtp.Server() as server, reverse(scope, server, "--allow", "192.0.2.0/24,127.0.0.0/8") as proxy:
        with s.connect(proxy.port()) as connection:
            smtp.converse(connection)
    assert [one["outcome"] for one in proxy.sessions()] == ["completed"]


def test_behind_a_balancer_its_client_counts(scope):
    with smtp.Server() as server, reverse(scope, server, "--allow", "192.0.2.0/24",
                                          "--proxy-protocol", "127.0.0.1") as proxy:
        with s.connect(proxy.port()) as connection:
            connection.sendall(LINE.format("192.0.2.9").encode())
            smtp.converse(connection)
        assert is_closed_at_once(proxy.port(), LINE.format("203.0.113.9").encode())
        with s.connect(proxy.port()) as connection:  # the balancer itself, as in a health check
            connection.sendall(b"PROXY UNKNOWN\r\n")
            smtp.converse(connection)
    first, second, third = proxy.sessions()
    assert [one["outcome"] for one in (first, third)] == ["completed"] * 2
    assert second["outcome"] == "connect-failed", second
    assert second["error"].startswith("203.0.113.9 is not in the list"), second


def test_an_open_port_is_said_in_other_words(scope):
    with smtp.Server() as server:
        mode = f"reverse:smtp://127.0.0.1:{server.port}@0.0.0.0:0"
        with scope.proxy("--mode", mode, "--allow", "127.0.0.1") as proxy:
            pass
    with open(proxy.error_file.name) as file:
        said = file.read()
    assert "clients on other machines that --allow lists can send mail" in said, said


def test_wrong_words_are_named(scope):
    for word in ("10.0.0.0/33", "localhost", "10.0.0.0/8,", ""):
        done = scope.run("proxy", "127.0.0.1:25", "--allow", word)
        assert done.returncode == 2 and f"'{word}'" in done.stderr.decode(), done.stderr
    assert scope.run("run", "--allow", "127.0.0.1", "true").returncode == 2


if __name__ == "__main__":
    s.main(globals())
