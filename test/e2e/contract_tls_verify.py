# SPDX-License-Identifier: MIT
"""The contract, TLS, --verify: what a bad certificate of the server does, and what is said of
it."""

import contextlib
import datetime
import hashlib
import json
import os
import ssl
import time

from support import scope as s
from support import smtp
from support.visits import (Served, both_roots, careless, context_of, finding, good, issue,
                            leaf_text, proxied, raw_server, roots, rules, visit, with_options)


@contextlib.contextmanager
def roots_in_a_pipe(scope):
    """$SSL_CERT_FILE of the program is a pipe: it can be opened for writing once the program reads."""
    path = scope.path("roots.pipe")
    os.mkfifo(path)
    scope.environment["SSL_CERT_FILE"] = path
    try:
        yield path
    finally:
        del scope.environment["SSL_CERT_FILE"]


EXPIRED, AHEAD, NAME, ISSUER, SELF = 10, 9, 62, 20, 18
WORDS = {EXPIRED: "certificate has expired", AHEAD: "not yet valid", NAME: "mismatch",
         ISSUER: "unable to get local issuer certificate", SELF: "self"}
OTHER = "DNS:other.example.com"
PAST, FUTURE = (-20, -3), (3, 20)
FAULTS = {
    "expired": ("good-root", {"days": PAST}, [EXPIRED]),
    "ahead": ("good-root", {"days": FUTURE}, [AHEAD]),
    "wrongname": ("good-root", {"names": OTHER}, [NAME]),
    "untrusted": ("strange-root", {}, [ISSUER]),
    "selfsigned": (None, {}, [SELF]),
    "expired-wrongname": ("good-root", {"days": PAST, "names": OTHER}, [EXPIRED, NAME]),
    "ahead-wrongname": ("good-root", {"days": FUTURE, "names": OTHER}, [AHEAD, NAME]),
    "expired-untrusted": ("strange-root", {"days": PAST}, [ISSUER, EXPIRED]),
    "untrusted-wrongname": ("strange-root", {"names": OTHER}, [ISSUER, NAME]),
    "selfsigned-expired": (None, {"days": PAST}, [SELF, EXPIRED]),
    "selfsigned-ahead-wrongname": (None, {"days": FUTURE, "names": OTHER}, [SELF, AHEAD, NAME]),
}


def fault_server(scope, kind):
    issuer, options, codes = FAULTS[kind]
    root = roots(scope)
    if not os.path.exists(scope.path(kind + ".pem")):
        issue(scope, kind, issuer, **options)
    return context_of(scope.path(kind + ".pem"), scope.path(kind + ".key")), root, codes


def check_told(session, proxy, codes):
    """The transcript always says what was wrong, in all three forms."""
    verify = session["tls"]["server"]["verify"]
    assert verify["ok"] is False, verify
    for code in codes:
        assert WORDS[code] in verify["error"], (verify, codes)
    told = finding(session, "tls-server-certificate")
    assert told["severity"] == "error" and told["side"] == "server", told
    assert told["reference"] == "RFC 6125" and verify["error"] in told["text"], told
    event, = [each for each in proxy.events() if each["event"] == "tls" and
              each["side"] == "server"]
    assert event["verify"] == verify, event
    text = proxy.output("text").decode()
    assert "!!! error tls-server-certificate: " in text and verify["error"] in text, text


def check_fault(scope, kind, how):
    context, root, codes = fault_server(scope, kind)
    with Served(scope, context, how) as server:
        direct = visit(server.port, both_roots(scope), how)
    assert direct.code == codes[0] or direct.code in codes, (kind, direct.code, direct.error)

    seen, session, proxy = proxied(scope, context, "--server-ca", root, how=how,
                                   client=both_roots(scope))
    assert seen.code == direct.code, (kind, how, seen.code, seen.error, direct.error)
    assert session["outcome"] == "tls-client-failed" and session["error"], session
    assert finding(session, "tls-client-distrusts")["severity"] == "error"
    check_told(session, proxy, codes)

    seen, session, proxy = proxied(scope, context, "--server-ca", root, how=how)
    assert seen.error is None and session["outcome"] == "completed", (kind, seen.error)
    assert "tls-client-no-check" in rules(session), rules(session)
    names = leaf_text(seen.leaf, "-ext", "subjectAltName")
    assert ("localhost" in names) == (NAME not in codes), names
    dates = [ssl.cert_time_to_seconds(line.split("=")[1]) for line in
             leaf_text(seen.leaf, "-dates").splitlines()]
    assert (dates[1] < time.time()) == (EXPIRED in codes), dates
    assert (dates[0] > time.time()) == (AHEAD in codes), dates
    same = leaf_text(seen.leaf, "-issuer").split("=", 1)[1] == leaf_text(
        seen.leaf, "-subject").split("=", 1)[1]
    assert same == (SELF in codes), kind
    check_told(session, proxy, codes)

    for client in (both_roots(scope), careless()):
        seen, session, proxy = proxied(scope, context, "--server-ca", root, "--verify", "off",
                                       how=how, client=client)
        assert seen.error is None and session["outcome"] == "completed", (kind, seen.error)
        assert "tls-client-no-check" not in rules(session), rules(session)
        check_told(session, proxy, codes)

    seen, session, proxy = proxied(scope, context, "--server-ca", root, "--verify", "strict",
                                   how=how)
    assert seen.error is not None and seen.leaf is None, (kind, seen.error)
    assert session["outcome"] == "tls-server-failed", session["outcome"]
    assert "strict" in session["error"], session["error"]
    assert session["tls"]["server"]["error"], session["tls"]["server"]
    check_told(session, proxy, codes)


def test_each_fault_is_mirrored_by_implicit_tls(scope):
    for kind in FAULTS:
        check_fault(scope, kind, "implicit")


def test_each_fault_is_mirrored_by_starttls(scope):
    for kind in ("expired", "wrongname", "untrusted-wrongname", "selfsigned"):
        check_fault(scope, kind, "starttls")


def test_a_good_certificate_is_quiet(scope):
    root = roots(scope)
    issue(scope, "good", "good-root", days=(-1, 60))
    context = context_of(scope.path("good.pem"), scope.path("good.key"))
    for verify in ("mirror", "strict", "off"):
        seen, session, _ = proxied(scope, context, "--server-ca", root, "--verify", verify,
                                   client=scope.client_context())
        assert seen.error is None and session["outcome"] == "completed"
        assert session["tls"]["server"]["verify"] == {"ok": True, "error": None}
        assert session["tls"]["client"]["verify"] is None
        told = [rule for rule in rules(session) if rule.startswith("tls-")]
        assert set(told) <= {"tls-truncated"}, told  # Python's close sends no close_notify


def test_a_certificate_that_expires_within_14_days_is_a_warning(scope):
    root = roots(scope)
    for name, days, fires in (("soon", (-60, 13.9), True), ("later", (-60, 14.1), False),
                              ("new", (-1, 6), False), ("used", (-5, 2), True)):
        issue(scope, name, "good-root", days=days)
        context = context_of(scope.path(name + ".pem"), scope.path(name + ".key"))
        _, session, _ = proxied(scope, context, "--server-ca", root)
        assert ("tls-certificate-expires" in rules(session)) == fires, (name, rules(session))
        assert "tls-server-certificate" not in rules(session)
    assert session["tls"]["server"]["verify"]["ok"]


def test_a_client_that_distrusts_our_ca_is_a_finding_however_it_says_so(scope):
    """Each way to say so: an alert in TLS 1.2 and in 1.3; on both ways into TLS."""
    root = roots(scope)
    issue(scope, "good", "good-root", days=(-1, 60))
    context = context_of(scope.path("good.pem"), scope.path("good.key"))
    for how in ("implicit", "starttls"):
        for version in ("1.2", "1.3"):
            client = with_options(ssl.create_default_context(cafile=root), (version, version))
            seen, session, proxy = proxied(scope, context, "--server-ca", root, how=how,
                                           client=client)
            assert seen.code in (19, 20), (seen.code, seen.error)
            assert session["outcome"] == "tls-client-failed", session["outcome"]
            told = finding(session, "tls-client-distrusts")
            assert "unknown_ca" in told["text"] or "unknown CA" in told["text"], told
            assert "ca env" in told["text"] or "ca.pem" in told["text"] or "ca export" in told[
                "text"], told
            assert told["reference"] == "RFC 8446 6.2" and told["side"] == "client"
            assert session["tls"]["client"]["error"], session["tls"]["client"]
            assert "tls-client-no-check" not in rules(session)
            assert b"!!! error tls-client-distrusts: " in proxy.output("text")


def test_a_client_with_roots_of_its_own_is_advised_on_server_ca(scope):
    """A private CA in the client's code: it takes the server, the leaf cannot satisfy it, and what
    is said is what is known."""
    root = roots(scope)
    issue(scope, "private", "strange-root", days=(-1, 60))
    context = context_of(scope.path("private.pem"), scope.path("private.key"))
    client = ssl.create_default_context(cafile=scope.path("strange-root.pem"))
    for how in ("implicit", "starttls"):
        with Served(scope, context, how) as server:
            assert visit(server.port, client, how).error is None
        seen, session, proxy = proxied(scope, context, "--server-ca", root, how=how, client=client)
        assert seen.code is not None, seen.error
        told = finding(session, "tls-client-distrusts")["text"]
        for words in ("could not satisfy", "--server-ca", "cannot be intercepted",
                      "unable to get local issuer certificate"):
            assert words in told, told
        for words in ("would have refused", "ca env", "make it trust"):
            assert words not in told and words not in session["error"], (told, session["error"])
        # As told: then only our CA is missing.
        seen, session, proxy = proxied(scope, context, "--server-ca",
                                       scope.path("strange-root.pem"), how=how, client=client)
        assert seen.code is not None, seen.error
        told = finding(session, "tls-client-distrusts")["text"]
        assert "make it trust the CA" in told and "roots in its code" in told, told


def test_under_run_the_advice_is_what_is_left_to_do(scope):
    """`run` has set the variables: what is left is said."""
    root = roots(scope)
    issue(scope, "good", "good-root", days=(-1, 60))
    context = context_of(scope.path("good.pem"), scope.path("good.key"))
    client = scope.path("client.py")
    with open(client, "w", encoding="utf-8") as file:
        file.write("import smtplib, ssl, sys\n"
                   "c = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)\n"
                   "c.load_verify_locations(sys.argv[2])\n"
                   "smtplib.SMTP_SSL('localhost', int(sys.argv[1]), context=c)\n")
    for declined in (False, True):
        transcript = scope.path(f"run{declined}.json")
        with Served(scope, context) as server:
            result = scope.run("run", "--ports", str(server.port), "--server-ca", root, "-o",
                               f"json:{transcript}", *(["--no-trust-mount"] if declined else []),
                               "--", "/usr/bin/python3", client, str(server.port), root)
        if not os.path.exists(transcript):
            raise s.Skip(f"run does not work here: {result.stderr}")
        with open(transcript, encoding="utf-8") as file:
            sessions = json.load(file)["sessions"]
        if not sessions:
            raise s.Skip(f"run captures nothing here: {result.stderr}")
        told = finding(sessions[0], "tls-client-distrusts")["text"]
        assert "SSL_CERT_FILE" not in told, told
        if declined:
            assert "; --trust-mount puts the CA" in told, told
        else:
            assert ("which has the CA under `run`" in told
                    or "cannot put the CA into the system's bundle" in told
                    or "; --trust-mount puts the CA" in told), told


def test_weak_keys_and_signatures_of_the_server_are_a_warning(scope):
    root = roots(scope)
    issue(scope, "small", "good-root", key=("rsa", "rsa_keygen_bits:1024"), days=(-1, 60))
    issue(scope, "sha1", "good-root", digest="sha1", key=("rsa", "rsa_keygen_bits:2048"),
          days=(-1, 60))
    issue(scope, "fine", "good-root", key=("rsa", "rsa_keygen_bits:2048"), days=(-1, 60))
    cases = [("small", None, "1024", None), ("sha1", None, "SHA-1", None),
             ("fine", None, None, None),
             ("fine", "ECDHE-RSA-AES128-SHA:@SECLEVEL=0", "CBC",
              "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA"),
             ("fine", "AES128-GCM-SHA256:@SECLEVEL=0", "forward", "TLS_RSA_WITH_AES_128_GCM_SHA256")]
    for name, ciphers, word, suite in cases:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.set_ciphers(ciphers or "DEFAULT:@SECLEVEL=0")
        if ciphers:
            context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(scope.path(name + ".pem"), scope.path(name + ".key"))
        seen, session, _ = proxied(scope, context, "--server-ca", root)
        assert seen.error is None, (name, ciphers, seen.error, session["error"])
        weak = [each for each in session["findings"] if each["rule"] == "tls-weak"]
        assert len(weak) == (word is not None), (name, ciphers, weak)
        if word:
            assert word in weak[0]["text"] and weak[0]["severity"] == "warning", weak
            assert weak[0]["side"] == "server", weak
        if suite:
            assert session["tls"]["server"]["cipher"] == suite


def test_a_distrusting_client_is_reported_once(scope):
    context, root, _ = fault_server(scope, "expired")
    for version in ("1.2", "1.3"):
        client = with_options(both_roots(scope), (version, version))
        seen, session, proxy = proxied(scope, context, "--server-ca", root, client=client)
        assert seen.code == EXPIRED
        assert "tls-client-no-check" not in rules(session), rules(session)
        told = finding(session, "tls-client-distrusts")
        assert "certificate_expired" in told["text"] or "expired" in told["text"], told
        tls = session["tls"]["client"]
        assert tls["sni"] == "localhost" and len(tls["ja3"]) == 32 and tls["ja4"] and tls["error"]
        events = [each for each in proxy.events() if each["event"] == "tls" and
                  each["side"] == "client"]
        assert events[-1]["error"] == tls["error"], events
        assert "server-closed" not in str(rules(session)) and "no-quit" not in rules(session), rules(
            session)


def test_a_client_that_reads_the_greeting_and_leaves_trusts(scope):
    """It took the certificate; what it lacks is QUIT, and a close_notify where it sent none."""
    context, root = good(scope)
    for orderly in (True, False):
        with Served(scope, context) as server, scope.proxy(
                "--mode", f"reverse:smtp://localhost:{server.port}@127.0.0.1:0", "--server-ca",
                root) as proxy:
            inside = scope.client_context().wrap_socket(s.connect(proxy.port()),
                                                        server_hostname="localhost")
            s.read_reply(inside)
            if orderly:
                try:
                    inside.unwrap()
                except (ssl.SSLError, OSError):
                    pass  # the server's is missing
            inside.close()
        session, = proxy.sessions()
        assert session["outcome"] == "client-closed", session
        assert session["error"].startswith("the client closed the connection "), session
        told = [(each["rule"], each["side"]) for each in session["findings"]]
        assert ("no-quit", "client") in told, told
        assert (("tls-truncated", "client") in told) == (not orderly), told
        assert "tls-client-distrusts" not in rules(session), told


def test_strict_alerts_the_server_and_the_client(scope):
    context, root, _ = fault_server(scope, "expired")
    alerts = []

    def handle(connection):
        try:
            inside = context.wrap_socket(connection, server_side=True)
            inside.recv(10)
        except ssl.SSLError as error:
            alerts.append(str(error))

    server, proxy = raw_server(scope, handle, "--verify", "strict")
    with server, proxy:
        seen = visit(proxy.port(), careless())
        proxy.stop()
    session, = proxy.sessions()
    assert alerts and "ALERT_CERTIFICATE_EXPIRED" in alerts[0], alerts
    assert "alert" in seen.error.lower(), seen.error
    assert session["tls"]["client"]["error"] and session["tls"]["client"]["ja4"], session["tls"]


def test_each_fact_of_a_certificate_is_recorded(scope):
    root = roots(scope)
    for name, key, told in (("p384", ("ec", "ec_paramgen_curve:P-384"), "EC P-384"),
                            ("rsa2048", ("rsa", "rsa_keygen_bits:2048"), "RSA 2048")):
        issue(scope, name, "good-root", key=key, days=(-1, 60))
        context = context_of(scope.path(name + ".pem"), scope.path(name + ".key"))
        _, session, _ = proxied(scope, context, "--server-ca", root)
        certificate = session["tls"]["server"]["certificate"]
        assert certificate["key"] == told, certificate
        with open(scope.path(name + ".pem")) as file:
            der = ssl.PEM_cert_to_DER_cert(file.read())
        assert certificate["sha256"] == hashlib.sha256(der).hexdigest(), certificate
        dates = [ssl.cert_time_to_seconds(line.split("=")[1]) for line in
                 leaf_text(der, "-dates").splitlines()]
        for date, name in zip(dates, ("not_before", "not_after")):
            said = datetime.datetime.fromisoformat(certificate[name].replace("Z", "+00:00"))
            assert said.timestamp() == date, certificate


def test_a_bridged_plain_client_is_shown_nothing_of_a_bad_certificate(scope):
    """Nothing is shown to a plain client; the transcript says it; strict gives no mail."""
    context, root, codes = fault_server(scope, "expired")
    for how, words in (("implicit", ["--server-tls", "implicit"]),
                       ("starttls", ["--server-tls", "starttls"])):
        for verify in ("mirror", "off", "strict"):
            seen, session, proxy = proxied(scope, context, "--server-ca", root, "--verify", verify,
                                           *words, how=how, client_how="none")
            case = (how, verify, seen.lines, session["outcome"], session["error"], rules(session))
            check_told(session, proxy, codes)
            assert "tls-client-no-check" not in rules(session), case
            assert session["tls"]["client"] is None, case
            if verify == "strict":
                assert session["outcome"] == "tls-server-failed", case
                assert seen.lines[0].startswith(b"421 4.4.1 "), case
                assert b"expired" in seen.lines[0], case
            else:
                assert session["outcome"] == "completed", case


def test_a_bridged_tls_client_is_shown_the_fault(scope):
    context, root, codes = fault_server(scope, "expired")
    for how in ("implicit", "starttls"):
        for client_how in ("implicit", "starttls"):
            for client in (both_roots(scope), careless()):
                seen, session, proxy = proxied(scope, context, "--server-ca", root, "--server-tls",
                                               how, how=how, client_how=client_how, client=client)
                case = (how, client_how, seen.error, session["outcome"], rules(session))
                check_told(session, proxy, codes)
                if client.verify_mode == ssl.CERT_NONE:
                    assert session["outcome"] == "completed", case
                    assert "tls-client-no-check" in rules(session), case
                else:
                    assert seen.code == EXPIRED and session["outcome"] == "tls-client-failed", case


def test_a_weak_client_is_a_warning(scope):
    context, root = good(scope)
    for ciphers, fires in (("ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0", True),
                           ("ECDHE-ECDSA-AES128-GCM-SHA256", False)):
        client = careless()
        client.maximum_version = ssl.TLSVersion.TLSv1_2
        client.set_ciphers(ciphers)
        seen, session, _ = proxied(scope, context, "--server-ca", root, client=client)
        assert seen.error is None, seen.error
        weak = [each for each in session["findings"] if each["rule"] == "tls-weak"]
        assert [each["side"] for each in weak] == (["client"] if fires else []), weak
        assert session["tls"]["client"]["version"] == "TLSv1.2"


def greeted(port):
    """Whether a plain session through the proxy gets its greeting and an answer."""
    with s.connect(port) as connection:
        return s.read_reply(connection)[0][:3] == b"220" and s.ask(connection, "NOOP")


def test_roots_are_read_when_a_handshake_needs_them(scope):
    """The proxy starts without them, and only the handshake that needs them waits."""
    _, _, root = scope.server_certificate()
    with roots_in_a_pipe(scope) as pipe, \
            smtp.Server(scope, "implicit") as server, smtp.Server(scope, "none") as plain, \
            scope.proxy("--mode", f"reverse:smtps://localhost:{server.port}@127.0.0.1:0",
                        "--mode", f"reverse:smtp://127.0.0.1:{plain.port}@127.0.0.1:0") as proxy:
        waiting = s.connect(proxy.port(0))
        with open(root, "rb") as source, open(pipe, "wb") as target:
            assert all(greeted(proxy.port(1)) for _ in range(20))
            target.write(source.read())
        assert s.read_reply(waiting)[0][:3] == b"220"
        s.ask(waiting, "QUIT")
        waiting.close()
    tls = [event for event in proxy.events() if event["event"] == "tls"]
    assert [event["verify"]["ok"] for event in tls] == [True], tls


def test_roots_that_never_come_hold_no_end_back(scope):
    with roots_in_a_pipe(scope) as pipe, \
            smtp.Server(scope, "implicit") as server, \
            scope.proxy("--mode", f"reverse:smtps://localhost:{server.port}@127.0.0.1:0",
                        "--grace", "0") as proxy:
        waiting = s.connect(proxy.port(0))
        with open(pipe, "wb"):
            assert proxy.stop() == 0
        waiting.close()
    assert "closed the session before TLS was established" in proxy.output("text").decode()


if __name__ == "__main__":
    s.main(globals())
