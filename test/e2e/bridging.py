# SPDX-License-Identifier: MIT
"""TLS bridging: the TLS of the two sides differs by the user's wish, and nothing else does."""

import socket
import ssl
import threading
import time

from support import scope as s
from support import smtp
from support.text import by_session

HOWS = ("none", "starttls", "implicit")
OFFERED = [b"250-test.example.net\r\n", b"250-PIPELINING\r\n", b"250-SIZE 10000000\r\n",
           b"250-8BITMIME\r\n", b"250 SMTPUTF8\r\n"]
WITH_STARTTLS = OFFERED[:1] + [b"250-STARTTLS\r\n"] + OFFERED[1:]
TEXT = b"Subject: bridged\r\n\r\nSTARTTLS\r\n250-STARTTLS\r\n..\r\n"


def client_of(scope, proxy, how):
    return smtp.Client(proxy.port(), how, scope.client_context())


def commands_by_proxy(session):
    return [exchange["command"]["line"] for exchange in session["exchanges"]
            if exchange["command"] and exchange["command"].get("by") == "proxy"]


def replies_by_proxy(session):
    return [exchange["reply"]["code"] for exchange in session["exchanges"]
            if exchange["reply"] and exchange["reply"].get("by") == "proxy"]


def check_transcript(proxy, server_how, client_how):
    session, = proxy.sessions()
    assert session["outcome"] == "completed", (session["outcome"], session["error"])
    for side, how in (("client", client_how), ("server", server_how)):
        tls = session["tls"][side]
        assert (tls and tls["how"]) == (None if how == "none" else how), (side, tls)
    rules = [finding["rule"] for finding in session["findings"]]
    assert "starttls-offered-in-tls" not in rules, rules
    for exchange in session["exchanges"]:
        if exchange["command"] and exchange["command"].get("by") == "proxy":
            assert exchange["tls"] is False, exchange  # the server's side, and plain as yet
    own = ["EHLO [127.0.0.1]", "STARTTLS"] if server_how == "starttls" else []
    assert commands_by_proxy(session) == own, commands_by_proxy(session)
    assert replies_by_proxy(session) == ([220] if client_how == "starttls" else [])
    text = proxy.output("text").decode()
    assert text.count(" P > ") == len(own), text
    for line in own:
        assert f'P > "{line}"' in text, text
    told = [event for event in proxy.events()
            if event["event"] == "command" and event.get("by") == "proxy"]
    assert [event["line"] for event in told] == own
    return session


def check_show(scope, proxy):
    """What the proxy did to STARTTLS is in both forms, where it happened."""
    live = proxy.output("text").decode()
    for form in ("json", "jsonl"):
        shown = scope.run("show", f"{proxy.folder}/out.{form}").stdout.decode()
        assert by_session(shown, form) == by_session(live, form), (form, shown, live)
    return live


def bridge(scope, server_how, client_how, offers_starttls):
    """One mail; what each side saw, byte for byte."""
    how = "starttls" if offers_starttls else server_how
    with smtp.Server(scope, how=how) as server, server.proxy_to(
            scope, "--server-tls", server_how) as proxy:
        client = client_of(scope, proxy, client_how)
        said = client.open()
        client.send_mail(TEXT)
        client.quit()
        proxy.stop()
    assert said == {"none": [WITH_STARTTLS], "starttls": [WITH_STARTTLS, OFFERED],
                    "implicit": [OFFERED]}[client_how], said
    assert server.messages == [TEXT], server.messages
    lines = server.sessions[0].lines
    own = [b"EHLO [127.0.0.1]", b"STARTTLS"] if server_how == "starttls" else []
    again = [b"EHLO client.example.com"] if client_how == "starttls" else []
    assert lines == own + [b"EHLO client.example.com"] + again + [
        b"MAIL FROM:<a@example.com>", b"RCPT TO:<b@example.net>", b"DATA", b"QUIT"], lines
    live = check_show(scope, proxy)
    assert "### STARTTLS added" in live or client_how != "starttls" or server_how == "starttls", live
    return check_transcript(proxy, server_how, client_how)


def test_server_starttls(scope):
    for client_how in HOWS:
        bridge(scope, "starttls", client_how, True)


def test_server_implicit(scope):
    for client_how in HOWS:
        bridge(scope, "implicit", client_how, False)


def test_server_plain(scope):
    for client_how in HOWS:
        bridge(scope, "none", client_how, False)


def test_server_plain_that_offers_starttls(scope):
    """Its offer is taken over by the proxy's own, in its place or not at all."""
    for client_how in HOWS:
        with smtp.Server(scope) as server, server.proxy_to(
                scope, "--server-tls", "none") as proxy:
            client = client_of(scope, proxy, client_how)
            said = client.open()
            client.send_mail(TEXT)
            client.quit()
            proxy.stop()
        assert said[0] == (OFFERED if client_how == "implicit" else WITH_STARTTLS), said
        assert said[-1] == (WITH_STARTTLS if client_how == "none" else OFFERED), said
        assert b"STARTTLS" not in server.sessions[0].lines
        assert server.messages == [TEXT]


def test_reverse_smtps(scope):
    for client_how in HOWS:
        with smtp.Server(scope, how="implicit") as server, server.proxy_to(
                scope, scheme="smtps") as proxy:
            client = client_of(scope, proxy, client_how)
            client.open()
            client.send_mail(TEXT)
            client.quit()
            proxy.stop()
        assert server.messages == [TEXT]
        check_transcript(proxy, "implicit", client_how)


def test_greeting_is_held_back_for_300_ms(scope):
    with smtp.Server(scope, how="implicit") as server, server.proxy_to(
            scope, scheme="smtps") as proxy:
        started = time.monotonic()
        connection = s.connect(proxy.port())
        assert s.read_line(connection) == b"220 test.example.net ESMTP\r\n"
        waited = time.monotonic() - started
        connection.close()
    assert waited > 0.25, f"waited {waited} s"


def test_client_tls_none_takes_starttls_out(scope):
    """EHLO replies lose STARTTLS, wherever it stands; STARTTLS is answered by the proxy."""
    places = [(["STARTTLS"], [b"250 test.example.net\r\n"]),
              (["SIZE 5", "STARTTLS"], [b"250-test.example.net\r\n", b"250 SIZE 5\r\n"]),
              (["STARTTLS", "SIZE 5"], [b"250-test.example.net\r\n", b"250 SIZE 5\r\n"]),
              (["starttls", "STARTTLSX", "A"], [b"250-test.example.net\r\n", b"250-STARTTLSX\r\n",
                                                b"250 A\r\n"])]
    for offers, expected in places:
        with smtp.Server(scope, how="none", offers=offers) as server, server.proxy_to(
                scope, "--client-tls", "none") as proxy:
            connection = s.connect(proxy.port())
            s.read_line(connection)
            assert s.ask(connection, "EHLO client.example.com") == expected
            answer = s.ask(connection, "STARTTLS")
            assert len(answer) == 1 and answer[0].startswith(b"502 5.5.1 "), answer
            assert s.ask(connection, "NOOP") == [b"250 2.0.0 Ok\r\n"]
            assert s.ask(connection, "QUIT") == [b"221 2.0.0 Bye\r\n"]
            connection.close()
        assert server.sessions[0].lines == [b"EHLO client.example.com", b"NOOP", b"QUIT"]
        session, = proxy.sessions()
        assert replies_by_proxy(session) == [502], session["exchanges"]
        assert 'P < "502 5.5.1 ' in check_show(scope, proxy)


def test_pipelined_behind_a_starttls_that_is_refused(scope):
    """What did not wait for the proxy's 502 is pipelined; what did is not."""
    with smtp.Server(scope) as server, server.proxy_to(scope, "--client-tls", "none") as proxy:
        connection = s.connect(proxy.port())
        s.read_line(connection)
        s.ask(connection, "EHLO client.example.com")
        connection.sendall(b"STARTTLS\r\nNOOP\r\nSTARTTLS\r\nNOOP\r\n")
        codes = [s.read_line(connection)[:3] for _ in range(4)]
        assert codes == [b"502", b"250", b"502", b"250"], codes
        s.ask(connection, "NOOP")
        assert s.ask(connection, "QUIT") == [b"221 2.0.0 Bye\r\n"]
        connection.close()
    session, = proxy.sessions()
    told = [exchange["command"]["pipelined"] for exchange in session["exchanges"][1:]]
    assert told == [False, False, True, True, True, False, False], told
    past = [finding["exchange"] for finding in session["findings"]
            if finding["rule"] == "pipelining-past-sync"]
    assert past == [3, 4, 5], session["findings"]


def test_a_half_close_within_the_reply_to_ehlo(scope):
    """The client's end is not the end of the server's reply, which is still edited as a whole. The
    reply to NOOP shows that the proxy has the first line behind it too."""
    def handle(connection):
        connection.sendall(b"220 test.example.net ESMTP\r\n")
        s.read_line(connection)
        s.read_line(connection)
        connection.sendall(b"250 ok\r\n250-test\r\n")
        assert s.read_all(connection) == b""  # the client's end has passed
        connection.sendall(b"250-STARTTLS\r\n250-SIZE\r\n250 STARTTLS\r\n")

    with s.Server(handle) as server, scope.proxy(
            "--mode", f"reverse:smtp://127.0.0.1:{server.port}@127.0.0.1:0", "--client-tls",
            "none") as proxy:
        connection = s.connect(proxy.port())
        s.read_line(connection)
        connection.sendall(b"NOOP\r\nEHLO client.example.com\r\n")
        assert s.read_line(connection) == b"250 ok\r\n"
        connection.shutdown(socket.SHUT_WR)
        assert s.read_all(connection) == b"250-test\r\n250 SIZE\r\n"
        connection.close()


def no_starttls(scope, client_how, answer=b"250 test\r\n"):
    """A server with no STARTTLS to give, under --server-tls starttls."""
    seen = []

    def handle(connection):
        connection.sendall(b"220 test.example.net ESMTP\r\n")
        seen.append(s.read_line(connection))
        connection.sendall(answer)
        seen.append(s.read_all(connection))

    with s.Server(handle) as server, scope.proxy(
            "--mode", f"reverse:smtp://127.0.0.1:{server.port}@127.0.0.1:0",
            "--server-tls", "starttls") as proxy:
        if client_how == "implicit":
            try:
                client_of(scope, proxy, "implicit").greet()
                raise AssertionError("the handshake came to its end")
            except ssl.SSLError:
                pass
        else:
            connection = s.connect(proxy.port())
            connection.sendall(b"EHLO client.example.com\r\nMAIL FROM:<a@example.com>\r\n")
            said = s.read_all(connection)
            assert said.startswith(b"421 ") and said.count(b"\n") == 1, said
            connection.close()
        proxy.stop()
    session, = proxy.sessions()
    assert session["outcome"] == "tls-server-failed" and session["error"], session
    assert seen[0] == b"EHLO [127.0.0.1]\r\n" and b"MAIL" not in seen[1], seen


def test_a_server_without_starttls_gets_no_mail(scope):
    no_starttls(scope, "none")
    no_starttls(scope, "implicit")


def test_a_server_that_knows_no_ehlo_gets_no_mail(scope):
    no_starttls(scope, "none", b"502 5.5.2 what\r\n")


GREETING, OFFER, GO = b"220 hi\r\n", b"250-x\r\n250 STARTTLS\r\n", b"220 go\r\n"


def test_a_server_that_leaves_ahead_of_tls(scope):
    """At each step: the client is told at once, in its own way, and is not blamed."""
    for says in ([], [GREETING], [GREETING, OFFER]):
        def handle(connection):
            for part in says:
                connection.sendall(part)
                s.read_line(connection)
            connection.close()

        for client_how in ("none", "implicit"):
            with s.Server(handle) as server, scope.proxy(
                    "--mode", f"reverse:smtp://127.0.0.1:{server.port}@127.0.0.1:0",
                    "--server-tls", "starttls", "--once") as proxy:
                if client_how == "none":
                    connection = s.connect(proxy.port())
                    said = s.read_all(connection)
                    assert said.startswith(b"421 4.4.1 ") and said.count(b"\n") == 1, (says, said)
                    connection.close()
                else:
                    try:
                        client_of(scope, proxy, "implicit").greet()
                        raise AssertionError("the handshake came to its end")
                    except ssl.SSLError as error:
                        assert "ALERT" in str(error), error
                proxy.process.wait(s.TIMEOUT)
            session, = proxy.sessions()
            case = (says, client_how, session["outcome"], session["error"])
            assert session["outcome"] == "server-closed" and session["error"], case
            sides = {finding["side"] for finding in session["findings"]}
            assert sides <= {"server"}, (case, session["findings"])


def test_what_a_server_says_behind_its_220_never_enters_tls(scope):
    """Plain bytes behind the answer to the proxy's own STARTTLS reach nobody, and are told."""
    context = scope.server_context()

    def handle(connection):
        connection.sendall(GREETING)
        s.read_line(connection)
        connection.sendall(OFFER)
        s.read_line(connection)
        connection.sendall(GO + b"250 evil\r\n")
        with context.wrap_socket(connection, server_side=True) as inside:
            for answer in (b"250 test\r\n", b"221 bye\r\n"):
                s.read_line(inside)
                inside.sendall(answer)

    _, _, root = scope.server_certificate()
    for client_how in ("none", "implicit"):
        with s.Server(handle) as server, scope.proxy(
                "--mode", f"reverse:smtp://localhost:{server.port}@127.0.0.1:0", "--server-ca",
                root, "--server-tls", "starttls") as proxy:
            client = client_of(scope, proxy, client_how)
            assert client.greet() == [GREETING]
            assert b"evil" not in b"".join(client.ask(smtp.HELLO_LINE))
            assert client.ask("QUIT") == [b"221 bye\r\n"]
            client.connection.close()
        session, = proxy.sessions()
        told = [(finding["rule"], finding["side"]) for finding in session["findings"]]
        assert ("starttls-injection", "server") in told, told
        assert 'S < "250 evil"' in proxy.output("text").decode()


def test_what_a_client_says_behind_its_starttls_never_enters_tls(scope):
    """Towards a plain server it goes on in the clear; towards one in TLS it goes nowhere."""
    for server_how in ("none", "starttls", "implicit"):
        with smtp.Server(scope, how=server_how) as server, server.proxy_to(
                scope, "--server-tls", server_how) as proxy:
            client = client_of(scope, proxy, "none")
            client.greet()
            client.ask(smtp.HELLO_LINE)
            client.connection.sendall(b"STARTTLS\r\nNOOP evil\r\n")
            assert client.hear()[0].startswith(b"220 ")
            if server_how == "none":
                assert client.hear() == [b"250 2.0.0 Ok\r\n"]
            client.start_tls()
            assert client.ask(smtp.HELLO_LINE) == OFFERED
            assert client.ask("QUIT") == [b"221 2.0.0 Bye\r\n"]
            client.connection.close()
        lines = server.sessions[0].lines
        assert (b"NOOP evil" in lines) == (server_how == "none"), (server_how, lines)
        session, = proxy.sessions()
        told = [(finding["rule"], finding["side"]) for finding in session["findings"]]
        assert ("starttls-injection", "client") in told, told


def test_plain_text_after_the_220_of_the_proxy(scope):
    """A plain server serves it; where the server's side is in TLS the client is told."""
    for server_how in ("none", "implicit"):
        with smtp.Server(scope, how=server_how) as server, server.proxy_to(
                scope, "--server-tls", server_how, "--once") as proxy:
            client = client_of(scope, proxy, "none")
            client.greet()
            assert client.ask("STARTTLS")[0].startswith(b"220 ")
            if server_how == "none":
                assert client.ask(smtp.HELLO_LINE) == WITH_STARTTLS
                assert client.ask("QUIT") == [b"221 2.0.0 Bye\r\n"]
            else:
                client.connection.sendall(b"EHLO client.example.com\r\n")
                said = s.read_all(client.connection)
                assert said.startswith(b"421 4.7.0 ") and said.count(b"\n") == 1, said
            client.connection.close()
            proxy.process.wait(s.TIMEOUT)
        session, = proxy.sessions()
        outcome = "completed" if server_how == "none" else "tls-client-failed"
        assert session["outcome"] == outcome, (session["outcome"], session["error"])
        rules = [finding["rule"] for finding in session["findings"]]
        assert "starttls-injection" in rules, rules
        assert (b'P < "421 4.7.0 ' in proxy.output("text")) == (server_how != "none")


def test_pipelined_behind_starttls_of_the_proxy(scope):
    """A great deal of plain text behind a STARTTLS whose answer is not due yet: it waits, and the
    session goes on."""
    go = threading.Event()
    lines = []

    def handle(connection):
        connection.sendall(b"220 test.example.net ESMTP\r\n")
        lines.append(s.read_line(connection))
        go.wait(s.TIMEOUT)
        connection.sendall(b"250 ok\r\n")
        data = s.read_all(connection)
        lines.append(data)

    junk = b"NOOP " + b"x" * 60 + b"\r\n"
    amount = 20000
    with s.Server(handle) as server, scope.proxy(
            "--mode", f"reverse:smtp://127.0.0.1:{server.port}@127.0.0.1:0",
            "--client-tls", "none") as proxy:
        connection = s.connect(proxy.port())
        s.read_line(connection)
        connection.sendall(b"NOOP\r\nSTARTTLS\r\n")
        sent = s.fill(connection, junk, len(junk * amount) // 2)
        rest = (junk * amount)[sent:]
        sender = threading.Thread(target=connection.sendall, args=(rest,))
        sender.start()
        go.set()
        assert s.read_line(connection) == b"250 ok\r\n"
        assert s.read_line(connection).startswith(b"502 5.5.1 ")
        sender.join(s.TIMEOUT)
        connection.close()
    assert lines[0] == b"NOOP\r\n"
    assert lines[1] == junk * amount, f"{len(lines[1])} bytes of {len(junk) * amount}"


def _serve_auth(answers, lines):
    """A plain server that says what AUTH and a SASL line get; `lines` are what it read."""
    def handle(connection):
        connection.sendall(b"220 test\r\n")
        for line in connection.makefile("rb"):
            lines.append(line)
            if line.startswith(b"EHLO"):
                connection.sendall(b"250-test\r\n250 AUTH LOGIN\r\n")
            else:
                connection.sendall(answers.get(line.split()[0], b"221 bye\r\n"))
            if line == b"QUIT\r\n":
                break
    return handle


def test_starttls_behind_auth(scope):
    """The answer to AUTH decides whether STARTTLS behind it is the proxy's to answer."""
    for answer, behind in ((b"504 5.5.4 no\r\n", b"220 "), (b"334 VXNlcm5hbWU6\r\n", b"501 ")):
        lines = []
        answers = {b"AUTH": answer, b"STARTTLS": b"501 5.5.2 no base64\r\n"}
        with s.Server(_serve_auth(answers, lines)) as server:
            with scope.proxy("--mode", f"reverse:smtp://localhost:{server.port}@127.0.0.1:0",
                             "--server-tls", "none") as proxy:
                connection = s.connect(proxy.port())
                s.read_reply(connection)
                s.ask(connection, "EHLO client.example.com")
                connection.sendall(b"AUTH LOGIN\r\nSTARTTLS\r\n")
                assert s.read_reply(connection) == [answer]
                assert s.read_reply(connection)[0].startswith(behind), behind
                if behind == b"220 ":
                    connection = scope.client_context().wrap_socket(connection,
                                                                    server_hostname="localhost")
                assert s.ask(connection, "QUIT") == [b"221 bye\r\n"]
                connection.close()
        passed_on = b"STARTTLS\r\n" in lines
        assert passed_on == (behind == b"501 "), lines


if __name__ == "__main__":
    s.main(globals())
