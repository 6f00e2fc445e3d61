# SPDX-License-Identifier: MIT
"""The PROXY protocol: from a listed address each connection begins with a header, whose client is the
one that every output shows; without a good one it is closed, and said. From any other address nothing
is read as one. And a header of ours begins the connection to the server."""

import os
import socket
import struct

from support import scope as s
from support import smtp, text, ways

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
CLIENT4, SERVER4 = "203.0.113.9", "198.51.100.7"
CLIENT6, SERVER6 = "2001:db8::9", "2001:db8::7"
LINE4 = f"PROXY TCP4 {CLIENT4} {SERVER4} 4711 25\r\n".encode()
LINE6 = f"PROXY TCP6 {CLIENT6} {SERVER6} 4711 25\r\n".encode()
LISTED = ("--proxy-protocol", "127.0.0.0/8,::1")


def block(family, client, server, ports=(4711, 25), tlvs=b""):
    """A header of version 2."""
    words = socket.inet_pton(family, client) + socket.inet_pton(family, server)
    rest = words + struct.pack("!HH", *ports) + tlvs
    kind = b"\x21\x11" if family == socket.AF_INET else b"\x21\x21"
    return SIGNATURE + kind + struct.pack("!H", len(rest)) + rest


BLOCK4 = block(socket.AF_INET, CLIENT4, SERVER4)
BLOCK6 = block(socket.AF_INET6, CLIENT6, SERVER6)
TLVS = b"\x01\x00\x02h2" + b"\x02\x00\x04mail" + b"\x04\x03\xe8" + 1000 * b"x"


def reverse(scope, server, *words, **options):
    return scope.proxy("--mode", f"reverse:smtp://127.0.0.1:{server.port}@127.0.0.1:0",
                       "--mode", f"reverse:smtp://127.0.0.1:{server.port}@[::1]:0", *words, **options)


def send(port, header, host="127.0.0.1"):
    with s.connect(port, host) as connection:
        connection.sendall(header)
        smtp.converse(connection)
        return connection.getsockname()[1]


def ends(sessions):
    return [(one["client"]["address"], one["client"]["port"]) for one in sessions]


def test_each_kind_says_who_the_client_is(scope):
    headers = [LINE4, LINE6, BLOCK4, BLOCK6, block(socket.AF_INET, CLIENT4, SERVER4, tlvs=TLVS),
               block(socket.AF_INET6, CLIENT6, SERVER6, tlvs=TLVS),
               b"PROXY TCP6 ::ffff:203.0.113.9 ::ffff:198.51.100.7 4711 25\r\n"]
    with smtp.Server() as server, reverse(scope, server, *LISTED) as proxy:
        for header in headers:
            send(proxy.port(), header)
        send(proxy.port(1), LINE4, "::1")
    sessions = proxy.sessions()
    four, six = (CLIENT4, 4711), (CLIENT6, 4711)
    assert ends(sessions) == [four, six, four, six, four, six, four, four], ends(sessions)
    assert [one["outcome"] for one in sessions] == ["completed"] * 8
    assert all(one["client"]["pid"] in (0, None) for one in sessions), sessions[0]["client"]
    assert all(one["findings"] == [] for one in sessions), sessions[0]["findings"]
    assert all(one["exchanges"][1]["command"]["line"] == "EHLO client.example.com" for one in sessions)
    words = len(b"EHLO client.example.com\r\nQUIT\r\n")
    assert all(one["bytes"]["from_client"] == words for one in sessions)
    connects = [one for one in proxy.events() if one["event"] == "connect"]
    connects.sort(key=lambda one: one["session"])
    assert [one["client"]["address"] for one in connects] == [end[0] for end in ends(sessions)]


def test_what_has_no_address_is_as_the_socket_says(scope):
    headers = [b"PROXY UNKNOWN\r\n", b"PROXY UNKNOWN 1.2.3.4 what ever\r\n",
               SIGNATURE + b"\x20\0\0\0", SIGNATURE + b"\x20\x11\0\x0c" + BLOCK4[16:28],
               SIGNATURE + b"\x21\0\0\x07\x02\0\x04mail", SIGNATURE + b"\x21\x31\0\xd8" + 216 * b"/"]
    with smtp.Server() as server, reverse(scope, server, *LISTED) as proxy:
        ports = [send(proxy.port(), header) for header in headers]
    sessions = proxy.sessions()
    assert ends(sessions) == [("127.0.0.1", port) for port in ports]
    assert [one["outcome"] for one in sessions] == ["completed"] * len(headers)


def test_split_at_every_byte_and_with_words_behind_it(scope):
    words = b"EHLO early.example.com\r\n"
    header = block(socket.AF_INET6, CLIENT6, SERVER6, tlvs=b"\x02\0\x04mail")
    with smtp.Server() as server, reverse(scope, server, *LISTED) as proxy:
        for start in (LINE4, header):
            with s.connect(proxy.port()) as connection:
                for byte in start + words:
                    connection.sendall(bytes([byte]))
                assert s.read_line(connection).startswith(b"220 ")
                assert s.read_reply(connection)[-1].startswith(b"250 ")
                assert s.ask(connection, "QUIT") == [b"221 2.0.0 Bye\r\n"]
        for cut in range(len(header) + 1):
            with s.connect(proxy.port()) as connection:
                connection.sendall(header[:cut])
                connection.sendall(header[cut:])
                smtp.converse(connection)
        with s.connect(proxy.port()) as connection:  # all of it at once
            connection.sendall(header + words)
            assert s.read_line(connection).startswith(b"220 ")
            assert s.read_reply(connection)[-1].startswith(b"250 ")
            assert s.ask(connection, "QUIT") == [b"221 2.0.0 Bye\r\n"]
    sessions = proxy.sessions()
    assert ends(sessions) == [(CLIENT4, 4711)] + (len(header) + 3) * [(CLIENT6, 4711)]
    for one in (sessions[0], sessions[1], sessions[-1]):
        assert one["exchanges"][1]["command"]["line"] == "EHLO early.example.com"


def test_without_a_good_one_it_is_closed_and_said(scope):
    wrong = {
        b"EHLO client.example.com\r\n": "does not begin with a PROXY protocol header",
        b"\x16\x03\x01\x02\x00": "does not begin with a PROXY protocol header",
        b"PROXY TCP4 203.0.113.9 198.51.100.7 4711 99999\r\n": "not a number from 0 to 65535",
        b"PROXY TCP4 203.0.113.9\r\n": "fewer than two addresses",
        b"PROXY " + 200 * b"x": "more than 107 bytes",
        SIGNATURE + b"\x21\x11\0\x04....": "too small for its addresses",
        SIGNATURE + b"\x2f\x11\0\x0c": "neither LOCAL nor PROXY",
    }
    with smtp.Server() as server, reverse(scope, server, *LISTED) as proxy:
        for header in wrong:
            with s.connect(proxy.port()) as connection:
                connection.sendall(header)
                assert s.read_all(connection) == b"", header
    sessions = proxy.sessions()
    assert server.peers == [], "a server was dialled"
    assert [one["outcome"] for one in sessions] == ["protocol"] * len(wrong)
    for one, words in zip(sessions, wrong.values()):
        assert words in one["error"] and "127.0.0.1" in one["error"], one["error"]
        assert one["client"]["address"] == "127.0.0.1" and one["exchanges"] == [], one
        finding, = one["findings"]
        assert (finding["rule"], finding["side"]) == ("session-failed", "client"), finding
    closes = [one for one in proxy.events() if one["event"] == "close"]
    assert {one["by"] for one in closes} == {"proxy"}
    assert b"EHLO" not in proxy.output("text"), proxy.output("text")
    assert b"does not begin with a PROXY protocol header" in proxy.output("text")


def test_one_that_is_cut_off_or_never_comes_is_said(scope):
    with smtp.Server() as server, reverse(scope, server, *LISTED, "--idle-timeout", "2") as proxy:
        for part in (b"", LINE4[:20], BLOCK4[:-1]):
            with s.connect(proxy.port()) as connection:
                connection.sendall(part)
                connection.shutdown(socket.SHUT_WR)
                assert s.read_all(connection) == b""
        with s.connect(proxy.port()) as connection:
            connection.sendall(LINE4[:20])
            assert s.read_all(connection) == b""  # nothing follows: it is closed in time
    assert server.peers == []
    sessions = proxy.sessions()
    assert [one["outcome"] for one in sessions] == ["client-closed"] * 3 + ["timeout"]
    assert [one["findings"] for one in sessions[:3]] == [[], [], []]
    assert "health check" in sessions[0]["error"], sessions[0]["error"]
    assert "in the middle" in sessions[1]["error"] and "in the middle" in sessions[2]["error"]
    assert "came from it in time" in sessions[3]["error"], sessions[3]["error"]


def test_a_sink_says_no_word_without_a_header(scope):
    for tls in ("auto", "none"):
        with scope.proxy("--mode", "sink@127.0.0.1:0", *LISTED, "--client-tls", tls) as proxy:
            with s.connect(proxy.port()) as connection:
                connection.sendall(b"EHLO client.example.com\r\n")
                assert s.read_all(connection) == b""
            with s.connect(proxy.port()) as connection:
                connection.sendall(BLOCK4)
                assert s.read_line(connection).startswith(b"220 ")
                assert s.ask(connection, "QUIT")[0].startswith(b"221 ")
        sessions = proxy.sessions()
        assert [one["outcome"] for one in sessions] == ["protocol", "completed"]
        assert sessions[0]["exchanges"] == [], sessions[0]["exchanges"]
        assert ends(sessions)[1] == (CLIENT4, 4711)
        assert b"### PROXY protocol header from the balancer: version 2, client" in proxy.output("text")


def test_from_an_unlisted_address_nothing_is_read_as_one(scope):
    """It is the client's stream: the server gets it, and the transcript has it as a line."""
    with smtp.Server() as server, reverse(scope, server, "--proxy-protocol", "127.0.0.2") as proxy:
        with s.connect(proxy.port()) as connection:
            port = connection.getsockname()[1]
            assert s.read_line(connection).startswith(b"220 ")
            assert s.ask(connection, LINE4.decode().strip()) == [b"502 5.5.1 Not known here\r\n"]
            assert s.ask(connection, "QUIT") == [b"221 2.0.0 Bye\r\n"]
    session, = proxy.sessions()
    assert ends([session]) == [("127.0.0.1", port)]
    assert session["exchanges"][1]["command"]["line"] == LINE4.decode().strip()


def test_a_second_header_is_the_clients_stream(scope):
    with smtp.Server() as server, reverse(scope, server, *LISTED) as proxy:
        with s.connect(proxy.port()) as connection:
            connection.sendall(LINE4 + LINE6)
            assert s.read_line(connection).startswith(b"220 ")
            assert s.read_line(connection) == b"502 5.5.1 Not known here\r\n"
            assert s.ask(connection, "QUIT") == [b"221 2.0.0 Bye\r\n"]
    session, = proxy.sessions()
    assert ends([session]) == [(CLIENT4, 4711)]
    assert session["exchanges"][1]["command"]["line"] == LINE6.decode().strip()


def test_implicit_tls_and_starttls_follow_it(scope):
    context = scope.client_context()
    root = scope.server_certificate()[2]
    for implicit in (False, True):
        with smtp.Server(scope, how="implicit" if implicit else "starttls") as server:
            with reverse(scope, server, *LISTED, "--server-ca", root) as proxy:
                with s.connect(proxy.port()) as connection:
                    connection.sendall(BLOCK4)
                    if not implicit:
                        assert s.read_line(connection).startswith(b"220 ")
                        s.ask(connection, "EHLO client.example.com")
                        assert s.ask(connection, "STARTTLS") == [b"220 2.0.0 Ready\r\n"]
                    tls = context.wrap_socket(connection, server_hostname="localhost")
                    if implicit:
                        assert s.read_line(tls).startswith(b"220 ")
                    s.ask(tls, "EHLO client.example.com")
                    assert s.ask(tls, "QUIT") == [b"221 2.0.0 Bye\r\n"]
        session, = proxy.sessions()
        assert session["outcome"] == "completed" and ends([session]) == [(CLIENT4, 4711)], session


def test_every_output_has_the_client(scope):
    folder = scope.path("by-client")
    capture = scope.path("out.pcap")
    with smtp.Server() as server:
        with reverse(scope, server, *LISTED, "-o", f"jsonl:{folder}/{{client}}.jsonl", "-o",
                     f"pcap:{capture}", "--only", f"client = {CLIENT4}") as proxy:
            send(proxy.port(), LINE4)
            send(proxy.port(), LINE6)
    assert ends(proxy.sessions()) == [(CLIENT4, 4711)]
    assert os.listdir(folder) == [f"{CLIENT4}.jsonl"]
    with open(capture, "rb") as file:
        packets = file.read()
    assert socket.inet_aton(CLIENT4) + socket.inet_aton("127.0.0.1") in packets
    assert struct.pack("!HH", 4711, server.port) in packets


def test_a_client_on_this_machine_is_known_by_its_header(scope):
    """The balancer's own client, here this test: its process is shown, not the balancer's."""
    with s.Server(lambda connection: connection.recv(1)) as front, smtp.Server() as server:
        with s.connect(front.port) as far, reverse(scope, server, *LISTED) as proxy:
            port = far.getsockname()[1]
            with s.connect(proxy.port()) as connection:
                header = f"PROXY TCP4 127.0.0.1 127.0.0.1 {port} {front.port}\r\n"
                connection.sendall(header.encode())
                assert s.read_line(connection).startswith(b"220 ")
                smtp.until_named(proxy, connection)
    session, = proxy.sessions()
    assert session["client"]["pid"] == os.getpid(), session["client"]
    assert session["client"]["port"] == port


def test_transparent_goes_where_the_header_says(scope):
    with smtp.Server() as server, smtp.Server(address="::1") as server6:
        with scope.proxy("--mode", "transparent@127.0.0.1:0", *LISTED) as proxy:
            send(proxy.port(), block(socket.AF_INET, CLIENT4, "127.0.0.1", (4711, server.port)))
            send(proxy.port(), f"PROXY TCP6 {CLIENT6} ::1 4711 {server6.port}\r\n".encode())
            own = f"PROXY TCP4 {CLIENT4} 127.0.0.1 4711 {proxy.port()}\r\n".encode()
            for header in (own, b"PROXY UNKNOWN\r\n"):  # to us, and nowhere
                with s.connect(proxy.port()) as connection:
                    connection.sendall(header)
                    assert s.read_line(connection).startswith(b"421 4.4.1 ")
    sessions = proxy.sessions()
    assert [one["server"]["port"] for one in sessions[:2]] == [server.port, server6.port]
    assert [one["outcome"] for one in sessions] == 2 * ["completed"] + 2 * ["connect-failed"]
    assert "itself listens there" in sessions[2]["error"], sessions[2]["error"]
    assert "firewall" in sessions[3]["error"], sessions[3]["error"]


def test_transparent_is_not_led_round_and_round(scope):
    """A balancer whose own address is in its header gets its own client back: our dial."""
    def pass_on(connection):
        source, target = connection.getpeername(), connection.getsockname()
        with s.connect(proxy.port()) as onward:
            onward.sendall(f"PROXY TCP4 {source[0]} {target[0]} {source[1]} {target[1]}\r\n".encode())
            connection.sendall(s.read_all(onward))

    with s.Server(pass_on) as balancer:
        with scope.proxy("--mode", "transparent@127.0.0.1:0", *LISTED) as proxy:
            with s.connect(balancer.port) as connection:
                assert s.read_line(connection).startswith(b"421 4.4.1 ")
    sessions = proxy.sessions()
    # Two, or one more where the balancer is quicker than the end of our own connect().
    assert 2 <= len(sessions) < 10, [one["error"] for one in sessions]
    assert any(one["error"] and "a balancer led back" in one["error"] for one in sessions)


# ── to the server ───────────────────────────────────────────────────────────────────────────────


class Behind(smtp.Server):
    """A server that awaits a header of `size` bytes ahead of all else, or a line."""

    def __init__(self, *words, size=None, **where):
        self.size, self.headers = size, []
        super().__init__(*words, **where)

    def serve(self, connection):
        line = self.size is None
        self.headers.append(s.read_line(connection) if line else s.read_exactly(connection, self.size))
        super().serve(connection)


def line_of(client, port, target, target_port):
    family = "TCP6" if ":" in client else "TCP4"
    return f"PROXY {family} {client} {target} {port} {target_port}\r\n".encode()


def test_a_header_begins_the_connection_to_the_server(scope):
    with Behind() as server, reverse(scope, server, "--send-proxy-protocol", "v1") as proxy:
        port, port6 = send(proxy.port(), b""), send(proxy.port(1), b"", "::1")
    assert server.headers == [line_of("127.0.0.1", port, "127.0.0.1", proxy.port()),
                              line_of("::1", port6, "::1", proxy.port(1))]
    sessions = proxy.sessions()
    assert [one["outcome"] for one in sessions] == ["completed"] * 2
    words = len(b"EHLO client.example.com\r\nQUIT\r\n")
    assert all(one["bytes"]["from_client"] == words for one in sessions)  # it is not the client's
    assert all(len(one["exchanges"]) == 3 and one["findings"] == [] for one in sessions)
    with Behind(size=28) as server, reverse(scope, server, "--send-proxy-protocol", "v2") as proxy:
        port = send(proxy.port(), b"")
    assert server.headers == [block(socket.AF_INET, "127.0.0.1", "127.0.0.1", (port, proxy.port()))]
    note = f"### PROXY protocol header to the server: version 2, client 127.0.0.1 port {port}, "
    assert note.encode() in proxy.output("text"), proxy.output("text")


def test_what_a_balancer_said_is_passed_on(scope):
    for version, size, header in (("v1", None, LINE6), ("v2", 52, BLOCK6)):
        with Behind(size=size) as server:
            with reverse(scope, server, *LISTED, "--send-proxy-protocol", version) as proxy:
                send(proxy.port(), block(socket.AF_INET6, CLIENT6, SERVER6, tlvs=TLVS))
                port = send(proxy.port(), b"PROXY UNKNOWN\r\n") if version == "v1" else None
        own = [] if port is None else [line_of("127.0.0.1", port, "127.0.0.1", proxy.port())]
        assert server.headers == [header, *own], server.headers


def test_it_goes_ahead_of_tls(scope):
    """By STARTTLS, implicit, and where the proxy does the server's TLS by itself."""
    root = scope.server_certificate()[2]
    for how, words in (("implicit", ()), ("starttls", ()), ("implicit", ("--server-tls", "implicit"))):
        with Behind(scope, how=how, size=28) as server:
            with reverse(scope, server, "--server-ca", root, "--send-proxy-protocol", "v2",
                         *words) as proxy:
                client = smtp.Client(proxy.port(), "none" if words else how, scope.client_context())
                client.open()
                client.quit()
        assert server.headers[0][:16] == BLOCK4[:16], server.headers
        session, = proxy.sessions()
        assert session["outcome"] == "completed", session
        assert session["tls"]["server"]["verify"]["ok"], session["tls"]


def test_it_tells_where_a_tunnel_was_going(scope):
    with Behind() as server:
        with scope.proxy("--mode", "connect@127.0.0.1:0", "--send-proxy-protocol", "v1") as proxy:
            with s.connect(proxy.port()) as connection:
                port = connection.getsockname()[1]
                connection.sendall(f"CONNECT 127.0.0.1:{server.port} HTTP/1.1\r\n\r\n".encode())
                assert s.read_line(connection).startswith(b"HTTP/1.1 200 ")
                assert s.read_line(connection) == b"\r\n"
                smtp.converse(connection)
    assert server.headers == [line_of("127.0.0.1", port, "127.0.0.1", server.port)]


def test_one_of_ours_sends_to_another(scope):
    """Two proxies behind one another, and the second knows whose mail it is."""
    for version in ("v1", "v2"):
        with smtp.Server() as server, reverse(scope, server, *LISTED) as second:
            with scope.proxy("--mode", f"reverse:smtp://127.0.0.1:{second.port()}@127.0.0.1:0",
                             "--send-proxy-protocol", version) as first:
                port = send(first.port(), b"")
        assert ends(second.sessions()) == ends(first.sessions()) == [("127.0.0.1", port)]


def test_under_run_it_goes_to_the_server_too(scope):
    ways.need_capture(scope)
    with Behind() as server:
        done = ways.run(scope, server.port, ["curl", "-sS", f"smtp://127.0.0.1:{server.port}/me"],
                        ("--send-proxy-protocol", "v1"))
    assert len(server.headers) == 1 and server.headers[0].startswith(b"PROXY TCP4 127.0.0.1 127.0.0.1 ")
    assert server.headers[0].endswith(f" {server.port}\r\n".encode()), server.headers
    assert done.sessions[0]["outcome"] == "completed", done.sessions


# ── the command line, and show ──────────────────────────────────────────────────────────────────


def test_wrong_words_are_named(scope):
    for word in ("10.0.0.0/33", "localhost", "10.0.0.0/8,", "::1/129", ""):
        done = scope.run("proxy", "127.0.0.1:25", "--proxy-protocol", word)
        assert done.returncode == 2, word
        assert f"'{word}'" in done.stderr.decode(), done.stderr
    done = scope.run("proxy", "127.0.0.1:25", "--send-proxy-protocol", "v3")
    assert done.returncode == 2 and "'v3' is not one of v1|v2" in done.stderr.decode(), done.stderr


def test_it_is_shown_as_it_was(scope):
    """`show` tells the same of what was recorded, one that was turned away too."""
    with Behind() as server:
        with reverse(scope, server, *LISTED, "--send-proxy-protocol", "v1") as proxy:
            send(proxy.port(), LINE4)
            with s.connect(proxy.port()) as connection:
                connection.sendall(b"QUIT\r\n")
                assert s.read_all(connection) == b""
    assert proxy.output("text").count(b"### PROXY protocol header") == 2, proxy.output("text")
    for name in ("json", "jsonl"):
        done = scope.run("show", os.path.join(proxy.folder, "out." + name))
        told, live = (text.without_pids(one.decode()) for one in (done.stdout, proxy.output("text")))
        assert told == live, (name, told, live)
    assert proxy.sessions()[1]["likely"] is not None


if __name__ == "__main__":
    s.main(globals())
