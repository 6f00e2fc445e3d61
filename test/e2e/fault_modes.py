# SPDX-License-Identifier: MIT
"""Every row of the tables of points, conditions and actions, in every mode: what the client hears,
what the server takes, and what the transcript says of it. Each row is a session of one proxy that
has all rules, `session N` with each."""

import errno
import json
import os
import struct

from support import fault_visit
from support import scope as s
from support import smtp
from support import ways


class Row:
    """`heard` has the beginning of answers by step, or a function that judges one; `taken` is how
    many messages the server takes; `tls` says that the client has to speak it."""

    def __init__(self, rule, heard, taken=1, plan="DATA", silent=None, tls=None, pipelined=False):
        self.rule, self.heard, self.taken, self.plan = rule, heard, taken, plan
        self.silent, self.tls, self.pipelined = silent, tls, pipelined

    def in_session(self, number):
        head, _, action = self.rule.rpartition(": ")
        return f"{head} session {number}: {action}"


def lacks(word):
    return lambda reply: word not in reply and reply.startswith("250")


def has(word):
    return lambda reply: word in reply


ROWS = [
    Row("greeting: 554 5.3.2 no", {"greeting": "554 5.3.2 no", "EHLO": "250"}),
    Row("greeting: replace 421 4.3.2 busy", {"greeting": "421 4.3.2 busy"}),
    Row("greeting: delay 20ms", {"greeting": "220", "QUIT": "221"}),
    Row("greeting: slice 3", {"greeting": "220", "QUIT": "221"}),
    Row("greeting: rate 5000", {"greeting": "220", "QUIT": "221"}),
    Row("greeting: close", {"greeting": "closed"}, 0),
    Row("greeting: reset", {"greeting": "reset"}, 0),
    Row("EHLO: 550 5.7.1 no", {"EHLO": "550 5.7.1 no"}),
    Row("EHLO: replace 421 4.3.2 busy", {"EHLO": "421 4.3.2 busy"}),
    Row("EHLO: strip SIZE 8BITMIME", {"EHLO": lacks("SIZE")}),
    Row("EHLO: strip PIPELINING", {"EHLO": lacks("PIPELINING")}),
    Row("EHLO: add XDEMO one", {"EHLO": has("XDEMO one")}),
    Row("EHLO: slice 1", {"EHLO": "250", "QUIT": "221"}),
    Row("EHLO: silence", {"EHLO": "closed"}, 0, silent="EHLO"),
    Row("NOOP: 421 4.3.2 busy", {"NOOP": "421 4.3.2 busy", "MAIL": "250"}),
    Row("XFOO: 250 fine", {"XFOO": "250 fine", "MAIL": "250"}),
    Row("* ~ ^bar$: 450 4.2.0 no", {"XFOO": "450 4.2.0 no", "MAIL": "250"}),
    Row("* #1: delay 20ms", {"QUIT": "221"}),
    Row("AUTH: 535 5.7.8 no", {"AUTH": "535 5.7.8 no", "MAIL": "250"}),
    Row("AUTH: replace 454 4.7.0 later", {"AUTH": "454 4.7.0 later", "MAIL": "250"}),
    Row("AUTH #2: 535 5.7.8 no", {"AUTH": "334", "user": "535 5.7.8 no"}, 0, plan="LOGIN"),
    Row("AUTH #2: replace 535 5.7.8 no", {"AUTH": "334", "user": "535 5.7.8 no"}, 0, plan="LOGIN"),
    Row("AUTH #3: replace 454 4.7.0 no", {"user": "334", "password": "454 4.7.0 no"}, 0, plan="LOGIN"),
    Row("AUTH ~ ^LOGIN: close", {"AUTH": "closed"}, 0, plan="LOGIN"),
    Row("AUTH #2: silence", {"user": "closed"}, 0, plan="LOGIN", silent="user"),
    Row("MAIL: 451 4.3.0 later", {"MAIL": "451 4.3.0 later", "QUIT": "221"}),
    Row("MAIL: replace 451 4.3.0 later", {"MAIL": "451 4.3.0 later"}),
    Row("MAIL: delay 20ms", {"MAIL": "250", "QUIT": "221"}),
    Row("MAIL: silence", {"MAIL": "closed"}, 0, silent="MAIL"),
    Row("MAIL: close", {"MAIL": "closed"}, 0),
    Row("MAIL: reset", {"MAIL": "reset"}, 0),
    Row("MAIL: slice 2", {"MAIL": "250", "QUIT": "221"}),
    Row("MAIL: rate 5000", {"MAIL": "250", "message": "250", "QUIT": "221"}),
    Row("RCPT #2: 452 4.5.3 Too many", {"RCPT": "250", "RCPT 2": "452 4.5.3 Too many"}),
    Row("RCPT #2-: 452 4.5.3 Too many", {"RCPT": "250", "RCPT 2": "452 4.5.3 Too many"}),
    Row("RCPT #1-2: 452 4.5.3 no", {"RCPT": "452 4.5.3 no", "RCPT 2": "452 4.5.3 no"}),
    Row("RCPT ~ <c@: 550 5.1.1 no", {"RCPT": "250", "RCPT 2": "550 5.1.1 no"}),
    Row("RCPT 100%: 450 4.2.0 no", {"RCPT": "450 4.2.0 no"}),
    Row("RCPT #1: 450 4.2.0 no", {"MAIL": "250", "RCPT": "450 4.2.0 no", "RCPT 2": "250"},
        pipelined=True),
    Row("MAIL: delay 20ms", {"MAIL": "250", "RCPT": "250", "QUIT": "221"}, pipelined=True),
    Row("RCPT #2: replace 452 4.5.3 no", {"RCPT": "250", "RCPT 2": "452 4.5.3 no", "DATA": "354",
                                          "message": "250"}, pipelined=True),
    Row("DATA: 451 4.3.0 no", {"DATA": "451 4.3.0 no", "QUIT": "221"}, 0),
    Row("DATA: 451 4.3.0 no", {"RCPT": "250", "DATA": "451 4.3.0 no", "QUIT": "221"}, 0,
        pipelined=True),
    Row("DATA: delay 20ms", {"DATA": "354", "QUIT": "221"}),
    Row("DATA: slice 1", {"DATA": "354", "QUIT": "221"}),
    Row("DATA: close", {"DATA": "closed"}, 0),
    Row("DATA: close after 5", {"DATA": "354", "message": "closed"}, 0),
    Row("BDAT: 451 4.3.0 no", {"BDAT": "451 4.3.0 no", "LAST": "451 4.3.0 no"}, 0, plan="BDAT"),
    Row("BDAT #1: replace 452 4.3.1 no", {"BDAT": "452 4.3.1 no", "LAST": "250"}, plan="BDAT"),
    Row("BDAT #2: delay 20ms", {"LAST": "250", "QUIT": "221"}, plan="BDAT"),
    Row("BDAT: close after 5", {"BDAT": "closed"}, 0, plan="BDAT"),
    Row("message: 554 5.7.1 no", {"message": "554 5.7.1 no", "RSET": "250", "QUIT": "221"}, 0),
    Row("message: 554 5.7.1 no", {"BDAT": "250", "LAST": "554 5.7.1 no", "QUIT": "221"}, 0,
        plan="BDAT"),
    Row("message ~ ^Weekly$: 554 5.7.1 no", {"message": "554 5.7.1 no"}, 0),
    Row("message ~ ^Weekly$: replace 451 4.3.0 no", {"message": "451 4.3.0 no", "RSET": "250"}),
    Row("message: replace 451 4.3.0 no", {"LAST": "451 4.3.0 no", "QUIT": "221"}, plan="BDAT"),
    Row("message: delay 20ms", {"message": "250", "QUIT": "221"}),
    Row("message: silence", {"message": "closed"}, silent="message"),
    Row("message: close", {"message": "closed"}),
    Row("message: close", {"LAST": "closed"}, plan="BDAT"),
    Row("message: reset", {"message": "reset"}),
    Row("message: close after 5", {"message": "closed"}, 0),
    Row("message: slice 2", {"message": "250", "QUIT": "221"}),
    Row("RSET: 502 5.5.1 no", {"RSET": "502 5.5.1 no", "QUIT": "221"}),
    Row("QUIT: 421 4.3.2 no", {"QUIT": "421 4.3.2 no"}),
    Row("QUIT: close", {"QUIT": "closed"}),
    Row("QUIT: delay 20ms", {"QUIT": "221"}),
    Row("STARTTLS: 454 4.7.0 no", {"STARTTLS": "454 4.7.0 no", "QUIT": "221"}, tls="starttls"),
    Row("STARTTLS: delay 20ms", {"STARTTLS": "220", "QUIT": "221"}, tls="starttls"),
    Row("STARTTLS: slice 4", {"STARTTLS": "220", "QUIT": "221"}, tls="starttls"),
    Row("STARTTLS: close", {"STARTTLS": "closed"}, 0, tls="starttls"),
    Row("STARTTLS: reset", {"STARTTLS": "reset"}, 0, tls="starttls"),
    Row("STARTTLS: silence", {"STARTTLS": "closed"}, 0, tls="starttls", silent="STARTTLS"),
    Row("EHLO #2: strip SIZE", {"EHLO": has("SIZE"), "EHLO 2": lacks("SIZE")}, tls="starttls"),
    Row("tls: delay 20ms", {"QUIT": "221"}, tls="any"),
    Row("tls: alert access_denied", {"TLS": has("ACCESS_DENIED")}, 0, tls="any"),
    Row("tls: close", {"TLS": has("")}, 0, tls="any"),
    Row("tls: reset", {"TLS": "reset"}, 0, tls="any"),
    Row("tls: certificate expired", {"TLS": has("expired")}, 0, tls="any"),
    Row("tls: certificate not-yet-valid", {"TLS": has("not yet valid")}, 0, tls="any"),
    Row("tls: certificate wrong-name", {"TLS": has("mismatch")}, 0, tls="any"),
    Row("tls: certificate self-signed", {"TLS": has("self-signed")}, 0, tls="any"),
    Row("tls: certificate unknown-issuer", {"TLS": has("unable to get")}, 0, tls="any"),
    Row("tls: certificate weak-key", {"TLS": has("")}, 0, tls="any"),
    Row("tls: version 1.2", {"QUIT": "221"}, tls="any"),
]


def rows_for(how):
    return [row for row in ROWS if row.tls is None or row.tls == how or
            (row.tls == "any" and how != "none")]


def without_login(rows):
    """The sink takes none in the clear."""
    return [row for row in rows if row.plan != "LOGIN"]


# ── a server that takes chunks and logins ───────────────────────────────────────────────────────


class Session(smtp.Session):
    def take_chunk(self, words):
        size = int(words[1])
        while len(self.text) < size:
            part = self.receive()
            if not part:
                raise smtp.Cut
            self.text += part
        self.text = self.text[size:]
        if len(words) == 3:
            self.server.messages.append(b"by chunks")
        self.say("250 2.0.0 Ok")

    def take_login(self):
        for question in ("334 VXNlcm5hbWU6", "334 UGFzc3dvcmQ6"):
            self.say(question)
            if self.read_to(b"\r\n") == b"*":
                self.say("501 5.0.0 Cancelled")
                return
        self.say("235 2.7.0 Welcome")

    def answer(self, line):
        words = line.split()
        if words[:1] == [b"BDAT"]:
            self.take_chunk(words)
        elif words == [b"AUTH", b"LOGIN"]:
            self.take_login()
        else:
            super().answer(line)


class Server(smtp.Server):
    session_class = Session


# ── going through ───────────────────────────────────────────────────────────────────────────────


def words_of(rows):
    return [word for number, row in enumerate(rows, 1)
            for word in ("--fault", row.in_session(number))]


def judge_row(row, heard, what):
    for label, wanted in row.heard.items():
        # In TLS 1.3 the first answer may be there before the client has seen the handshake's end.
        got = heard.get(label, heard.get("TLS") if label == "greeting" else None)
        fits = got is not None and (wanted(got) if callable(wanted) else got.startswith(wanted))
        assert fits, (what, row.rule, label, heard)


def judge_record(row, number, session):
    rules = {fault["rule"] for fault in session["faults"]}
    assert rules == {row.in_session(number)}, (row.rule, session["faults"])
    point, action = row.rule.split(" ")[0].rstrip(":"), row.rule.rpartition(": ")[2]
    assert all((fault["point"], fault["action"]) == (point, action)
               for fault in session["faults"]), session["faults"]


def told(text):
    """What is told of each session, without counters and times."""
    sessions = {}
    for line in text.decode().splitlines():
        _, _, _, session, what = line.split(" ", 4)
        sessions.setdefault(int(session), []).append(what)
    return sessions


def judge_outputs(scope, proxy):
    """Each of them has the same, what was put in included."""
    text = told(proxy.output("text"))
    for form in ("json", "jsonl"):
        shown = told(scope.run("show", f"{proxy.folder}/out.{form}").stdout)
        for session, lines in text.items():
            assert shown[session] == lines, (form, session, lines, shown[session])
    for event in proxy.events():
        mark = f"### Fault: {event['rule']}" if event["event"] == "fault" else None
        assert mark is None or mark in text[event["session"]], event


def go_through(scope, rows, proxy, visit, server=None):
    """A session for each row."""
    for row in rows:
        judge_row(row, visit(row).go(), "the client")
    proxy.stop()
    judge_outputs(scope, proxy)
    for number, (row, session) in enumerate(zip(rows, proxy.sessions(), strict=True), 1):
        judge_record(row, number, session)
    if server is not None:
        assert len(server.messages) == sum(row.taken for row in rows)


def visits(proxy, how="none", context=None, connect=None):
    port = proxy.port()
    return lambda row: fault_visit.Visit(connect or (lambda: s.connect(port)), how, context,
                                         row.plan, row.pipelined, row.silent)


def reverse(scope, how):
    rows = rows_for(how)
    scheme = "smtps" if how == "implicit" else "smtp"
    with Server(scope if how != "none" else None, how) as server:
        with server.proxy_to(scope, *words_of(rows), scheme=scheme) as proxy:
            go_through(scope, rows, proxy, visits(proxy, how, scope.client_context()), server)


def test_reverse_plain(scope):
    reverse(scope, "none")


def test_reverse_starttls(scope):
    reverse(scope, "starttls")


def test_reverse_implicit(scope):
    reverse(scope, "implicit")


def test_bridged(scope):
    """The client is plain, the server in TLS by STARTTLS."""
    rows = rows_for("none")
    bridge = ("--server-tls", "starttls", "--client-tls", "none")
    with Server(scope, "starttls") as server:
        with server.proxy_to(scope, *bridge, *words_of(rows)) as proxy:
            go_through(scope, rows, proxy, visits(proxy), server)


def sink(scope, how):
    rows = without_login(rows_for(how)) if how == "none" else rows_for(how)
    with scope.proxy("--mode", "sink@127.0.0.1:0", *words_of(rows)) as proxy:
        go_through(scope, rows, proxy, visits(proxy, how, scope.client_context()))


def test_sink_plain(scope):
    sink(scope, "none")


def test_sink_starttls(scope):
    sink(scope, "starttls")


def test_sink_implicit(scope):
    sink(scope, "implicit")


def through_socks5(port, server_port):
    connection = s.connect(port)
    connection.sendall(b"\x05\x01\x00\x05\x01\x00\x01\x7f\0\0\x01" + struct.pack(">H", server_port))
    answer = s.read_exactly(connection, 2 + 4 + 6)[2:]
    if len(answer) < 10 or answer[1] != 0:
        connection.close()
        code = answer[1] if answer else 0
        raise OSError({5: errno.ECONNREFUSED, 4: errno.EHOSTUNREACH}.get(code, 0), "closed")
    return connection


def through_connect(port, server_port):
    connection = s.connect(port)
    connection.sendall(f"CONNECT 127.0.0.1:{server_port} HTTP/1.1\r\n\r\n".encode())
    head = s.read_line(connection)
    while head and s.read_line(connection) not in (b"\r\n", b""):
        pass
    if b" 200 " not in head:
        connection.close()
        raise OSError(0, head.decode() or "closed")
    return connection


def through_balancer(port, server_port):
    connection = s.connect(port)
    connection.sendall(f"PROXY TCP4 127.0.0.1 127.0.0.1 4711 {server_port}\r\n".encode())
    return connection


def tunnelled(scope, mode, through, *words):
    rows = rows_for("starttls")
    with Server(scope, "starttls") as server:
        root = scope.server_certificate()[2]
        with scope.proxy("--mode", f"{mode}@127.0.0.1:0", "--server-ca", root, *words,
                         *words_of(rows)) as proxy:
            go_through(scope, rows, proxy, visits(proxy, "starttls", scope.client_context(),
                                           lambda: through(proxy.port(), server.port)), server)


def test_socks5(scope):
    tunnelled(scope, "socks5", through_socks5)


def test_connect(scope):
    tunnelled(scope, "connect", through_connect)


def test_transparent(scope):
    """The header of a balancer says which server is dialled, as the firewall would."""
    tunnelled(scope, "transparent", through_balancer, "--proxy-protocol", "127.0.0.1")


def by_number(sessions):
    return sorted(sessions, key=lambda one: one["id"])


def test_run(scope):
    ways.need_capture(scope)
    rows = [row for row in rows_for("none") if not row.pipelined]
    client = os.path.join(os.path.dirname(os.path.abspath(__file__)), "support", "fault_visit.py")
    plans = [row.plan + ("/" + row.silent if row.silent else "") for row in rows]
    with Server() as server:
        done = ways.run(scope, server.port, ["/usr/bin/python3", client, str(server.port), *plans],
                        words_of(rows))
        done.assert_status(0)
    for row, heard in zip(rows, json.loads(done.output), strict=True):
        judge_row(row, heard, "the command")
    for number, (row, session) in enumerate(zip(rows, by_number(done.sessions), strict=True), 1):
        judge_record(row, number, session)
    assert len(server.messages) == sum(row.taken for row in rows)


# ── before the server is dialled ────────────────────────────────────────────────────────────────

DIALS = ("connect: refuse", "connect: unreachable", "connect: close", "connect: reset",
         "connect: delay 20ms")


def dial_rows(*heard):
    return [Row(rule, {"greeting": one}, int(one.startswith("220")))
            for rule, one in zip(DIALS, heard, strict=True)]


DIALLER = """
import errno, select, socket, sys
for kind in sys.argv[2:]:
    connection = socket.socket()
    connection.setblocking(kind == "blocking")
    error = connection.connect_ex(("127.0.0.1", int(sys.argv[1])))
    if error == errno.EINPROGRESS:
        select.select([], [connection], [], 60)
        error = connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
    connection.setblocking(True)
    try:
        said = connection.recv(100).decode() if error == 0 else ""
    except ConnectionResetError:
        error = errno.ECONNRESET  # which a reset right after it may be to connect as well
        said = ""
    print(errno.errorcode.get(error, "connected"), said.strip())
    connection.close()
"""


def test_connect_point_under_run(scope):
    """The command sees what it would see of such a server, and a server that is there sees nothing."""
    ways.need_capture(scope)
    due = {"refuse": ("ECONNREFUSED", "connect-failed"), "unreachable": ("EHOSTUNREACH", "connect-failed"),
           "close": ("connected", "proxy-stopped"), "reset": ("ECONNRESET", "proxy-stopped")}
    words = ["--fault", "connect session 9-: delay 20ms"]
    for number, action in enumerate(due):
        for session in (number + 1, number + 5):
            words += ["--fault", f"connect session {session} ~ ^127.0.0.1$: {action}"]
    kinds = 4 * ["blocking"] + 4 * ["nonblocking"] + ["blocking"]
    with Server() as server:
        done = ways.run(scope, server.port,
                        ["/usr/bin/python3", "-c", DIALLER, str(server.port), *kinds], words)
        done.assert_status(0)
    *heard, last = done.output.splitlines()
    assert [one.strip() for one in heard] == 2 * [word for word, _ in due.values()], done.output
    assert last.startswith("connected 220 "), done.output
    assert len(server.peers) == 1, server.peers
    sessions = by_number(done.sessions)
    assert [one["outcome"] for one in sessions[:8]] == 2 * [word for _, word in due.values()]
    assert [one["faults"][0]["action"] for one in sessions[:8]] == 2 * list(due)
    assert sessions[8]["faults"][0]["action"] == "delay 20ms"
    assert all("--fault" in one["error"] for one in sessions[:8]), sessions


def test_connect_point_in_reverse_mode(scope):
    rows = dial_rows("421 4.4.1", "421 4.4.1", "closed", "reset", "220")
    with Server() as server, server.proxy_to(scope, *words_of(rows)) as proxy:
        go_through(scope, rows, proxy, visits(proxy), server)


def test_connect_point_behind_socks5_and_connect(scope):
    for mode, through, heard in (
            ("socks5", through_socks5, ("refused", "unreachable")),
            ("connect", through_connect, ("[Errno 0] HTTP/1.1 502", "[Errno 0] HTTP/1.1 502"))):
        rows = dial_rows(*heard, "[Errno 0] closed", "reset", "220")
        with Server() as server:
            with scope.proxy("--mode", f"{mode}@127.0.0.1:0", *words_of(rows)) as proxy:
                go_through(scope, rows, proxy, visits(proxy, connect=lambda: through(
                    proxy.port(), server.port)), server)


if __name__ == "__main__":
    s.main(globals())
