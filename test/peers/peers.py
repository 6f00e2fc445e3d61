#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Real clients and real servers with the proxy between them: what the server stores is, byte for
byte, what it stores without the proxy; the client verifies the certificate that it is shown; and
the session, which is a conforming one, has no finding but those that are true.

peers.py PROGRAM SERVER [CLIENT…]; 77 where the server, or every client, is not installed."""

import email.utils
import hashlib
import sys
import traceback

import clients
import servers
from support import scope as s

# What each pair truly does, beyond RFC and reproach: (server, client or "*", how or "*") to the
# rules, with the reason. Anything else that is found is a false alarm.
TRUE_FINDINGS = {
    ("*", "swaks", "*"): {
        "tls-no-sni": "swaks sends a name only where --tls-sni gives one",
        "tls-truncated": "swaks exits after the 221 with no close_notify"},
    ("*", "python", "*"): {
        "tls-truncated": "smtplib closes its socket after the 221 with no close_notify"},
    ("*", "javamail", "*"): {
        "tls-no-sni": "Java sends no name that has no dot, such as localhost"},
    ("*", "nodemailer", "*"): {
        "no-quit": "a transport without a pool closes after each message with no QUIT"},
    ("postfix", "nodemailer", "*"): {
        "tls-truncated": "postfix answers an end without QUIT by a close with no close_notify"},
    ("smtp_server", "*", "starttls"): {
        "auth-offered-in-clear": "its EHLO reply has AUTH LOGIN PLAIN beside STARTTLS"},
}


def message(scope):
    """One message with all that plain ASCII can be hard with: dots, a long line, blank lines."""
    path = scope.path("message.eml")
    lines = [f"Date: {email.utils.formatdate(localtime=False)}",
             "From: Alice Example <alice@example.com>", "To: Bob Example <bob@example.net>",
             "Message-ID: <20261122.150311.peers@client.example.com>", "Subject: through the proxy",
             "MIME-Version: 1.0", "Content-Type: text/plain; charset=us-ascii", "",
             "Hello Bob,", "", ".", "..", ".a line that starts with a dot", "...and with three",
             "x" * 998, "\ttabs\tand  spaces", "", "From here on, nothing.", "", ""]
    with open(path, "wb") as file:
        file.write("\r\n".join(lines).encode() + b"-- \r\nAlice\r\n")
    return path


def allowed(server, client, how):
    rules = {}
    for (a_server, a_client, a_how), reasons in TRUE_FINDINGS.items():
        if a_server in (server, "*") and a_client in (client, "*") and a_how in (how, "*"):
            rules.update(reasons)
    return rules


def check_session(session, how, login, stored):
    quits = session["exchanges"][-1]["command"]["verb"] == "QUIT"
    ended = (session["outcome"], session["error"])
    assert session["outcome"] == ("completed" if quits else "client-closed"), ended
    assert (session["error"] is None) == quits, ended
    assert session["likely"] is None, session["likely"]
    for side in ("client", "server"):
        tls = session["tls"][side]
        assert tls["how"] == how and tls["error"] is None, tls
    verdict = session["tls"]["server"]["verify"]
    assert verdict == {"ok": True, "error": None}, verdict
    assert [(one["outcome"], one["identity"]) for one in session["auth"]] == (
        [("succeeded", None)] if login else []), session["auth"]
    sent, = session["messages"]
    assert sent["complete"] and sent["accepted"] and sent["from"] == "alice@example.com", sent
    assert [one["to"] for one in sent["recipients"]] == ["bob@example.net"], sent
    if b"\r\n" in stored:
        assert sent["sha256"] == hashlib.sha256(stored).hexdigest(), "the transcript's hash differs"
        assert sent["bytes"] == len(stored)


def check_findings(session, pair):
    known = allowed(*pair)
    false_alarms = [f"{finding['rule']} is an error" for finding in session["findings"]
                    if finding["severity"] == "error"]
    for finding in session["findings"]:
        line = f"{finding['severity']} {finding['rule']} ({finding['side']}): {finding['text']}"
        print(f"     {line}")
        if finding["rule"] not in known:
            false_alarms.append(line)
    assert not false_alarms, "not a true finding: " + "; ".join(false_alarms)


def check_secrets(proxy):
    for name in ("json", "jsonl", "text"):
        assert clients.PASSWORD.encode() not in proxy.output(name), f"the password is in {name}"


def through_the_proxy(scope, server, names, how, host):
    """One client, one kind of TLS: once directly, once through the proxy."""
    server_name, client_name = names
    client = clients.ALL[client_name]
    path = message(scope)
    _, _, root = scope.server_certificate()

    def plan(port, ca):
        return clients.Plan(how=how, port=port, ca=ca, message=path, folder=scope.folder,
                            login=server.login, host=host)

    client(plan(server.port(how), root))
    directly = server.take()
    with scope.proxy("--mode", f"reverse:smtp://{host}:{server.port(how)}@127.0.0.1:0",
                     "--server-ca", root, "--once") as proxy:
        client(plan(proxy.port(), scope.ca))
        stored = server.take()
        proxy.process.wait(s.TIMEOUT)
    assert stored == directly, f"stored {stored!r}, directly {directly!r}"
    with open(path, "rb") as file:
        sent = file.read()
    assert stored in (sent, sent.replace(b"\r\n", b"\n")), f"the server stored {stored!r}"
    session, = proxy.sessions()
    try:
        check_session(session, how, server.login, stored)
        check_findings(session, (server_name, client_name, how))
    except AssertionError:
        print(proxy.output("text").decode("utf-8", "replace"))
        raise
    check_secrets(proxy)


# ── running them ────────────────────────────────────────────────────────────────────────────────


def cases(chosen):
    for client in chosen:
        for how in ("starttls", "implicit"):
            yield client, how, "localhost"
    if "python" in chosen:  # a default SSL context, by address
        yield "python", "starttls", "127.0.0.1"
        yield "python", "implicit", "127.0.0.1"


def run_case(scope, server, names, how, host):
    """"ok", "skip" or "FAIL", said."""
    title = f"{names[1]} to {names[0]}, {how}, {host}"
    try:
        through_the_proxy(scope, server, names, how, host)
    except s.Skip as reason:
        print(f"skip {title}: {reason}", flush=True)
        return "skip"
    except Exception:
        print(f"FAIL {title}", flush=True)
        traceback.print_exc()
        return "FAIL"
    print(f"ok   {title}", flush=True)
    return "ok"


def run_all(program, server_name, chosen):
    scope = s.Scope(program)
    results = []
    try:
        with servers.ALL[server_name](scope) as server:
            for client, how, host in cases(chosen or list(clients.ALL)):
                results.append(run_case(scope, server, (server_name, client), how, host))
    except s.Skip as reason:
        print(f"skip {server_name}: {reason}")
        return s.SKIPPED
    finally:
        scope.cleanup()
    print(f"{results.count('ok')} ok, {results.count('FAIL')} failed, "
          f"{results.count('skip')} skipped")
    if "FAIL" in results:
        return 1
    return 0 if "ok" in results else s.SKIPPED


def main():
    """Real programs have time-outs of their own, which a loaded machine may run into: what fails
    gets one more try, and says so."""
    program, server_name, *chosen = sys.argv[1:]
    status = run_all(program, server_name, chosen)
    if status == 1:
        print("a second try:", flush=True)
        status = run_all(program, server_name, chosen)
    return status


if __name__ == "__main__":
    sys.exit(main())
