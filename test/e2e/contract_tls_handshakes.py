# SPDX-License-Identifier: MIT
"""The contract, TLS, Handshakes: what is recorded of them, certificates of clients, --keylog."""

import os
import ssl
import stat

from support import scope as s
from support.visits import Served, careless, good, issue, proxied, roots, with_options


def test_both_handshakes_are_recorded(scope):
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


def test_each_handshake_is_a_full_one(scope):
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


def test_the_client_is_asked_for_a_certificate_when_the_server_asks(scope):
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


def test_files_of_a_client_certificate_are_checked_at_the_start(scope):
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


def keys_of(path):
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    with open(path) as file:
        lines = [line.split(" ") for line in file.read().splitlines() if not line.startswith("#")]
    assert all(len(line) == 3 for line in lines), lines
    return {(line[0], line[1]) for line in lines}


def test_keylog_has_the_secrets_of_both_sides(scope):
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


def test_keylog_is_private_and_appended(scope):
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


if __name__ == "__main__":
    s.main(globals())
