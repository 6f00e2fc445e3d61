# SPDX-License-Identifier: MIT
"""The contract, Outputs, `messages`: what is said of a message, and what `show` gives back of
it."""

import hashlib
import os

from support import scope as s
from support.record import Record, has, same, size
from support.smtp import C, C_CLOSE, HEADER, QUIT, S, envelope, hello, mail
from support.text import without_pids, without_times


def test_parameters_of_the_envelope_are_in_upper_case(scope):
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


def test_a_message_that_is_cut_off_has_no_code(scope):
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
    same(without_pids(shown(scope, record, "json")), without_pids(record.raw_text))
    live = without_pids(without_times(record.raw_text))
    same(without_pids(without_times(shown(scope, record, "jsonl"))), live)


def test_show_gives_chunks_the_dots_they_had(scope):
    chunk = b"A: b\r\n\r\n.x\r\n..y\r\n.\r\nend\r\n"
    record = Record(scope, [hello("CHUNKING"), C(f"BDAT {len(chunk)} LAST"), C(chunk), S("250 ok"), QUIT],
                    options=["--body", "full"])
    same(record.text()[7:10], ['C > ".x"', 'C > "..y"', 'C > "."'])
    shown_as_it_was(scope, record)


def test_show_gives_odd_ends_of_header_and_message(scope):
    for text in (b".\n..\r\n...\r\n.x\r\n\n.\n\r.\r\r\n.\r\n", b"A: b\r\n\n..c\r\n.\r\r\n.\r\n",
                 b"A: b\r\n\r\n..x\r\n.", b"A: b\r\n.", b"A: b\r\n\r\n"):
        end = [S("250 ok"), QUIT] if text.endswith(b".\r\n") else [C_CLOSE]
        record = Record(scope, [hello(), envelope(), C("DATA"), S("354 go"), C(text), *end],
                        options=["--body", "full"])
        shown_as_it_was(scope, record)


def test_show_gives_as_much_of_a_cut_header_as_the_text(scope):
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


if __name__ == "__main__":
    s.main(globals())
