# SPDX-License-Identifier: MIT
"""The contract, TLS, --tls-client and --tls-server: which versions each side speaks."""

import ssl

from support import scope as s
from support.visits import (Served, careless, good, issue, proxied, raw_server, roots, rules,
                            visit, with_options)


def test_an_old_client_fares_as_without_the_proxy(scope):
    context, root = good(scope)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    client = with_options(careless(), ("1.0", "1.0"))
    seen, session, _ = proxied(scope, context, "--server-ca", root, client=client)
    assert seen.error is not None and session["outcome"] == "tls-server-failed", session["outcome"]
    assert "client offers at most TLSv1.0" in session["error"], session["error"]


def test_tls_client_bounds_the_client_s_versions(scope):
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


def test_tls_server_bounds_the_server_s_versions(scope):
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


def test_the_client_s_side_goes_no_higher_than_the_server_s(scope):
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


def test_a_client_or_server_that_boringssl_cannot_speak_with_is_named(scope):
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


def test_a_choice_that_boringssl_cannot_speak_is_named(scope):
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


if __name__ == "__main__":
    s.main(globals())
