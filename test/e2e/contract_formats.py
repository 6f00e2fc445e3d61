# SPDX-License-Identifier: MIT
"""What text, jsonl and json hold for a conversation that is known to the byte."""

import base64
import hashlib
import json
import os
import re

from support import scope as s
from support.smtp import (C, C_CLOSE, C_RESET, CLIENT_TLS, HEADER, QUIT, S, S_CLOSE, Stage, envelope,
                          hello, mail)
from support.text import without_times

with open("/proc/self/comm") as file:
    OWN_PROGRAM = file.read().strip()
LINE = re.compile(r"^(\d+) (\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z) (\d+) (\d+) (.*)$")
TIME = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$")


class Record:
    """What the outputs of one run of the proxy held, played to its end."""

    def __init__(self, scope, *conversations, options=(), mode=None, status=0):
        with Stage(scope) as stage:
            self.server_port = stage.port
            where = mode or f"reverse:smtp://localhost:{stage.port}@0"
            root = scope.server_certificate()[2]
            proxy = scope.proxy("--mode", where, "--server-ca", root, "--sessions",
                                str(len(conversations)), *options)
            self.client_ports = [stage.play(proxy.port(), *steps) for steps in conversations]
            self.status = proxy.process.wait(s.TIMEOUT)
            proxy.stop()
            assert self.status == status, (self.status, proxy.errors())
        self.folder = proxy.folder
        self.errors = proxy.errors()
        self.raw_text = proxy.output("text").decode("utf-8")
        self.document = json.loads(proxy.output("json"))
        # They stand in the order in which they ended, which need not be that of their ids.
        self.sessions = sorted(self.document["sessions"], key=lambda session: session["id"])
        self.events = proxy.events()

    def text(self, session=None, happenings=False, findings=False):
        """The WHAT of the lines, as a list."""
        out = []
        for line in self.raw_text.splitlines():
            what = LINE.match(line)
            assert what, line
            if session is not None and int(what[4]) != session:
                continue
            if what[5].startswith("### ") and not happenings:
                continue
            if what[5].startswith("!!! ") and not findings:
                continue
            out.append(what[5])
        return out

    def of(self, event, session=None):
        return [one for one in self.events if one["event"] == event
                and session in (None, one["session"])]

    @property
    def session(self):
        assert len(self.sessions) == 1
        return self.sessions[0]

    @property
    def message(self):
        return self.session["messages"][0]


def same(got, wanted):
    assert got == wanted, f"\n     got {got!r}\n  wanted {wanted!r}"


def has(got, **members):
    """The members that are named have these values."""
    same({name: got.get(name, "missing") for name in members}, members)


def starts(got, *names):
    """The object's members start with these, in this order."""
    same(list(got)[:len(names)], list(names))


# ── text ────────────────────────────────────────────────────────────────────────────────────────


def test_every_text_line_has_counter_time_pid_session_and_what(scope):
    record = Record(scope, [hello(), QUIT], [hello(), mail(), QUIT], [S("220 x"), C_CLOSE])
    counter = 0
    for line in record.raw_text.splitlines():
        found = LINE.match(line)
        assert found, line
        counter += 1
        same(int(found[1]), counter)
        same(int(found[3]), os.getpid())
        assert 1 <= int(found[4]) <= 3
    assert record.raw_text.endswith("\n")
    same(record.text(1, happenings=True), [
        f"### Connected to 'localhost' (127.0.0.1) on port {record.server_port}",
        'S < "220 test ESMTP"', 'C > "EHLO me.example.org"', 'S < "250 test"', 'C > "QUIT"',
        'S < "221 bye"', "### Connection closed by the server"])
    same(record.text(2), [
        'S < "220 test ESMTP"', 'C > "EHLO me.example.org"', 'S < "250 test"',
        'C > "MAIL FROM:<a@example.com>"', 'S < "250 ok"', 'C > "RCPT TO:<b@example.net>"',
        'S < "250 ok"', 'C > "DATA"', 'S < "354 go"', *[f'C > "{line}"' for line in HEADER],
        'C > (message 1: 113 bytes, 4 lines)'.replace("113", str(size(HEADER))),
        'S < "250 ok"', 'C > "QUIT"', 'S < "221 bye"'])
    same(record.text(3, happenings=True)[-1],
         f"### Connection closed by the client: {record.sessions[2]['error']}")


def size(lines):
    return sum(len(line.encode()) + 2 for line in lines)


def test_one_output_counts_once_over_all_its_files(scope):
    folder = scope.path("counted")
    os.mkdir(folder)
    record = Record(scope, [hello(), QUIT], [hello(), mail(), QUIT], [hello(), QUIT],
                    options=["-o", f"text:{folder}/{{session}}.txt",
                             "-o", f"jsonl:{folder}/{{session}}.jsonl"])
    same(sorted(os.listdir(folder)), sorted(f"{n}.{kind}" for n in (1, 2, 3)
                                            for kind in ("txt", "jsonl")))
    texts, events = [], []
    for n in (1, 2, 3):
        with open(f"{folder}/{n}.txt") as file:
            lines = [line.split() for line in file]
        same({line[3] for line in lines}, {str(n)})
        texts += [int(line[0]) for line in lines]
        with open(f"{folder}/{n}.jsonl") as file:
            events += [json.loads(line)["counter"] for line in file]
    same(sorted(texts), list(range(1, len(texts) + 1)))
    same(sorted(events), list(range(1, len(events) + 1)))
    same([event["counter"] for event in record.events], list(range(1, len(record.events) + 1)))


def test_quotes_controls_and_bad_utf8_are_escaped(scope):
    record = Record(scope, [S("220 test"), C(b'NOOP "a\\b" \x01\x1b[31m\x7f\xc2\x85\xff\xc3\xa9\t\0x\r\n'),
                            S(b"250 \x1b]0;x\x07\"\\\xfe\xe2\x82\xac\xc2\x9b\r\n"), QUIT])
    same(record.text(), [
        'S < "220 test"',
        'C > "NOOP \\"a\\\\b\\" \\x01\\x1B[31m\\x7F\\xC2\\x85\\xFFé\\x09\\x00x"',
        'S < "250 \\x1B]0;x\\x07\\"\\\\\\xFE€\\xC2\\x9B"', 'C > "QUIT"', 'S < "221 bye"'])
    command = record.session["exchanges"][1]["command"]
    has(command, verb="NOOP", line='NOOP "a\\b" \x01\x1b[31m\x7f\x85\ufffdé\t\ufffdx',
        line_base64=base64.b64encode(
            b'NOOP "a\\b" \x01\x1b[31m\x7f\xc2\x85\xff\xc3\xa9\t\0x').decode())
    reply = record.session["exchanges"][1]["reply"]
    has(reply, lines=['\x1b]0;x\x07"\\\ufffd€\x9b'],
        lines_base64=[base64.b64encode(b"\x1b]0;x\x07\"\\\xfe\xe2\x82\xac\xc2\x9b").decode()])
    assert "\x9b" not in record.raw_text and "\x1b" not in record.raw_text


def test_lines_base64_is_null_for_the_good_lines(scope):
    record = Record(scope, [S("220 test"), C("EHLO a.example.org"),
                            S(b"250-good\r\n250-b\xffd\xc3\r\n250 \xc3\xa9\r\n"), QUIT])
    reply = record.session["exchanges"][1]["reply"]
    has(reply, lines=["good", "b\ufffdd\ufffd", "é"],
        lines_base64=[None, base64.b64encode(b"b\xffd\xc3").decode(), None])
    assert "line_base64" not in record.session["exchanges"][1]["command"]
    assert "lines_base64" not in record.session["exchanges"][0]["reply"]
    event = record.of("reply")[1]
    has(event, lines=reply["lines"], lines_base64=reply["lines_base64"])


def test_each_bad_byte_becomes_one_replacement(scope):
    record = Record(scope, [S("220 test"), C(b"NOOP \xe2\x82 \xf0\x9f\x98 \xed\xa0\x80 \xc0\x80 \xff\xff\r\n"),
                            S("250 ok"), QUIT])
    same(record.session["exchanges"][1]["command"]["line"],
         "NOOP " + " ".join("\ufffd" * n for n in (2, 3, 3, 2, 2)))


def test_a_long_line_is_cut_and_its_size_said(scope):
    command, reply = "NOOP " + "x" * 5000, "250 " + "y" * 5000
    record = Record(scope, [S("220 test"), C(command), S(reply), QUIT], options=["--max-line", "100"])
    same(record.text()[1:3], [f'C > "{command[:100]}" (5005 bytes)', f'S < "{reply[:100]}" (5004 bytes)'])
    exchange = record.session["exchanges"][1]
    has(exchange["command"], line=command[:100], cut=True, line_bytes=5005)
    has(exchange["reply"], lines=[reply[4:100]], cut=True, line_bytes=5004)
    has(record.of("command")[0], line=command[:100], cut=True, line_bytes=5005)
    assert "cut" not in record.session["exchanges"][2]["command"]


def test_a_line_of_just_max_line_is_not_cut(scope):
    line = "NOOP " + "x" * 95
    record = Record(scope, [S("220 test"), C(line), S("250 ok"), C(line + "y"), S("250 ok"), QUIT],
                    options=["--max-line", "100"])
    same(record.text()[1], f'C > "{line}"')
    same(record.text()[3], f'C > "{line}" (101 bytes)')


def test_what_the_proxy_says_is_marked(scope):
    port = s.Server(lambda connection: None)
    with port:
        closed = port.port
    proxy = scope.proxy("--mode", f"reverse:smtp://127.0.0.1:{closed}@0", "--once")
    connection = s.connect(proxy.port())
    reply = s.read_reply(connection)[0].decode().rstrip("\r\n")
    assert reply.startswith("421 4.4.1 "), reply
    connection.close()
    proxy.process.wait(s.TIMEOUT)
    text = proxy.output("text").decode()
    assert f'P < "{reply}"' in text, text
    session = proxy.sessions()[0]
    has(session, outcome="connect-failed", mode="reverse")
    assert session["error"]
    has(session["server"], host="127.0.0.1", port=closed)
    said = session["exchanges"][0]
    has(said, command=None, latency_ms=None)
    has(said["reply"], by="proxy", code=421, enhanced="4.4.1")
    event = [one for one in proxy.events() if one["event"] == "reply"][0]
    has(event, by="proxy", code=421, enhanced="4.4.1")


def test_tls_is_told_on_both_sides(scope):
    record = Record(scope, [hello("STARTTLS"), C("STARTTLS"), S("220 go"), CLIENT_TLS, hello()[1:],
                            mail(), C("QUIT"), S("221 bye"), S_CLOSE])
    text = record.text(happenings=True)
    for side in ("client", "server"):
        line = [one for one in text if one.startswith(f"### TLS with the {side}: ")]
        same(len(line), 1)
        assert re.match(r"### TLS with the \w+: TLSv1\.3 TLS_[A-Z0-9_]+, SNI localhost", line[0]), line
    tls = record.session["tls"]
    names = ["how", "version", "cipher", "group", "sni", "alpn", "resumed", "ja3", "ja4", "certificate",
             "verify", "handshake_ms", "error"]
    for side in ("client", "server"):
        starts(tls[side], *names)
        has(tls[side], how="starttls", version="TLSv1.3", sni="localhost", alpn=None, resumed=False,
            error=None)
        assert isinstance(tls[side]["handshake_ms"], float)
        event = [one for one in record.of("tls") if one["side"] == side]
        same(len(event), 1)
        has(event[0], **tls[side])
    has(tls["client"], certificate=None, verify=None)
    has(tls["server"], ja3=None, ja4=None, verify={"ok": True, "error": None})
    starts(tls["server"]["certificate"], "subject", "issuer", "names", "not_before", "not_after",
           "sha256", "key")
    has(tls["server"]["certificate"], subject="CN=localhost", issuer="CN=test root",
        names=["localhost", "127.0.0.1"], key="EC P-256")
    assert re.fullmatch("[0-9a-f]{64}", tls["server"]["certificate"]["sha256"])
    assert re.fullmatch("[0-9a-f]{32}", tls["client"]["ja3"])
    same([one["tls"] for one in record.session["exchanges"]], [False] * 3 + [True] * 5)


# ── --body ──────────────────────────────────────────────────────────────────────────────────────

BODY = ["", 'say "x"', "..stuffed", "last"]
MEANT = "\r\n".join(HEADER + ["", 'say "x"', ".stuffed", "last", ""]).encode()


def content(lines, *more):
    return [f'C > "{line}"' for line in lines] + list(more)


def test_body_headers_none_full(scope):
    size_line = f"C > (message 1: {len(MEANT)} bytes, 8 lines)"
    stuffed = ["", 'say \\"x\\"', "..stuffed", "last", "."]
    for body, wanted in (("none", []), ("headers", HEADER), ("full", HEADER + stuffed)):
        record = Record(scope, [hello(), mail(*HEADER, *BODY), QUIT], options=["--body", body])
        text = record.text()
        start = text.index('S < "354 go"') + 1
        same(text[start:text.index('C > "QUIT"')], content(wanted, size_line, 'S < "250 ok"'))
        fields = [{"name": name, "value": value}
                  for name, value in (line.split(": ", 1) for line in HEADER)]
        for message in (record.message, record.of("message")[0]):
            has(message, bytes=len(MEANT), lines=8, sha256=hashlib.sha256(MEANT).hexdigest(),
                header=None if body == "none" else fields,
                body='say "x"\r\n.stuffed\r\nlast\r\n' if body == "full" else None)


def test_the_message_object_has_the_members_of_the_contract(scope):
    record = Record(scope, [hello(), mail(), QUIT])
    names = ["n", "from", "from_parameters", "recipients", "via", "bytes", "lines", "sha256",
             "complete", "header", "body", "code", "accepted"]
    starts(record.message, *names)
    event = record.of("message")[0]
    starts(event, "counter", "time", "pid", "session", "event", *names)
    same({name: event[name] for name in names}, {name: record.message[name] for name in names})
    has(record.message, n=1, **{"from": "a@example.com"}, via="DATA", complete=True, code=250,
        accepted=True, from_parameters={},
        recipients=[{"to": "b@example.net", "parameters": {}, "code": 250, "accepted": True}])


def test_a_long_header_is_cut_at_its_bounds(scope):
    many = [f"X-{n}: v" for n in range(1500)]
    record = Record(scope, [hello(), mail(*HEADER, *many, "", "b"), QUIT])
    same(len(record.message["header"]), 1000)
    has(record.message, cut=True, lines=1500 + 4 + 2)
    large = [f"X-{n}: " + "v" * 900 for n in range(400)]
    record = Record(scope, [hello(), mail(*HEADER, *large, "", "b"), QUIT])
    kept = sum(len(f["name"]) + len(f["value"]) for f in record.message["header"])
    assert 200 * 1024 < kept <= 256 * 1024, kept
    has(record.message, cut=True)


def test_a_long_body_is_cut_at_one_mib_in_json_and_whole_in_text(scope):
    body = ["z" * 998] * 1500
    record = Record(scope, [hello(), mail(*HEADER, "", *body), QUIT], options=["--body", "full"])
    for message in (record.message, record.of("message")[0]):
        has(message, cut=True, bytes=size(HEADER) + 2 + 1500 * 1000)
        same(message["body"], ("z" * 998 + "\r\n") * 1048 + "z" * 576)
    same(sum("zzzz" in line for line in record.text()), 1500)


def test_header_values_are_unfolded_and_decoded(scope):
    lines = HEADER + ["Subject: =?utf-8?Q?h=C3=A9llo?= =?iso-8859-1?B?6Q==?= x", "X-Folded: one",
                      "\ttwo", "  three", "X-Plain: =?nonsense?=", "X-Empty:"]
    record = Record(scope, [hello(), mail(*lines, "", "b"), QUIT])
    fields = {field["name"]: field for field in record.message["header"]}
    same(fields["Subject"], {"name": "Subject", "value": "hélloé x",
                             "raw": "=?utf-8?Q?h=C3=A9llo?= =?iso-8859-1?B?6Q==?= x"})
    has(fields["X-Folded"], value="one\ttwo  three")
    assert "raw" in fields["X-Folded"]
    same(fields["X-Plain"], {"name": "X-Plain", "value": "=?nonsense?="})
    same(fields["X-Empty"], {"name": "X-Empty", "value": ""})


# ── jsonl and json: events and exchanges ────────────────────────────────────────────────────────


def test_events_have_the_members_of_the_contract(scope):
    record = Record(scope, [hello("AUTH PLAIN"), C("AUTH PLAIN AGZvbwBiYXJiYXo="), S("235 2.7.0 ok"),
                            mail(), QUIT])
    for event in record.events:
        starts(event, "counter", "time", "pid", "session", "event")
        assert TIME.match(event["time"]), event
        has(event, pid=os.getpid(), session=1)
    common = ["counter", "time", "pid", "session", "event"]
    members = {
        "connect": ["client", "server", "mode"],
        "reply": ["code", "enhanced", "lines", "to", "final", "recipient"],
        "command": ["exchange", "verb", "argument", "line", "pipelined", "continuation"],
        "auth": ["mechanism", "identity", "outcome", "code"],
        "finding": ["rule", "severity", "side", "exchange", "message", "text", "reference"],
        "close": ["by", "outcome", "error", "duration_ms"],
    }
    for name, wanted in members.items():
        for event in record.of(name):
            same(list(event), common + wanted)
        assert record.of(name), name
    same(record.events[0]["event"], "connect")
    same(record.events[-1]["event"], "close")
    has(record.events[0], mode="reverse", client={
        "address": "127.0.0.1", "port": record.client_ports[0], "pid": os.getpid(),
        "program": OWN_PROGRAM}, server={
        "host": "localhost", "address": "127.0.0.1", "port": record.server_port})
    has(record.events[-1], by="server", outcome="completed", error=None)
    assert isinstance(record.events[-1]["duration_ms"], float)
    happened = [event for event in record.events if event["event"] != "finding"]
    message = happened.index(record.of("message")[0])
    has(happened[message - 1], event="reply", to=5, final=True, code=250, recipient=None)


def test_the_session_has_the_members_of_the_contract(scope):
    record = Record(scope, [hello(), mail(), QUIT])
    same(list(record.document)[:2], ["schema", "sessions"])
    same(record.document["schema"], "smtpscope/1")
    session = record.session
    starts(session, "id", "mode", "started", "ended", "duration_ms", "client", "server", "tls",
           "exchanges", "auth", "messages", "findings", "bytes", "truncated", "outcome", "error", "likely")
    assert TIME.match(session["started"]) and TIME.match(session["ended"])
    has(session, id=1, mode="reverse", truncated=False, outcome="completed", error=None, auth=[],
        tls={"client": None, "server": None})
    starts(session["client"], "address", "port", "pid", "program")
    starts(session["server"], "host", "address", "port")
    same([one["n"] for one in session["exchanges"]], list(range(6)))
    for exchange in session["exchanges"]:
        same([name for name in exchange if name != "final_reply"],
             ["n", "command", "reply", "latency_ms", "tls"])
        if exchange["command"]:
            same(list(exchange["command"]), ["verb", "argument", "line", "pipelined", "at_ms"])
            between = exchange["reply"]["at_ms"] - exchange["command"]["at_ms"]
            assert abs(exchange["latency_ms"] - between) < 0.0015, exchange
        same(list(exchange["reply"]), ["code", "enhanced", "lines", "at_ms"])
    data = session["exchanges"][4]
    has(data["reply"], code=354)
    has(data["final_reply"], code=250, lines=["ok"])
    assert data["final_reply"]["at_ms"] >= data["reply"]["at_ms"]
    has(session["exchanges"][1]["command"], verb="EHLO", argument="me.example.org")
    has(session["exchanges"][4]["command"], verb="DATA", argument=None)
    sent = sum(len(one["command"]["line"]) + 2 for one in session["exchanges"] if one["command"])
    same(session["bytes"], {"from_client": sent + size(HEADER) + 3,
                            "from_server": 16 + 10 + 8 * 2 + 8 + 8 + 9})


def test_pipelined_commands_are_paired_with_their_replies(scope):
    record = Record(scope, [hello("PIPELINING"),
                            C("MAIL FROM:<a@example.com>", "RCPT TO:<b@example.net>", "data"),
                            S("250 2.1.0 s", "550 5.1.1 no", "554 5.5.1 none"), QUIT])
    exchanges = record.session["exchanges"]
    same([one["command"]["pipelined"] for one in exchanges[1:]], [False, False, True, True, False])
    same([one["reply"]["code"] for one in exchanges], [220, 250, 250, 550, 554, 221])
    same([one["reply"]["enhanced"] for one in exchanges], [None, None, "2.1.0", "5.1.1", "5.5.1", None])
    has(exchanges[4]["command"], verb="DATA", line="data", argument=None)
    same([one["to"] for one in record.of("reply")], [0, 1, 2, 3, 4, 5])
    same(record.session["messages"], [])


def test_enhanced_is_not_read_from_greeting_and_hello(scope):
    record = Record(scope, [S("220 2.0.0 x"), C("EHLO a.example.org"), S("250 2.0.0 x"),
                            C("HELO a.example.org"), S("250 2.0.0 x"), C("NOOP"),
                            S("250-2.0.0 x", "250 2.0.0 y"), C("VRFY x"), S("252-x", "252 2.5.0 y"),
                            QUIT])
    same([one["reply"]["enhanced"] for one in record.session["exchanges"]],
         [None, None, None, "2.0.0", None, None])


def test_a_greeting_that_refuses_has_its_enhanced_code(scope):
    record = Record(scope, [S("554 5.7.1 go away"), C("QUIT"), S("221 bye"), S_CLOSE])
    has(record.session["exchanges"][0]["reply"], code=554, enhanced="5.7.1")


def test_an_unanswered_command_has_no_reply(scope):
    record = Record(scope, [hello(), C("NOOP"), C_CLOSE])
    has(record.session["exchanges"][2], reply=None, latency_ms=None)
    has(record.session, outcome="client-closed")


def test_an_unsolicited_421_has_no_command(scope):
    record = Record(scope, [hello(), S("421 4.3.2 going down"), S_CLOSE])
    last = record.session["exchanges"][-1]
    has(last, command=None, latency_ms=None)
    has(last["reply"], code=421, enhanced="4.3.2", lines=["4.3.2 going down"])
    has(record.of("reply")[-1], to=None, final=False, code=421)
    has(record.session, outcome="server-closed")


def test_verb_argument_and_line(scope):
    record = Record(scope, [S("220 x"), C("ehlo  a.example.org "), S("250 x"), C("mail from:<a@b.example>"),
                            S("250 x"), C("xyzzy"), S("500 x"), C("Foo bar  baz"), S("500 x"), C(""),
                            S("500 x"), QUIT])
    commands = [one["command"] for one in record.session["exchanges"][1:]]
    same([one["verb"] for one in commands[:4]], ["EHLO", "MAIL", "XYZZY", "FOO"])
    same([one["line"] for one in commands[:5]],
         ["ehlo  a.example.org ", "mail from:<a@b.example>", "xyzzy", "Foo bar  baz", ""])
    same([one["argument"] for one in commands[1:4]], ["from:<a@b.example>", None, "bar  baz"])
    has(commands[4], argument=None)


# ── auth ────────────────────────────────────────────────────────────────────────────────────────

LOGIN = [C("AUTH LOGIN"), S("334 VXNlcm5hbWU6"), C("Zm9vYmFy"), S("334 UGFzc3dvcmQ6"), C("c2VjcmV0cw==")]


def test_a_sasl_line_is_an_exchange_of_its_own(scope):
    record = Record(scope, [hello("AUTH LOGIN PLAIN"), LOGIN, S("235 2.7.0 ok"), QUIT])
    exchanges = record.session["exchanges"][2:5]
    same([one["command"]["verb"] for one in exchanges], ["AUTH", None, None])
    same([one["command"]["argument"] for one in exchanges], ["LOGIN", None, None])
    same([one["command"]["line"] for one in exchanges], ["AUTH LOGIN", "********", "********"])
    same([one.get("continuation") for one in exchanges], [None, True, True])
    assert "continuation" not in exchanges[1]["command"]
    same([one["reply"]["code"] for one in exchanges], [334, 334, 235])
    same([one["continuation"] for one in record.of("command")], [False, False, True, True, False])
    same(record.session["auth"],
         [{"mechanism": "LOGIN", "identity": None, "outcome": "succeeded", "code": 235}])
    has(record.of("auth")[0], mechanism="LOGIN", identity=None, outcome="succeeded", code=235)
    same(record.text()[4:10], ['C > "AUTH LOGIN"', 'S < "334 VXNlcm5hbWU6"', 'C > "********"',
                               'S < "334 UGFzc3dvcmQ6"', 'C > "********"', 'S < "235 2.7.0 ok"'])


def test_auth_outcomes(scope):
    auth = hello("AUTH LOGIN PLAIN")
    record = Record(
        scope,
        [auth, C("AUTH PLAIN AGZvbwBiYXJiYXo="), S("535 5.7.8 no"), QUIT],
        [auth, C("AUTH PLAIN AGZvbwBiYXJiYXo="), S("454 4.7.0 later"), QUIT],
        [auth, LOGIN[:4], C("*"), S("501 5.7.0 cancelled"), QUIT],
        [auth, LOGIN, C_CLOSE],
        [auth, C("AUTH PLAIN AGZvbwBiYXJiYXo="), S("535 5.7.8 no"), LOGIN, S("235 2.7.0 ok"), QUIT])
    def told(mechanism, outcome, code):
        return {"mechanism": mechanism, "identity": None, "outcome": outcome, "code": code}
    same([one["auth"] for one in record.sessions], [
        [told("PLAIN", "failed", 535)], [told("PLAIN", "deferred", 454)],
        [told("LOGIN", "cancelled", 501)], [told("LOGIN", "unfinished", None)],
        [told("PLAIN", "failed", 535), told("LOGIN", "succeeded", 235)]])
    cancel = record.sessions[2]["exchanges"][4]
    has(cancel["command"], line="*")


def test_auth_mask_identity_and_reveal(scope):
    steps = [hello("AUTH PLAIN LOGIN"), C("AUTH PLAIN AGZvb2JhcgBiYXJiYXo="), S("535 5.7.8 no"),
             LOGIN, S("235 2.7.0 ok"), QUIT]
    mask = Record(scope, steps)
    reveal = Record(scope, steps, options=["--auth", "reveal"])
    who = Record(scope, steps, options=["--auth", "identity"])
    same(mask.text()[4], 'C > "AUTH PLAIN ********"')
    same(reveal.text()[4], 'C > "AUTH PLAIN AGZvb2JhcgBiYXJiYXo="')
    same(reveal.session["exchanges"][2]["command"]["argument"], "PLAIN AGZvb2JhcgBiYXJiYXo=")
    same([one["identity"] for one in who.session["auth"]], ["foobar", "foobar"])
    assert "user=foobar" in who.raw_text
    for record in (mask, who):
        assert "AGZvb2JhcgBiYXJiYXo" not in record.raw_text and "c2VjcmV0cw" not in record.raw_text
    assert "foobar" not in mask.raw_text + json.dumps(mask.document) + json.dumps(mask.events)


# ── messages ────────────────────────────────────────────────────────────────────────────────────


def test_envelope_parameters(scope):
    record = Record(scope, [
        hello("SIZE 1000000", "8BITMIME", "SMTPUTF8", "DSN"),
        C("MAIL FROM:<> size=2345 Body=8BITMIME SMTPUTF8 SIZE=99"), S("250 ok"),
        C("RCPT TO:<b@example.net> NOTIFY=NEVER"), S("250 ok"), C("RCPT TO:<c@example.net>"), S("550 no"),
        C("RCPT TO:<d@example.net> ORCPT=rfc822;x+40y.example notify=NEVER"), S("451 later"),
        C("DATA"), S("354 go"), C(*HEADER, "."), S("550 5.7.1 spam"), QUIT])
    has(record.message, **{"from": ""}, code=550, accepted=False, complete=True, from_parameters={
        "SIZE": "2345", "BODY": "8BITMIME", "SMTPUTF8": True}, recipients=[
        {"to": "b@example.net", "parameters": {"NOTIFY": "NEVER"}, "code": 250, "accepted": True},
        {"to": "c@example.net", "parameters": {}, "code": 550, "accepted": False},
        {"to": "d@example.net", "parameters": {"ORCPT": "rfc822;x+40y.example", "NOTIFY": "NEVER"},
         "code": 451, "accepted": False}])


def test_several_messages_and_one_cut_off(scope):
    record = Record(scope, [hello(), mail(), mail(*HEADER, "", "b", reply="451 4.3.0 later"), envelope(),
                            C("DATA"), S("354 go"), C("Subject: x", "", "ha"), C_CLOSE])
    messages = record.session["messages"]
    same([one["n"] for one in messages], [1, 2, 3])
    same([(one["complete"], one["accepted"], one["code"]) for one in messages],
         [(True, True, 250), (True, False, 451), (False, False, None)])
    has(messages[2], bytes=size(["Subject: x", "", "ha"]), lines=3,
        header=[{"name": "Subject", "value": "x"}])
    has(record.session, outcome="client-closed")
    same([one["n"] for one in record.of("message")], [1, 2, 3])
    assert "C > (message 3: 18 bytes, 3 lines)" in record.text()


def test_a_refused_data_is_no_message(scope):
    record = Record(scope, [hello(), envelope(), C("DATA"), S("554 no"), QUIT])
    same(record.session["messages"], [])
    assert "final_reply" not in record.session["exchanges"][4]


def test_bdat_has_its_last_reply_for_the_message(scope):
    record = Record(scope, [hello("CHUNKING"), envelope(), C("BDAT 9", b"A: bc\r\n\r\n"), S("250 2.0.0 go on"),
                            C("bdat 6 last", b".\r\n..x"), S("250 2.6.0 done"), QUIT],
                    options=["--body", "full"])
    whole = b"A: bc\r\n\r\n.\r\n..x"
    has(record.message, via="BDAT", bytes=15, lines=3, code=250, accepted=True,
        sha256=hashlib.sha256(whole).hexdigest(), header=[{"name": "A", "value": "bc"}],
        body=".\r\n..x")
    exchanges = record.session["exchanges"][4:6]
    same([one["reply"]["enhanced"] for one in exchanges], ["2.0.0", "2.6.0"])
    assert not any("final_reply" in one for one in exchanges)
    same([one["final"] for one in record.of("reply")], [False] * 5 + [True, False])


def shown(scope, record, form):
    done = scope.run("show", os.path.join(record.folder, "out." + form))
    same((done.returncode, done.stderr), (0, b""))
    return done.stdout.decode()


def shown_as_it_was(scope, record):
    same(shown(scope, record, "json"), record.raw_text)
    same(without_times(shown(scope, record, "jsonl")), without_times(record.raw_text))


def test_show_tells_chunks_with_the_dots_they_had(scope):
    chunk = b"A: b\r\n\r\n.x\r\n..y\r\n.\r\nend\r\n"
    record = Record(scope, [hello("CHUNKING"), C(f"BDAT {len(chunk)} LAST"), C(chunk), S("250 ok"), QUIT],
                    options=["--body", "full"])
    same(record.text()[7:10], ['C > ".x"', 'C > "..y"', 'C > "."'])
    shown_as_it_was(scope, record)


def test_show_tells_odd_ends_of_header_and_message_as_they_were(scope):
    for text in (b".\n..\r\n...\r\n.x\r\n\n.\n\r.\r\r\n.\r\n", b"A: b\r\n\n..c\r\n.\r\r\n.\r\n",
                 b"A: b\r\n\r\n..x\r\n.", b"A: b\r\n.", b"A: b\r\n\r\n"):
        end = [S("250 ok"), QUIT] if text.endswith(b".\r\n") else [C_CLOSE]
        record = Record(scope, [hello(), envelope(), C("DATA"), S("354 go"), C(text), *end],
                        options=["--body", "full"])
        shown_as_it_was(scope, record)


def test_show_tells_as_much_of_a_cut_header_as_the_text(scope):
    for header in ([f"X-{n}: y" for n in range(1200)], ["X: a", *[" " + "b" * 990] * 400]):
        record = Record(scope, [hello(), mail(*header, "", "b"), QUIT], options=["--body", "full"])
        assert record.message["cut"] is True
        shown_as_it_was(scope, record)


def test_a_message_object_has_no_more_than_the_contract_says(scope):
    record = Record(scope, [hello(), mail(), QUIT])
    members = ["n", "from", "from_parameters", "recipients", "via", "bytes", "lines", "sha256", "complete",
               "header", "body", "code", "accepted"]
    same(list(record.message), members)
    same(list(record.of("message")[0]), ["counter", "time", "pid", "session", "event", *members])


def test_a_message_without_mail_has_no_sender(scope):
    record = Record(scope, [hello("CHUNKING"), C("BDAT 6 LAST"), C(b"A: b\r\n"), S("503 no MAIL"),
                            C("MAIL FROM:<>"), S("250 ok"), C("BDAT 6 LAST"), C(b"A: b\r\n"), S("250 ok"),
                            QUIT])
    same([one["from"] for one in record.session["messages"]], [None, ""])


def test_a_header_value_keeps_its_bare_cr(scope):
    record = Record(scope, [hello(), mail(*HEADER, b"X: a\r\r\n", "", "x"), QUIT])
    same(record.message["header"][-1], {"name": "X", "value": "a\r"})


def test_lmtp_has_a_final_reply_for_each_accepted_recipient(scope):
    record = Record(scope, [
        S("220 x LMTP"), C("LHLO me.example.org"), S("250 x"), C("MAIL FROM:<a@example.com>"), S("250 ok"),
        C("RCPT TO:<b@example.net>"), S("250 ok"), C("RCPT TO:<c@example.net>"), S("550 no"),
        C("RCPT TO:<d@example.net>"), S("250 ok"), C("DATA"), S("354 go"), C(*HEADER, "."),
        S("250 2.0.0 b ok", "452 4.2.2 d full"), QUIT])
    data = [one for one in record.session["exchanges"] if one["command"]
            and one["command"]["verb"] == "DATA"][0]
    same([one["code"] for one in data["final_replies"]], [250, 452])
    assert "final_reply" not in data
    final = [one for one in record.of("reply") if one["final"]]
    same([(one["recipient"], one["code"]) for one in final],
         [("b@example.net", 250), ("d@example.net", 452)])
    assert record.of("message")[0]["counter"] > final[-1]["counter"]
    assert record.message["accepted"] is True


def test_nul_bytes_are_kept_and_shown(scope):
    record = Record(scope, [hello(), mail(*HEADER, b"X: a\0b\r\n", "", b"c\0d\r\n"), QUIT],
                    options=["--body", "full"])
    same(record.message["header"][-1], {"name": "X", "value": "a\ufffdb",
                                        "value_base64": base64.b64encode(b"a\0b").decode()})
    same(record.message["body"], "c\ufffdd\r\n")
    same(record.message["body_base64"], base64.b64encode(b"c\0d\r\n").decode())
    assert 'C > "X: a\\x00b"' in record.text() and 'C > "c\\x00d"' in record.text()


def test_a_long_message_tells_how_far_it_is(scope):
    line = "x" * 998
    record = Record(scope, [hello(), mail(*HEADER, "", *[line] * 25000), QUIT])
    data = record.of("data")
    same([list(one) for one in data], [["counter", "time", "pid", "session", "event", "message", "bytes"]] * 2)
    same([one["message"] for one in data], [1, 1])
    for n, one in enumerate(data, 1):
        assert n * 10_000_000 <= one["bytes"] < n * 10_000_000 + 1_000_000, one
    has(record.message, bytes=size(HEADER) + 2 + 25_000_000, lines=25005)


def test_the_document_keeps_10000_exchanges_and_1000_messages(scope):
    noops = ["NOOP"] * 1000
    record = Record(scope, [hello("PIPELINING"), [[C(*noops), S(*["250 ok"] * 1000)]] * 11, QUIT])
    has(record.session, truncated=True, outcome="completed")
    same([one["n"] for one in record.session["exchanges"]], list(range(10000)))
    same(len(record.of("command")), 11002)
    record = Record(scope, [hello(), [mail()] * 1010, QUIT], options=["--body", "none"])
    has(record.session, truncated=True)
    same(len(record.session["messages"]), 1000)
    same(len(record.of("message")), 1010)
    record = Record(scope, [hello(), [mail()] * 1000, QUIT], options=["--body", "none"])
    has(record.session, truncated=False)
    same(len(record.session["messages"]), 1000)


def test_replies_of_every_form(scope):
    record = Record(scope, [S("220 x"), C("NOOP"), S("250"), C("NOOP"), S("250-", "250-a", "250 b"),
                            C("NOOP"), S("foo bar"), C("NOOP"), S(b"250 lf\n"), C("NOOP"),
                            S("250-2.0.0 a", "250 2.0.0 b"), QUIT])
    replies = [one["reply"] for one in record.session["exchanges"][1:6]]
    same([one["lines"] for one in replies], [[""], ["", "a", "b"], ["foo bar"], ["lf"], ["2.0.0 a", "2.0.0 b"]])
    same([one["code"] for one in replies], [250, 250, None, 250, 250])
    same([one["enhanced"] for one in replies], [None] * 4 + ["2.0.0"])
    same([one for one in record.text() if one.startswith("S")][1:7],
         ['S < "250"', 'S < "250-"', 'S < "250-a"', 'S < "250 b"', 'S < "foo bar"', 'S < "250 lf"'])


def test_times_run_forward(scope):
    record = Record(scope, [hello(), mail(), QUIT])
    session = record.session
    times = []
    for exchange in session["exchanges"]:
        times += [exchange[part]["at_ms"] for part in ("command", "reply", "final_reply")
                  if exchange.get(part)]
    same(times, sorted(times))
    assert times[-1] <= session["duration_ms"]
    same([one["time"] for one in record.events], sorted(one["time"] for one in record.events))
    same(record.events[-1]["time"], session["ended"])
    same(record.events[-1]["duration_ms"], session["duration_ms"])


# ── outcomes ────────────────────────────────────────────────────────────────────────────────────


def outcome_of(scope, steps, *options):
    session = Record(scope, steps, options=options).session
    same(list(session)[14:17], ["outcome", "error", "likely"])
    assert session["error"] is None or (session["error"].strip() and "\n" not in session["error"])
    return session["outcome"], session["error"] is not None


def test_outcomes_of_plain_sessions(scope):
    same(outcome_of(scope, [hello(), QUIT]), ("completed", False))
    same(outcome_of(scope, [hello(), C("QUIT"), S("221 bye"), C_CLOSE]), ("completed", False))
    same(outcome_of(scope, [hello(), C_CLOSE])[0], "client-closed")
    same(outcome_of(scope, [hello(), C_RESET])[0], "client-closed")
    same(outcome_of(scope, [hello(), S_CLOSE])[0], "server-closed")
    same(outcome_of(scope, [S_CLOSE])[0], "server-closed")
    same(outcome_of(scope, [hello(), C("QUIT"), S_CLOSE])[0], "server-closed")


def test_outcome_protocol(scope):
    same(outcome_of(scope, [S(b"SSH-2.0-OpenSSH_9.2\r\n"), C_CLOSE]), ("protocol", True))
    same(outcome_of(scope, [C("GET / HTTP/1.1", "Host: x", ""), S(b"HTTP/1.1 400 Bad\r\n\r\n"), S_CLOSE]),
         ("protocol", True))


def test_outcome_timeout_says_421(scope):
    def serve(connection):
        connection.sendall(b"220 x\r\n")
        s.read_all(connection)
    with s.Server(serve) as server:
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


def test_outcome_proxy_stopped(scope):
    def serve(connection):
        connection.sendall(b"220 x\r\n")
        s.read_all(connection)
    with s.Server(serve) as server:
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


def test_outcome_tls_client_failed(scope):
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


def test_outcome_tls_server_failed(scope):
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


def test_outcome_connect_failed_of_a_name(scope):
    with scope.proxy("--mode", "reverse:smtp://no-such-name.invalid:25@0") as proxy:
        connection = s.connect(proxy.port())
        assert s.read_line(connection).startswith(b"421 4.4.1 ")
        connection.close()
    session = proxy.sessions()[0]
    has(session, outcome="connect-failed")
    has(session["server"], host="no-such-name.invalid", address=None, port=25)
    assert session["error"]


# ── the json document while it grows ────────────────────────────────────────────────────────────


def test_json_is_valid_between_two_writes(scope):
    with Stage(scope) as stage:
        with scope.proxy("--mode", f"reverse:smtp://localhost:{stage.port}@0") as proxy:
            path = os.path.join(proxy.folder, "out.json")
            seen = []
            same(json.loads(open(path, "rb").read())["sessions"], [])
            for n in range(30):
                stage.play(proxy.port(), hello(), mail(), QUIT)
                seen.append(len(json.loads(open(path, "rb").read())["sessions"]))

            def all_are_there():
                seen.append(len(json.loads(open(path, "rb").read())["sessions"]))
                return seen[-1] == 30

            s.until(all_are_there, "the last session")
        same(seen, sorted(seen))
        same(sorted(one["id"] for one in proxy.sessions()), list(range(1, 31)))


def test_the_sink_has_no_server(scope):
    with scope.proxy("--mode", "sink@0", "--once") as proxy:
        connection = s.connect(proxy.port())
        s.read_reply(connection)
        s.ask(connection, "EHLO a.example.org")
        s.ask(connection, "QUIT")
        connection.close()
        proxy.process.wait(s.TIMEOUT)
    session = proxy.sessions()[0]
    has(session, mode="sink", server=None, outcome="completed")
    has([one for one in proxy.events() if one["event"] == "connect"][0], server=None, mode="sink")
    assert not any("by" in one["reply"] for one in session["exchanges"])


if __name__ == "__main__":
    s.main(dict(globals()))
