# SPDX-License-Identifier: MIT
"""`check`, `show`, the places of outputs and the exit statuses, as the contract has them."""

import json
import os
import re
import signal
import socket
import stat
import subprocess
import xml.etree.ElementTree as xml

from support import scope as s
from support.smtp import (C, C_CLOSE, C_RESET, CLIENT_TLS, HEADER, S, S_CLOSE, Stage, envelope, hello,
                          mail)
from support.text import by_session, without_pids

CLOSED = [C("QUIT"), S("221 bye"), C_CLOSE]


def same(got, wanted):
    assert got == wanted, f"\n     got {got!r}\n  wanted {wanted!r}"


def finding(rule, severity, **members):
    return {"rule": rule, "severity": severity, "side": "client", "exchange": 1, "message": None,
            "text": f"Text of {rule}", "reference": "RFC 5321 2.3.8", **members}


def minimal(n=1, **members):
    """A session of the contract's own members, no more."""
    session = {
        "id": n, "mode": "reverse", "started": "2026-11-22T15:03:11.586123Z",
        "ended": "2026-11-22T15:03:12.242333Z", "duration_ms": 656.21,
        "client": {"address": "127.0.0.1", "port": 51234, "pid": 4242, "program": "python3"},
        "server": {"host": "smtp.example.com", "address": "192.0.2.7", "port": 587},
        "tls": {"client": None, "server": None},
        "exchanges": [
            {"n": 0, "command": None,
             "reply": {"code": 220, "enhanced": None, "lines": ["smtp.example.com ESMTP"], "at_ms": 8.1},
             "latency_ms": None, "tls": False},
            {"n": 1, "command": {"verb": "EHLO", "argument": "[192.168.18.9]",
                                 "line": "EHLO [192.168.18.9]", "pipelined": False, "at_ms": 8.31},
             "reply": {"code": 250, "enhanced": None,
                       "lines": ["smtp.example.com", "SIZE 35882577", "STARTTLS"], "at_ms": 18.42},
             "latency_ms": 10.11, "tls": False}],
        "auth": [], "messages": [], "findings": [],
        "bytes": {"from_client": 2801, "from_server": 411}, "truncated": False,
        "outcome": "completed", "error": None}
    session.update(members)
    return session


def message(n=1, sender="a@example.com", to=("b@example.net",), header=(("Subject", "Hello"),)):
    return {"n": n, "from": sender, "from_parameters": {},
            "recipients": [{"to": one, "parameters": {}, "code": 250, "accepted": True} for one in to],
            "via": "DATA", "bytes": 2345, "lines": 61, "sha256": "0" * 64, "complete": True,
            "header": [{"name": name, "value": value} for name, value in header], "body": None,
            "code": 250, "accepted": True}


def document(scope, *sessions):
    path = scope.path("written.json")
    with open(path, "w") as file:
        json.dump({"schema": "smtpscope/1", "sessions": list(sessions)}, file)
    return path


def check(scope, path, *words, **options):
    done = scope.run("check", path, *words, **options)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def holds(scope, path, expression):
    status, out, err = check(scope, path, "--expect", expression, "--fail-on", "never")
    assert status in (0, 1), (expression, status, out, err)
    return status == 0


# ── check: expectations ─────────────────────────────────────────────────────────────────────────


def test_expectations(scope):
    tls = {"client": {"version": "TLSv1.3"}, "server": {"version": "TLSv1.2"}}
    path = document(
        scope,
        minimal(1, messages=[message(to=("b@example.net", "c@example.net")),
                             message(2, sender="", header=(("Subject", "Bye = now"), ("X-Id", "7")))],
                auth=[{"mechanism": "PLAIN", "identity": None, "outcome": "failed", "code": 535},
                      {"mechanism": "LOGIN", "identity": None, "outcome": "succeeded", "code": 235}],
                findings=[finding("bare-lf", "error"), finding("no-quit", "warning")]),
        minimal(2, tls=tls, outcome="client-closed"))
    true = ["sessions = 2", "sessions=2", "sessions  =  2", "sessions>1", "sessions >=2", "sessions<= 2",
            "sessions != 3", "sessions < 3", "messages = 2", "recipients = 3", "findings = 2",
            "from = a@example.com", "from =", "from=", "to = c@example.net", "to ~ ^b@", "to!=b@example.net",
            "subject = Hello", "subject = Bye = now", "subject ~ ^(Hello|Bye)$", "subject ~ now$",
            "header.X-Id = 7", "header.x-id=7", "header.subject ~ ell", "auth = LOGIN",
            "auth.outcome = failed", "tls.client.version = TLSv1.3", "tls.server.version = TLSv1.2",
            "outcome = completed", "outcome = client-closed", "outcome != timeout", "outcome ~ ^c",
            "all:outcome ~ ^(completed|client-closed)$", "all:from ~ ^(a@example.com)?$", "all:outcome != timeout"]
    false = ["sessions = 1", "sessions > 2", "messages != 2", "recipients < 3", "findings <= 1",
             "from = A@nowhere", "to = x", "subject = hello", "subject ~ ^ello", "header.X-Id = 8",
             "auth = PLAIN", "auth.outcome = cancelled", "tls.client.version = TLSv1.2",
             "outcome = timeout", "all:outcome = completed", "all:subject = Hello"]
    same([one for one in true if not holds(scope, path, one)], [])
    same([one for one in false if holds(scope, path, one)], [])


def test_all_is_true_of_none(scope):
    path = document(scope, minimal())
    assert holds(scope, path, "all:subject = Hello") and not holds(scope, path, "subject = Hello")
    path = document(scope)
    assert holds(scope, path, "all:outcome = completed") and not holds(scope, path, "outcome = completed")
    assert holds(scope, path, "sessions = 0")


def test_wrong_expressions_are_wrong_usage(scope):
    path = document(scope, minimal())
    for expression, word in (("sesions = 1", "sesions"), ("sessions", "sessions"), ("sessions ~ 1", "sessions"),
                             ("sessions = one", "one"), ("subject < a", "subject"), ("", ""),
                             ("subject ~ (", "("), ("client = 127.0.0.1", "client"), ("header. = x", "header.")):
        status, out, err = check(scope, path, "--expect", expression)
        same((status, out), (2, ""))
        assert word in err, err
    same(check(scope, path, "--fail-on", "fatal")[0], 2)
    same(check(scope, path, "--report", "yaml")[0], 2)


def test_fail_on(scope):
    paths = {}
    for severity in ("error", "warning", "info"):
        paths[severity] = document(scope, minimal(findings=[finding("bare-lf", severity)]))
        for bar, fails in (("error", ["error"]), ("warning", ["error", "warning"]),
                           ("info", ["error", "warning", "info"]), ("never", [])):
            same(check(scope, paths[severity], "--fail-on", bar)[0], 1 if severity in fails else 0)
        same(check(scope, paths[severity])[0], 1 if severity == "error" else 0)


# ── check: reports ──────────────────────────────────────────────────────────────────────────────


def reported(scope, *words):
    path = document(scope, minimal(messages=[message()], findings=[
        finding("bare-lf", "error", text="<a> & \"b\"\r\n::c, d: 100%"), finding("no-quit", "warning"),
        finding("rejected", "info", exchange=None, reference=None), finding("bare-lf", "error")]))
    return check(scope, path, *words)


def test_report_json(scope):
    status, out, _ = reported(scope, "--report", "json", "--expect", "messages = 1", "--expect",
                              "subject = Bye")
    same(status, 1)
    report = json.loads(out)
    same(list(report), ["ok", "expectations", "findings"])
    same(report["ok"], False)
    same([list(one) for one in report["expectations"]], [["expression", "ok", "found"]] * 2)
    same([(one["expression"], one["ok"]) for one in report["expectations"]],
         [("messages = 1", True), ("subject = Bye", False)])
    same([one["found"] for one in report["expectations"]], ["1", "Hello"])
    same([one["rule"] for one in report["findings"]], ["bare-lf", "no-quit", "rejected", "bare-lf"])
    names = ["rule", "severity", "side", "exchange", "message", "text", "reference"]
    same([name for name in report["findings"][0] if name in names], names)
    status, out, _ = reported(scope, "--report", "json", "--fail-on", "never")
    same((status, json.loads(out)["ok"]), (0, True))


def cases(text):
    root = xml.fromstring(text)
    return [(case.get("name"), len(case.findall("failure"))) for case in root.iter("testcase")]


def test_report_junit(scope):
    status, out, _ = reported(scope, "--report", "junit", "--expect", "messages = 1", "--expect",
                              "subject = Bye")
    same((status, cases(out)), (1, [("messages = 1", 0), ("subject = Bye", 1), ("bare-lf", 1)]))
    _, out, _ = reported(scope, "--report", "junit", "--fail-on", "info")
    same(cases(out), [("bare-lf", 1), ("no-quit", 1), ("rejected", 1)])
    status, out, _ = reported(scope, "--report", "junit", "--fail-on", "never")
    same((status, cases(out)), (0, [("findings", 0)]))


def test_report_github(scope):
    _, out, _ = reported(scope, "--report", "github", "--expect", "subject = Bye")
    lines = out.splitlines()
    same([line.split("::")[1].split(" ")[0] for line in lines],
         ["error", "error", "warning", "notice", "error"])
    assert "%25" in lines[1] and "\r" not in out


def test_reports_to_files(scope):
    names = {kind: scope.path("report." + kind) for kind in ("text", "json", "junit", "github")}
    words = [word for kind, name in names.items() for word in ("--report", f"{kind}:{name}")]
    status, out, err = reported(scope, *words)
    same((status, out, err), (1, "", ""))
    json.load(open(names["json"]))
    xml.parse(names["junit"])
    assert open(names["github"]).read().startswith("::error")
    assert "bare-lf" in open(names["text"]).read()
    same(reported(scope, "--report", "json:/nonexistent/folder/x")[0], 3)
    path = scope.path("written.json")
    before = open(path).read()
    same(reported(scope, "--report", f"json:{path}")[0], 2)
    same(open(path).read(), before)


# ── show ────────────────────────────────────────────────────────────────────────────────────────


def shown(scope, path, text=None):
    done = scope.run("show", path, **({} if text is None else {"input": text}))
    same((done.returncode, done.stderr), (0, b""))
    return done.stdout.decode()


def whats(text):
    lines = []
    for n, line in enumerate(text.splitlines(), 1):
        parts = line.split(" ", 4)
        same(parts[0], str(n))
        lines.append(parts[4])
    return lines


def test_show_of_a_document_of_the_contract(scope):
    session = minimal(
        tls={"client": {"how": "starttls", "version": "TLSv1.3", "cipher": "TLS_AES_128_GCM_SHA256",
                        "group": "X25519", "sni": "smtp.example.com", "alpn": None, "resumed": False,
                        "ja3": None, "ja4": None, "certificate": None, "verify": None,
                        "handshake_ms": 1.8, "error": None}, "server": None},
        findings=[finding("bare-lf", "error")], messages=[message()])
    session["exchanges"] += [
        {"n": 2, "command": {"verb": "MAIL", "argument": "FROM:<a@example.com>",
                             "line": "MAIL FROM:<a@example.com>", "pipelined": False, "at_ms": 20.0},
         "reply": {"code": 250, "enhanced": None, "lines": ["ok"], "at_ms": 21.0}, "latency_ms": 1.0,
         "tls": True},
        {"n": 3, "command": {"verb": "DATA", "argument": None, "line": "DATA", "pipelined": False,
                             "at_ms": 30.0},
         "reply": {"code": 354, "enhanced": None, "lines": ["go"], "at_ms": 31.0},
         "final_reply": {"code": 250, "enhanced": "2.0.0", "lines": ["2.0.0 \"queued\""], "at_ms": 40.0},
         "latency_ms": 1.0, "tls": True},
        {"n": 4, "command": {"verb": "QUIT", "argument": None, "line": "QUIT", "pipelined": False,
                             "at_ms": 50.0}, "reply": None, "latency_ms": None, "tls": True}]
    text = shown(scope, document(scope, session))
    lines = whats(text)
    same([line for line in lines if not line.startswith(("###", "!!!"))], [
        'S < "220 smtp.example.com ESMTP"', 'C > "EHLO [192.168.18.9]"', 'S < "250-smtp.example.com"',
        'S < "250-SIZE 35882577"', 'S < "250 STARTTLS"', 'C > "MAIL FROM:<a@example.com>"',
        'S < "250 ok"', 'C > "DATA"', 'S < "354 go"', 'C > "Subject: Hello"',
        'C > (message 1: 2345 bytes, 61 lines)', 'S < "250 2.0.0 \\"queued\\""', 'C > "QUIT"'])
    same(lines[0], "### Connected to 'smtp.example.com' (192.0.2.7) on port 587")
    assert "!!! error bare-lf: Text of bare-lf (RFC 5321 2.3.8)" in lines
    assert any(line.startswith("### TLS with the client: TLSv1.3 TLS_AES_128_GCM_SHA256, SNI smtp.example.com")
               for line in lines)
    assert lines[-1].startswith("### Connection closed"), lines
    same({tuple(line.split(" ")[2:4]) for line in text.splitlines()}, {("4242", "1")})
    assert re.match(r"2 2026-11-22T15:03:11\.594Z ", text.splitlines()[1]), text.splitlines()[1]


def test_show_of_events_of_the_contract(scope):
    head = {"time": "2026-11-22T15:03:11.586123Z", "pid": 7, "session": 3}
    events = [
        {"event": "connect", "client": {"address": "127.0.0.1", "port": 5, "pid": 7, "program": "x"},
         "server": {"host": "h.example", "address": "192.0.2.1", "port": 25}, "mode": "reverse"},
        {"event": "reply", "code": 220, "enhanced": None, "lines": ["h", "two"], "to": 0, "final": False,
         "recipient": None},
        {"event": "command", "exchange": 1, "verb": "NOOP", "argument": 'a"', "line": 'NOOP a"',
         "pipelined": False, "continuation": False},
        {"event": "reply", "by": "proxy", "code": 421, "enhanced": "4.4.2", "lines": ["4.4.2 idle"],
         "to": 1, "final": False, "recipient": None},
        {"event": "finding", **finding("bare-lf", "error", reference=None)},
        {"event": "close", "by": "client", "outcome": "client-closed", "error": None, "duration_ms": 1.0}]
    text = "".join(json.dumps({"counter": 90 + n, **head, **event}) + "\n"
                   for n, event in enumerate(events))
    out = shown(scope, "-", text.encode())
    same(out.splitlines(), [f"{n} 2026-11-22T15:03:11.586Z 7 3 {what}" for n, what in enumerate([
        "### Connected to 'h.example' (192.0.2.1) on port 25", 'S < "220-h"', 'S < "220 two"',
        'C > "NOOP a\\""', 'P < "421 4.4.2 idle"', "!!! error bare-lf: Text of bare-lf",
        "### Connection closed by the client"], 1)])


def test_show_puts_a_message_in_front_of_its_answer(scope):
    head = {"time": "2026-11-22T15:03:11.586123Z", "pid": 7, "session": 1}
    def reply(code, lines, to, final=False):
        return {"event": "reply", "code": code, "enhanced": None, "lines": lines, "to": to, "final": final,
                "recipient": None}
    events = [
        {"event": "command", "exchange": 1, "verb": "DATA", "argument": None, "line": "DATA",
         "pipelined": False, "continuation": False},
        reply(354, ["go"], 1), {"event": "finding", **finding("bare-lf", "error", message=1)},
        reply(250, ["one"], 1, True), reply(250, ["two"], 1, True),
        {"event": "message", **message(), "body": ".x\r\n"}, reply(221, ["bye"], None)]
    text = "".join(json.dumps({"counter": n, **head, **event}) + "\n"
                   for n, event in enumerate(events))
    same([what for what in whats(shown(scope, "-", text.encode())) if what[:3] != "!!!"], [
        'C > "DATA"', 'S < "354 go"', 'C > "Subject: Hello"', 'C > ""', 'C > "..x"', 'C > "."',
        "C > (message 1: 2345 bytes, 61 lines)", 'S < "250 one"', 'S < "250 two"', 'S < "221 bye"'])


def test_show_of_a_pipelined_document(scope):
    session = minimal(outcome="client-closed", messages=[message()])
    def exchange(n, line, at, code, reply_at, pipelined, **more):
        return {"n": n, "command": {"verb": line.split(" ")[0], "argument": None, "line": line,
                                    "pipelined": pipelined, "at_ms": at},
                "reply": {"code": code, "enhanced": None, "lines": ["x"], "at_ms": reply_at}, **more,
                "latency_ms": 1.0, "tls": False}
    session["exchanges"] += [
        exchange(2, "MAIL FROM:<a@b.example>", 20.0, 250, 21.0, False),
        exchange(3, "RCPT TO:<a@b.example>", 20.0, 250, 21.0, True),
        exchange(4, "DATA", 20.0, 354, 21.0, True, final_reply={
            "code": 250, "enhanced": None, "lines": ["y"], "at_ms": 30.0}),
        exchange(5, "QUIT", 29.0, 221, 31.0, True)]
    same(whats(shown(scope, document(scope, session)))[6:], [
        'C > "MAIL FROM:<a@b.example>"', 'C > "RCPT TO:<a@b.example>"', 'C > "DATA"', 'S < "250 x"',
        'S < "250 x"', 'S < "354 x"', 'C > "Subject: Hello"', "C > (message 1: 2345 bytes, 61 lines)",
        'C > "QUIT"', 'S < "250 y"', 'S < "221 x"', "### Connection closed by the client"])


def test_show_is_what_the_live_text_was(scope):
    for body in ("headers", "none", "full"):
        with Stage(scope) as stage:
            with scope.proxy("--mode", f"reverse:smtp://localhost:{stage.port}@0", "--body", body,
                             "--max-line", "200") as proxy:
                stage.play(proxy.port(), hello("PIPELINING"), mail(*HEADER, "Subject: a", "\tb", "", "..x",
                                                                   "y" * 300, b"\xff\0\r\n"),
                           C("MAIL FROM:<>", "RCPT TO:<b@example.net>", "DATA"),
                           S("250 ok", "250 ok", "354 go"), C(*HEADER, "."), S("550 5.7.1 no"), CLOSED)
                stage.play(proxy.port(), hello("CHUNKING", "AUTH LOGIN"), C("AUTH LOGIN Zm9vYmFy"),
                           S("334 UGFzc3dvcmQ6"), C("*"), S("501 no"), envelope(),
                           C("BDAT 9", b"A: bc\r\n\r\n"), S("250 ok"), C("BDAT 3 LAST", b"x\r\n"), S("250 ok"),
                           envelope(), C("DATA"), S("354 go"), C("X: y"), C_CLOSE)
        live = proxy.output("text").decode()
        for kind in ("json", "jsonl"):
            path = os.path.join(proxy.folder, "out." + kind)
            same(by_session(shown(scope, path), kind), by_session(live, kind))
            with open(path, "rb") as file:
                same(by_session(shown(scope, "-", file.read()), kind), by_session(live, kind))


def strange_conversations():
    lmtp = [S("220 x LMTP"), C("LHLO me.example.org"), S("250 x"), envelope(), C("RCPT TO:<c@example.net>"),
            S("250 ok"), C("DATA"), S("354 go"), C(*HEADER, "", "x", "."), S("250 b", "451 c"), CLOSED]
    login = [C("AUTH LOGIN"), S("334 VXNlcm5hbWU6"), C("Zm9vYmFy"), S("334 UGFzc3dvcmQ6"), C("c2VjcmV0cw=="),
             S("535 5.7.8 no"), C("c2VjcmV0cw=="), S("500 what")]
    return [
        [C("EHLO a.example.org"), S("220 x"), S("250 x"), CLOSED],
        [hello(), S("250 what"), C("NOOP"), S("250 ok"), S("421 4.3.2 down"), S_CLOSE],
        [hello("PIPELINING"), envelope(), C("DATA", *HEADER, "", ".", "QUIT"), S("354 go", "250 ok", "221 x"), S_CLOSE],
        [hello("PIPELINING"), envelope(), C("DATA", *HEADER, "", "."), S("554 no", "500 x"), C_CLOSE],
        [hello(), C(b"NOOP lf\n"), S(b"250-\xff\r\n250 lf\n"), C(b"NOOP\0x\r\n"), S("500"), C(b"half"), C_CLOSE],
        [hello(), C("NOOP " + "x" * 300), S("250 " + "y" * 300), CLOSED],
        [hello("AUTH LOGIN"), login, CLOSED], lmtp,
        [hello("CHUNKING", "PIPELINING"), envelope(), C("BDAT 12", b"A: b\r\n\r\n.\r\nx", "BDAT 0 LAST"),
         S("250 a", "250 b"), CLOSED],
        [hello("CHUNKING"), envelope(), C(b"BDAT 9 LAST\r\nabc"), C_CLOSE],
        [hello("STARTTLS"), C("STARTTLS"), S("220 go"), CLIENT_TLS, hello()[1:], mail(*HEADER, "", b"a\nb\rc\r\n"),
         CLOSED],
        [hello(), mail(b"A:b\r\n", b"C : d\n", b" folded\r\n", "no field", "Subject: =?utf-8?q?=ff?= x", "", ".x"),
         C_RESET],
        [S(b"SSH-2.0-x\r\n"), C_CLOSE]]


def test_show_of_strange_conversations(scope):
    root = scope.server_certificate()[2]
    for options in ([], ["--body", "full", "--max-line", "100"], ["--body", "none", "--auth", "identity"]):
        with Stage(scope) as stage:
            with scope.proxy("--mode", f"reverse:smtp://localhost:{stage.port}@0", "--server-ca", root,
                             *options) as proxy:
                for steps in strange_conversations():
                    stage.play(proxy.port(), *steps)
        live = proxy.output("text").decode()
        for kind in ("json", "jsonl"):
            lines = by_session(shown(scope, os.path.join(proxy.folder, "out." + kind)), kind)
            same([pair for pair in zip(lines, by_session(live, kind)) if pair[0] != pair[1]], [])
            same(len(lines), len(by_session(live, kind)))


def test_show_of_sessions_without_a_server(scope):
    with s.Server(lambda connection: None) as server:
        closed = server.port
    with scope.proxy("--mode", f"reverse:smtp://127.0.0.1:{closed}@0") as proxy:
        connection = s.connect(proxy.port())
        s.read_all(connection)
        connection.close()
    live = proxy.output("text").decode()
    assert "### Could not connect" in live
    for kind in ("json", "jsonl"):
        same(without_pids(shown(scope, os.path.join(proxy.folder, "out." + kind))),
             without_pids(live))


def test_color_of_show(scope):
    path = document(scope, minimal())
    assert "\x1b" not in shown(scope, path)
    done = scope.run("show", path, "--color", "always")
    assert b"\x1b[" in done.stdout
    assert b"\x1b" not in scope.run("show", path, "--color", "never").stdout


def test_what_is_no_transcript(scope):
    def refused(text, pattern, commands=("show", "check")):
        path = scope.path("bad")
        with open(path, "wb") as file:
            file.write(text)
        for command in commands:
            for name, data in ((path, None), ("-", text)):
                done = scope.run(command, name, **({} if data is None else {"input": data}))
                same((command, text, done.returncode, done.stdout), (command, text, 3, b""))
                assert re.search(pattern, done.stderr.decode()), (text, done.stderr)
                assert (name if data is None else "standard input") in done.stderr.decode(), done.stderr
    event = json.dumps({"counter": 1, "time": "2026-11-22T15:03:11.586123Z", "pid": 7, "session": 1,
                        "event": "connect", "client": None, "server": None, "mode": "sink"}).encode()
    refused(b"hello\n", "(line|offset) ")
    refused(b'{"schema":"smtpscope/1","sessions":[{]}', "(line|offset) ")
    refused(b'{"schema":"other/1","sessions":[]}', "schema|smtpscope/1")
    refused(event + b"\n{broken\n" + event + b"\n", "line 2")
    refused(b"[1,2]\n", ".")
    refused(b"\0\0\0", "(line|offset) ")
    for command in ("show", "check"):
        done = scope.run(command, scope.path("not-there"))
        same(done.returncode, 3)
        assert b"not-there" in done.stderr
        same(scope.run(command).returncode, 2)
        same(scope.run(command, "a", "b").returncode, 2)


def test_a_transcript_cut_off_by_a_crash_is_read(scope):
    with Stage(scope) as stage:
        with scope.proxy("--mode", f"reverse:smtp://localhost:{stage.port}@0") as proxy:
            stage.play(proxy.port(), hello(), mail(), CLOSED)
            stage.play(proxy.port(), hello(), mail(), CLOSED)
    whole = proxy.output("jsonl")
    for cut in (len(whole) - 20, len(whole) - len(whole.splitlines()[-1]) - 1):
        status, out, err = check(scope, "-", "--expect", "messages = 2", "--report", "json", "--fail-on", "never",
                                 input=whole[:cut])
        same((status, json.loads(out)["expectations"][0]["found"]), (0, "2"))
        done = scope.run("show", "-", input=whole[:cut])
        same(done.returncode, 0)
        told, live = (by_session(text.decode(), "jsonl") for text in (done.stdout, proxy.output("text")))
        assert 0 <= len(live) - len(told) <= 2 and set(told) <= set(live), (told, live)
        same((len(done.stderr) > 0, len(err) > 0), (whole[cut - 1:cut] not in b"}\n",) * 2)
    document = proxy.output("json")
    second = document.rindex(b'{"id":')
    for cut, status, said in ((second + 100, 0, f"offset {second}"), (second, 0, f"offset {second}"),
                              (len(document) - 3, 0, "offset"), (second - 100, 3, "offset"), (300, 3, "offset")):
        found = check(scope, "-", "--fail-on", "never", input=document[:cut])
        same((cut, found[0]), (cut, status))
        assert said in found[2], found
        assert status == 3 or found[1].startswith("passed: 1 " if cut < second + 200 else "passed: 2 "), found


# ── a verdict at the end of a capture ───────────────────────────────────────────────────────────


def test_proxy_judges_at_its_end(scope):
    with Stage(scope) as stage:
        def run(*words, outputs=("json",)):
            proxy = scope.proxy("--mode", f"reverse:smtp://localhost:{stage.port}@0", "--once", *words,
                                outputs=outputs)
            stage.play(proxy.port(), hello(), C_CLOSE)
            return proxy.process.wait(s.TIMEOUT)
        same(run(), 0)
        same(run("--expect", "sessions = 1"), 0)
        same(run("--expect", "messages = 1"), 1)
        same(run("--fail-on", "warning"), 1)
        report = scope.path("verdict.json")
        same(run("--fail-on", "error", "--report", f"json:{report}"), 0)
        same([one["rule"] for one in json.load(open(report))["findings"]], ["no-quit"])


def test_run_judges_at_its_end(scope):
    done = scope.run("run", "--expect", "sessions = 0", "--report", "json", "--", "true")
    if done.returncode == 3:
        raise s.Skip(done.stderr.decode())
    same(done.returncode, 0)
    same(scope.run("run", "--expect", "sessions = 1", "--", "true").returncode, 1)
    same(scope.run("run", "--expect", "sessions = 0", "--", "sh", "-c", "exit 7").returncode, 7)
    same(scope.run("run", "--expect", "sessions = 1", "--", "sh", "-c", "exit 7").returncode, 1)


# ── places of outputs ───────────────────────────────────────────────────────────────────────────


def once(scope, *words, steps=None, status=0, environment=None):
    """One session through a proxy with just these outputs; its standard output and error."""
    with Stage(scope) as stage:
        ready = scope.path("once.ready")
        if os.path.exists(ready):
            os.unlink(ready)
        process = subprocess.Popen(
            [scope.program, "proxy", "--mode", f"reverse:smtp://localhost:{stage.port}@0", "--once",
             "--ready-file", ready, *words], env=environment or scope.environment,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        while not os.path.exists(ready):
            assert process.poll() is None, process.stderr.read()
        port = int(open(ready).read().rsplit(":", 1)[1])
        stage.play(port, *(steps or [hello(), mail(), CLOSED]))
        out, err = process.communicate(timeout=s.TIMEOUT)
        same(process.returncode, status)
    return out.decode(), err.decode()


def refused(scope, *words):
    done = scope.run("proxy", *words)
    same(done.stdout, b"")
    return done.returncode, done.stderr.decode()


def test_standard_output(scope):
    out, err = once(scope)
    assert whats(out)[1] == 'S < "220 test ESMTP"', out
    assert re.fullmatch(r"smtpscope: listening on 127\.0\.0\.1:\d+ \(reverse smtp://localhost:\d+\)\n", err), err
    for spec in ("text", "text:-"):
        assert whats(once(scope, "--output", spec)[0])[1] == 'S < "220 test ESMTP"'
    for spec in ("jsonl", "jsonl:-"):
        events = [json.loads(line) for line in once(scope, "-o", spec)[0].splitlines()]
        same([one["counter"] for one in events], list(range(1, len(events) + 1)))
    for spec in ("json", "json:-"):
        same(len(json.loads(once(scope, "-o", spec)[0])["sessions"]), 1)


def test_wrong_places_are_wrong_usage(scope):
    mode = ("--mode", "sink@0")
    path = scope.path("x")
    for words, word in ((("-o", "text", "-o", "json"), "-"), (("-o", "eml"), "eml"), (("-o", "pcap"), "pcap"),
                        (("-o", "eml:-"), "eml"), (("-o", "yaml:x"), "yaml"),
                        (("-o", f"text:{path}", "-o", f"json:{path}"), path),
                        (("-o", f"json:{path}", "--report", f"json:{path}"), path),
                        (("--report", f"json:{path}", "--report", f"text:{path}"), path),
                        (("-o", f"pcapng:{path}"), "with-secrets"), (("--body", "some"), "some"),
                        (("--only", "nothing = 1"), "nothing"), (("--rotate", "x"), "x"),
                        (("--frobnicate",), "--frobnicate"), (("--color", "pink"), "pink"),
                        (("--auth", "show"), "show")):
        status, err = refused(scope, *mode, *words)
        same((words, status), (words, 2))
        assert word in err, err
        same(err.count("\n"), 1)
    same(refused(scope)[0], 2)
    same(refused(scope, "--mode", "nonsense")[0], 2)
    assert not os.path.exists(path)


def test_unwritable_and_foreign_files(scope):
    mode = ("--mode", "sink@0")
    place = "/nonexistent/folder/x"
    for words in (("-o", f"text:{place}"), ("--ready-file", place), ("--report", f"json:{place}"),
                  ("--keylog", place), ("--control", place)):
        status, err = refused(scope, *mode, *words)
        same((words, status), (words, 3))
        assert place in err, err
    foreign = scope.path("foreign")
    for kind in ("json", "pcap"):
        with open(foreign, "w") as file:
            file.write('{"something": "else"}\n')
        status, err = refused(scope, *mode, "-o", f"{kind}:{foreign}")
        same(status, 3)
        assert foreign in err
        same(open(foreign).read(), '{"something": "else"}\n')


def test_ca_hosts_are_checked_where_the_ca_exists_too(scope):
    assert os.path.exists(scope.ca)
    status, err = refused(scope, "--mode", "sink@0", "--ca-hosts", "good.example.com,not good")
    same(status, 2)
    assert "'not good'" in err, err


def test_text_is_appended_and_json_replaced(scope):
    names = {kind: scope.path("kept." + kind) for kind in ("text", "jsonl", "json", "pcap")}
    words = [word for kind, name in names.items() for word in ("-o", f"{kind}:{name}")]
    for name in (names["json"], names["pcap"]):
        open(name, "w").close()
    once(scope, *words)
    sizes = {kind: os.path.getsize(name) for kind, name in names.items()}
    once(scope, *words)
    for kind in ("text", "jsonl"):
        assert os.path.getsize(names[kind]) > 1.9 * sizes[kind]
    same(len(json.load(open(names["json"]))["sessions"]), 1)
    assert abs(os.path.getsize(names["pcap"]) - sizes["pcap"]) < 100


def test_files_are_private(scope):
    kinds = ("text", "jsonl", "json", "pcap")
    once(scope, *[word for kind in kinds for word in ("-o", f"{kind}:{scope.path('private.' + kind)}")],
         "-o", f"eml:{scope.path('mails')}")
    for kind in kinds:
        same(stat.S_IMODE(os.stat(scope.path("private." + kind)).st_mode), 0o600)
    same(stat.S_IMODE(os.stat(scope.path("mails")).st_mode), 0o700)
    same(os.listdir(scope.path("mails")), ["1-1.eml"])
    mail_file = scope.path("mails/1-1.eml")
    same(stat.S_IMODE(os.stat(mail_file).st_mode), 0o600)
    same(open(mail_file, "rb").read(), "".join(line + "\r\n" for line in HEADER).encode())


def test_placeholders(scope):
    folder = scope.path("placed")
    os.mkdir(folder)
    once(scope, "-o", f"text:{folder}/{{session}}_{{client}}_{{server}}_{{date}}.txt", "-o",
         f"json:{folder}/{{server}}.json")
    names = sorted(os.listdir(folder))
    assert re.fullmatch(r"1_127\.0\.0\.1_localhost_\d{4}-\d\d-\d\d\.txt", names[0]), names
    same(names[1], "localhost.json")
    same(len(json.load(open(f"{folder}/localhost.json"))["sessions"]), 1)


def test_what_was_lost_makes_no_file_of_its_own(scope):
    """A file that is not ours stays as it is, and only sessions that were recorded have one."""
    folder = scope.path("kept")
    os.mkdir(folder)
    for name in ("1.json", "1.pcap"):
        with open(os.path.join(folder, name), "w") as file:
            file.write("mine")
    outputs = [word for kind in ("json", "pcap")
               for word in ("-o", f"{kind}:{folder}/{{session}}.{kind}")]
    with Stage(scope) as stage, scope.proxy(
            "--mode", f"reverse:smtp://localhost:{stage.port}@0", *outputs) as proxy:
        for _ in range(2):
            stage.play(proxy.port(), hello(), mail(), CLOSED)
    assert sorted(os.listdir(folder)) == ["1.json", "1.pcap", "2.json", "2.pcap"], os.listdir(folder)
    for name in ("1.json", "1.pcap"):
        with open(os.path.join(folder, name)) as file:
            assert file.read() == "mine", name
        assert proxy.errors().count(os.path.join(folder, name)) == 1, proxy.errors()


def test_an_aborted_message_is_partial(scope):
    folder = scope.path("aborted")
    once(scope, "-o", f"eml:{folder}", steps=[hello(), mail(), envelope(), C("DATA"), S("354 go"),
                                              C("X: y", "", "..z"), C_CLOSE])
    same(sorted(os.listdir(folder)), ["1-1.eml", "1-2.eml.partial"])
    same(open(f"{folder}/1-2.eml.partial", "rb").read(), b"X: y\r\n\r\n.z\r\n")


def test_only(scope):
    with Stage(scope) as stage:
        def kept(expression):
            with scope.proxy("--mode", f"reverse:smtp://localhost:{stage.port}@0", "--only", expression,
                             outputs=("json", "text", "jsonl")) as proxy:
                stage.play(proxy.port(), hello(), mail(), CLOSED)
                stage.play(proxy.port(), hello(), CLOSED)
                stage.play(proxy.port(), hello(), C_CLOSE)
            counters = [int(line.split()[0]) for line in proxy.output("text").splitlines()]
            same(counters, list(range(1, len(counters) + 1)))
            same({event["session"] for event in proxy.events()}, {one["id"] for one in proxy.sessions()})
            return [one["id"] for one in proxy.sessions()]
        same(kept("from = a@example.com"), [1])
        same(kept("messages = 0"), [2, 3])
        same(kept("outcome=client-closed"), [3])
        same(kept("client = 127.0.0.1"), [1, 2, 3])
        same(kept("server != localhost"), [])
        same(kept(f"port = {stage.port}"), [1, 2, 3])
        same(kept("port = 1"), [])


# ── help, version, statuses ─────────────────────────────────────────────────────────────────────


def test_ctl_names_what_runs(scope):
    same(scope.run("ctl", "status").returncode, 3)
    with scope.proxy("--mode", "sink@0", outputs=("text",)) as proxy:
        done = scope.run("ctl", "status")
        same((done.returncode, done.stderr), (0, b""))
        for part in (f"pid: {proxy.process.pid}", proxy.addresses[0], "sessions: 0 live, 0 ended",
                     "rates: 0.0 sessions and 0.0 messages a second", "out.text, 0 lines, 0 bytes, 0 lost"):
            assert part in done.stdout.decode(), done.stdout
        connection = s.connect(proxy.port())
        s.read_reply(connection)
        s.ask(connection, "EHLO localhost")
        status = scope.run("ctl", "status").stdout.decode()
        assert "sessions: 1 live, 0 ended" in status and "findings: 1\n" in status, status
        assert ": sink 127.0.0.1 port " in scope.run("ctl", "sessions").stdout.decode()
        connection.close()
        with scope.proxy("--mode", "sink@0") as other:
            done = scope.run("ctl", "stop")
            same((done.returncode, done.stdout), (2, b""))
            for one in (proxy, other):
                path = scope.path(f"smtpscope/{one.process.pid}.sock")
                assert path in done.stderr.decode(), done.stderr
                same(scope.run("ctl", "--control", path, "sessions").returncode, 0)


def test_what_ctl_prints_moves_no_terminal(scope):
    """The names of live sessions come from their clients."""
    path = scope.path("made-up.sock")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        os.chmod(path, 0o600)
        listener.listen(1)
        asked = subprocess.Popen([scope.program, "ctl", "--control", path, "sessions"],
                                 env=scope.environment,
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        peer, _ = listener.accept()
        assert peer.recv(100) == b"sessions\n"
        peer.sendall("ok\nsession 1: to a\x1b[2J\x9b\u202e port 25, 1 s\n".encode())
        peer.close()
        out, err = asked.communicate(timeout=s.TIMEOUT)
    same((out, err), (rb"session 1: to a\x1B[2J\xC2\x9B\xE2\x80\xAE port 25, 1 s" + b"\n", b""))


def test_help_and_version(scope):
    for command in ([], ["proxy"], ["run"], ["ca"], ["doctor"], ["show"], ["check"], ["ctl"]):
        done = scope.run(*command, "--help")
        same((command, done.returncode, done.stderr), (command, 0, b""))
        assert done.stdout.startswith(b"usage: smtpscope"), command
    done = scope.run("--version")
    same((done.returncode, done.stderr), (0, b""))
    for name in (b"smtpscope ", b"BoringSSL", b"libuv 1.", b"cJSON 1."):
        assert name in done.stdout, done.stdout
    for words, word in ((["frobnicate"], b"frobnicate"), ([], b"command"), (["proxy", "stray"], b"stray"),
                        (["--frob"], b"--frob"), (["ca", "destroy"], b"destroy"), (["ctl", "jump"], b"jump")):
        done = scope.run(*words)
        same((words, done.returncode, done.stdout), (words, 2, b""))
        assert word in done.stderr, done.stderr


def test_an_address_in_use(scope):
    with s.Server(lambda connection: None) as server:
        status, err = refused(scope, "--mode", f"sink@{server.port}")
    same(status, 3)
    assert str(server.port) in err and "in use" in err, err


def test_signals(scope):
    for number in (signal.SIGINT, signal.SIGTERM):
        with scope.proxy("--mode", "sink@0") as proxy:
            same(proxy.stop(number), 0)


def test_a_second_signal_stops_at_once(scope):
    for number in (signal.SIGINT, signal.SIGTERM):
        proxy = scope.proxy("--mode", "sink@0", "--grace", "50")
        connection = s.connect(proxy.port())
        s.read_reply(connection)
        proxy.process.send_signal(number)
        while can_connect(proxy.port()):
            pass
        same(proxy.stop(number), 128 + number)
        connection.close()


def can_connect(port):
    try:
        s.connect(port).close()
        return True
    except OSError:
        return False


def test_the_ready_file_and_the_lines_of_listeners(scope):
    with scope.proxy("--mode", "sink@0", "--mode", "reverse:smtp://mail.example.com:587@[::1]:0") as proxy:
        same(len(proxy.addresses), 2)
        assert re.fullmatch(r"127\.0\.0\.1:\d+", proxy.addresses[0])
        assert re.fullmatch(r"\[::1\]:\d+", proxy.addresses[1])
    lines = proxy.errors().splitlines()
    assert f"smtpscope: listening on {proxy.addresses[0]} (sink)" in lines, lines
    assert f"smtpscope: listening on {proxy.addresses[1]} (reverse smtp://mail.example.com:587)" in lines, lines


def test_json_on_standard_output_comes_at_the_end(scope):
    with Stage(scope) as stage:
        ready = scope.path("late.ready")
        process = subprocess.Popen(
            [scope.program, "proxy", "--mode", f"reverse:smtp://localhost:{stage.port}@0", "--sessions", "2",
             "--ready-file", ready, "-o", "json"], env=scope.environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        s.until(lambda: os.path.exists(ready), "the ready file")
        port = int(open(ready).read().rsplit(":", 1)[1])
        stage.play(port, hello(), CLOSED)
        stage.play(port, hello(), mail(), CLOSED)
        out, _ = process.communicate(timeout=s.TIMEOUT)
    same(process.returncode, 0)
    same([one["id"] for one in json.loads(out)["sessions"]], [1, 2])


def test_a_closed_standard_error_is_nobody_elses(scope):
    if "FAKETIME" in os.environ:
        raise s.Skip("libfaketime opens a file before the program does")
    ready, path = scope.path("ready"), scope.path("out.json")
    command = [scope.program, "proxy", "--mode", "reverse:smtp://localhost:1@0", "--once", "--ready-file", ready,
               "-o", f"json:{path}"]
    process = subprocess.Popen(["bash", "-c", 'exec "$@" <&- >&- 2>&-', "bash", *command], env=scope.environment)
    s.until(lambda: os.path.exists(ready) or process.poll() is not None, "the ready file")
    for fd in (0, 1, 2):
        same(os.readlink(f"/proc/{process.pid}/fd/{fd}"), "/dev/null")
    connection = s.connect(int(open(ready).read().rsplit(":", 1)[1]))
    assert s.read_all(connection).startswith(b"421 4.4.1 ")
    connection.close()
    same(process.wait(s.TIMEOUT), 0)
    same(len(json.load(open(path))["sessions"]), 1)
    for words, named in (("--help",), b"standard output"), (("proxy", "--mode", "sink@0"), b"text output '-'"):
        closed = subprocess.run(["bash", "-c", 'exec "$@" >&-', "bash", scope.program, *words],
                                stderr=subprocess.PIPE, env=scope.environment, timeout=s.TIMEOUT)
        same(closed.returncode, 3)
        assert named in closed.stderr, closed


def test_what_prints_ends_with_its_reader(scope):
    path = document(scope, *(minimal(n) for n in range(1, 3000)))
    done = subprocess.run(["bash", "-c", '"$@" | head -n 1', "bash", scope.program, "show", path],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=s.TIMEOUT)
    same((done.returncode, done.stdout.count(b"\n"), done.stderr), (0, 1, b""))


def test_color_of_the_live_text(scope):
    assert "\x1b[" in once(scope, "--color", "always")[0]
    assert "\x1b[" in once(scope, "--color", "always", environment=dict(scope.environment, NO_COLOR="1"))[0]
    assert "\x1b" not in once(scope)[0]


def test_what_run_gives_back(scope):
    for command, status in ((["sh", "-c", "exit 3"], 3), (["sh", "-c", "kill -9 $$"], 137),
                            (["/nonexistent/command"], 127), ([scope.folder], 126), (["true"], 0)):
        done = scope.run("run", "--", *command)
        if done.returncode == 3 and status != 3:
            raise s.Skip(done.stderr.decode())
        same((command, done.returncode, done.stdout), (command, status, b""))
    same(scope.run("run").returncode, 2)
    same(scope.run("run", "--mode", "sink", "--", "true").returncode, 2)


if __name__ == "__main__":
    s.main(dict(globals()))
