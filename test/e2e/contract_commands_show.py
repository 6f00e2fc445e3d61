# SPDX-License-Identifier: MIT
"""The contract, Commands: `show` gives back what the text output said."""

import json
import os
import re

from support import scope as s
from support.documents import CLOSED, document, finding, message, minimal, whats
from support.record import same
from support.smtp import (C, CLIENT_TLS, C_CLOSE, C_RESET, HEADER, S, S_CLOSE, Stage, envelope,
                          hello, mail)
from support.text import by_session, without_pids


def shown(scope, path, text=None):
    done = scope.run("show", path, **({} if text is None else {"input": text}))
    same((done.returncode, done.stderr), (0, b""))
    return done.stdout.decode()


def test_show_reads_a_document_as_the_contract_has_it(scope):
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


def test_show_reads_events_as_the_contract_has_them(scope):
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


def test_show_puts_pipelined_commands_in_their_order(scope):
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


def test_show_of_a_strange_conversation_is_what_the_live_text_was(scope):
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


def test_show_of_a_session_without_a_server_is_what_the_live_text_was(scope):
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


def test_show_is_in_color_when_asked_for(scope):
    path = document(scope, minimal())
    assert "\x1b" not in shown(scope, path)
    done = scope.run("show", path, "--color", "always")
    assert b"\x1b[" in done.stdout
    assert b"\x1b" not in scope.run("show", path, "--color", "never").stdout


if __name__ == "__main__":
    s.main(globals())
