# SPDX-License-Identifier: MIT
"""How sessions and the proxy itself end: whoever closes, wherever; stops, limits and time-outs."""

import os
import signal
import ssl
import subprocess
import threading

from support import scope as s
from support import smtp
from support import tcp
from support.wire import Cut, Wire


def plain_proxy(scope, port, *words):
    return scope.proxy("--mode", f"reverse:smtp://127.0.0.1:{port}@127.0.0.1:0", *words)


def outcomes(proxy):
    return sorted(session["outcome"] for session in proxy.sessions())


def by_proxy(session):
    return [exchange["reply"]["code"] for exchange in session["exchanges"]
            if exchange["reply"] and exchange["reply"].get("by") == "proxy"]


# ── closing at any byte of any phase ────────────────────────────────────────────────────────────

SCRIPT = [b"EHLO client.example.com\r\n", b"STARTTLS\r\n", None, b"EHLO client.example.com\r\n",
          b"AUTH PLAIN AGFsaWNlAHNlY3JldA==\r\n", b"MAIL FROM:<a@example.com>\r\n",
          b"RCPT TO:<b@example.net>\r\n", b"DATA\r\n", b"Subject: x\r\n\r\ntext\r\n.\r\n", b"QUIT\r\n"]


class Stingy(Wire):
    """A client of plain and TLS bytes that sends only so many wire bytes, then closes or resets."""

    def __init__(self, scope, port, budget):
        super().__init__(s.connect(port), budget)
        self.context = scope.client_context()

    def read_reply(self):
        text = b""
        while not (text.endswith(b"\n") and text.splitlines()[-1][3:4] == b" "):
            text += self.receive()

    def run(self):
        self.read_reply()
        for line in SCRIPT:
            if line is None:
                self.start_tls(self.context, server_hostname="localhost")
            else:
                self.send(line)
                self.read_reply()


def client_ends_everywhere(scope, reset):
    """One session for each number of bytes that the client sends before it closes."""
    with smtp.Server(scope) as server, server.proxy_to(scope) as proxy:
        idle = proxy.sockets()
        whole = Stingy(scope, proxy.port(), 1 << 30)
        whole.run()
        sent = (1 << 30) - whole.budget
        whole.end(False)
        for budget in range(1, sent, 7):
            client = Stingy(scope, proxy.port(), budget)
            try:
                client.run()
            except (Cut, ssl.SSLError, ConnectionError):
                pass
            client.end(reset)
        s.until(lambda: server.live() == 0, "all sessions to end")
        s.until(lambda: proxy.sockets() == idle, "all sockets to be closed")
        count = 1 + len(range(1, sent, 7))
    sessions = proxy.sessions()
    assert len(sessions) == count, (len(sessions), count)
    kinds = {session["outcome"] for session in sessions}
    assert kinds <= {"completed", "client-closed", "tls-client-failed", "tls-server-failed"}, kinds
    for session in sessions:  # a message is whole or it is not, and nothing in between
        for message in session["messages"]:
            assert message["complete"] == (message["code"] is not None), message


def test_client_closes_at_any_byte(scope):
    client_ends_everywhere(scope, False)


def test_client_resets_at_any_byte(scope):
    client_ends_everywhere(scope, True)


def server_ends_everywhere(scope, reset):
    """One session for each number of bytes that the server sends before it closes."""
    chosen = [*range(0, 300, 7), *range(300, 2400, 83)]
    budgets = iter(chosen)

    def cut(_connection):
        return next(budgets)  # one session at a time

    with smtp.Server(scope, budget=cut, reset=reset) as server, server.proxy_to(scope) as proxy:
        for _ in chosen:
            try:
                client = Stingy(scope, proxy.port(), 1 << 30)
            except ConnectionError:
                continue  # the server's reset was there before the client's connect was over
            try:
                client.run()
            except (Cut, ssl.SSLError, ConnectionError):
                pass
            client.end(False)
        s.until(lambda: server.live() == 0, "all sessions to end")
    assert len(proxy.sessions()) == len(chosen)
    kinds = {session["outcome"] for session in proxy.sessions()}
    # A reset right behind the accept may already show itself as the outcome of the connect.
    assert kinds <= {"completed", "server-closed", "client-closed", "connect-failed", "tls-client-failed",
                     "tls-server-failed"}, kinds


def test_server_closes_at_any_byte(scope):
    server_ends_everywhere(scope, False)


def test_server_resets_at_any_byte(scope):
    server_ends_everywhere(scope, True)


# ── peers that do not read ──────────────────────────────────────────────────────────────────────


def send_until_blocked(connection, data):
    """Sends until the peer's window has been shut for a while; returns how much went out."""
    connection.settimeout(1)
    sent = 0
    try:
        while sent < (256 << 20):
            sent += connection.send(data)
    except TimeoutError:
        pass
    connection.settimeout(s.TIMEOUT)
    return sent


def test_a_client_that_never_reads_stops_the_server(scope):
    sent = []
    told = threading.Event()
    done = threading.Event()

    def handle(connection):
        connection.sendall(b"220 test ESMTP\r\n")
        sent.append(send_until_blocked(connection, b"250-" + b"x" * 60000 + b"\r\n"))
        told.set()
        done.wait(s.TIMEOUT)

    with s.Server(handle) as server, plain_proxy(scope, server.port, "--grace", "0") as proxy:
        connection = s.connect(proxy.port())
        connection.sendall(b"EHLO client.example.com\r\n")
        assert told.wait(s.TIMEOUT)
        assert sent[0] < (64 << 20), f"{sent[0]} bytes were taken from the server"
        assert proxy.memory_kib() < 300 << 10, proxy.memory_kib()
        assert proxy.stop() == 0
        done.set()
        connection.close()
    assert outcomes(proxy) == ["proxy-stopped"], proxy.sessions()


def test_a_server_that_never_reads_stops_the_client(scope):
    done = threading.Event()

    def handle(connection):
        connection.sendall(b"220 test ESMTP\r\n")
        done.wait(s.TIMEOUT)

    with s.Server(handle) as server, plain_proxy(scope, server.port, "--grace", "0") as proxy:
        connection = s.connect(proxy.port())
        s.read_line(connection)
        sent = send_until_blocked(connection, b"x" * 60000 + b"\r\n")
        assert sent < (64 << 20), f"{sent} bytes were taken from the client"
        assert proxy.memory_kib() < 300 << 10, proxy.memory_kib()
        assert proxy.stop() == 0
        done.set()
        connection.close()
    assert outcomes(proxy) == ["proxy-stopped"], proxy.sessions()


def test_nothing_is_lost_behind_back_pressure(scope):
    """A client that reads late gets every byte."""
    total = 30 << 20
    full = threading.Event()

    def handle(connection):
        connection.sendall(b"220 test ESMTP\r\n")
        assert s.read_line(connection) == b"NOOP\r\n"
        sent = s.fill(connection, b"z" * 65536, total // 2)
        full.set()
        connection.sendall(b"z" * (total - sent))

    with s.Server(handle) as server, plain_proxy(scope, server.port) as proxy:
        connection = s.connect(proxy.port())
        assert s.ask(connection, "NOOP") == [b"220 test ESMTP\r\n"]
        assert full.wait(s.TIMEOUT)
        assert len(s.read_all(connection)) == total


def test_last_words_of_a_server_that_goes_reach_the_client(scope):
    """It refuses in the middle of a message, and closes with the rest unread: a reset follows, but
    the refusal comes first, as it would without the proxy."""

    def handle(connection):
        connection.sendall(b"220 test ESMTP\r\n")
        s.read_exactly(connection, 100000)
        connection.sendall(b"552 5.3.4 too big\r\n")

    def visit(port):
        connection = s.connect(port)
        s.read_line(connection)
        try:
            for _ in range(200):
                connection.sendall(b"x" * 50000)
        except OSError:
            pass
        line = s.read_line(connection)
        connection.close()
        return line

    with s.Server(handle) as server, plain_proxy(scope, server.port) as proxy:
        for _ in range(20):
            assert visit(server.port) == b"552 5.3.4 too big\r\n", "without the proxy"
            assert visit(proxy.port()) == b"552 5.3.4 too big\r\n", "with the proxy"
    assert {session["bytes"]["from_server"] for session in proxy.sessions()} == {35}


# ── many ────────────────────────────────────────────────────────────────────────────────────────


def test_two_thousand_sessions_at_once(scope):
    import resource
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2000
    if hard != resource.RLIM_INFINITY and hard < 4 * wanted + 200:
        raise s.Skip(f"only {hard} descriptors are allowed")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 4 * wanted + 200), hard))
    started = threading.Semaphore(0)
    go = threading.Event()

    def handle(connection):
        connection.sendall(b"220 test ESMTP\r\n")
        started.release()
        go.wait(s.TIMEOUT)
        for answer in (b"250 test\r\n", b"221 bye\r\n"):
            if not s.read_line(connection):
                return
            connection.sendall(answer)

    with s.Server(handle) as server, plain_proxy(scope, server.port) as proxy:
        before = proxy.sockets()
        connections = [s.connect(proxy.port()) for _ in range(wanted)]
        for _ in range(wanted):
            assert started.acquire(timeout=s.TIMEOUT)
        # One more, now and then: the kernel is asked which process a client is.
        s.until(lambda: proxy.sockets() == before + 2 * wanted, "two sockets for each session")
        go.set()
        for connection in connections:
            assert s.read_line(connection) == b"220 test ESMTP\r\n"
            connection.sendall(b"EHLO client.example.com\r\n")
        for connection in connections:
            assert s.read_line(connection) == b"250 test\r\n"
            connection.sendall(b"QUIT\r\n")
        for connection in connections:
            assert s.read_line(connection) == b"221 bye\r\n"
            connection.close()
        s.until(lambda: proxy.sockets() == before, "all sockets to be closed")
    assert outcomes(proxy) == ["completed"] * wanted
    ids = [session["id"] for session in proxy.sessions()]
    assert sorted(ids) == list(range(1, wanted + 1))
    counters = [event["counter"] for event in proxy.events()]
    assert counters == list(range(1, len(counters) + 1))


def test_out_of_descriptors_waits_and_goes_on(scope):
    with smtp.Server(scope) as server, plain_proxy(scope, server.port) as proxy:
        limit = proxy.descriptors() + 40
        subprocess.run(["prlimit", f"--pid={proxy.process.pid}", f"--nofile={limit}:{limit}"],
                       check=True)
        clients = [threading.Thread(target=quit_session, args=(proxy.port(),))
                   for _ in range(100)]
        held = [s.connect(proxy.port()) for _ in range(60)]  # more than there is room for
        for client in clients:
            client.start()
        for connection in held:
            connection.close()
        for client in clients:
            client.join(s.TIMEOUT)
    assert outcomes(proxy).count("completed") == 100, outcomes(proxy)
    assert "connect-failed" not in outcomes(proxy), outcomes(proxy)
    assert proxy_errors(proxy).count("out of file descriptors") == 1, proxy_errors(proxy)


def proxy_errors(proxy):
    with open(os.path.join(proxy.folder, "stderr")) as file:
        return file.read()


# ── limits and time-outs ────────────────────────────────────────────────────────────────────────


def test_max_sessions_lets_more_wait(scope):
    with smtp.Server(scope) as server, plain_proxy(
            scope, server.port, "--max-sessions", "2", "--threads", "1") as proxy:
        first, second = s.connect(proxy.port()), s.connect(proxy.port())
        for connection in (first, second):
            assert s.read_line(connection) == b"220 test.example.net ESMTP\r\n"
        third = s.connect(proxy.port())
        for _ in range(5):  # the one loop has seen the third client before it passes these on
            assert s.ask(first, "NOOP") == [b"250 2.0.0 Ok\r\n"]
        assert len(open_sessions(scope)) == 2, open_sessions(scope)
        assert server.live() == 2 and not s.readable(third)
        assert s.ask(first, "QUIT") == [b"221 2.0.0 Bye\r\n"]
        first.close()
        assert s.read_line(third) == b"220 test.example.net ESMTP\r\n"
        for connection in (second, third):
            assert s.ask(connection, "QUIT") == [b"221 2.0.0 Bye\r\n"]
            connection.close()
    assert outcomes(proxy) == ["completed"] * 3


def test_max_sessions_holds_for_all_threads_together(scope):
    count, most = [0], [0]
    lock = threading.Lock()

    def handle(connection):
        with lock:
            count[0] += 1
            most[0] = max(most[0], count[0])
        connection.sendall(b"220 test ESMTP\r\n")
        assert s.read_line(connection) == b"QUIT\r\n"
        with lock:
            count[0] -= 1  # before the client is answered, and so before the session ends
        connection.sendall(b"221 2.0.0 Bye\r\n")

    with s.Server(handle) as server, plain_proxy(
            scope, server.port, "--max-sessions", "3", "--threads", "8") as proxy:
        clients = [threading.Thread(target=quit_session, args=(proxy.port(),)) for _ in range(200)]
        for client in clients:
            client.start()
        for client in clients:
            client.join(s.TIMEOUT)
    assert outcomes(proxy) == ["completed"] * 200, outcomes(proxy)
    assert most[0] <= 3, most


def quit_session(port):
    connection = s.connect(port)
    s.read_line(connection)
    assert s.ask(connection, "QUIT") == [b"221 2.0.0 Bye\r\n"]
    connection.close()


def test_once_ends_after_the_first_session(scope):
    with smtp.Server(scope) as server, plain_proxy(scope, server.port, "--once") as proxy:
        quit_session(proxy.port())
        assert proxy.process.wait(s.TIMEOUT) == 0
    assert outcomes(proxy) == ["completed"], proxy.sessions()


def test_sessions_ends_after_so_many(scope):
    with smtp.Server(scope) as server, plain_proxy(
            scope, server.port, "--sessions", "3") as proxy:
        for _ in range(3):
            assert proxy.process.poll() is None
            quit_session(proxy.port())
        assert proxy.process.wait(s.TIMEOUT) == 0
    assert outcomes(proxy) == ["completed"] * 3


def test_idle_time_out_says_421(scope):
    with smtp.Server(scope) as server, plain_proxy(
            scope, server.port, "--idle-timeout", "2") as proxy:
        connection = s.connect(proxy.port())
        s.read_line(connection)
        s.ask(connection, "EHLO client.example.com")
        line = s.read_line(connection)
        assert line.startswith(b"421 4.4.2 "), line
        assert s.read_all(connection) == b""
        connection.close()
        s.until(lambda: server.live() == 0, "the server's side to be closed")
    session, = proxy.sessions()
    assert session["outcome"] == "timeout" and session["error"], session
    assert by_proxy(session) == [421], session["exchanges"]
    assert b'P < "421 4.4.2 ' in proxy.output("text")
    close = proxy.events()[-1]
    assert close["event"] == "close" and close["by"] == "proxy", close


def test_idle_time_out_says_nothing_within_a_message(scope):
    with smtp.Server(scope) as server, plain_proxy(
            scope, server.port, "--idle-timeout", "2") as proxy:
        connection = s.connect(proxy.port())
        s.read_line(connection)
        for line in ("EHLO client.example.com", "MAIL FROM:<a@example.com>",
                     "RCPT TO:<b@example.net>", "DATA"):
            s.ask(connection, line)
        connection.sendall(b"Subject: half\r\n")
        assert s.read_all(connection) == b""
        connection.close()
    session, = proxy.sessions()
    assert session["outcome"] == "timeout", session["outcome"]
    assert by_proxy(session) == []
    assert session["messages"][0]["complete"] is False


def test_idle_time_out_says_nothing_at_the_switch_to_tls(scope):
    with smtp.Server(scope) as server:
        modes = ("--mode", f"reverse:smtp://127.0.0.1:{server.port}@0", "--mode", "sink@0")
        with scope.proxy(*modes, "--idle-timeout", "2") as proxy:
            for index in (0, 1):
                connection = s.connect(proxy.port(index))
                s.read_line(connection)
                s.ask(connection, "EHLO client.example.com")
                assert s.ask(connection, "STARTTLS")[0].startswith(b"220 ")
                assert s.read_all(connection) == b""  # the next bytes are a ServerHello, or none
                connection.close()
    assert outcomes(proxy) == ["timeout", "timeout"], proxy.sessions()


def test_no_idle_time_out_while_bytes_flow(scope):
    with smtp.Server(scope) as server, plain_proxy(
            scope, server.port, "--idle-timeout", "3") as proxy:
        busy, idle = s.connect(proxy.port()), s.connect(proxy.port())
        s.read_line(busy)
        s.read_line(idle)
        while not s.readable(idle, 0.1):  # one that sends nothing is the clock
            assert s.ask(busy, "NOOP") == [b"250 2.0.0 Ok\r\n"]
        assert s.read_line(idle).startswith(b"421 4.4.2 ")
        assert s.ask(busy, "QUIT") == [b"221 2.0.0 Bye\r\n"]
        for connection in (busy, idle):
            connection.close()
    assert outcomes(proxy) == ["completed", "timeout"], proxy.sessions()


def test_connect_time_out(scope):
    with tcp.silent_port() as port, plain_proxy(scope, port, "--connect-timeout", "1") as proxy:
        connection = s.connect(proxy.port())
        line = s.read_line(connection)
        assert line.startswith(b"421 4.4.1 "), line
        assert s.read_all(connection) == b""
        connection.close()
    session, = proxy.sessions()
    assert session["outcome"] == "connect-failed" and session["error"], session


# ── stopping ────────────────────────────────────────────────────────────────────────────────────


def test_stop_says_421_when_grace_is_over(scope):
    with smtp.Server(scope) as server, plain_proxy(scope, server.port, "--grace", "1") as proxy:
        connection = s.connect(proxy.port())
        s.read_line(connection)
        s.ask(connection, "EHLO client.example.com")
        proxy.process.send_signal(signal.SIGTERM)
        line = s.read_line(connection)
        assert line.startswith(b"421 4.3.2 "), line
        assert s.read_all(connection) == b""
        connection.close()
        assert proxy.process.wait(s.TIMEOUT) == 0
    session, = proxy.sessions()
    assert session["outcome"] == "proxy-stopped" and session["error"], session
    assert by_proxy(session) == [421]


def test_stop_lets_sessions_finish_within_grace(scope):
    with smtp.Server(scope) as server, plain_proxy(scope, server.port, "--grace", "30") as proxy:
        connection = s.connect(proxy.port())
        s.read_line(connection)
        proxy.process.send_signal(signal.SIGINT)
        s.until(lambda: refuses(proxy.port()), "the listener to close")
        assert s.ask(connection, "EHLO client.example.com")[-1] == b"250 SMTPUTF8\r\n"
        assert s.ask(connection, "QUIT") == [b"221 2.0.0 Bye\r\n"]
        connection.close()
        assert proxy.process.wait(s.TIMEOUT) == 0
    assert outcomes(proxy).count("completed") == 1, outcomes(proxy)


def refuses(port):
    try:
        s.connect(port).close()
    except ConnectionError:
        return True
    return False


def test_a_session_is_complete_behind_quit_whoever_lingers(scope):
    keep_open = smtp.answers(b"220 test.example.net ESMTP\r\n", b"221 2.0.0 Bye\r\n")
    with s.Server(keep_open) as server:
        for words in (("--idle-timeout", "2"), ("--grace", "0.2")):
            with plain_proxy(scope, server.port, *words) as proxy:
                connection = s.connect(proxy.port())
                s.read_line(connection)
                assert s.ask(connection, "QUIT") == [b"221 2.0.0 Bye\r\n"]
                if words[0] == "--grace":
                    proxy.process.send_signal(signal.SIGTERM)
                assert s.read_all(connection) == b""
                connection.close()
                if words[0] == "--grace":
                    proxy.process.wait(s.TIMEOUT)
            session, = proxy.sessions()
            assert (session["outcome"], session["error"]) == ("completed", None), session


def test_second_signal_stops_at_once(scope):
    for number in (signal.SIGINT, signal.SIGTERM):
        with smtp.Server(scope) as server:
            proxy = plain_proxy(scope, server.port, "--grace", "600")
            connection = s.connect(proxy.port())
            s.read_line(connection)
            proxy.process.send_signal(number)
            s.until(lambda: refuses(proxy.port()), "the listener to close")
            assert proxy.process.poll() is None
            assert proxy.stop(number) == 128 + number
            connection.close()


def test_ctl_stop(scope):
    with smtp.Server(scope) as server, plain_proxy(scope, server.port) as proxy:
        quit_session(proxy.port())
        done = scope.run("ctl", "stop")
        assert done.returncode == 0, done.stderr
        assert proxy.process.wait(s.TIMEOUT) == 0
        assert scope.run("ctl", "status").returncode == 3
    assert outcomes(proxy) == ["completed"], proxy.sessions()


def test_stop_while_a_name_is_looked_up_or_dialled(scope):
    with tcp.silent_port() as port, plain_proxy(scope, port, "--grace", "0") as proxy:
        connection = s.connect(proxy.port())
        s.until(lambda: len(open_sessions(scope)) == 1, "the session")
        assert proxy.stop() == 0
        connection.close()
    assert outcomes(proxy) == ["proxy-stopped"], proxy.sessions()


def open_sessions(scope):
    done = scope.run("ctl", "sessions")
    return [line for line in done.stdout.splitlines() if line.startswith(b"session ")]


if __name__ == "__main__":
    s.main(globals())
