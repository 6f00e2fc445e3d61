# SPDX-License-Identifier: MIT
"""--fault: clients that we did not write get what a rule says, and every output says whose it was."""

import os
import re
import smtplib
import ssl
import struct

from support import scope as s
from support import smtp
from support import tcp
from support.text import without_pids

MESSAGE = b"From: a@example.com\r\nSubject: Weekly\r\n\r\ntext\r\n"
SINK = ("--mode", "sink@127.0.0.1:0")


def rules(*texts):
    return [word for text in texts for word in ("--fault", text)]


def send(port, recipients=("b@example.net",)):
    """What smtplib makes of it: the refused recipients, or the exception."""
    with smtplib.SMTP("127.0.0.1", port, "client.example.com", timeout=s.TIMEOUT) as client:
        return client.sendmail("a@example.com", recipients, MESSAGE)


def shown(scope, proxy, form):
    return scope.run("show", f"{proxy.folder}/out.{form}").stdout


def test_a_recipient_is_refused_on_the_way(scope):
    with scope.proxy(*SINK, *rules("RCPT #2: 452 4.5.3 Too many")) as proxy:
        refused = send(proxy.port(), ["b@example.net", "c@example.net", "d@example.net"])
    assert refused == {"c@example.net": (452, b"4.5.3 Too many")}
    session, = proxy.sessions()
    exchange = session["faults"][0]["exchange"]
    assert session["faults"] == [{"point": "RCPT", "action": "452 4.5.3 Too many", "exchange": exchange,
                                  "rule": "RCPT #2: 452 4.5.3 Too many"}]
    reply = session["exchanges"][exchange]["reply"]
    assert reply["by"] == "proxy" and reply["code"] == 452, reply
    recipients = [(one["to"], one["accepted"]) for one in session["messages"][0]["recipients"]]
    assert recipients == [("b@example.net", True), ("c@example.net", False), ("d@example.net", True)]
    assert not [one for one in session["findings"] if one["rule"] == "rejected"], session["findings"]


def test_every_output_says_so_and_show_gives_it_back(scope):
    with scope.proxy(*SINK, *rules("MAIL: replace 451 4.3.0 later")) as proxy:
        try:
            send(proxy.port())
        except smtplib.SMTPSenderRefused as error:
            assert error.smtp_code == 451
    text = proxy.output("text")
    assert b"### Fault: MAIL: replace 451 4.3.0 later\n" in text
    assert b'S < "250 2.1.0 Ok"' in text and b'P < "451 4.3.0 later"' in text
    faults = [event for event in proxy.events() if event["event"] == "fault"]
    assert [(one["point"], one["action"]) for one in faults] == [("MAIL", "replace 451 4.3.0 later")]
    for form in ("json", "jsonl"):
        assert without_pids(shown(scope, proxy, form).decode()) == without_pids(text.decode()), form


def test_a_group_is_innocent_of_an_answer_put_into_it(scope):
    group = "MAIL FROM:<a@example.com>\r\nRCPT TO:<b@example.net>\r\nDATA\r\n"
    for rule in ("MAIL: 451 4.3.0 later", "RCPT: 550 5.1.1 no"):
        with scope.proxy(*SINK, *rules(rule)) as proxy:
            with smtplib.SMTP("127.0.0.1", proxy.port(), "client.example.com", timeout=s.TIMEOUT) as client:
                client.ehlo()
                client.send(group)
                codes = [client.getreply()[0] for _ in range(3)]
        assert codes[2] == 503, codes
        session, = proxy.sessions()
        said = {entry["rule"] for entry in session["findings"]}
        assert said <= {"starttls-ignored", "rejected"}, session["findings"]
        assert "no recipient was accepted before" in session["findings"][-1]["text"]


def test_a_message_is_taken_by_nobody(scope):
    with scope.proxy(*SINK, *rules("message ~ ^Week: 554 5.7.1 no")) as proxy:
        try:
            send(proxy.port())
            assert False, "the message was taken"
        except smtplib.SMTPDataError as error:
            assert error.smtp_code == 554
    session, = proxy.sessions()
    assert session["messages"][0]["accepted"] is False
    assert session["outcome"] in ("completed", "client-closed"), session["outcome"]


def test_the_rules_are_switched_while_it_runs(scope):
    with scope.proxy(*SINK, *rules("RCPT: 550 5.1.1 no"), "--faults-off") as proxy:
        assert send(proxy.port()) == {}
        done = scope.run("ctl", "faults", "on")
        assert done.stdout == b"faults: on\n", done
        try:
            send(proxy.port())
            assert False, "the rule did not act"
        except smtplib.SMTPRecipientsRefused:
            pass
        scope.run("ctl", "faults", "off")
        assert b"faults: off\n" in scope.run("ctl", "status").stdout
        assert send(proxy.port()) == {}


def test_a_seed_repeats_what_chance_did(scope):
    def refused(seed):
        with scope.proxy(*SINK, *rules("RCPT 50%: 450 4.2.0 busy"), "--fault-seed", seed) as proxy:
            recipients = [f"{n}@example.net" for n in range(40)]
            return sorted(send(proxy.port(), recipients))
    first = refused("7")
    assert refused("7") == first and 0 < len(first) < 40, first
    assert refused("8") != first


def test_a_rule_that_cannot_be_read_is_wrong_usage(scope):
    for rule, word in (("RCPT", "ACTION"), ("RCPT #0: 550 no", "'#0'"), ("RCPT: drop", "'drop'"),
                       ("RCPT ~ (: 550 no", "'('"), ("RCPT: strip SIZE", "'RCPT'")):
        done = scope.run("proxy", *SINK, "--fault", rule)
        assert done.returncode == 2 and b"--fault" in done.stderr, done
        assert word in done.stderr.decode(), done.stderr


def refusal(scope, port):
    """Why a client that checks does not begin TLS; None where it does."""
    with s.connect(port) as connection:
        try:
            with scope.client_context().wrap_socket(connection, server_hostname="localhost"):
                return None
        except ssl.SSLCertVerificationError as error:
            return error.verify_message
        except ssl.SSLError as error:
            return error.reason


# What OpenSSL says of each; it takes a name in the subject alone.
REFUSALS = {
    "expired": "expired", "not-yet-valid": "not yet valid", "wrong-name": "mismatch",
    "common-name-only": None, "wildcard-too-deep": "mismatch", "partial-wildcard": "mismatch",
    "address-for-name": "mismatch", "nul-in-name": "mismatch", "self-signed": "self-signed cert",
    "unknown-issuer": "unable to get", "untrusted-root": "self-signed certificate in",
    "missing-intermediate": "unable to get", "issuer-no-ca": "invalid ca",
    "name-constraint": "permitted subtree", "wrong-purpose": "unsuitable",
    "wrong-key-usage": "unsuitable", "weak-key": "too weak", "sha1": "digest algorithm too weak"}
# Where a client that goes on is not to blame.
DISPUTED = ("common-name-only", "partial-wildcard", "wrong-key-usage", "weak-key", "sha1")


def words_of_certificate_faults(scope):
    said = scope.run("proxy", *SINK, "--fault", "tls: certificate ?").stderr.decode()
    return said.partition("one of: ")[2].strip().split(", ")


def test_each_fault_of_a_certificate_is_seen_by_a_client_that_checks(scope):
    words = words_of_certificate_faults(scope)
    assert sorted(words) == sorted(REFUSALS), words
    numbered = [f"tls session {number}: certificate {word}" for number, word in enumerate(words, 1)]
    with scope.proxy(*SINK, *rules(*numbered)) as proxy:
        for word in words:
            got, due = refusal(scope, proxy.port()), REFUSALS[word]
            said = (got or "").lower().replace("_", " ")
            assert (got is None) if due is None else due in said, (word, got)
        assert refusal(scope, proxy.port()) is None
    for word, session in zip(words, proxy.sessions(), strict=False):
        assert session["faults"][0]["exchange"] is None, session
        if REFUSALS[word] is not None:
            assert session["outcome"] == "tls-client-failed", (word, session["outcome"])
        blamed = [one for one in session["findings"] if one["rule"].startswith("tls-client")]
        assert word in DISPUTED or not blamed, blamed


def test_the_man_page_has_each_fault_of_a_certificate(scope):
    folder = os.path.dirname(os.path.abspath(__file__))
    with open(os.path.join(folder, "../../proxy/smtpscope.1"), encoding="utf-8") as file:
        page = file.read()
    items = page[page.index(".It Cm certificate Ar FAULT"):page.index(".It Cm version 1.0")]
    named = [word for line in items.splitlines() if line.startswith(".It Cm ")
             for word in line[len(".It Cm "):].replace(",", " ").split()]
    assert sorted(named[3:]) == sorted(words_of_certificate_faults(scope)), named


def test_the_client_gets_one_version(scope):
    with scope.proxy(*SINK, *rules("tls session 1: version 1.2", "tls session 2: version 1.3",
                                   "tls: version 1.0")) as proxy:
        for version in ("TLSv1.2", "TLSv1.3"):
            with s.connect(proxy.port()) as connection:
                with scope.client_context().wrap_socket(connection,
                                                        server_hostname="localhost") as client:
                    assert client.version() == version
        with s.connect(proxy.port()) as connection:
            try:
                scope.client_context().wrap_socket(connection, server_hostname="localhost").close()
                raise AssertionError("it took TLS 1.0")
            except ssl.SSLError:
                pass
    session = proxy.sessions()[2]
    assert "TLSv1.0 alone, as --fault wants" in session["error"], session["error"]


def test_a_handshake_ends_with_the_alert(scope):
    with scope.proxy(*SINK, *rules("tls: alert protocol_version")) as proxy:
        assert refusal(scope, proxy.port()) == "TLSV1_ALERT_PROTOCOL_VERSION"
    session, = proxy.sessions()
    assert session["outcome"] == "tls-client-failed" and "--fault" in session["error"], session


def test_the_server_is_not_dialled(scope):
    """Every way in hears of it as of a server that is down, and the server hears nothing."""
    with smtp.Server(scope) as server:
        for action, code in (("refuse", 5), ("unreachable", 4)):
            rule = rules(f"connect ~ ^localhost$: {action}")
            with scope.proxy("--mode", "socks5@127.0.0.1:0", *rule) as proxy:
                with s.connect(proxy.port()) as connection:
                    connection.sendall(b"\x05\x01\x00\x05\x01\x00\x03\x09localhost"
                                       + server.port.to_bytes(2, "big"))
                    assert s.read_exactly(connection, 4)[2:] == b"\x05" + bytes([code])
            session, = proxy.sessions()
            assert session["outcome"] == "connect-failed" and "--fault" in session["error"], session
            assert session["faults"][0]["point"] == "connect"
        with server.proxy_to(scope, *rules("connect: refuse")) as proxy:
            with s.connect(proxy.port()) as connection:
                assert s.read_line(connection).startswith(b"421 4.4.1 ")
        with server.proxy_to(scope, *rules("connect: close")) as proxy:
            with s.connect(proxy.port()) as connection:
                assert connection.recv(1) == b""
        with server.proxy_to(scope, *rules("connect: delay 200ms")) as proxy:
            with s.connect(proxy.port()) as connection:
                assert s.read_line(connection).startswith(b"220 ")
        session, = proxy.sessions()
        assert session["exchanges"][0]["reply"]["at_ms"] >= 200
    assert len(server.peers) == 1, server.peers


def test_a_dry_run_delivers_nothing(scope):
    with smtp.Server(scope) as server:
        with server.proxy_to(scope, "--dry-run") as proxy:
            with smtplib.SMTP("127.0.0.1", proxy.port(), "client.example.com") as client:
                client.starttls(context=ssl._create_unverified_context())
                assert client.sendmail("a@example.com", ["b@example.net"], MESSAGE) == {}
                assert client.sendmail("a@example.com", ["c@example.net"], MESSAGE) == {}
    assert server.messages == []
    session, = proxy.sessions()
    assert [one["bytes"] for one in session["messages"]] == [len(MESSAGE)] * 2, session["messages"]
    assert [one["rule"] for one in session["faults"]] == ["--dry-run"] * 2
    last = [one for one in session["exchanges"] if one.get("final_reply")][-1]["final_reply"]
    assert last["by"] == "proxy", last
    assert last["lines"] == ["2.0.0 Ok, kept by smtpscope and delivered to nobody"], last


def test_every_recipient_becomes_one(scope):
    with smtp.Server(scope) as server:
        words = ("--rewrite-to", "me@example.org", "--keep-to", "@keep[.]example$")
        with server.proxy_to(scope, *words) as proxy:
            refused = send(proxy.port(), ["b@example.net", "c@keep.example", "d@example.net"])
    assert refused == {}
    said = proxy.output("text")
    assert said.count(b'P > "RCPT TO:<me@example.org>') == 1, said
    assert b"b@example.net" not in repr(server.sessions[0].__dict__).encode()
    assert len(server.messages) == 1


def test_a_slip_in_a_verb_and_a_rule_that_never_acted_are_said(scope):
    """Not beside rules that acted, and a verb of one's own is no slip."""
    texts = ("RCTP: 550 5.1.1 no", "XWHO: 550 5.1.1 no", "RCPT #2: 452 4.5.3 no")
    with scope.proxy(*SINK, *rules(*texts)) as proxy:
        send(proxy.port(), ["b@example.net", "c@example.net"])
    errors = proxy.errors()
    assert "--fault 'RCTP: 550 5.1.1 no': did you mean RCPT?\n" in errors, errors
    assert errors.count("did you mean") == 1, errors
    assert "never acted: --fault 'RCTP: 550 5.1.1 no', 'XWHO: 550 5.1.1 no'\n" in errors, errors
    assert "RCPT #2" not in errors, errors
    with scope.proxy(*SINK, *rules("RCPT: 550 5.1.1 no"), "--faults-off") as proxy:
        send(proxy.port())
    assert "never acted: --fault 'RCPT: 550 5.1.1 no'\n" in proxy.errors(), proxy.errors()


def mail_from(port):
    with s.connect(port) as connection:
        s.read_line(connection)
        return s.ask(connection, "MAIL FROM:<a@example.com>")[0][:3]


def test_more_than_so_many_of_all_sessions(scope):
    """The occasions of an hour are counted over the sessions, and over their threads."""
    with smtp.Server() as server:
        rule = rules("MAIL over 3/3600s: 421 4.7.0 slow down")
        with server.proxy_to(scope, *rule, "--threads", "2") as proxy:
            assert [mail_from(proxy.port()) for _ in range(6)] == 3 * [b"250"] + 3 * [b"421"]


def choices(scope, seed, threads):
    """Which of the recipients of each session chance refuses."""
    recipients = [f"{n}@example.net" for n in range(24)]
    with scope.proxy(*SINK, *rules("RCPT 50%: 450 4.2.0 busy"), "--fault-seed", seed,
                     "--threads", threads) as proxy:
        for _ in range(12):
            send(proxy.port(), recipients)
    assert f"--fault-seed {seed} repeats" in proxy.errors(), proxy.errors()
    return [[exchange["reply"]["code"] for exchange in session["exchanges"]
             if exchange["command"] and exchange["command"]["verb"] == "RCPT"]
            for session in proxy.sessions()]


def test_a_seed_gives_the_same_on_any_number_of_threads(scope):
    alone = choices(scope, "7", "1")
    assert len(alone) == 12 and len({tuple(one) for one in alone}) > 1, "no chance in it"
    assert choices(scope, "7", "4") == alone
    assert choices(scope, "0", "4") != alone


def failures(session):
    return {one["side"] for one in session["findings"] if one["rule"] == "session-failed"}


def test_no_peer_is_blamed_for_an_end_that_was_put_in(scope):
    faults = ("alert access_denied", "close", "reset", "certificate expired",
              "certificate unknown-issuer")
    texts = [f"tls session {number}: {fault}" for number, fault in enumerate(faults, 1)]
    with scope.proxy(*SINK, *rules(*texts)) as proxy:
        for _ in texts:
            try:
                refusal(scope, proxy.port())
            except ConnectionError:
                pass
    assert [failures(session) for session in proxy.sessions()] == [{"proxy"}] * len(faults)
    with smtp.Server() as server, server.proxy_to(scope, *rules("connect: refuse")) as proxy:
        with s.connect(proxy.port()) as connection:
            s.read_all(connection)
    assert [failures(session) for session in proxy.sessions()] == [{"proxy"}]
    with tcp.refusing_port() as port:
        mode = ("--mode", f"reverse:smtp://127.0.0.1:{port}@127.0.0.1:0")
        with scope.proxy(*mode, *rules("connect: delay 10ms")) as proxy:
            with s.connect(proxy.port()) as connection:
                s.read_all(connection)
    assert [failures(session) for session in proxy.sessions()] == [{"server"}]


def streams(capture, server_port):
    """What went each way, by the server's port."""
    said, at = {"client": b"", "server": b""}, 24
    while at < len(capture):
        size, = struct.unpack_from("<I", capture, at + 8)
        tcp_segment = capture[at + 16 + 20:at + 16 + size]
        source, = struct.unpack_from(">H", tcp_segment)
        side = "server" if source == server_port else "client"
        said[side] += tcp_segment[(tcp_segment[12] >> 4) * 4:]
        at += 16 + size
    return said


def said_to_client(text):
    """The lines of the server, and those of the proxy in its place, as they are quoted; not what
    the proxy's own RSET was answered."""
    return re.findall(rb'[SP] < "(.*)"\n', re.sub(rb'P > "RSET"\n.*\n', b"", text))


def test_captures_and_mail_files_have_what_was_put_in(scope):
    """The capture has the client's lines as it said them, and all that it was told and the server
    said; the mail file has the message that the client sent, whatever became of it."""
    capture, folder = scope.path("out.pcap"), scope.path("mail")
    for words in (rules("MAIL: replace 250 2.1.0 fine"), rules("RCPT #1: 450 4.2.0 busy"),
                  rules("message: 554 5.7.1 no"), rules("message: replace 451 4.3.0 later"),
                  rules("EHLO: add XDEMO"), ["--dry-run"], ["--rewrite-to", "me@example.org"]):
        with smtp.Server() as server:
            outputs = ("-o", f"pcap:{capture}", "-o", f"eml:{folder}")
            with server.proxy_to(scope, *words, *outputs) as proxy:
                try:
                    send(proxy.port(), ["b@example.net", "c@example.net"])
                except smtplib.SMTPDataError:
                    pass
        with open(capture, "rb") as file:
            said = streams(file.read(), server.port)
        due = said_to_client(proxy.output("text"))
        assert said["server"] == b"".join(line + b"\r\n" for line in due), (words, said, due)
        assert b"rcpt to:<b@example.net>" in said["client"].lower(), said
        with open(f"{folder}/1-1.eml", "rb") as file:
            assert file.read() == MESSAGE, words


def test_words_that_do_not_go_together(scope):
    for words, said in ((("--keep-to", "x"), "--rewrite-to"), (("--rewrite-to", "nobody"), "'nobody'"),
                        (("--dry-run", "--fault", "greeting: rate 10"), "rate"),
                        (("--dry-run", "--fault", "DATA: 451 4.3.0 no"), "message: 451 4.3.0 no"),
                        (("--dry-run", "--fault", "*: 451 4.3.0 no"), "--dry-run"),
                        (("--fault", "connect: refuse"), "connects to no server")):
        done = scope.run("proxy", *SINK, *words)
        assert done.returncode == 2 and said in done.stderr.decode(), done


if __name__ == "__main__":
    s.main(globals())
