# SPDX-License-Identifier: MIT
"""The contract, Outputs, json and jsonl: the members of sessions, events and exchanges."""

import json
import os
import re

from support import scope as s
from support import smtp
from support.record import Record, has, is_own_pid, same, size, starts
from support.smtp import C, C_CLOSE, HEADER, QUIT, S, S_CLOSE, Stage, hello, mail

with open("/proc/self/comm") as file:
    OWN_PROGRAM = file.read().strip()
TIME = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$")


def test_events_have_the_members_of_the_contract(scope):
    record = Record(scope, [hello("AUTH PLAIN"), C("AUTH PLAIN AGZvbwBiYXJiYXo="), S("235 2.7.0 ok"),
                            mail(), QUIT])
    for event in record.events:
        starts(event, "counter", "time", "pid", "session", "event")
        assert TIME.match(event["time"]), event
        has(event, session=1)
        assert is_own_pid(event["pid"]), event
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
    has(record.events[0], mode="reverse", server={
        "host": "localhost", "address": "127.0.0.1", "port": record.server_port})
    client = record.events[0]["client"]
    starts(client, "address", "port", "pid", "program")
    has(client, address="127.0.0.1", port=record.client_ports[0])
    has(record.events[-1], by="server", outcome="completed", error=None)
    assert isinstance(record.events[-1]["duration_ms"], float)
    happened = [event for event in record.events if event["event"] != "finding"]
    message = happened.index(record.of("message")[0])
    has(happened[message - 1], event="reply", to=5, final=True, code=250, recipient=None)


def test_a_client_of_this_machine_is_named(scope):
    """As soon as it is known, which may take a busy machine longer than the greeting."""
    with smtp.Server() as server:
        with scope.proxy("--mode", f"reverse:smtp://127.0.0.1:{server.port}@0") as proxy:
            with s.connect(proxy.port()) as client:
                s.read_line(client)
                smtp.until_named(proxy, client)
    session, = proxy.sessions()
    has(session["client"], pid=os.getpid(), program=OWN_PROGRAM)


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


def test_verb_is_in_upper_case_and_the_line_as_sent(scope):
    record = Record(scope, [S("220 x"), C("ehlo  a.example.org "), S("250 x"), C("mail from:<a@b.example>"),
                            S("250 x"), C("xyzzy"), S("500 x"), C("Foo bar  baz"), S("500 x"), C(""),
                            S("500 x"), QUIT])
    commands = [one["command"] for one in record.session["exchanges"][1:]]
    same([one["verb"] for one in commands[:4]], ["EHLO", "MAIL", "XYZZY", "FOO"])
    same([one["line"] for one in commands[:5]],
         ["ehlo  a.example.org ", "mail from:<a@b.example>", "xyzzy", "Foo bar  baz", ""])
    same([one["argument"] for one in commands[1:4]], ["from:<a@b.example>", None, "bar  baz"])
    has(commands[4], argument=None)


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


def test_each_outcome_of_auth(scope):
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


def test_secrets_are_masked_unless_reveal_is_given(scope):
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


def test_each_form_of_a_reply(scope):
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


def test_the_server_of_the_sink_is_null(scope):
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
    s.main(globals())
