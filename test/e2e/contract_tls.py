# SPDX-License-Identifier: MIT
"""The contract's words on TLS, names, handshakes and the CA, each sentence a claim of its own.

Servers and clients are Python's `ssl` (OpenSSL), their certificates come from the openssl tool.
"""

import contextlib
import datetime
import hashlib
import json
import os
import socket
import ssl
import stat
import subprocess
import time
import warnings

from support import certificates
from support import scope as s
from support import smtp

HELLO_LINE = "EHLO client.example.com"
VERSIONS = {"1.0": ssl.TLSVersion.TLSv1, "1.1": ssl.TLSVersion.TLSv1_1,
            "1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}


# ── certificates ────────────────────────────────────────────────────────────────────────────────


def issue(scope, name, issuer=None, names="DNS:localhost,IP:127.0.0.1", ca=False, **more):
    """NAME.pem and NAME.key, signed by `issuer` (None: by itself); (chain, key)."""
    extensions = certificates.CA if ca else ["basicConstraints=CA:FALSE", f"subjectAltName={names}"]
    certificates.Issuer(scope.folder).issue(name, extensions, issuer, **more)
    return scope.path(name + ".pem"), scope.path(name + ".key")


def roots(scope):
    """A root that is trusted (--server-ca) and one that is not."""
    if not os.path.exists(scope.path("good-root.pem")):
        issue(scope, "good-root", ca=True, days=(-100, 300))
        issue(scope, "strange-root", ca=True, days=(-100, 300))
    return scope.path("good-root.pem")


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


def context_of(chain, key, **options):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, key)
    return with_options(context, **options)


def with_options(context, versions=None, ciphers=None, alpn=None):
    if versions is not None:
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = VERSIONS[versions[0]]
        context.maximum_version = VERSIONS[versions[1]]
    if ciphers is not None:
        context.set_ciphers(ciphers)
    if alpn is not None:
        context.set_alpn_protocols(alpn)
    return context


def careless():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def leaf_text(der, *words):
    pem = ssl.DER_cert_to_PEM_cert(der)
    return subprocess.run(["openssl", "x509", "-noout", *words], input=pem.encode(), check=True,
                          stdout=subprocess.PIPE).stdout.decode()


# ── a session ───────────────────────────────────────────────────────────────────────────────────


class Visit:
    """What a client saw: `code` and `error` of a failed handshake, else version, leaf and so on."""

    def __init__(self):
        self.code = self.error = self.version = self.leaf = self.alpn = self.reused = None
        self.lines = []


def visit(port, context, how="implicit", name="localhost"):
    """Greeting, EHLO, QUIT; never raises for a failed handshake."""
    seen = Visit()
    connection = s.connect(port)
    try:
        if how != "implicit":
            seen.lines += s.read_reply(connection)
            seen.lines += s.ask(connection, HELLO_LINE)
        if how == "starttls":
            seen.lines += s.ask(connection, "STARTTLS")
        if how != "none":
            connection = context.wrap_socket(connection, server_hostname=name)
            seen.version, seen.alpn = connection.version(), connection.selected_alpn_protocol()
            seen.leaf, seen.reused = connection.getpeercert(True), connection.session_reused
        if how == "implicit":
            seen.lines += s.read_reply(connection)
        if how != "none":
            seen.lines += s.ask(connection, HELLO_LINE)
        seen.lines += s.ask(connection, "QUIT")
    except (ssl.SSLError, OSError) as error:
        seen.error = str(error)
        seen.code = getattr(error, "verify_code", None)
    finally:
        connection.close()
    return seen


class Served(smtp.Server):
    """smtp.Server with a context of the test's own."""

    def __init__(self, scope, context, how="implicit"):
        super().__init__(scope, how=how)
        self.context = context


def proxied(scope, context, *words, how="implicit", client=None, client_how=None, scheme="smtp",
            host="localhost", name="localhost"):
    """One session; (visit, session, proxy)."""
    with Served(scope, context, how) as server, scope.proxy(
            "--mode", f"reverse:{scheme}://{host}:{server.port}@127.0.0.1:0", *words) as proxy:
        seen = visit(proxy.port(), client or careless(), client_how or how, name)
        proxy.stop()
    session, = proxy.sessions()
    return seen, session, proxy


def rules(session):
    return [finding["rule"] for finding in session["findings"]]


def finding(session, rule):
    found, = [each for each in session["findings"] if each["rule"] == rule]
    return found


# ── --verify ────────────────────────────────────────────────────────────────────────────────────

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


def both_roots(scope):
    """A client that trusts the server's root and our CA: what it says must not differ."""
    context = ssl.create_default_context(cafile=scope.ca)
    context.load_verify_locations(roots(scope))
    return context


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


def test_faults_by_implicit_tls(scope):
    for kind in FAULTS:
        check_fault(scope, kind, "implicit")


def test_faults_by_starttls(scope):
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


def test_expires_within_14_days(scope):
    root = roots(scope)
    for name, days, fires in (("soon", (-60, 13.9), True), ("later", (-60, 14.1), False),
                              ("new", (-1, 6), False), ("used", (-5, 2), True)):
        issue(scope, name, "good-root", days=days)
        context = context_of(scope.path(name + ".pem"), scope.path(name + ".key"))
        _, session, _ = proxied(scope, context, "--server-ca", root)
        assert ("tls-certificate-expires" in rules(session)) == fires, (name, rules(session))
        assert "tls-server-certificate" not in rules(session)
    assert session["tls"]["server"]["verify"]["ok"]


def test_a_client_that_distrusts_our_ca(scope):
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


def test_a_client_with_roots_of_its_own(scope):
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


def test_what_helps_under_run(scope):
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


def test_starttls_that_the_proxy_offers(scope):
    """A server whose side is TLS by itself offers no STARTTLS: the proxy does."""
    context, root = good(scope)
    with Served(scope, context) as server, scope.proxy(
            "--mode", f"reverse:smtp://localhost:{server.port}@127.0.0.1:0", "--server-ca", root,
            "--server-tls", "implicit") as proxy:
        connection = s.connect(proxy.port())
        s.read_reply(connection)
        assert any(b"STARTTLS" in line for line in s.ask(connection, HELLO_LINE))
        s.ask(connection, "MAIL FROM:<a@example.com>")
        s.ask(connection, "QUIT")
        connection.close()
    session, = proxy.sessions()
    told = finding(session, "starttls-ignored")["text"]
    assert "the server offers" not in told and "the proxy" in told, told


# ── what is recorded of a handshake ─────────────────────────────────────────────────────────────


def good(scope, **options):
    root = roots(scope)
    if not os.path.exists(scope.path("good.pem")):
        issue(scope, "good", "good-root", days=(-1, 60))
    return context_of(scope.path("good.pem"), scope.path("good.key"), **options), root


def test_facts(scope):
    context, root = good(scope)
    for how in ("implicit", "starttls"):
        for version, cipher, group in (("1.3", "TLS_AES_", "X25519"), ("1.2", "TLS_ECDHE_ECDSA_",
                                                                       "X25519")):
            client = with_options(scope.client_context(), (version, version))
            seen, session, proxy = proxied(scope, context, "--server-ca", root, how=how,
                                           client=client)
            assert seen.error is None, seen.error
            ours, theirs = session["tls"]["client"], session["tls"]["server"]
            assert list(ours) == list(theirs), (list(ours), list(theirs))
            assert list(ours)[:13] == ["how", "version", "cipher", "group", "sni", "alpn", "resumed",
                                       "ja3", "ja4", "certificate", "verify", "handshake_ms",
                                       "error"], list(ours)
            assert ours["version"] == "TLSv" + version and theirs["version"] == "TLSv1.3", ours
            for tls in (ours, theirs):
                assert tls["how"] == how and tls["resumed"] is False and tls["error"] is None
                assert tls["cipher"].startswith("TLS_") and tls["sni"] == "localhost", tls
                assert tls["handshake_ms"] > 0 and tls["alpn"] is None, tls
            assert ours["cipher"].startswith(cipher) and ours["group"] == group, ours
            assert len(ours["ja3"]) == 32 and ours["ja4"].startswith("t1"), ours
            assert theirs["ja3"] is None and theirs["ja4"] is None
            assert ours["certificate"] is None and ours["verify"] is None
            certificate = theirs["certificate"]
            assert certificate["names"] == ["localhost", "127.0.0.1"], certificate
            assert certificate["subject"] == "CN=good" and certificate["issuer"] == "CN=good-root"
            assert certificate["key"] == "EC P-256", certificate
            events = [each for each in proxy.events() if each["event"] == "tls"]
            assert [each["side"] for each in events] == ["server", "client"], events
            for event, tls in zip(events, (theirs, ours)):
                assert {key: event[key] for key in tls} == tls
            text = proxy.output("text").decode()
            assert (f"### TLS with the client: TLSv{version} {ours['cipher']}, SNI localhost"
                    in text), text
            assert f"### TLS with the server: TLSv1.3 {theirs['cipher']}" in text, text


def test_no_resumption(scope):
    """A client that offers a session gets a full handshake; so does the server."""
    context, root = good(scope)
    for version in ("1.2", "1.3"):
        client = with_options(scope.client_context(), (version, version))
        with Served(scope, context) as server, scope.proxy(
                "--mode", f"reverse:smtp://localhost:{server.port}@127.0.0.1:0", "--server-ca",
                root) as proxy:
            sessions = []
            for old in (None, "first"):
                inside = client.wrap_socket(s.connect(proxy.port()), server_hostname="localhost",
                                            session=sessions[0] if old and sessions[0] else None)
                s.read_reply(inside)
                s.ask(inside, "QUIT")
                assert not inside.session_reused and not (inside.session and
                                                          inside.session.has_ticket)
                sessions.append(inside.session)
                inside.close()
            proxy.stop()
        assert context.session_stats()["hits"] == 0
        for session in proxy.sessions():
            assert not session["tls"]["client"]["resumed"]
            assert not session["tls"]["server"]["resumed"]
            assert session["tls"]["server"]["certificate"]


def test_names_of_the_leaf(scope):
    """The server's names and the client's SNI, or the address that it connected to."""
    context, root = good(scope)
    seen, _, _ = proxied(scope, context, "--server-ca", root, name="alias.example.com")
    names = leaf_text(seen.leaf, "-ext", "subjectAltName")
    for name in ("DNS:localhost", "IP Address:127.0.0.1", "DNS:alias.example.com"):
        assert name in names, names
    issue(scope, "plain", "good-root", names="DNS:localhost,DNS:*.example.org", days=(-1, 60))
    context = context_of(scope.path("plain.pem"), scope.path("plain.key"))
    seen, session, _ = proxied(scope, context, "--server-ca", root, name=None)
    names = leaf_text(seen.leaf, "-ext", "subjectAltName")
    for name in ("DNS:localhost", "IP Address:127.0.0.1", "DNS:*.example.org"):
        assert name in names, names
    assert session["tls"]["client"]["sni"] is None and session["tls"]["server"]["sni"] == "localhost"
    # Whether it was pointed at a name or at an address is not known here, so both are in the text.
    told = finding(session, "tls-no-sni")["text"]
    assert "the proxy sent to it by itself" in told and "pointed at an address" in told, told
    begin, end = [ssl.cert_time_to_seconds(line.split("=")[1]) for line in
                  leaf_text(seen.leaf, "-dates").splitlines()]
    assert 6.9 * 86400 < end - time.time() <= 7 * 86400 + 60 and begin <= time.time(), (begin, end)
    client = scope.client_context()
    seen, session, _ = proxied(scope, context, "--server-ca", root, client=client, name="127.0.0.1")
    assert seen.error is None, seen.error


def sni_server(scope, how="implicit"):
    context, root = good(scope)
    got = []
    context.sni_callback = lambda connection, name, own: got.append(name)
    return context, root, got


def test_sni_to_the_server(scope):
    """The host of the URL; none for an address, and then the check is against the address."""
    context, root, got = sni_server(scope)
    proxied(scope, context, "--server-ca", root, name="alias.example.com")
    assert got == ["localhost"], got
    seen, session, _ = proxied(scope, context, "--server-ca", root, host="127.0.0.1",
                               name="localhost")
    assert got == ["localhost", None], got
    assert session["tls"]["server"]["sni"] is None and session["tls"]["server"]["verify"]["ok"]
    assert session["tls"]["client"]["sni"] == "localhost"
    seen, session, _ = proxied(scope, context, "--server-ca", root, host="127.0.0.1", name=None)
    assert "tls-no-sni" not in rules(session), rules(session)
    issue(scope, "nameonly", "good-root", names="DNS:localhost", days=(-1, 60))
    context = context_of(scope.path("nameonly.pem"), scope.path("nameonly.key"))
    seen, session, _ = proxied(scope, context, "--server-ca", root, host="127.0.0.1",
                               client=both_roots(scope), name="127.0.0.1")
    assert seen.code == 64, (seen.code, seen.error)
    assert "address mismatch" in session["tls"]["server"]["verify"]["error"], session["tls"]["server"]


def test_alpn(scope):
    for how in ("implicit", "starttls"):
        for offered, taken, expected in ((["smtp", "x"], ["x"], "x"), (["smtp"], None, None),
                                         (None, ["smtp"], None)):
            context, root = good(scope, alpn=taken)
            client = with_options(careless(), alpn=offered)
            seen, session, _ = proxied(scope, context, "--server-ca", root, how=how, client=client)
            assert seen.alpn == expected, (how, offered, taken, seen.alpn, seen.error)
            assert session["tls"]["client"]["alpn"] == expected
            assert session["tls"]["server"]["alpn"] == expected


# ── versions ────────────────────────────────────────────────────────────────────────────────────


def test_an_old_client_fares_as_without_the_proxy(scope):
    context, root = good(scope)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    client = with_options(careless(), ("1.0", "1.0"))
    seen, session, _ = proxied(scope, context, "--server-ca", root, client=client)
    assert seen.error is not None and session["outcome"] == "tls-server-failed", session["outcome"]
    assert "client offers at most TLSv1.0" in session["error"], session["error"]


def test_versions_of_the_client(scope):
    context, root = good(scope)
    cases = [("1.0", "1.0", "1.0", True), ("1.0-1.1", "1.0", "1.1", True),
             ("1.0-1.1", "1.2", "1.3", False), ("1.2-1.3", "1.0", "1.1", False),
             ("1.0-1.3", "1.1", "1.1", True), ("1.3", "1.2", "1.2", False),
             ("1.2", "1.0", "1.3", True)]
    for option, low, high, works in cases:
        client = with_options(careless(), (low, high))
        seen, session, _ = proxied(scope, context, "--server-ca", root, "--tls-client", option,
                                   client=client)
        tls = session["tls"]["client"]
        assert (seen.error is None) == works, (option, low, high, seen.error, session["error"])
        if works:
            expected = min(high, option.split("-")[-1])
            assert tls["version"] == "TLSv" + expected, tls
            assert ("tls-old-version" in rules(session)) == (expected < "1.2"), rules(session)
        else:
            assert session["outcome"] == "tls-client-failed", session["outcome"]
            assert "TLS 1" in session["error"] or "TLSv1" in session["error"], session["error"]
            assert tls["error"], tls


def test_versions_of_the_server(scope):
    cases = [("1.0", "1.0", "1.0", True), ("1.0-1.1", "1.0", "1.1", True),
             ("1.0-1.1", "1.2", "1.3", False), ("1.2-1.3", "1.0", "1.1", False),
             ("1.3", "1.2", "1.2", False), ("1.0-1.3", "1.0", "1.2", True)]
    for option, low, high, works in cases:
        for how in ("implicit", "starttls"):
            context, root = good(scope, versions=(low, high))
            seen, session, _ = proxied(scope, context, "--server-ca", root, "--tls-server", option,
                                       how=how, client=with_options(careless(), ("1.0", "1.3")))
            tls = session["tls"]["server"]
            assert (seen.error is None) == works, (option, low, high, seen.error, session["error"])
            if works:
                expected = min(high, option.split("-")[-1])
                assert tls["version"] == "TLSv" + expected, tls
                assert ("tls-old-version" in rules(session)) == (expected < "1.2"), rules(session)
                assert session["tls"]["client"]["version"] == tls["version"]
            else:
                assert session["outcome"] == "tls-server-failed", session["outcome"]
                assert "TLS 1" in session["error"] or "TLSv1" in session["error"], session["error"]
                assert tls["error"] and tls["how"] == how, tls
                assert session["tls"]["client"] is not None


def test_the_client_s_side_follows_the_server_s(scope):
    """Without options every version works, and each side says what it has; a client that refuses
    an old version refuses as it would without the proxy; with --tls-client the sides are apart."""
    for high in ("1.0", "1.1", "1.2", "1.3"):
        context, root = good(scope, versions=("1.0", high))
        for how in ("implicit", "starttls"):
            client = with_options(careless(), ("1.0", "1.3"))
            seen, session, _ = proxied(scope, context, "--server-ca", root, how=how, client=client)
            assert seen.error is None, (high, how, seen.error, session["error"])
            assert seen.version == {"1.0": "TLSv1"}.get(high, "TLSv" + high), seen.version
            for side in ("client", "server"):
                assert session["tls"][side]["version"] == "TLSv" + high, session["tls"]
            old = [each["side"] for each in session["findings"] if each["rule"] ==
                   "tls-old-version"]
            assert sorted(old) == (["client", "server"] if high < "1.2" else []), (high, old)

        for least, version in (("1.2", ssl.TLSVersion.TLSv1_2), ("1.3", ssl.TLSVersion.TLSv1_3)):
            client = careless()
            client.minimum_version = version
            with Served(scope, context) as server:
                direct = visit(server.port, client)
            seen, session, _ = proxied(scope, context, "--server-ca", root, client=client)
            assert (direct.error is None) == (seen.error is None) == (high >= least), (
                high, least, direct.error, seen.error)
            if seen.error is not None:
                assert "alert protocol version" in seen.error, seen.error
                assert "the server chose no higher one" in session["error"], session["error"]
                assert session["outcome"] == "tls-client-failed", session["outcome"]
            seen, session, _ = proxied(scope, context, "--server-ca", root, "--tls-client",
                                       "1.0-1.3", client=client)
            assert seen.error is None and seen.version == "TLSv1.3", (high, seen.error)
            old = [each["side"] for each in session["findings"] if each["rule"] ==
                   "tls-old-version"]
            assert old == (["server"] if high < "1.2" else []), (high, old)


def test_bad_ranges_are_wrong_usage(scope):
    for option in ("--tls-client", "--tls-server"):
        for word in ("1.4", "1.3-1.2", "", "1.2-", "-1.2", "tls1.2", "1.2-1.3-1.3", "1.2,1.3"):
            result = scope.run("proxy", "--mode", "sink@127.0.0.1:0", option, word)
            assert result.returncode == 2, (option, word, result)
            assert word.encode() in result.stderr, (option, word, result.stderr)


def test_weak(scope):
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


# ── certificates of clients ─────────────────────────────────────────────────────────────────────


def test_client_certificates(scope):
    """The server asks: the client is asked too, what it gave is recorded, ours is presented."""
    issue(scope, "client", "good-root" if roots(scope) else None, days=(-1, 60))
    issue(scope, "own", "good-root", days=(-1, 60))
    for version in ("1.2", "1.3"):
        for given, own, required in ((True, True, True), (False, False, False),
                                     (True, False, False), (False, True, True),
                                     (True, False, True)):
            context, root = good(scope, versions=(version, version))
            context.verify_mode = ssl.CERT_REQUIRED if required else ssl.CERT_OPTIONAL
            context.load_verify_locations(root)
            client = with_options(careless(), ("1.2", "1.3"))
            if given:
                client.load_cert_chain(scope.path("client.pem"), scope.path("client.key"))
            words = ["--server-certificate", scope.path("own.pem"), "--server-key",
                     scope.path("own.key")] if own else []
            seen, session, _ = proxied(scope, context, "--server-ca", root, *words, client=client)
            case = (version, given, own, required, seen.error, session["error"])
            fails = required and not own
            assert (seen.error is not None or b"" in seen.lines) == fails, case
            told = session["tls"]["client"] and session["tls"]["client"]["certificate"]
            if fails:
                assert session["outcome"] == "tls-server-failed", (case, session["outcome"])
                assert "certificate" in session["error"], case
            else:
                assert (told and told["subject"]) == ("CN=client" if given else None), (case, told)


def test_a_late_refusal_of_the_server_is_not_the_client_s(scope):
    """TLS 1.3: the server wants a certificate and says so while the client's handshake is still
    under way. The client that is cut off by that has not refused anything."""
    context, root = good(scope, versions=("1.3", "1.3"))
    context.verify_mode = ssl.CERT_REQUIRED
    with Served(scope, context, "starttls") as server, scope.proxy(
            "--mode", f"reverse:smtp://localhost:{server.port}@127.0.0.1:0", "--server-ca",
            root) as proxy:
        connection = s.connect(proxy.port())
        s.read_reply(connection)
        s.ask(connection, HELLO_LINE)
        s.ask(connection, "STARTTLS")
        connection.sendall(hello_bytes())  # and no Finished: it waits for the end
        try:
            s.read_all(connection)
        except ConnectionError:
            pass
        connection.close()
        proxy.stop()
    session, = proxy.sessions()
    assert session["outcome"] == "tls-server-failed", session["outcome"]
    assert "tls-client-distrusts" not in rules(session), rules(session)
    assert session["tls"]["client"]["error"] and session["tls"]["client"]["ja4"]


def test_a_server_that_leaves_within_the_client_s_handshake(scope):
    context, root = good(scope)

    def handle(connection):
        context.wrap_socket(connection, server_side=True).close()

    server, proxy = raw_server(scope, handle, "--once")
    with server, proxy:
        connection = s.connect(proxy.port())
        connection.sendall(hello_bytes())
        s.read_all(connection)
        connection.close()
        proxy.process.wait(s.TIMEOUT)
    session, = proxy.sessions()
    assert session["outcome"] == "server-closed", (session["outcome"], session["error"])
    assert "tls-client-distrusts" not in rules(session), rules(session)


def test_a_record_that_breaks_in_mid_session(scope):
    """It is told in words, on the side where it broke."""
    def handle(connection):
        inside = context.wrap_socket(connection, server_side=True)
        inside.sendall(b"220 test\r\n")
        if side == "server":
            s.read_line(inside)
            with socket.socket(fileno=os.dup(inside.fileno())) as raw:
                raw.sendall(broken)
        try:
            s.read_all(inside)
        except ssl.SSLError:
            pass

    context, root = good(scope)
    broken = b"\x17\x03\x03\x00\x20" + b"x" * 32
    for side in ("client", "server"):
        server, proxy = raw_server(scope, handle, "--once")
        with server, proxy:
            inside = scope.client_context().wrap_socket(s.connect(proxy.port()),
                                                        server_hostname="localhost")
            s.read_reply(inside)
            inside.sendall(b"NOOP\r\n")
            if side == "client":
                with socket.socket(fileno=os.dup(inside.fileno())) as raw:
                    raw.sendall(broken)
            try:
                s.read_all(inside)
            except (ssl.SSLError, ConnectionError):
                pass
            inside.close()
            proxy.process.wait(s.TIMEOUT)
        session, = proxy.sessions()
        assert session["outcome"] == f"tls-{side}-failed", (side, session["outcome"])
        assert "does not decrypt" in session["error"], session["error"]


def test_client_certificate_files(scope):
    issue(scope, "own")
    issue(scope, "stranger")
    cases = [(["--server-certificate", scope.path("own.pem")], 3),  # it holds no key
             (["--server-key", scope.path("own.key")], 2),
             (["--server-certificate", scope.path("own.pem"), "--server-key",
               scope.path("stranger.key")], 3),
             (["--server-certificate", scope.path("none.pem"), "--server-key",
               scope.path("own.key")], 3)]
    for words, status in cases:
        result = scope.run("proxy", "--mode", "sink@127.0.0.1:0", *words)
        assert result.returncode == status, (words, result)
        assert result.stderr.count(b"\n") == 1, result.stderr


# ── --keylog ────────────────────────────────────────────────────────────────────────────────────


def keys_of(path):
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    with open(path) as file:
        lines = [line.split(" ") for line in file.read().splitlines() if not line.startswith("#")]
    assert all(len(line) == 3 for line in lines), lines
    return {(line[0], line[1]) for line in lines}


def test_keylog(scope):
    """Both sides; the server's and the client's own logs say the same."""
    for way in ("option", "variable", "both"):
        context, root = good(scope)
        client = careless()
        client.keylog_filename, context.keylog_filename = scope.path("c"), scope.path("s")
        path = scope.path("keys-" + way)
        words = [] if way == "variable" else ["--keylog", path]
        if way != "option":
            scope.environment["SSLKEYLOGFILE"] = (path if way == "variable"
                                                  else scope.path("not-this"))
        seen, _, _ = proxied(scope, context, "--server-ca", root, *words, client=client)
        del client, context
        scope.environment.pop("SSLKEYLOGFILE", None)
        assert seen.error is None
        ours = keys_of(path)
        theirs = set()
        for name in ("c", "s"):
            with open(scope.path(name)) as file:
                theirs |= {tuple(line.split(" ")[:2]) for line in file if line[0] != "#"}
            os.remove(scope.path(name))
        assert ours == theirs, (ours, theirs)
        assert len({random for _, random in ours}) == 2
    assert not os.path.exists(scope.path("not-this"))


# ── sink ────────────────────────────────────────────────────────────────────────────────────────


def test_sink(scope):
    for how in ("none", "starttls", "implicit"):
        with scope.proxy("--mode", "sink@127.0.0.1:0") as proxy:
            seen = visit(proxy.port(), scope.client_context(), how)
            proxy.stop()
        session, = proxy.sessions()
        assert seen.error is None and session["outcome"] == "completed", (how, seen.error)
        assert session["server"] is None and session["mode"] == "sink", session
        assert session["tls"]["server"] is None, session["tls"]
        tls = session["tls"]["client"]
        assert (tls and tls["how"]) == (None if how == "none" else how), tls
        ehlo = [line[4:].split()[0] for line in seen.lines if line.startswith(b"250")]
        assert (b"STARTTLS" in ehlo) == (how != "implicit"), (how, ehlo)
        assert (b"AUTH" in ehlo) == (how != "none"), (how, ehlo)
        for word in (b"SIZE", b"PIPELINING", b"8BITMIME", b"SMTPUTF8", b"CHUNKING", b"DSN",
                     b"ENHANCEDSTATUSCODES"):
            assert word in ehlo, (how, word, ehlo)
        if how == "starttls":
            assert ehlo.count(b"AUTH") == 1 and ehlo.count(b"STARTTLS") == 1, ehlo


def test_sink_client_tls_none(scope):
    with scope.proxy("--mode", "sink@127.0.0.1:0", "--client-tls", "none") as proxy:
        connection = s.connect(proxy.port())
        s.read_reply(connection)
        assert b"STARTTLS" not in b"".join(s.ask(connection, HELLO_LINE))
        answer = s.ask(connection, "STARTTLS")
        assert answer[0].startswith(b"502 5.5.1 "), answer
        connection.close()


# ── when the proxy itself must speak ────────────────────────────────────────────────────────────


def test_plain_bytes_behind_starttls(scope):
    """They reach the server in the clear, ahead of the handshake."""
    context, root = good(scope)
    got = []

    def handle(connection):
        connection.sendall(b"220 test\r\n")
        s.read_line(connection)
        connection.sendall(b"250-test\r\n250 STARTTLS\r\n")
        got.append(s.read_exactly(connection, len(b"STARTTLS\r\nRSET\r\nNOOP x\r\n")))
        connection.sendall(b"220 go\r\n")
        with context.wrap_socket(connection, server_side=True) as inside:
            got.append(s.read_line(inside))
            inside.sendall(b"250 ok\r\n")
            s.read_all(inside)

    with s.Server(handle) as server, scope.proxy(
            "--mode", f"reverse:smtp://localhost:{server.port}@127.0.0.1:0", "--server-ca",
            root) as proxy:
        connection = s.connect(proxy.port())
        s.read_reply(connection)
        s.ask(connection, HELLO_LINE)
        connection.sendall(b"STARTTLS\r\nRSET\r\nNOOP x\r\n")
        assert s.read_reply(connection) == [b"220 go\r\n"]
        inside = scope.client_context().wrap_socket(connection, server_hostname="localhost")
        assert s.ask(inside, "EHLO again.example.com") == [b"250 ok\r\n"]
        inside.close()
    assert got == [b"STARTTLS\r\nRSET\r\nNOOP x\r\n", b"EHLO again.example.com\r\n"], got
    session, = proxy.sessions()
    assert "starttls-injection" in rules(session), rules(session)


def closing(scope, server_unwraps, client_unwraps, who):
    """`who` closes first; how the other one saw the end: "notify" or "cut"."""
    context, root = good(scope)
    client = careless()
    for each in (context, client):
        each.options &= ~ssl.OP_IGNORE_UNEXPECTED_EOF
    ends = {}

    def end_of(connection):
        try:
            rest = connection.recv(100)
            return "notify" if rest == b"" else rest
        except ssl.SSLError as error:
            return "cut" if "EOF" in str(error) else str(error)

    def leave(connection, orderly):
        if orderly:
            try:
                connection.unwrap()
            except (ssl.SSLError, OSError):
                pass
        connection.close()

    def handle(connection):
        inside = context.wrap_socket(connection, server_side=True, suppress_ragged_eofs=False)
        inside.sendall(b"220 test\r\n")
        s.read_line(inside)
        inside.sendall(b"221 bye\r\n")
        if who == "server":
            leave(inside, server_unwraps)
        else:
            ends["server"] = end_of(inside)
            inside.close()

    with s.Server(handle) as server, scope.proxy(
            "--mode", f"reverse:smtp://localhost:{server.port}@127.0.0.1:0", "--server-ca",
            root) as proxy:
        inside = client.wrap_socket(s.connect(proxy.port()), server_hostname="localhost",
                                    suppress_ragged_eofs=False)
        s.read_reply(inside)
        assert s.ask(inside, "QUIT") == [b"221 bye\r\n"]
        if who == "client":
            leave(inside, client_unwraps)
        else:
            ends["client"] = end_of(inside)
            inside.close()
    session, = proxy.sessions()
    return ends, session, proxy


def test_missing_close_notify_is_missing_on_the_other_side(scope):
    for who, other in (("server", "client"), ("client", "server")):
        for orderly in (True, False):
            ends, session, proxy = closing(scope, orderly, orderly, who)
            assert ends == {other: "notify" if orderly else "cut"}, (who, orderly, ends)
            assert session["outcome"] == "completed", session["outcome"]
            close = proxy.events()[-1]
            assert close["event"] == "close" and close["by"] == who, close
            told = [each["side"] for each in session["findings"] if each["rule"] == "tls-truncated"]
            assert (who in told) == (not orderly), (who, orderly, told)


def test_unreachable_server_by_client(scope):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    for how, words in (("none", []), ("none", ["--server-tls", "implicit"]),
                       ("none", ["--server-tls", "starttls"]), ("none", ["--client-tls", "none"]),
                       ("implicit", []), ("implicit", ["--client-tls", "implicit"])):
        with scope.proxy("--mode", f"reverse:smtp://127.0.0.1:{port}@127.0.0.1:0", *words) as proxy:
            connection = s.connect(proxy.port())
            if how == "none":
                said = s.read_all(connection)
                assert said.startswith(b"421 4.4.1 ") and b"refused" in said, said
                assert said.endswith(b"\r\n") and said.count(b"\n") == 1, said
            else:
                try:
                    careless().wrap_socket(connection, server_hostname="localhost")
                    raise AssertionError("a handshake with nobody behind")
                except ssl.SSLError as error:
                    assert "alert" in str(error).lower(), error
            connection.close()
            proxy.stop()
        session, = proxy.sessions()
        assert session["outcome"] == "connect-failed" and session["error"], session
        assert session["tls"]["server"] is None
        if how == "none":
            exchange, = session["exchanges"]
            assert exchange["n"] == 0 and exchange["reply"]["by"] == "proxy", exchange
            assert b'P < "421 4.4.1 ' in proxy.output("text")
            assert proxy.events()[-1]["by"] == "proxy", proxy.events()[-1]


def test_plain_server_where_tls_is_due(scope):
    def handle(connection):
        connection.sendall(b"220 plain.example.net ESMTP\r\n")
        s.read_all(connection)

    for scheme, words, how in (("smtps", [], "none"), ("smtps", [], "implicit"),
                               ("smtp", ["--server-tls", "implicit"], "none"),
                               ("smtp", ["--server-tls", "implicit"], "implicit")):
        with s.Server(handle) as server, scope.proxy(
                "--mode", f"reverse:{scheme}://127.0.0.1:{server.port}@127.0.0.1:0",
                *words) as proxy:
            seen = visit(proxy.port(), careless(), how)
            proxy.stop()
        session, = proxy.sessions()
        case = (scheme, words, how, seen.error, seen.lines, session["outcome"], session["error"])
        assert session["outcome"] == "tls-server-failed", case
        assert "plain" in session["error"] or "220" in session["error"], case
        assert session["tls"]["server"]["error"], case
        # What to do, by what made the proxy speak TLS, and never what was done already.
        remedy = "use reverse:smtp://" if scheme == "smtps" else "use --server-tls starttls"
        assert remedy in session["error"], case
        assert scheme == "smtps" or "smtp://" not in session["error"], case
        if how == "none":
            assert seen.lines and seen.lines[0].startswith(b"421 4.4.1 "), case
        else:
            assert seen.error and "alert" in seen.error.lower(), case


def test_tls_server_where_plain_was_due(scope):
    """`--server-tls none` at a server of implicit TLS."""
    context, root = good(scope)
    with Served(scope, context) as server, scope.proxy(
            "--mode", f"reverse:smtp://127.0.0.1:{server.port}@127.0.0.1:0", "--server-tls",
            "none") as proxy:
        connection = s.connect(proxy.port())
        connection.sendall(b"EHLO client.example.com\r\n")
        s.read_all(connection)
        connection.close()
    session, = proxy.sessions()
    assert session["error"] and "TLS" in session["error"], (session["outcome"], session["error"])


def test_a_client_that_closes_within_the_handshake(scope):
    context, root = good(scope)
    memory = ssl.MemoryBIO()
    try:
        careless().wrap_bio(ssl.MemoryBIO(), memory, server_hostname="localhost").do_handshake()
    except ssl.SSLWantReadError:
        pass
    hello = memory.read()
    for how in ("implicit", "starttls"):
        for part in (hello[:5], hello[:60], hello):
            with Served(scope, context, how) as server, scope.proxy(
                    "--mode", f"reverse:smtp://localhost:{server.port}@127.0.0.1:0", "--server-ca",
                    root, "--once") as proxy:
                connection = s.connect(proxy.port())
                if how == "starttls":
                    s.read_reply(connection)
                    s.ask(connection, HELLO_LINE)
                    s.ask(connection, "STARTTLS")
                connection.sendall(part)
                if part is hello:
                    connection.recv(5)
                connection.close()
                proxy.process.wait(s.TIMEOUT)
            session, = proxy.sessions()
            case = (how, len(part), session["outcome"], session["error"])
            assert session["outcome"] == "tls-client-failed" and session["error"], case
            assert session["tls"]["client"]["error"], (case, session["tls"]["client"])
            assert session["tls"]["client"]["how"] == how
            # Having seen the certificate, a close without a word is how some say that they distrust.
            assert part is hello or "tls-client-distrusts" not in rules(session), case


# ── the CA ──────────────────────────────────────────────────────────────────────────────────────


def ca_text(scope, *words):
    return subprocess.run(["openssl", "x509", "-noout", "-in", scope.ca, *words], check=True,
                          stdout=subprocess.PIPE).stdout.decode()


def test_ca_is_made_once(scope):
    result = scope.run("ca", "show")
    assert result.returncode == 0 and scope.ca.encode() in result.stdout, result
    folder = os.path.dirname(scope.ca)
    assert stat.S_IMODE(os.stat(folder).st_mode) == 0o700
    assert stat.S_IMODE(os.stat(os.path.join(folder, "ca.key")).st_mode) == 0o600
    begin, end = [ssl.cert_time_to_seconds(line.split("=")[1]) for line in
                  ca_text(scope, "-dates").splitlines()]
    assert 364 * 86400 < end - time.time() <= 366 * 86400, end - begin
    with open(scope.ca, "rb") as file:
        first = file.read()
    scope.run("ca", "show")
    with open(scope.ca, "rb") as file:
        assert file.read() == first
    assert scope.run("ca", "renew").returncode == 0
    with open(scope.ca, "rb") as file:
        assert file.read() != first
    assert stat.S_IMODE(os.stat(os.path.join(folder, "ca.key")).st_mode) == 0o600


def test_ca_export(scope):
    with open(scope.ca, "rb") as file:
        pem = file.read()
    assert scope.run("ca", "export").stdout == pem
    assert scope.run("ca", "export", "--format", "pem").stdout == pem
    der = ssl.PEM_cert_to_DER_cert(pem.decode())
    assert scope.run("ca", "export", "--format", "der").stdout == der
    for form in ("pem", "der", "p12", "jks"):
        out = scope.path("out." + form)
        result = scope.run("ca", "export", "--format", form, "--out", out)
        assert result.returncode == 0 and result.stdout == b"", result
        assert os.path.getsize(out) > 100
    text = subprocess.run(["openssl", "pkcs12", "-in", scope.path("out.p12"), "-passin",
                           "pass:changeit", "-nokeys"], stdout=subprocess.PIPE, check=True).stdout
    assert b"BEGIN CERTIFICATE" in text
    text = subprocess.run(["openssl", "pkcs12", "-in", scope.path("out.p12"), "-passin",
                           "pass:changeit", "-nocerts", "-nodes"], stdout=subprocess.PIPE).stdout
    assert b"KEY" not in text
    result = scope.run("ca", "export", "--format", "pfx")
    assert result.returncode == 2 and b"pfx" in result.stderr, result
    result = scope.run("ca", "export", "--out", scope.path("no/such"))
    assert result.returncode == 3 and b"no/such" in result.stderr, result
    for words in (["ca"], ["ca", "frob"], ["ca", "show", "more"]):
        result = scope.run(*words)
        assert result.returncode == 2 and (words[-1].encode() in result.stderr), (words, result)


def test_ca_env(scope):
    result = scope.run("ca", "env")
    assert result.returncode == 0, result
    script = result.stdout.decode() + "\nenv -0"
    told = subprocess.run(["sh", "-c", script], stdout=subprocess.PIPE, check=True).stdout
    values = dict(item.split("=", 1) for item in told.decode().split("\0") if "=" in item)
    for name in ("SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE"):
        assert os.path.exists(values[name]), (name, values.get(name))
    with open(scope.ca) as file, open(values["SSL_CERT_FILE"]) as bundle:
        assert file.read().strip() in bundle.read()


def test_ca_key_refusals(scope):
    key = os.path.join(os.path.dirname(scope.ca), "ca.key")
    for mode in (0o640, 0o604, 0o644):
        os.chmod(key, mode)
        for words in (("ca", "show"), ("proxy", "--mode", "sink@127.0.0.1:0")):
            result = scope.run(*words)
            assert result.returncode == 3, (oct(mode), words, result)
            assert key.encode() in result.stderr and result.stderr.count(b"\n") == 1, result.stderr
    os.chmod(key, 0o600)
    with open(key) as file:
        old = file.read()
    issue(scope, "foreign")
    with open(scope.path("foreign.key")) as file, open(key, "w") as out:
        out.write(file.read())
    result = scope.run("proxy", "--mode", "sink@127.0.0.1:0")
    assert result.returncode == 3 and result.stderr.count(b"\n") == 1, result
    with open(key, "w") as out:
        out.write("rubbish\n")
    result = scope.run("proxy", "--mode", "sink@127.0.0.1:0")
    assert result.returncode == 3 and b"ca.key" in result.stderr, result
    with open(key, "w") as out:
        out.write(old)
    assert scope.run("ca", "show").returncode == 0


def test_ca_hosts(scope):
    result = scope.run("ca", "renew", "--ca-hosts", "localhost,example.com")
    if result.returncode == 2:
        result = scope.run("ca", "show", "--ca-hosts", "localhost,example.com")
    text = ca_text(scope, "-text")
    assert "Name Constraints: critical" in text and "DNS:example.com" in text, text
    context, root = good(scope)
    for name, works in (("localhost", True), ("mail.example.com", True), ("example.org", False)):
        with scope.proxy("--mode", "sink@127.0.0.1:0") as proxy:
            seen = visit(proxy.port(), scope.client_context(), "implicit", name)
        assert (seen.error is None) == works, (name, seen.error)
        if not works:
            assert seen.code == 47, (seen.code, seen.error)  # permitted subtree violation
    with scope.proxy("--mode", "sink@127.0.0.1:0") as proxy:
        seen = visit(proxy.port(), scope.client_context(), "implicit", "127.0.0.1")
    assert seen.error is not None, "an address that is not in the list"


def test_ca_hosts_and_a_server_of_more_names(scope):
    """The names inside are vouched for, the others are not, and do not spoil them."""
    result = scope.run("ca", "renew", "--ca-hosts", "localhost,example.com,192.0.2.9")
    assert b"limited to   localhost, example.com, 192.0.2.9\n" in result.stdout, result
    root = roots(scope)
    issue(scope, "mixed", "good-root", days=(-1, 60), names="DNS:localhost,IP:127.0.0.1,"
          "DNS:mail.example.com,DNS:example.org,DNS:notexample.com,IP:192.0.2.9")
    context = context_of(scope.path("mixed.pem"), scope.path("mixed.key"))
    for name, works in (("localhost", True), ("mail.example.com", True), ("example.org", False),
                        ("127.0.0.1", False), ("192.0.2.9", True), ("notexample.com", False)):
        seen, session, _ = proxied(scope, context, "--server-ca", root, name=name,
                                   client=scope.client_context())
        assert (seen.error is None) == works, (name, seen.error)
        assert session["tls"]["server"]["verify"]["ok"], session["tls"]["server"]
    issue(scope, "outside", "good-root", days=(-1, 60), names="DNS:example.org")
    context = context_of(scope.path("outside.pem"), scope.path("outside.key"))
    seen, _, _ = proxied(scope, context, "--server-ca", root, name="example.org", host="127.0.0.1",
                         client=scope.client_context())
    assert seen.code == 47, (seen.code, seen.error)  # permitted subtree violation


# ── handshakes that fail, and those that wait ────────────────────────────────────────────────────


def raw_server(scope, handle, *words, scheme="smtp", host="localhost"):
    """A server of the test's own, and the proxy before it that trusts its root."""
    server = s.Server(handle)
    return server, scope.proxy("--mode", f"reverse:{scheme}://{host}:{server.port}@127.0.0.1:0",
                               "--server-ca", roots(scope), *words)


def test_a_distrusting_client_is_told_once(scope):
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


def test_server_bytes_behind_220(scope):
    """The server's side of the injection: in the clear, ahead of TLS."""
    context, root = good(scope)

    def handle(connection):
        connection.sendall(b"220 test\r\n")
        s.read_line(connection)
        connection.sendall(b"250-test\r\n250 STARTTLS\r\n")
        s.read_line(connection)
        connection.sendall(b"220 go\r\n250 fake\r\n")
        with context.wrap_socket(connection, server_side=True) as inside:
            s.read_line(inside)
            inside.sendall(b"250 ok\r\n")
            s.read_all(inside)

    server, proxy = raw_server(scope, handle)
    with server, proxy:
        connection = s.connect(proxy.port())
        s.read_reply(connection)
        s.ask(connection, HELLO_LINE)
        connection.sendall(b"STARTTLS\r\n")
        assert s.read_exactly(connection, 18) == b"220 go\r\n250 fake\r\n"
        inside = scope.client_context().wrap_socket(connection, server_hostname="localhost")
        assert s.ask(inside, HELLO_LINE) == [b"250 ok\r\n"]
        inside.close()
    session, = proxy.sessions()
    told = finding(session, "starttls-injection")
    assert told["side"] == "server", told


def test_starttls_refused_goes_on_in_the_clear(scope):
    def handle(connection):
        connection.sendall(b"220 test\r\n")
        for answer in (b"250-test\r\n250 STARTTLS\r\n", b"454 4.7.0 not now\r\n", b"250 ok\r\n",
                       b"221 bye\r\n"):
            s.read_line(connection)
            connection.sendall(answer)

    server, proxy = raw_server(scope, handle)
    with server, proxy:
        connection = s.connect(proxy.port())
        s.read_reply(connection)
        s.ask(connection, HELLO_LINE)
        assert s.ask(connection, "STARTTLS") == [b"454 4.7.0 not now\r\n"]
        assert s.ask(connection, "NOOP") == [b"250 ok\r\n"]
        assert s.ask(connection, "QUIT") == [b"221 bye\r\n"]
        connection.close()
    session, = proxy.sessions()
    assert session["outcome"] == "completed" and session["tls"] == {"client": None, "server": None}


def test_server_that_fails_behind_220(scope):
    """Plain text, a close, a reset where its ServerHello is due."""
    for what, word in ((b"500 5.5.1 what is this\r\n", "plain"), (b"", "closed"), (None, "reset")):
        def handle(connection):
            connection.sendall(b"220 test\r\n")
            s.read_line(connection)
            connection.sendall(b"250-test\r\n250 STARTTLS\r\n")
            s.read_line(connection)
            connection.sendall(b"220 go\r\n")
            connection.recv(10000)
            if what is None:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            elif what:
                connection.sendall(what)
                s.read_all(connection)

        server, proxy = raw_server(scope, handle)
        with server, proxy:
            seen = visit(proxy.port(), careless(), "starttls")
            proxy.stop()
        session, = proxy.sessions()
        case = (what, seen.error, session["outcome"], session["error"])
        assert session["outcome"] == "tls-server-failed" and word in session["error"], case
        assert session["tls"]["server"]["error"] and session["tls"]["server"]["how"] == "starttls"
        assert session["tls"]["client"]["error"] and session["tls"]["client"]["ja3"], case
        assert seen.error, case


def test_what_boringssl_cannot_speak(scope):
    root = roots(scope)
    issue(scope, "rsa", "good-root", key=("rsa", "rsa_keygen_bits:2048"), days=(-1, 60))
    for ciphers, word in (("DHE-RSA-AES128-GCM-SHA256", "DHE"),):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers(ciphers)
        context.load_cert_chain(scope.path("rsa.pem"), scope.path("rsa.key"))
        seen, session, _ = proxied(scope, context, "--server-ca", root)
        assert session["outcome"] == "tls-server-failed", session["outcome"]
        assert word in session["error"], session["error"]
        client = careless()
        client.maximum_version = ssl.TLSVersion.TLSv1_2
        client.set_ciphers(ciphers)
        context, root = good(scope)
        seen, session, _ = proxied(scope, context, "--server-ca", root, client=client)
        assert session["outcome"] == "tls-client-failed", session["outcome"]
        assert word in session["error"], session["error"]
    # A ClientHello of SSLv3.
    hello = bytes.fromhex("16030000300100002c0300" + "11" * 32 + "000004000a002f0100" + "00")
    hello = hello[:3] + (len(hello) - 5).to_bytes(2, "big") + hello[5:6] + (
        len(hello) - 9).to_bytes(3, "big") + hello[9:]
    with Served(scope, context) as server, scope.proxy(
            "--mode", f"reverse:smtp://localhost:{server.port}@127.0.0.1:0", "--server-ca", root,
            "--once") as proxy:
        connection = s.connect(proxy.port())
        connection.sendall(hello)
        try:
            s.read_all(connection)
        except OSError:
            pass
        connection.close()
        proxy.process.wait(s.TIMEOUT)
    session, = proxy.sessions()
    assert session["outcome"] == "tls-client-failed" and "SSL" in session["error"], (
        session["outcome"], session["error"])


def test_servers_that_choose_what_boringssl_cannot_speak(scope):
    """A ServerHello with RC4, DHE or SSLv3, whatever was offered."""
    def hello(version, suite):
        body = version + b"s" * 32 + b"\0" + suite + b"\0"
        message = b"\2" + len(body).to_bytes(3, "big") + body
        return b"\x16" + version + len(message).to_bytes(2, "big") + message

    for reply, words in ((hello(b"\3\3", b"\0\x05"), ["TLS_RSA_WITH_RC4_128_SHA", "no DHE, RC4"]),
                         (hello(b"\3\3", b"\0\x33"), ["TLS_DHE_RSA_WITH_AES_128_CBC_SHA", "no DHE"]),
                         (hello(b"\3\0", b"\0\x0a"), ["SSLv3"])):
        def handle(connection):
            connection.recv(10000)
            connection.sendall(reply)
            s.read_all(connection)

        server, proxy = raw_server(scope, handle, scheme="smtps")
        with server, proxy:
            visit(proxy.port(), careless())
            proxy.stop()
        session, = proxy.sessions()
        assert session["outcome"] == "tls-server-failed", session["outcome"]
        for word in words:
            assert word in session["error"], (word, session["error"])


def socks5(port, host, target):
    connection = s.connect(port)
    connection.sendall(b"\5\1\0")
    assert s.read_exactly(connection, 2) == b"\5\0"
    place = (b"\3" + bytes([len(host)]) + host.encode() if not host[0].isdigit()
             else b"\1" + socket.inet_aton(host))
    connection.sendall(b"\5\1\0" + place + target.to_bytes(2, "big"))
    answer = s.read_exactly(connection, 10)
    assert answer[:2] == b"\5\0", answer
    return connection


def test_names_by_socks5(scope):
    """The client's SNI, else the SOCKS5 name, else none: then no name is checked."""
    context, root, got = sni_server(scope)
    for host, sni, sent, ok, names in (("localhost", "localhost", "localhost", True, "localhost"),
                                       ("localhost", "alias.example.com", "alias.example.com",
                                        False, None),
                                       ("localhost", None, "localhost", True, "localhost"),
                                       ("127.0.0.1", "localhost", "localhost", True, "localhost"),
                                       ("127.0.0.1", "other.example.com", "other.example.com",
                                        False, None),
                                       ("127.0.0.1", None, None, True, "127.0.0.1")):
        with Served(scope, context) as server, scope.proxy(
                "--mode", "socks5@127.0.0.1:0", "--server-ca", root) as proxy:
            inside = careless().wrap_socket(socks5(proxy.port(), host, server.port),
                                            server_hostname=sni)
            leaf = leaf_text(inside.getpeercert(True), "-ext", "subjectAltName")
            s.read_reply(inside)
            s.ask(inside, "QUIT")
            inside.close()
        session, = proxy.sessions()
        case = (host, sni, got, leaf, session["tls"]["server"]["verify"])
        assert got.pop() == sent, case
        assert session["tls"]["server"]["verify"]["ok"] == ok, case
        assert session["tls"]["server"]["sni"] == sent, case
        assert names is None or names in leaf, case
        no_name = host == "127.0.0.1" and sni is None
        assert ("no name was checked" in (session["tls"]["server"]["verify"]["error"] or "")
                ) == no_name, case
        no_sni = host == "localhost" and sni is None
        assert ("tls-no-sni" in rules(session)) == no_sni, case
        if no_sni:
            told = finding(session, "tls-no-sni")
            assert (told["severity"], told["side"], told["reference"]) == (
                "info", "client", "RFC 6066 3"), told


def test_no_name_no_name_check(scope):
    """A client without SNI to an address: the chain, the dates and the purpose are judged alone."""
    root = roots(scope)
    issue(scope, "elsewhere", "good-root", names="DNS:mail.example.com", days=(-1, 60))
    issue(scope, "elsewhere-old", "good-root", names="DNS:mail.example.com", days=(-20, -3))
    nameless = ssl.create_default_context(cafile=scope.ca)
    nameless.check_hostname = False
    for name, well in (("elsewhere", True), ("elsewhere-old", False)):
        context = context_of(scope.path(name + ".pem"), scope.path(name + ".key"))
        got = []
        context.sni_callback = lambda connection, name, own: got.append(name)
        with Served(scope, context) as server, scope.proxy(
                "--mode", "socks5@127.0.0.1:0", "--server-ca", root) as proxy:
            try:
                inside = nameless.wrap_socket(socks5(proxy.port(), "127.0.0.1", server.port))
                assert "127.0.0.1" in leaf_text(inside.getpeercert(True), "-ext", "subjectAltName")
                s.read_reply(inside)
                s.ask(inside, HELLO_LINE)
                s.ask(inside, "QUIT")
                inside.close()
            except ssl.SSLCertVerificationError as error:
                assert not well and "expired" in str(error), error
        session, = proxy.sessions()
        verify = session["tls"]["server"]["verify"]
        assert verify["ok"] == well and "no name was checked" in verify["error"], verify
        assert ("expired" in verify["error"]) == (not well), verify
        assert "mismatch" not in json.dumps(session), session
        assert got == [None] and session["tls"]["server"]["sni"] is None, got
        assert ("tls-server-certificate" in rules(session)) == (not well), rules(session)
        assert not {"tls-client-no-check", "tls-no-sni"} & set(rules(session)), rules(session)
        text = proxy.output("text").decode()
        assert ("certificate verified, but no name was checked" in text) == well, text


def late_hello_is_taken(scope, proxy):
    """Whether a ClientHello within the 300 ms is implicit TLS; on a loaded machine it may come late."""
    late = s.connect(proxy.port())
    s.let_pass(0.15)
    try:
        inside = scope.client_context().wrap_socket(late, server_hostname="localhost")
    except (ssl.SSLError, OSError):
        late.close()
        return False
    greeted = s.read_reply(inside)[0].startswith(b"220 ")
    inside.close()
    return greeted


def seconds_to_greeting(proxy):
    begun = time.monotonic()
    plain = s.connect(proxy.port())
    s.read_reply(plain)
    plain.close()
    return time.monotonic() - begun


def test_greeting_is_held(scope):
    """Up to 300 ms where the server's side is TLS; a late ClientHello within it is implicit TLS."""
    context, root = good(scope)
    for how, words in (("implicit", ["--server-tls", "implicit"]),
                       ("starttls", ["--server-tls", "starttls"])):
        with Served(scope, context, how) as server, scope.proxy(
                "--mode", f"reverse:smtp://localhost:{server.port}@127.0.0.1:0", "--server-ca",
                root, *words) as proxy:
            begun = time.monotonic()
            plain = s.connect(proxy.port())
            assert s.read_reply(plain)[0].startswith(b"220 ")
            assert time.monotonic() - begun > 0.25
            plain.close()
            s.until(lambda: late_hello_is_taken(scope, proxy), "a late ClientHello that is taken")
    with Served(scope, context, "starttls") as server, scope.proxy(
            "--mode", f"reverse:smtp://localhost:{server.port}@127.0.0.1:0") as proxy:
        s.until(lambda: seconds_to_greeting(proxy) < 0.25, "a mirrored greeting that is not held")


def test_keylog_files(scope):
    path = scope.path("old-keys")
    with open(path, "w") as file:
        file.write("# kept\n")
    os.chmod(path, 0o644)
    context, root = good(scope)
    proxied(scope, context, "--server-ca", root, "--keylog", path)
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    with open(path) as file:
        lines = file.read().splitlines()
    assert lines[0] == "# kept" and len(lines) > 4, lines
    result = scope.run("proxy", "--mode", "sink@127.0.0.1:0", "--keylog", scope.path("no/keys"))
    assert result.returncode == 3 and b"no/keys" in result.stderr, result


def test_client_tls_implicit_and_silence(scope):
    """No plain word to a client of which TLS is wanted."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with scope.proxy("--mode", f"reverse:smtp://127.0.0.1:{port}@127.0.0.1:0", "--client-tls",
                     "implicit") as proxy:
        connection = s.connect(proxy.port())
        assert s.read_all(connection) == b""
        connection.close()
    session, = proxy.sessions()
    assert session["outcome"] == "connect-failed"


def test_client_hello_under_client_tls_none(scope):
    context, root = good(scope)
    for words, mode in (([], "starttls"), (["--server-tls", "starttls"], "starttls"),
                        (["--server-tls", "implicit"], "implicit"), (["--server-tls", "none"],
                                                                     "none")):
        seen, session, proxy = proxied(scope, context, "--server-ca", root, "--client-tls", "none",
                                       *words, how=mode, client_how="implicit")
        case = (words, seen.error, session["outcome"], session["error"])
        assert seen.error and session["outcome"] == "tls-client-failed", case
        assert "ClientHello" in session["error"], case


def test_client_hello_where_none_is_allowed(scope):
    """Behind a refused STARTTLS, behind EHLO, pipelined: the session is a failed TLS of the client's,
    and --client-tls none ends it there and then."""
    def handle(connection):
        connection.sendall(b"220 test\r\n")
        answers = {b"EHLO": b"250-test\r\n250 STARTTLS\r\n", b"STAR": b"454 4.7.0 no\r\n"}
        while True:
            line = s.read_line(connection)
            got.append(line)
            if not line:
                return
            connection.sendall(answers.get(line[:4], b"250 ok\r\n"))

    for mode in ("none", "auto"):
        for lines in ([HELLO_LINE], [HELLO_LINE, "STARTTLS"], [HELLO_LINE, "STARTTLS", "NOOP"]):
            for behind in (b"", b"NOOP\r\n"):
                got = []
                server, proxy = raw_server(scope, handle, "--client-tls", mode)
                with server, proxy:
                    connection = s.connect(proxy.port())
                    s.read_reply(connection)
                    for line in lines:
                        s.ask(connection, line)
                    connection.sendall(behind + hello_bytes())
                    if mode == "auto":
                        connection.shutdown(socket.SHUT_WR)
                    try:
                        s.read_all(connection)
                    except ConnectionError:
                        pass
                    connection.close()
                session, = proxy.sessions()
                case = (mode, lines, behind, session["outcome"], session["error"], got)
                assert session["outcome"] == "tls-client-failed", case
                assert "ClientHello" in session["error"], case
                assert "reply-unexpected" not in rules(session), (case, rules(session))
                if mode == "none":
                    assert proxy.events()[-1]["by"] == "proxy", proxy.events()[-1]
                    assert session["tls"]["client"]["error"] == session["error"], case
                    assert behind or b"\x16" not in b"".join(got), case


def test_certificate_facts(scope):
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


def test_ca_files(scope):
    """What is half there, over, or elsewhere."""
    folder = os.path.dirname(scope.ca)
    key = os.path.join(folder, "ca.key")
    os.rename(key, key + ".away")
    result = scope.run("proxy", "--mode", "sink@127.0.0.1:0")
    assert result.returncode == 3 and result.stderr.count(b"\n") == 1, result
    os.rename(key + ".away", key)
    os.rename(scope.ca, scope.path("away.pem"))
    result = scope.run("proxy", "--mode", "sink@127.0.0.1:0")
    assert result.returncode == 3 and result.stderr.count(b"\n") == 1, result
    other = scope.path("other/deep")
    result = scope.run("ca", "show", "--ca-dir", other, "--ca-hosts", "example.com,192.0.2.7")
    assert result.returncode == 0, result
    text = subprocess.run(["openssl", "x509", "-noout", "-text", "-in", other + "/ca.pem"],
                          stdout=subprocess.PIPE, check=True).stdout.decode()
    assert "DNS:example.com" in text and "192.0.2.7" in text, text
    assert stat.S_IMODE(os.stat(other).st_mode) == 0o700
    assert stat.S_IMODE(os.stat(other + "/ca.key").st_mode) == 0o600
    issue(scope, "overca", ca=True, days=(-30, -2))
    os.replace(scope.path("overca.pem"), other + "/ca.pem")
    os.replace(scope.path("overca.key"), other + "/ca.key")
    os.chmod(other + "/ca.key", 0o600)
    result = scope.run("proxy", "--mode", "sink@127.0.0.1:0", "--ca-dir", other)
    assert result.returncode == 3 and b"expired" in result.stderr and b"renew" in result.stderr, (
        result)
    assert scope.run("ca", "renew", "--ca-dir", other).returncode == 0


# ── what bridges, and what is odd ───────────────────────────────────────────────────────────────


def test_bridged_plain_client_and_a_bad_certificate(scope):
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


def test_bridged_tls_client_and_a_bad_certificate(scope):
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


def test_wrong_for_the_url_and_right_for_the_client(scope):
    """The check is against the URL's host; a client that asked by another name, which is in the
    certificate, finds nothing wrong with it, and is not blamed."""
    root = roots(scope)
    issue(scope, "nameonly", "good-root", names="DNS:localhost", days=(-1, 60))
    issue(scope, "mailonly", "good-root", names="DNS:mail.example.com", days=(-1, 60))
    for name, blamed in (("nameonly", False), ("mailonly", True)):
        context = context_of(scope.path(name + ".pem"), scope.path(name + ".key"))
        client = careless() if blamed else scope.client_context()
        seen, session, proxy = proxied(scope, context, "--server-ca", root, host="127.0.0.1",
                                       client=client)
        assert seen.error is None and session["outcome"] == "completed", seen.error
        assert "address mismatch" in session["tls"]["server"]["verify"]["error"], session["tls"]
        assert "tls-server-certificate" in rules(session)
        assert ("tls-client-no-check" in rules(session)) == blamed, rules(session)


def test_common_name_beside_other_alternative_names(scope):
    """Python takes it where no alternative name is a host's (RFC 6125 6.4.4), Go never does."""
    root = roots(scope)
    issue(scope, "localhost", "good-root", names="email:a@example.com", days=(-1, 60))
    context = context_of(scope.path("localhost.pem"), scope.path("localhost.key"))
    seen, session, _ = proxied(scope, context, "--server-ca", root, client=both_roots(scope))
    verify = session["tls"]["server"]["verify"]
    assert seen.error is None and not verify["ok"], session["tls"]
    assert "common name" in verify["error"], verify
    assert "common name" in finding(session, "tls-server-certificate")["text"]
    assert "tls-client-no-check" not in rules(session), rules(session)
    assert "DNS:" not in leaf_text(seen.leaf, "-ext", "subjectAltName"), seen.leaf


def test_ipv6_literal(scope):
    root = roots(scope)
    issue(scope, "six", "good-root", names="IP:::1", days=(-1, 60))
    context = context_of(scope.path("six.pem"), scope.path("six.key"))

    def handle(connection):
        inside = context.wrap_socket(connection, server_side=True)
        inside.sendall(b"220 test\r\n")
        s.read_line(inside)
        inside.sendall(b"221 bye\r\n")
        inside.close()

    with s.Server(handle, "::1") as server, scope.proxy(
            "--mode", f"reverse:smtps://[::1]:{server.port}@[::1]:0", "--server-ca",
            root) as proxy:
        inside = scope.client_context().wrap_socket(s.connect(proxy.port(), "::1"),
                                                    server_hostname="::1")
        s.read_reply(inside)
        s.ask(inside, "QUIT")
        inside.close()
    session, = proxy.sessions()
    assert session["tls"]["server"]["verify"]["ok"] and session["tls"]["server"]["sni"] is None
    assert session["tls"]["server"]["certificate"]["names"] == ["::1"], session["tls"]["server"]


def test_the_same_leaf_each_time(scope):
    context, root = good(scope)
    leaves = set()
    with Served(scope, context) as server, scope.proxy(
            "--mode", f"reverse:smtp://localhost:{server.port}@127.0.0.1:0", "--server-ca", root,
            "--threads", "2") as proxy:
        for _ in range(6):
            leaves.add(visit(proxy.port(), careless()).leaf)
    assert len(leaves) == 1 and None not in leaves


def test_weak_client(scope):
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


def test_a_greeting_that_refuses_is_passed(scope):
    """Under --server-tls starttls: the line to a plain client, an alert to one that waits for TLS."""
    def handle(connection):
        connection.sendall(b"554 5.7.1 go away\r\n")
        s.read_all(connection)

    for how in ("none", "implicit"):
        server, proxy = raw_server(scope, handle, "--server-tls", "starttls", "--once")
        with server, proxy:
            seen = visit(proxy.port(), careless(), how)
            proxy.process.wait(s.TIMEOUT)
        session, = proxy.sessions()
        case = (how, seen.lines, seen.error, session["outcome"], session["error"])
        assert session["outcome"] == "server-closed" and "554" in session["error"], case
        if how == "none":
            assert seen.lines[0] == b"554 5.7.1 go away\r\n", case
        else:
            assert "alert" in seen.error.lower(), case
            assert "554" in session["tls"]["client"]["error"], session["tls"]["client"]


def hello_bytes():
    memory = ssl.MemoryBIO()
    try:
        careless().wrap_bio(ssl.MemoryBIO(), memory, server_hostname="localhost").do_handshake()
    except ssl.SSLWantReadError:
        pass
    return memory.read()


def test_idle_within_a_handshake(scope):
    context, root = good(scope)
    for how in ("implicit", "starttls"):
        for part in (50, 10000):
            with Served(scope, context, how) as server, scope.proxy(
                    "--mode", f"reverse:smtp://localhost:{server.port}@127.0.0.1:0", "--server-ca",
                    root, "--idle-timeout", "1", "--once") as proxy:
                connection = s.connect(proxy.port())
                if how == "starttls":
                    s.read_reply(connection)
                    s.ask(connection, HELLO_LINE)
                    s.ask(connection, "STARTTLS")
                connection.sendall(hello_bytes()[:part])
                try:
                    said = s.read_all(connection)
                except OSError:
                    said = b""
                assert b"421" not in said, said
                connection.close()
                proxy.process.wait(s.TIMEOUT)
            session, = proxy.sessions()
            case = (how, part, session["outcome"], session["error"], session["tls"]["client"])
            assert session["outcome"] == "timeout" and session["error"], case
            assert session["tls"]["client"] is not None, case
            assert session["tls"]["client"]["error"], case
            if part > 1000:
                assert session["tls"]["client"]["ja3"], case
                assert session["tls"]["server"]["error"] is None, case


def test_idle_server_within_a_handshake(scope):
    def handle(connection):
        s.read_all(connection)

    server, proxy = raw_server(scope, handle, "--idle-timeout", "1", "--once", scheme="smtps")
    with server, proxy:
        connection = s.connect(proxy.port())
        said = s.read_all(connection)
        connection.close()
        proxy.process.wait(s.TIMEOUT)
    session, = proxy.sessions()
    case = (said, session["outcome"], session["error"], session["tls"])
    assert session["outcome"] == "timeout", case
    assert said.startswith(b"421 4.4."), case
    assert session["tls"]["server"] is not None and session["tls"]["server"]["error"], case


def test_starttls_and_no_hello(scope):
    """220 to STARTTLS, and then the client closes, or goes on in plain text."""
    context, root = good(scope)
    for more in (b"", b"EHLO client.example.com\r\n"):
        with Served(scope, context, "starttls") as server, scope.proxy(
                "--mode", f"reverse:smtp://localhost:{server.port}@127.0.0.1:0", "--server-ca",
                root, "--once") as proxy:
            connection = s.connect(proxy.port())
            s.read_reply(connection)
            s.ask(connection, HELLO_LINE)
            s.ask(connection, "STARTTLS")
            connection.sendall(more)
            if more:
                s.read_all(connection)
            connection.close()
            proxy.process.wait(s.TIMEOUT)
        session, = proxy.sessions()
        assert session["tls"] == {"client": None, "server": None}, session["tls"]
        assert session["outcome"] == ("server-closed" if more else "client-closed")
        assert ("starttls-injection" in rules(session)) == (more != b""), rules(session)


def test_stop_within_a_handshake(scope):
    context, root = good(scope)
    with Served(scope, context) as server, scope.proxy(
            "--mode", f"reverse:smtp://localhost:{server.port}@127.0.0.1:0", "--server-ca",
            root, "--grace", "0") as proxy:
        connection = s.connect(proxy.port())
        connection.sendall(hello_bytes())
        connection.recv(5)
        proxy.stop()
        connection.close()
    session, = proxy.sessions()
    assert session["outcome"] == "proxy-stopped", (session["outcome"], session["error"])
    assert session["tls"]["client"] and session["tls"]["client"]["error"], session["tls"]


warnings.filterwarnings("ignore", category=DeprecationWarning)  # TLS 1.0 is asked for on purpose


# ── the machine's roots ─────────────────────────────────────────────────────────────────────────


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
