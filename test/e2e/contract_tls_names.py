# SPDX-License-Identifier: MIT
"""The contract, TLS, Names: what goes to the server, what is checked, what the leaf carries."""

import json
import re
import socket
import ssl
import subprocess
import time

from support import scope as s
from support import smtp
from support.record import same
from support.visits import (Served, both_roots, ca_text, careless, context_of, finding,
                            good, issue, leaf_text, proxied, roots, rules, visit, with_options)


def test_the_leaf_has_the_server_s_names_and_the_client_s(scope):
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


def test_the_url_s_host_goes_to_the_server_as_sni(scope):
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


def test_what_the_server_selects_by_alpn_is_what_the_client_gets(scope):
    for how in ("implicit", "starttls"):
        for offered, taken, expected in ((["smtp", "x"], ["x"], "x"), (["smtp"], None, None),
                                         (None, ["smtp"], None)):
            context, root = good(scope, alpn=taken)
            client = with_options(careless(), alpn=offered)
            seen, session, _ = proxied(scope, context, "--server-ca", root, how=how, client=client)
            assert seen.alpn == expected, (how, offered, taken, seen.alpn, seen.error)
            assert session["tls"]["client"]["alpn"] == expected
            assert session["tls"]["server"]["alpn"] == expected


def test_ca_hosts_constrain_the_ca(scope):
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


def nameless(scope, port, wanted):
    """The code that openssl's client ends with, which sends no SNI and checks for this name."""
    client = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-noservername",
                             "-verify_hostname", wanted, "-verify_return_error", "-CAfile", scope.ca],
                            stdin=subprocess.DEVNULL, timeout=s.TIMEOUT, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT)
    return re.search(rb"Verify return code: (\d+)", client.stdout)[1]


def test_a_client_that_sends_no_name_finds_localhost(scope):
    with scope.proxy("--mode", "sink@127.0.0.1:0") as proxy:
        codes = [nameless(scope, proxy.port(), name) for name in ("localhost", "mail.example.com")]
    same(codes, [b"0", b"62"])
    said = [one["text"] for session in proxy.sessions() for one in session["findings"]
            if one["rule"] == "tls-client-distrusts"]
    same(len(said), 1)
    assert "for '127.0.0.1', 'localhost'," in said[0] and "named no server (SNI)" in said[0], said


def test_names_outside_ca_hosts_do_not_spoil_those_inside(scope):
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


def test_the_client_s_sni_goes_before_the_name_of_socks5(scope):
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


def test_without_a_name_no_name_is_checked(scope):
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
                s.ask(inside, smtp.HELLO_LINE)
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


def test_the_check_is_against_the_host_of_the_url(scope):
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


def test_a_common_name_counts_where_no_alternative_name_is_a_host_s(scope):
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


def test_the_same_leaf_each_time(scope):
    context, root = good(scope)
    leaves = set()
    with Served(scope, context) as server, scope.proxy(
            "--mode", f"reverse:smtp://localhost:{server.port}@127.0.0.1:0", "--server-ca", root,
            "--threads", "2") as proxy:
        for _ in range(6):
            leaves.add(visit(proxy.port(), careless()).leaf)
    assert len(leaves) == 1 and None not in leaves


if __name__ == "__main__":
    s.main(globals())
