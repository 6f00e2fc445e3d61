# SPDX-License-Identifier: MIT
"""Claims: each member of `tls` in the transcript is what the peers say of the same handshake.

The peers are `openssl s_server` and `s_client`, and those of GnuTLS where they are installed; what
they print is compared with what was recorded. Certificates are of every kind of key, their names
in the form of RFC 4514.
"""

import os
import re
import shutil
import subprocess

from support import certificates
from support import scope as s

KEYS = {
    "EC P-256": ("ec", "ec_paramgen_curve:P-256"), "EC P-384": ("ec", "ec_paramgen_curve:P-384"),
    "EC P-521": ("ec", "ec_paramgen_curve:P-521"), "RSA 2048": ("rsa", "rsa_keygen_bits:2048"),
    "RSA 3072": ("rsa", "rsa_keygen_bits:3072"), "Ed25519": ("ed25519", None),
}
GROUPS = {"X25519": "X25519", "P-256": "prime256v1", "P-384": "secp384r1", "P-521": "secp521r1"}
SUITES = {"ECDHE-ECDSA-AES128-GCM-SHA256": "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
          "ECDHE-ECDSA-AES256-GCM-SHA384": "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
          "ECDHE-ECDSA-CHACHA20-POLY1305": "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256"}


def issue(scope, name, key=KEYS["EC P-256"], **more):
    if not os.path.exists(scope.path("root.pem")):
        certificates.Issuer(scope.folder).issue("root", certificates.CA, days=(-10, 90))
    if not os.path.exists(scope.path(name + ".pem")):
        certificates.Issuer(scope.folder).issue(
            name, ["subjectAltName=DNS:localhost,IP:127.0.0.1"], "root", key=key, days=(-1, 60),
            **more)
    return scope.path(name)


class OpensslServer:
    """`openssl s_server` for one connection; greets, and answers nothing more."""

    def __init__(self, certificate, *words):
        self.process = subprocess.Popen(
            ["openssl", "s_server", "-accept", "127.0.0.1:0", "-naccept", "1", "-cert",
             certificate + ".pem", "-key", certificate + ".key", *words],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        line = ""
        while not line.startswith("ACCEPT"):
            line = self.process.stdout.readline().decode()
            assert line, "s_server did not start"
        self.port = int(line.rsplit(":", 1)[1])
        self.process.stdin.write(b"220 test\n")
        self.process.stdin.flush()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()


def handshake(scope, server, *words, options=()):
    """One handshake by s_client, trusting our CA; (what it printed, session)."""
    with server, scope.proxy("--mode", f"reverse:smtps://localhost:{server.port}@127.0.0.1:0",
                             "--client-tls", "implicit", "--server-ca", scope.path("root.pem"),
                             *options) as proxy:
        client = subprocess.run(
            ["openssl", "s_client", "-connect", f"127.0.0.1:{proxy.port()}", "-CAfile", scope.ca,
             *words], input=b"Q\n", stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            timeout=s.TIMEOUT, check=False)
    session, = proxy.sessions()
    return client.stdout.decode(errors="replace"), session


def one(pattern, text):
    found = re.findall(pattern, text)
    assert found, (pattern, text)
    return found[0]


def test_version_cipher_group_of_both_sides(scope):
    """Each side has its own, and the client's never a higher version than the server's."""
    certificate = issue(scope, "server")
    listed = subprocess.run(["openssl", "ciphers", "-stdname", "ALL:@SECLEVEL=0"], check=True,
                            stdout=subprocess.PIPE).stdout.decode()
    names = {theirs: iana for iana, theirs in re.findall(r"(?m)^(\S+) +- (\S+)", listed)}
    for group in GROUPS:
        other = "P-256" if group != "P-256" else "P-384"
        for version in ("1_2", "1_3"):
            said, session = handshake(
                scope, OpensslServer(certificate, "-groups", group, f"-tls{version}"),
                "-servername", "localhost", "-groups", other)
            ours = session["tls"]
            assert ours["server"]["group"] == group and ours["client"]["group"] == other, ours
            name = f"TLSv{version.replace('_', '.')}"
            assert ours["server"]["version"] == ours["client"]["version"] == name, ours
            assert one(r"(?m)^New, (\S+),", said) == name, said
            assert GROUPS[other] in one(r"Server Temp Key: (.*)", said), said
            cipher = one(r"Cipher is (\S+)", said)
            assert ours["client"]["cipher"] == names[cipher], (cipher, ours)
            assert ours["client"]["handshake_ms"] > 0 and not ours["client"]["resumed"], ours


def test_suites_have_their_iana_names(scope):
    certificate = issue(scope, "server")
    for theirs, iana in SUITES.items():
        said, session = handshake(scope, OpensslServer(certificate, "-tls1_2", "-cipher", theirs),
                                  "-servername", "localhost", "-cipher", theirs)
        for side in ("client", "server"):
            assert session["tls"][side]["cipher"] == iana, session["tls"][side]
        assert one(r"Cipher is (\S+)", said) == theirs, said
    for suite in ("TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384",
                  "TLS_CHACHA20_POLY1305_SHA256"):
        _, session = handshake(scope, OpensslServer(certificate, "-ciphersuites", suite),
                               "-servername", "localhost")
        assert session["tls"]["server"]["cipher"] == suite, session["tls"]["server"]


def test_sni_and_alpn(scope):
    certificate = issue(scope, "server")
    for offered, taken, selected in (("smtp", "smtp", "smtp"), ("x,smtp", "smtp,y", "smtp"),
                                     ("smtp", None, None), (None, "smtp", None)):
        said, session = handshake(
            scope, OpensslServer(certificate, *(["-alpn", taken] if taken else [])),
            "-servername", "localhost", *(["-alpn", offered] if offered else []))
        for side in ("client", "server"):
            assert session["tls"][side]["alpn"] == selected, (offered, taken, session["tls"][side])
            assert session["tls"][side]["sni"] == "localhost", session["tls"][side]
        told = re.findall(r"ALPN protocol: (.*)", said)
        assert told == ([selected] if selected else []), said
    _, session = handshake(scope, OpensslServer(certificate), "-noservername")
    assert session["tls"]["client"]["sni"] is None, session["tls"]["client"]
    assert session["tls"]["server"]["sni"] == "localhost", session["tls"]["server"]


def test_keys_and_names(scope):
    """`key` and the RFC 4514 forms, as `openssl x509` has them."""
    for number, (told, kind) in enumerate(KEYS.items()):
        if kind[1] is None:
            scope.openssl("genpkey", "-algorithm", "ed25519", "-out", scope.path("ed.key"))
            issue(scope, "server")
            scope.openssl("req", "-new", "-key", scope.path("ed.key"), "-subj", "/CN=ed", "-out",
                          scope.path("ed.csr"))
            scope.openssl("x509", "-req", "-in", scope.path("ed.csr"), "-CA",
                          scope.path("root.pem"), "-CAkey", scope.path("root.key"),
                          "-CAcreateserial", "-days", "9", "-out", scope.path("ed.pem"))
            certificate = scope.path("ed")
        else:
            certificate = issue(scope, f"key{number}", kind)
        _, session = handshake(scope, OpensslServer(certificate), "-servername", "localhost")
        assert session["tls"]["server"]["certificate"]["key"] == told, session["tls"]["server"]
    subjects = {"/C=DE/O=A, B \\+ C/OU=x\\;y/CN=a <b>": r"CN=a \<b\>,OU=x\;y,O=A\, B \+ C,C=DE",
                "/CN=#1": r"CN=\#1", "/CN= a ": r"CN=\ a\ ", "/O=Grüße/CN=ü": "CN=ü,O=Grüße",
                "/DC=org/DC=example/UID=7": "UID=7,DC=example,DC=org"}
    for number, (subject, told) in enumerate(subjects.items()):
        file = scope.path(f"subject{number}")
        scope.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                      "-nodes", "-utf8", "-keyout", file + ".key", "-out", file + ".pem", "-days",
                      "9", "-subj", subject)
        _, session = handshake(scope, OpensslServer(file), "-servername", "localhost")
        certificate = session["tls"]["server"]["certificate"]
        assert certificate["subject"] == certificate["issuer"] == told, (told, certificate)
        assert certificate["names"] == [], certificate
        assert session["tls"]["server"]["verify"]["ok"] is False, session["tls"]["server"]
    _, session = handshake(scope, OpensslServer(issue(scope, "server")), "-servername",
                           "localhost")
    server = session["tls"]["server"]
    assert server["verify"] == {"ok": True, "error": None}, server
    assert server["certificate"]["names"] == ["localhost", "127.0.0.1"], server
    digest = subprocess.run(["openssl", "x509", "-in", scope.path("server.pem"), "-noout",
                             "-fingerprint", "-sha256"], stdout=subprocess.PIPE, check=True).stdout
    assert server["certificate"]["sha256"] == digest.decode().strip().split("=")[1].replace(
        ":", "").lower(), server


def test_gnutls(scope):
    """What `gnutls-cli` says of its handshake with the proxy, through to `gnutls-serv`."""
    if shutil.which("gnutls-cli") is None:
        raise s.Skip("gnutls-cli is not installed")
    certificate = issue(scope, "server")
    for version in ("1.0", "1.1", "1.2", "1.3"):
        priority = f"NORMAL:-VERS-ALL:+VERS-TLS{version}"
        words = ["-cipher", "ALL:@SECLEVEL=0"] if version < "1.2" else []
        with OpensslServer(certificate, *words) as server, scope.proxy(
                "--mode", f"reverse:smtps://localhost:{server.port}@127.0.0.1:0", "--client-tls",
                "implicit", "--server-ca", scope.path("root.pem")) as proxy:
            said = subprocess.run(
                ["gnutls-cli", f"--priority={priority}", f"--x509cafile={scope.ca}",
                 "--sni-hostname=localhost", "--verify-hostname=localhost", "--alpn=smtp", "-p",
                 str(proxy.port()), "127.0.0.1"], stdin=subprocess.DEVNULL, timeout=s.TIMEOUT,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False).stdout.decode()
        session, = proxy.sessions()
        client = session["tls"]["client"]
        assert client["version"] == f"TLSv{version}" and client["error"] is None, (said, client)
        told = one(r"- Description: \(TLS(\S+?)(?:-X\.509)?\)-\((\S+?)\)-", said)
        assert told[0] == version, said
        groups = {"X25519": "X25519", "P-256": "SECP256R1"}
        assert groups[client["group"]] in told[1], (said, client)
        assert "The certificate is trusted" in said, said


if __name__ == "__main__":
    s.main(globals())
