#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Claims: the TLS endpoints work with peers that are not BoringSSL, in each version and with each
kind of key; what they cannot do, and each way in which a client says that it distrusts, is told in
words; JA3 is what tshark computes from the same handshake.

Run as `tls_peers.py TLS_PIPE`, the program made of test/unit/tls/tls_pipe.c.
"""
import os
import socket
import struct
import subprocess
import sys
import tempfile
import threading

from support import scope as s

TLS_PIPE = sys.argv[1]
SECLEVEL = "ALL:@SECLEVEL=0"


def facts_of(process):
    text = process.communicate(timeout=s.TIMEOUT)[1].decode(errors="replace")
    text = text.replace("\x02", "").replace("\x03", "")  # the marks of values, base/sentence.h
    return dict(line.split("=", 1) for line in text.splitlines() if "=" in line)


def check(claim, facts, **expected):
    """Each expected value is the fact itself, or, for `error`, a part of it."""
    wrong = {key: (facts.get(key), value) for key, value in expected.items()
             if (value not in facts.get(key, "") if key == "error" and value
                 else facts.get(key) != value)}
    assert not wrong, (claim, wrong, facts)


# ── clients ──────────────────────────────────────────────────────────────────────────────────────

def serve_once(command, versions="1.2-1.3", capture=None, how="accept"):
    """Runs a client (`{port}` in its words) against `tls_pipe HOW`; gives the facts."""
    listener = socket.create_server(("127.0.0.1", 0))
    listener.settimeout(s.TIMEOUT)
    words = [word.replace("{port}", str(listener.getsockname()[1])) for word in command]
    client = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL)
    peer, _ = listener.accept()
    if capture is not None:
        capture.append(peer.recv(8192, socket.MSG_PEEK))
    process = subprocess.Popen([TLS_PIPE, how, versions], stdin=peer, stdout=peer,
                               stderr=subprocess.PIPE)
    peer.close()
    listener.close()
    facts = facts_of(process)
    client.kill()
    client.wait()
    return facts


def s_client(*options):
    return ["openssl", "s_client", "-connect", "127.0.0.1:{port}", "-servername",
            "mail.example.com", *options]


def test_versions_of_clients(scope):
    s.need("openssl")
    for version, option in (("1.0", "-tls1"), ("1.1", "-tls1_1"), ("1.2", "-tls1_2"),
                            ("1.3", "-tls1_3")):
        facts = serve_once(s_client(option, "-cipher", SECLEVEL), "1.0-1.3")
        check(f"openssl client with {option}", facts, version=f"TLSv{version}", error="",
              sni="mail.example.com", group="X25519")


def test_suites_of_clients(scope):
    s.need("openssl")
    facts = serve_once(s_client("-tls1_2", "-cipher", "AES128-SHA:@SECLEVEL=0"))
    check("a client with RSA key exchange only", facts, cipher="TLS_RSA_WITH_AES_128_CBC_SHA",
          group="", weak="1", error="")
    facts = serve_once(s_client("-tls1_2", "-cipher", "ECDHE-RSA-AES128-GCM-SHA256"))
    check("a client without ECDSA", facts, cipher="TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
          weak="0", error="")
    facts = serve_once(s_client("-tls1_2", "-cipher", "DHE-RSA-AES128-SHA256:@SECLEVEL=0"))
    check("a client with DHE only", facts, alert="40", party="proxy",
          error="the client offers TLS_DHE_RSA_WITH_AES_128_CBC_SHA256; BoringSSL has no DHE")
    facts = serve_once(s_client("-tls1_2", "-cipher", "ECDHE-RSA-AES128-SHA256"))
    check("a client with CBC-SHA256 only", facts, party="proxy",
          error="the client offers TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256; BoringSSL has no")
    facts = serve_once(s_client("-alpn", ",".join(["a" * 99] * 200)))
    check("a ClientHello of 20 KB", facts, party="proxy", error="longer than BoringSSL takes")
    facts = serve_once(s_client("-tls1", "-cipher", SECLEVEL))
    check("a client of TLS 1.0 only", facts, alert="70",
          error="the client offers at most TLSv1.0, and the proxy takes TLSv1.2 to TLSv1.3")


def distrusting_client(scope, name):
    def script(name, text):
        with open(scope.path(name), "w", encoding="utf-8") as file:
            file.write(text)
        return scope.path(name)

    python = script("c.py", """
import socket, ssl, sys
s = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
ssl.create_default_context().wrap_socket(s, server_hostname="test")
""")
    node = script("c.js", """
require("tls").connect({host: "127.0.0.1", port: +process.argv[2], servername: "test"})
    .on("error", () => process.exit(1));
""")
    java = script("Client.java", """
public class Client { public static void main(String[] a) throws Exception {
    javax.net.ssl.SSLSocketFactory f =
        (javax.net.ssl.SSLSocketFactory) javax.net.ssl.SSLSocketFactory.getDefault();
    ((javax.net.ssl.SSLSocket) f.createSocket("127.0.0.1", Integer.parseInt(a[0])))
        .startHandshake(); } }
""")
    go = script("c.go", """
package main
import ("crypto/tls"; "os")
func main() { tls.Dial("tcp", "127.0.0.1:"+os.Args[1], &tls.Config{ServerName: "test"}) }
""")
    mail = script("mail", "Subject: x\n\nx\n")
    commands = {
        "openssl": ["openssl", "s_client", "-verify_return_error", "-connect", "127.0.0.1:{port}"],
        "python": ["/usr/bin/python3", python, "{port}"],
        "curl": ["curl", "-s", "smtps://127.0.0.1:{port}", "--mail-from", "a@b.c", "--mail-rcpt",
                 "d@e.f", "-T", mail],
        "node": ["node", node, "{port}"],
        "java": ["java", java, "{port}"],
        "go": [scope.path("c.bin"), "{port}"],
        "gnutls-cli": ["gnutls-cli", "-p", "{port}", "127.0.0.1"],
        "msmtp": ["msmtp", "--host=127.0.0.1", "--port={port}", "--tls=on", "--tls-starttls=off",
                  "--from=a@b.c", "d@e.f"],
        "swaks": ["swaks", "--server", "127.0.0.1:{port}", "-tlsc", "--tls-verify", "--to",
                  "a@b.c"],
    }
    s.need({"python": "/usr/bin/python3"}.get(name, name))
    if name == "go":
        cache = os.path.join(tempfile.gettempdir(), "scope-go-cache")
        subprocess.run(["go", "build", "-o", scope.path("c.bin"), go], check=True,
                       env=dict(os.environ, GOCACHE=cache))
    return commands[name]


def claim_distrust(name):
    def test(scope):
        command = distrusting_client(scope, name)
        for how, versions in (("accept", "1.2"), ("accept", "1.3"), ("await", "1.2"),
                              ("await", "1.3")):
            if (name, how, versions) == ("node", "accept", "1.2"):
                continue  # it may have read the greeting: a client that just left looks the same
            facts = serve_once(command, versions, how=how)
            check(f"{name} distrusts with TLS {versions}, {how}", facts,
                  certificate_alert="1", error="smtpscope ca env")

    return test


def test_a_client_that_reads_the_greeting_and_leaves(scope):
    """Without a word: rude, but it trusts."""
    facts = serve_once(["/usr/bin/python3", "-c", """
import socket, ssl
c = ssl.create_default_context(); c.check_hostname = False; c.verify_mode = ssl.CERT_NONE
s = c.wrap_socket(socket.create_connection(("127.0.0.1", {port}))); s.recv(99)
"""])
    check("a client that reads the greeting and leaves", facts, certificate_alert="0", error="")


def test_a_plain_client(scope):
    facts = serve_once(["/usr/bin/python3", "-c", "import socket;"
                        "s=socket.create_connection(('127.0.0.1',{port}));"
                        "s.sendall(b'EHLO x\\r\\n'); s.recv(100)"])
    check("a client that speaks plain SMTP", facts,
          error='the client sent plain text "EHLO …" where a TLS handshake was due')


# ── JA3, by tshark ───────────────────────────────────────────────────────────────────────────────

def tshark_fields(scope, hello):
    """What tshark says of these first bytes of a connection to port 465."""
    tcp = struct.pack("!HHIIBBHHH", 40000, 465, 1, 1, 0x50, 0x18, 65535, 0, 0) + hello
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(tcp), 1, 0, 64, 6, 0,
                     socket.inet_aton("127.0.0.1"), socket.inet_aton("127.0.0.1"))
    frame = ip + tcp
    with open(scope.path("hello.pcap"), "wb") as file:
        file.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 101))
        file.write(struct.pack("<IIII", 0, 0, len(frame), len(frame)) + frame)
    known = subprocess.run(["tshark", "-G", "fields"], stdout=subprocess.PIPE, check=True,
                           stderr=subprocess.DEVNULL).stdout.decode()
    fields = [field for field in ("tls.handshake.ja3", "tls.handshake.ja4")
              if f"\t{field}\t" in known]
    options = [word for field in fields for word in ("-e", field)]
    out = subprocess.run(["tshark", "-r", scope.path("hello.pcap"), "-d", "tcp.port==465,tls", "-T",
                          "fields", *options], stdout=subprocess.PIPE, check=True,
                         stderr=subprocess.DEVNULL).stdout.decode()
    return dict(zip(fields, out.rstrip("\n").split("\t")))


FINGERPRINTED = {
    "openssl": s_client(),
    "openssl_without_sni": [*s_client()[:4], "-noservername"],
    "openssl_of_tls_1_0": s_client("-tls1", "-cipher", SECLEVEL),
    "openssl_with_alpn": s_client("-alpn", "smtp,h2"),
    "curl": ["curl", "-s", "-k", "https://localhost:{port}"],
}


def claim_fingerprint(name):
    def test(scope):
        s.need("tshark")
        command = FINGERPRINTED.get(name) or distrusting_client(scope, name)
        s.need(command[0])
        capture = []
        facts = serve_once(command, "1.0-1.3", capture)
        theirs = tshark_fields(scope, capture[0])
        check(f"fingerprint of {name}", facts,
              **{field.rsplit(".", 1)[1]: value for field, value in theirs.items()})

    return test


# ── servers ──────────────────────────────────────────────────────────────────────────────────────

def make_key(scope, name, *kind):
    subprocess.run(["openssl", "req", "-x509", "-newkey", *kind, "-nodes", "-subj", "/CN=test",
                    "-days", "9", "-keyout", scope.path(f"{name}.key"), "-out",
                    scope.path(f"{name}.pem")],
                   check=True, stderr=subprocess.DEVNULL)


def connect_to(server, versions):
    """server(listener) answers one connection; gives the facts of `tls_pipe connect`."""
    listener = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=server, args=(listener,), daemon=True)
    thread.start()
    peer = socket.create_connection(listener.getsockname())
    process = subprocess.Popen([TLS_PIPE, "connect", versions, "test"], stdin=peer, stdout=peer,
                               stderr=subprocess.PIPE)
    peer.close()
    facts = facts_of(process)
    thread.join(10)
    listener.close()
    return facts


KEYS = {"p256": ("ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
        "p521": ("ec", "-pkeyopt", "ec_paramgen_curve:P-521"), "rsa": ("rsa:2048",),
        "ed25519": ("ed25519",)}


def s_server(scope, key, options, versions="1.2-1.3"):
    """`openssl s_server`, found by the port that it prints, asked once."""
    s.need("openssl")
    if not os.path.exists(scope.path(f"{key}.pem")):
        make_key(scope, key, *KEYS[key])
    server = subprocess.Popen(["openssl", "s_server", "-accept", "127.0.0.1:0", "-naccept", "1",
                               "-cert", scope.path(f"{key}.pem"), "-key",
                               scope.path(f"{key}.key"), *options],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL)
    port = None
    while port is None:
        line = server.stdout.readline().decode()
        assert line, "s_server did not start"
        if line.startswith("ACCEPT"):
            port = int(line.rsplit(":", 1)[1])
    peer = socket.create_connection(("127.0.0.1", port))
    process = subprocess.Popen([TLS_PIPE, "connect", versions, "test"], stdin=peer, stdout=peer,
                               stderr=subprocess.PIPE)
    peer.close()
    server.stdin.write(b"220 hello\n")
    server.stdin.flush()
    facts = facts_of(process)
    server.kill()
    server.communicate()
    return facts


def test_keys_of_servers(scope):
    for key in KEYS:
        for version in ("1.2", "1.3"):
            facts = s_server(scope, key, [f"-tls{version.replace('.', '_')}"])
            check(f"a server with {key}, TLS {version}", facts, version=f"TLSv{version}", error="",
                  group="X25519")


def test_old_servers(scope):
    for version, option in (("1.0", "-tls1"), ("1.1", "-tls1_1")):
        facts = s_server(scope, "rsa", [option, "-cipher", SECLEVEL], "1.0-1.3")
        check(f"a server of TLS {version}", facts, version=f"TLSv{version}", error="", weak="1")
        facts = s_server(scope, "rsa", [option, "-cipher", SECLEVEL])
        check(f"a server of TLS {version}, not allowed", facts,
              error="TLSv1.2 to TLSv1.3")


def test_what_servers_can_do(scope):
    facts = s_server(scope, "p256", ["-groups", "P-521"])
    check("a server with P-521 only", facts, group="P-521", error="")
    facts = s_server(scope, "rsa", ["-tls1_2", "-cipher", "AES128-SHA"])
    check("a server with RSA key exchange only", facts, group="", weak="1", error="")
    facts = s_server(scope, "rsa", ["-tls1_2", "-cipher", "DHE-RSA-AES128-GCM-SHA256"])
    check("a server with DHE only", facts, alert="40", party="server",
          error="BoringSSL has no DHE")


def test_servers_that_want_a_certificate(scope):
    facts = s_server(scope, "p256", ["-Verify", "1", "-tls1_3", "-verify_return_error"])
    check("a server that wants a certificate, TLS 1.3", facts, alert="116",
          error="--server-certificate")
    facts = s_server(scope, "p256", ["-Verify", "1", "-tls1_2", "-verify_return_error"])
    check("a server that wants a certificate, TLS 1.2", facts, alert="40",
          error="--server-certificate")


def test_servers_that_speak_no_tls(scope):
    def saying(text, read_first=True):
        def server(listener):
            peer, _ = listener.accept()
            if read_first:
                peer.recv(4096)
            peer.sendall(text)
            peer.close()
        return server
    facts = connect_to(saying(b"220 mail.example.com ESMTP\r\n"), "1.2-1.3")
    check("a server that speaks plain SMTP", facts, error='plain SMTP where a TLS handshake is due: it '
          'said "220 mail.example.com ESMTP"')
    facts = connect_to(saying(b""), "1.2-1.3")
    check("a server that closes", facts, error="the server closed the connection instead of "
          "answering the ClientHello")
    facts = connect_to(saying(b"\x15\x03\x00\x00\x02\x02\x28"), "1.2-1.3")
    check("a server that shares nothing", facts, alert="40", party="server",
          error="handshake_failure (40)")
    facts = connect_to(saying(b"\x15\x03\x03\x00\x02\x01\x00"), "1.2-1.3")
    check("a server that says close_notify", facts, alert="0", party="server",
          error="close_notify (0)")


DISTRUSTING = ("openssl", "python", "curl", "node", "java", "go", "gnutls-cli", "msmtp", "swaks")

if __name__ == "__main__":
    tests = dict(globals())
    for client in DISTRUSTING:
        tests[f"test_{client}_distrusts"] = claim_distrust(client)
    for client in (*FINGERPRINTED, "node", "gnutls-cli"):
        tests[f"test_fingerprint_of_{client}"] = claim_fingerprint(client)
    s.main(tests)
