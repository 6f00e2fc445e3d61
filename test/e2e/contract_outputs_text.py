# SPDX-License-Identifier: MIT
"""The contract, Outputs, text: what a line says and how it is written."""

import base64
import json
import os
import re

from support import scope as s
from support.documents import once
from support.record import LINE, Record, has, is_own_pid, same, size, starts
from support.smtp import C, CLIENT_TLS, C_CLOSE, HEADER, QUIT, S, S_CLOSE, hello, mail
from support.text import without_pids


def test_every_text_line_has_counter_time_pid_session_and_what(scope):
    record = Record(scope, [hello(), QUIT], [hello(), mail(), QUIT], [S("220 x"), C_CLOSE])
    counter = 0
    for line in record.raw_text.splitlines():
        found = LINE.match(line)
        assert found, line
        counter += 1
        same(int(found[1]), counter)
        assert is_own_pid(int(found[3])), line
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


def test_a_finding_that_waited_comes_before_the_line_that_settled_it(scope):
    end = [C("QUIT"), S("221 bye"), S_CLOSE]
    ehlo = [C("EHLO me.example.org"), S("250 test")]
    smuggled = [*mail()[:-2], C(*HEADER, "", b"a\n.\nb\r\n", "."), S("250 ok")]
    record = Record(
        scope, [S("220 test"), C("FROB"), S("500 what"), *ehlo, end],
        [C("EHLO me.example.org"), S("220 test"), S("250 test"), end],
        [S("220 test"), C("EHLO me.example.org"), S("500 what"), C("NOOP"), S("250 ok"), end],
        [hello(), smuggled, end])
    for session, rule, line in ((1, "unknown-command", 'C > "EHLO me.example.org"'),
                                (2, "talks-before-greeting", 'S < "220 test"'),
                                (3, "rejected", 'C > "NOOP"'), (4, "smuggling", 'C > "QUIT"')):
        lines = [text.split(":")[0] if text.startswith("!!!") else text
                 for text in record.text(session, findings=True)]
        found = [at for at, text in enumerate(lines) if text.endswith(" " + rule)]
        same([lines[at + 1] for at in found], [line])


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


def test_a_reply_of_more_lines_than_are_kept_says_so(scope):
    """Nothing is left out without a word; at 1,024 lines nothing is."""
    for count, cut in ((1024, False), (1025, True)):
        lines = [f"250-{n}" for n in range(count - 1)] + ["250 end"]
        record = Record(scope, [S("220 test"), C("EHLO a.example.org"), S(*lines), QUIT])
        text = record.text(happenings=True)
        same([line for line in text if "more lines" in line],
             ["### The reply has more lines than these 1024; the rest is not recorded"] * cut)
        shown = [line for line in text if line.startswith('S < "250')]
        same(shown, [f'S < "{line}"' for line in lines[:1024]])
        for reply in (record.session["exchanges"][1]["reply"], record.of("reply")[1]):
            same((len(reply["lines"]), reply.get("lines_cut")), (1024, True if cut else None))
        for form in ("json", "jsonl"):
            done = scope.run("show", os.path.join(record.folder, "out." + form))
            same(without_pids(done.stdout.decode()), without_pids(record.raw_text))


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


def test_tls_is_shown_on_both_sides(scope):
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


def test_nul_bytes_are_kept_and_shown(scope):
    record = Record(scope, [hello(), mail(*HEADER, b"X: a\0b\r\n", "", b"c\0d\r\n"), QUIT],
                    options=["--body", "full"])
    same(record.message["header"][-1], {"name": "X", "value": "a\ufffdb",
                                        "value_base64": base64.b64encode(b"a\0b").decode()})
    same(record.message["body"], "c\ufffdd\r\n")
    same(record.message["body_base64"], base64.b64encode(b"c\0d\r\n").decode())
    assert 'C > "X: a\\x00b"' in record.text() and 'C > "c\\x00d"' in record.text()


def test_a_long_message_has_lines_of_progress(scope):
    line = "x" * 998
    record = Record(scope, [hello(), mail(*HEADER, "", *[line] * 25000), QUIT])
    data = record.of("data")
    same([list(one) for one in data], [["counter", "time", "pid", "session", "event", "message", "bytes"]] * 2)
    same([one["message"] for one in data], [1, 1])
    for n, one in enumerate(data, 1):
        assert n * 10_000_000 <= one["bytes"] < n * 10_000_000 + 1_000_000, one
    has(record.message, bytes=size(HEADER) + 2 + 25_000_000, lines=25005)


def test_color_is_on_a_terminal_or_when_asked_for(scope):
    assert "\x1b[" in once(scope, "--color", "always")[0]
    assert "\x1b[" in once(scope, "--color", "always", environment=dict(scope.environment, NO_COLOR="1"))[0]
    assert "\x1b" not in once(scope)[0]


if __name__ == "__main__":
    s.main(globals())
